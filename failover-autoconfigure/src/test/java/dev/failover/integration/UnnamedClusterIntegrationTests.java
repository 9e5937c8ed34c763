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
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.AfterParameterizedClassInvocation;
import org.junit.jupiter.params.BeforeParameterizedClassInvocation;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.springframework.amqp.core.Queue;
import org.springframework.amqp.rabbit.annotation.RabbitListener;
import org.springframework.amqp.rabbit.core.RabbitAdmin;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

import dev.failover.broker.BrokerStatus;
import dev.failover.broker.Brokers;
import dev.failover.listener.BrokerDrains;
import dev.failover.template.FailoverTemplate;
import dev.failover.test.RabbitCluster;
import dev.failover.test.RabbitNode;
import dev.failover.test.junit.BrokerTest;
import dev.failover.test.junit.EachRabbit;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * A cluster without a name of its own, whose nodes each report another one.
 */
@BrokerTest
@ParameterizedClass
@EachRabbit
class UnnamedClusterIntegrationTests {

	private static final Duration PATIENCE = Duration.ofSeconds(60);

	private static final String QUEUE = "unnamed";

	private static RabbitCluster cluster;

	@Parameter
	private String version;

	@North
	private RabbitNode apart;

	@BeforeParameterizedClassInvocation
	static void startCluster(String version) {
		cluster = RabbitCluster.builder().nodes((node) -> node.version(version)).start();
	}

	@AfterParameterizedClassInvocation
	static void closeCluster() {
		if (cluster != null) {
			cluster.close();
		}
	}

	@Test
	void isConsumedFromOnceWithAuto() {
		consumesOnce("auto");
	}

	@Test
	void isConsumedFromOnceWithAll() {
		consumesOnce("all");
	}

	@Test
	void nodeThatHasLeftTheClusterIsConsumedFrom() {
		try (ConfigurableApplicationContext context = run("auto", cluster.node(0), cluster.node(2))) {
			awaitOneCluster(context, cluster.node(0), cluster.node(2));
			awaitContainers(context, cluster.node(2), 0);
			cluster.node(2).run("rabbitmqctl", "stop_app");
			cluster.node(2).run("rabbitmqctl", "reset");
			cluster.node(2).run("rabbitmqctl", "start_app");
			awaitContainers(context, cluster.node(2), 1);
			assertThat(status(context, cluster.node(0)).hasQueuesOf(status(context, cluster.node(2)))).isFalse();
		}
		finally {
			cluster.node(2).administration().join(cluster.node(0));
		}
	}

	private void consumesOnce(String brokers) {
		try (ConfigurableApplicationContext context = run(brokers, cluster.node(0), this.apart, cluster.node(1),
				cluster.node(2))) {
			awaitOneCluster(context, cluster.nodes().toArray(RabbitNode[]::new));
			assertThat(cluster.nodes()).extracting((node) -> status(context, node).cluster())
				.doesNotContain(status(context, this.apart).cluster());
			awaitContainers(context, this.apart, 1);
			for (RabbitNode node : cluster.nodes()) {
				awaitContainers(context, node, 0);
			}
			RabbitAdmin admin = context.getBean(RabbitAdmin.class);
			Awaitility.await()
				.atMost(PATIENCE)
				.until(() -> Integer.valueOf(1)
					.equals(admin.getQueueProperties(QUEUE).get(RabbitAdmin.QUEUE_CONSUMER_COUNT)));
			context.getBean(FailoverTemplate.class).convertAndSend(QUEUE, brokers);
			Awaitility.await().atMost(PATIENCE).until(() -> context.getBean(Desk.class).handled.contains(brokers));
			Awaitility.await()
				.during(Duration.ofSeconds(3))
				.atMost(PATIENCE)
				.until(() -> cluster.nodes().stream().allMatch((node) -> containers(context, node) == 0));
		}
	}

	private static void awaitOneCluster(ConfigurableApplicationContext context, RabbitNode... nodes) {
		Awaitility.await()
			.atMost(PATIENCE)
			.until(() -> List.of(nodes)
				.stream()
				.allMatch((node) -> status(context, node).cluster() != null
						&& status(context, node).hasQueuesOf(status(context, nodes[0]))));
	}

	private static void awaitContainers(ConfigurableApplicationContext context, RabbitNode node, int count) {
		Awaitility.await().atMost(PATIENCE).until(() -> containers(context, node) == count);
	}

	private static int containers(ConfigurableApplicationContext context, RabbitNode node) {
		return context.getBean(BrokerDrains.class).getConsumerCount(status(context, node).broker());
	}

	private static BrokerStatus status(ConfigurableApplicationContext context, RabbitNode node) {
		return context.getBean(Brokers.class)
			.getStatuses()
			.stream()
			.filter((status) -> status.broker().port() == node.port())
			.findFirst()
			.orElseThrow();
	}

	private static ConfigurableApplicationContext run(String brokers, RabbitNode... nodes) {
		return Applications.run(Consuming.class, Applications.brokers(nodes), "failover.connect.race-delay=0",
				"failover.listener.brokers=" + brokers, "failover.detection.probe-interval=100ms",
				"failover.detection.probe-timeout=5s");
	}

	@Configuration(proxyBeanMethods = false)
	static class Consuming {

		@Bean
		Queue unnamed() {
			return new Queue(QUEUE);
		}

		@Bean
		Desk desk() {
			return new Desk();
		}

	}

	static class Desk {

		final Set<String> handled = ConcurrentHashMap.newKeySet();

		@RabbitListener(queues = QUEUE)
		void handle(String message) {
			this.handled.add(message);
		}

	}

}
