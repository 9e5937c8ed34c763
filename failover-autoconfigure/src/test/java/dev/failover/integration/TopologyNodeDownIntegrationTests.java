/*
 * Copyright 2026-present the original author or authors.
 *
 * Licensed under the Apache License, Version 2.0 (the "License");
 * you may not use this file except in compliance with the License.
 * You may obtain a copy of the License at
 *
 *      https://www.apache.org/licenses/LICENSE-2.0
 *
 * Unless required by applicable law or agreed to in writing, software
 * distributed under the License is distributed on an "AS IS" BASIS,
 * WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
 * See the License for the specific language governing permissions and
 * limitations under the License.
 */

package dev.failover.integration;

import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;

import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.AfterParameterizedClassInvocation;
import org.junit.jupiter.params.BeforeParameterizedClassInvocation;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.springframework.context.ConfigurableApplicationContext;

import dev.failover.broker.BrokerEvent;
import dev.failover.template.FailoverTemplate;
import dev.failover.test.FaultProxy;
import dev.failover.test.RabbitCluster;
import dev.failover.test.RabbitNode;
import dev.failover.test.junit.BrokerTest;
import dev.failover.test.junit.EachRabbit;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Durable classic queues of an application are on a node of its cluster that is down. Its
 * broker cannot do anything with them until that node is back: RabbitMQ 3.10 says so, and
 * RabbitMQ 4.3 says nothing for 68 seconds.
 */
@BrokerTest
@ParameterizedClass
@EachRabbit
class TopologyNodeDownIntegrationTests {

	private static final Log logger = LogFactory.getLog(TopologyNodeDownIntegrationTests.class);

	/**
	 * Three times what is promised.
	 */
	private static final long LONGER_THAN_USUAL_MILLIS = 300;

	private static final Duration LONGER_START = Duration.ofSeconds(6);

	private static final Duration PATIENCE = Duration.ofSeconds(60);

	private static RabbitCluster cluster;

	@Parameter
	private String version;

	private RabbitNode home;

	private RabbitNode first;

	private RabbitNode second;

	@BeforeParameterizedClassInvocation
	static void formCluster(String version) {
		cluster = RabbitCluster.builder()
			.nodes((node) -> node.version(version).configuration("cluster_name = topology"))
			.start();
	}

	@AfterParameterizedClassInvocation
	static void endCluster() {
		if (cluster != null) {
			cluster.close();
		}
	}

	@BeforeEach
	void declareSoundQueues() {
		this.first = cluster.node(0);
		this.second = cluster.node(1);
		this.home = cluster.node(2);
		SickQueues.declare(this.second, SickQueues.SOUND);
	}

	@AfterEach
	void deleteQueues() {
		this.home.start();
		Stream.of(SickQueues.SOUND, SickQueues.SICK)
			.flatMap(List::stream)
			.forEach((queue) -> QueueOnBroker.delete(queue, this.home));
	}

	@Test
	void failoverIsNotHeldUp() throws Exception {
		long usual;
		try (ConfigurableApplicationContext context = run(SickQueues.Sound.class, Applications.brokers(all()))) {
			usual = gapAfter(context, this.home::kill);
		}
		this.home.start();
		SickQueues.declare(this.home, SickQueues.SICK);
		try (ConfigurableApplicationContext context = run(SickQueues.Shop.class, Applications.brokers(all()))) {
			SickQueues queues = new SickQueues(context);
			queues.awaitAllAreUsed("before");
			List<BrokerEvent> losses = queues.losses();
			long gap = gapAfter(context, this.home::kill);
			logger.info("RabbitMQ %s: failover within %d ms, usually %d ms".formatted(this.version, gap, usual));
			assertThat(gap).isLessThan(usual + LONGER_THAN_USUAL_MILLIS);
			recoversWithHome(queues);
			assertThat(losses).hasSize(1);
		}
	}

	/**
	 * Nothing is declared after the node is lost: that messages are not taken over is the
	 * first sign.
	 */
	@Test
	void sendsEndSoonAlsoIfNothingWasToBeDeclared() {
		SickQueues.declare(this.home, SickQueues.SICK);
		try (ConfigurableApplicationContext context = run(SickQueues.Shop.class, Applications.brokers(this.first))) {
			SickQueues queues = new SickQueues(context);
			queues.awaitAllAreUsed("before");
			List<BrokerEvent> losses = queues.losses();
			this.home.kill();
			queues.assertSendsEndSoon();
			recoversWithHome(queues);
			assertThat(losses).isEmpty();
		}
	}

	@Test
	void startAndTheNextFailoverAreNotHeldUp() throws Exception {
		SickQueues.declare(this.home, SickQueues.SICK);
		String[] properties = { Applications.brokers(this.first, this.second) };
		Duration usual = startOf(properties);
		this.home.kill();
		try (FaultProxy network = FaultProxy.to(this.first)) {
			String brokers = "failover.brokers=" + Applications.through(network, this.first) + ";" + this.second.uri();
			long begin = System.nanoTime();
			try (ConfigurableApplicationContext context = run(SickQueues.Shop.class, brokers)) {
				SickQueues queues = new SickQueues(context);
				queues.assertSoundQueuesAreUsed("after the start");
				Duration start = Duration.ofNanos(System.nanoTime() - begin);
				logger.info("RabbitMQ %s: start within %d ms, usually %d ms".formatted(this.version, start.toMillis(),
						usual.toMillis()));
				assertThat(start).isLessThan(usual.plus(LONGER_START));
				queues.assertPending(SickQueues.SICK);
				List<BrokerEvent> losses = queues.losses();
				long gap = gapAfter(context, network::close);
				logger.info("RabbitMQ %s: next failover within %d ms".formatted(this.version, gap));
				assertThat(gap).isLessThan(3 * LONGER_THAN_USUAL_MILLIS);
				recoversWithHome(queues);
				assertThat(losses).hasSize(1);
			}
		}
	}

	private Duration startOf(String... properties) {
		long begin = System.nanoTime();
		try (ConfigurableApplicationContext context = run(SickQueues.Shop.class, properties)) {
			new SickQueues(context).awaitAllAreUsed("before");
			return Duration.ofNanos(System.nanoTime() - begin);
		}
	}

	private void recoversWithHome(SickQueues queues) {
		queues.assertSoundQueuesAreUsed("without the home");
		queues.assertPending(SickQueues.SICK);
		queues.assertSendsEndSoon();
		this.home.start();
		long begin = System.nanoTime();
		queues.awaitNothingPending(PATIENCE);
		queues.awaitAllAreUsed("with the home");
		logger.info("RabbitMQ %s: queues are used again within %d ms".formatted(this.version,
				Duration.ofNanos(System.nanoTime() - begin).toMillis()));
	}

	private static long gapAfter(ConfigurableApplicationContext context, Runnable loss) throws Exception {
		try (SteadyLoad load = SteadyLoad.start(context.getBean(FailoverTemplate.class),
				List.of(SickQueues.SOUND.get(2)), 500)) {
			load.awaitConfirmed(500);
			load.startOver();
			loss.run();
			load.awaitConfirmed(1000);
			load.end();
			assertThat(load.errors()).isEmpty();
			return load.longestGap();
		}
	}

	private RabbitNode[] all() {
		return new RabbitNode[] { this.home, this.first, this.second };
	}

	private static ConfigurableApplicationContext run(Class<?> application, String... properties) {
		String[] all = Stream
			.concat(Stream.of(properties),
					Stream.of("failover.standby=false", "failover.strategy=priority",
							"failover.failback.enabled=false"))
			.toArray(String[]::new);
		return Applications.run(application, all);
	}

}
