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
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import java.util.stream.Stream;

import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.ConnectionFactory;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Configuration;

import dev.failover.broker.Broker;
import dev.failover.broker.BrokerEvent;
import dev.failover.broker.BrokerListener;
import dev.failover.broker.BrokerState;
import dev.failover.broker.Brokers;
import dev.failover.broker.EventStage;
import dev.failover.template.FailoverTemplate;
import dev.failover.test.RabbitCluster;
import dev.failover.test.RabbitNode;
import dev.failover.test.junit.BrokerTest;
import dev.failover.test.junit.EachRabbit;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * A quorum queue is without a leader for a while, and its publishers are connected to a
 * node that answers. A client beside the application that does nothing but wait shows
 * what the cluster needs.
 */
@BrokerTest
@ParameterizedClass
@EachRabbit
class LeaderlessQueueIntegrationTests {

	/**
	 * Three nodes, their load and this process share the processors; a queue without a
	 * leader is held up for six seconds and more.
	 */
	private static final long OTHERS_GO_ON_WITHIN_MILLIS = 2000;

	private static final Log logger = LogFactory.getLog(LeaderlessQueueIntegrationTests.class);

	private static final int RATE = Integer.getInteger("failover.test.leaderless-rate", 400);

	private static final String LEADERLESS = "leaderless";

	private static final List<String> LED_BY_THE_THIRD = List.of("quorum-1", "quorum-2", "quorum-3", "quorum-4");

	private static final List<String> LED_BY_OURS = List.of("quorum-5", "quorum-6", "quorum-7", "quorum-8");

	private static final String CLASSIC = "classic";

	private static final List<String> OTHERS = Stream.of(LED_BY_THE_THIRD, LED_BY_OURS, List.of(CLASSIC))
		.flatMap(List::stream)
		.toList();

	private static final Duration PATIENCE = Duration.ofSeconds(60);

	@Parameter
	private String version;

	private RabbitCluster cluster;

	private RabbitNode leader;

	private RabbitNode ours;

	@BeforeEach
	void formCluster() throws Exception {
		this.cluster = RabbitCluster.builder().nodes((node) -> node.version(this.version)).start();
		this.leader = this.cluster.node(0);
		this.ours = this.cluster.node(1);
		try (Connection connection = connect(); Channel channel = connection.createChannel()) {
			for (String queue : Stream.of(LED_BY_THE_THIRD, LED_BY_OURS, List.of(LEADERLESS))
				.flatMap(List::stream)
				.toList()) {
				channel.queueDeclare(queue, true, false, false, Map.of("x-queue-type", "quorum"));
			}
			channel.queueDeclare(CLASSIC, true, false, false, Map.of());
		}
		this.cluster.moveLeader(LEADERLESS, this.leader);
		LED_BY_THE_THIRD.forEach((queue) -> this.cluster.moveLeader(queue, this.cluster.node(2)));
		LED_BY_OURS.forEach((queue) -> this.cluster.moveLeader(queue, this.ours));
	}

	@AfterEach
	void endCluster() {
		this.cluster.close();
	}

	/**
	 * With 1000 a second a machine that is short of processors stood still for seconds
	 * before the leader was frozen.
	 */
	@Test
	void freezeOfTheLeaderHoldsUpItsQueueOnly() throws Exception {
		loseLeader(RabbitNode::freeze, RabbitNode::thaw, RATE);
	}

	@Test
	void deathOfTheLeaderHoldsUpItsQueueOnly() throws Exception {
		loseLeader(RabbitNode::kill, RabbitNode::start, 500);
	}

