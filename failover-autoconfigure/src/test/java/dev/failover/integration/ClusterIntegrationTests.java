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
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.springframework.amqp.core.Declarables;
import org.springframework.amqp.core.QueueBuilder;
import org.springframework.amqp.rabbit.connection.ConnectionFactory;
import org.springframework.amqp.rabbit.listener.AbstractMessageListenerContainer;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

import dev.failover.template.FailoverTemplate;
import dev.failover.test.RabbitCluster;
import dev.failover.test.RabbitNode;
import dev.failover.test.junit.BrokersExtension;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * A cluster of three nodes with quorum queues under load: all nodes are restarted one
 * after the other, or the one is lost that leads the queues.
 */
class ClusterIntegrationTests {

	private static final Log logger = LogFactory.getLog(ClusterIntegrationTests.class);

	private static final Duration PATIENCE = Duration.ofSeconds(90);

	private static final ConsumerVariant SIMPLE = new ConsumerVariant(ConsumerVariant.Container.SIMPLE,
			ConsumerVariant.Acknowledgement.AUTOMATIC, 250, 4);

	private static final ConsumerVariant DIRECT = new ConsumerVariant(ConsumerVariant.Container.DIRECT,
			ConsumerVariant.Acknowledgement.MANUAL, 250, 4);

	private static final List<String> QUEUES = List.of(SIMPLE.queue(), DIRECT.queue());

	private static RabbitCluster cluster;

	@BeforeAll
	static void formCluster() {
		BrokersExtension.requireRabbit();
		cluster = RabbitCluster.builder().nodes((node) -> node.user("app", "secret").virtualHost("orders")).start();
	}

	@AfterAll
	static void endCluster() {
		if (cluster != null) {
			cluster.close();
		}
	}

	/**
	 * Each application declares its queues, which are led by the node that it uses then.
	 */
	@AfterEach
	void deleteQueues() {
		QUEUES.forEach((queue) -> QueueOnBroker.delete(queue, cluster.node(0)));
	}

	@Test
	void rollingRestartLosesNothingAndCausesNoError() throws Exception {
		try (ConfigurableApplicationContext context = Applications.run(Shop.class, brokers())) {
			Handled handled = context.getBean(Handled.class);
			long begin = System.nanoTime();
			SteadyLoad load = SteadyLoad.start(context.getBean(FailoverTemplate.class), QUEUES, 500);
			try (load) {
				QuorumQueues.awaitOnline(cluster.node(0), QUEUES);
				for (RabbitNode node : cluster.nodes()) {
					node.stop();
					load.awaitProgress(handled);
					node.start();
					QuorumQueues.awaitOnline(node, QUEUES);
					load.awaitProgress(handled);
				}
				load.end();
			}
			Awaitility.await().atMost(PATIENCE).untilAsserted(() -> assertThat(handled.missing(load.sent())).isEmpty());
			logger.info("%d messages in %d s, %d handled twice".formatted(load.sent().size(),
					TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - begin), handled.duplicates()));
			assertThat(load.errors()).isEmpty();
			assertThat(context.getBeansOfType(AbstractMessageListenerContainer.class).values()).hasSize(2)
				.allMatch(AbstractMessageListenerContainer::isRunning);
		}
	}

	/**
	 * A channel that publishes to a quorum queue while its leader is dead and no other is
	 * elected yet is told no for good: RabbitMQ asks the dead one each time.
	 */
	@Test
	void deathOfTheLeaderOfTheQueuesCausesNoError() throws Exception {
		loseLeader(RabbitNode::kill, RabbitNode::start);
	}

	/**
	 * The queues have no leader until the cluster has given up the one that is frozen.
	 */
	@Test
	void freezeOfTheLeaderOfTheQueuesCausesNoError() throws Exception {
		setTickTime(8);
		try {
			loseLeader(RabbitNode::freeze, RabbitNode::thaw);
		}
		finally {
			setTickTime(60);
		}
	}

	private static void setTickTime(int seconds) {
		cluster.nodes().forEach((node) -> node.evaluate("net_kernel:set_net_ticktime(%d, 0).".formatted(seconds)));
	}

	private static String brokers() {
		return Applications.brokers(cluster.nodes().toArray(RabbitNode[]::new));
	}

	/**
	 * The active broker leads the queues, because they were declared there first.
	 */
	private void loseLeader(Consumer<RabbitNode> fault, Consumer<RabbitNode> end) throws Exception {
		try (ConfigurableApplicationContext context = Applications.run(Shop.class, brokers())) {
			Handled handled = context.getBean(Handled.class);
			SteadyLoad load = SteadyLoad.start(context.getBean(FailoverTemplate.class), QUEUES, 500);
			try (load) {
				RabbitNode leader = Applications.active(context, cluster.nodes());
				QuorumQueues.awaitOnline(leader, QUEUES);
				fault.accept(leader);
				try {
					load.awaitProgress(handled);
				}
				finally {
					end.accept(leader);
				}
				load.end();
			}
			Awaitility.await().atMost(PATIENCE).untilAsserted(() -> assertThat(handled.missing(load.sent())).isEmpty());
			assertThat(load.errors()).isEmpty();
		}
	}

	@Configuration(proxyBeanMethods = false)
	static class Shop {

		@Bean
		Declarables queues() {
			return new Declarables(QUEUES.stream().map((name) -> QueueBuilder.durable(name).quorum().build()).toList());
		}

		@Bean
		Handled handled() {
			return new Handled();
		}

		@Bean
		AbstractMessageListenerContainer simple(ConnectionFactory connectionFactory, Handled handled) {
			return SIMPLE.create(connectionFactory, handled);
		}

		@Bean
		AbstractMessageListenerContainer direct(ConnectionFactory connectionFactory, Handled handled) {
			return DIRECT.create(connectionFactory, handled);
		}

	}

}