	private void loseLeader(Consumer<RabbitNode> fault, Consumer<RabbitNode> end, int perSecond) throws Exception {
		Map<String, SteadyLoad> loads = new HashMap<>();
		long rawGap;
		try (ConfigurableApplicationContext context = Applications.run(Shop.class,
				Applications.brokers(this.ours, this.cluster.node(2), this.leader), "failover.strategy=priority",
				// ours is to be the active one, however busy the machine is
				"failover.connect.race-delay=0s"); RawLoad raw = RawLoad.start(connect(), LEADERLESS, 100)) {
			FailoverTemplate template = context.getBean(FailoverTemplate.class);
			loads.put(LEADERLESS, SteadyLoad.start(template, List.of(LEADERLESS), perSecond));
			OTHERS.forEach((queue) -> loads.put(queue, SteadyLoad.start(template, List.of(queue), 100)));
			try {
				loads.values().forEach((load) -> load.awaitConfirmed(200));
				loads.values().forEach(SteadyLoad::startOver);
				loads.values().forEach((load) -> load.awaitConfirmed(100));
				assertThat(Applications.active(context, this.cluster.nodes())).isEqualTo(this.ours);
				List<BrokerEvent> events = listen(context.getBean(Brokers.class));
				long usualGap = longestGapOfOthers(loads);
				raw.startOver();
				loads.values().forEach(SteadyLoad::startOver);
				fault.accept(this.leader);
				raw.awaitConfirmed(100);
				loads.values().forEach((load) -> load.awaitConfirmed(100));
				rawGap = raw.longestGap();
				for (SteadyLoad load : loads.values()) {
					load.end();
				}
				report(rawGap, usualGap, loads);
				assertThat(loads.values()).allSatisfy((load) -> assertThat(load.errors()).isEmpty());
				assertThat(events).noneMatch((event) -> event instanceof BrokerEvent.Lost);
				assertThat(events).noneMatch((event) -> event instanceof BrokerEvent.StateChanged changed
						&& !changed.broker().equals(brokerOf(context, this.leader)) && changed.to() != BrokerState.UP);
				assertThat(OTHERS).allSatisfy((queue) -> assertThat(loads.get(queue).longestGap()).as(queue)
					.isLessThan(OTHERS_GO_ON_WITHIN_MILLIS));
				assertThat((double) loads.get(LEADERLESS).longestGap()).isLessThan(1.5 * rawGap + 50);
			}
			finally {
				end.accept(this.leader);
				loads.values().forEach(SteadyLoad::close);
			}
		}
		Set<String> expected = loads.get(LEADERLESS).sent();
		assertThat(received(LEADERLESS, expected)).containsAll(expected);
	}

	private static Broker brokerOf(ConfigurableApplicationContext context, RabbitNode node) {
		return context.getBean(Brokers.class)
			.getAll()
			.stream()
			.filter((broker) -> broker.port() == node.port())
			.findFirst()
			.orElseThrow();
	}

	private void report(long rawGap, long usualGap, Map<String, SteadyLoad> loads) {
		logger.info("RabbitMQ %s: raw %d ms, application %d ms (%.2f), longest gap of the others %d ms, %d ms before"
			.formatted(this.version, rawGap, loads.get(LEADERLESS).longestGap(),
					(double) loads.get(LEADERLESS).longestGap() / rawGap, longestGapOfOthers(loads), usualGap));
	}

	private static long longestGapOfOthers(Map<String, SteadyLoad> loads) {
		return OTHERS.stream().mapToLong((queue) -> loads.get(queue).longestGap()).max().orElse(0);
	}

	private static List<BrokerEvent> listen(Brokers brokers) {
		List<BrokerEvent> events = new CopyOnWriteArrayList<>();
		BrokerListener listener = events::add;
		brokers.addListener(listener, EventStage.CONNECTIONS);
		return events;
	}

	private Connection connect() throws Exception {
		ConnectionFactory factory = new ConnectionFactory();
		factory.setUri(this.ours.uri());
		factory.setAutomaticRecoveryEnabled(false);
		return factory.newConnection();
	}

	private Set<String> received(String queue, Set<String> expected) throws Exception {
		Set<String> received = ConcurrentHashMap.newKeySet();
		try (Connection connection = connect(); Channel channel = connection.createChannel()) {
			channel.basicConsume(queue, true, (tag, delivery) -> received.add(new String(delivery.getBody())),
					(tag) -> {
					});
			Awaitility.await().atMost(PATIENCE).until(() -> received.containsAll(expected));
		}
		return new HashSet<>(received);
	}

	@Configuration(proxyBeanMethods = false)
	static class Shop {

	}

}
