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
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;

import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.springframework.amqp.core.Queue;
import org.springframework.amqp.rabbit.annotation.RabbitListener;
import org.springframework.amqp.rabbit.core.RabbitAdmin;
import org.springframework.boot.health.contributor.HealthIndicator;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

import dev.failover.actuate.BrokersHealthContributor;
import dev.failover.broker.Broker;
import dev.failover.broker.BrokerStatus;
import dev.failover.broker.Brokers;
import dev.failover.connection.PlannedMoves;
import dev.failover.listener.BrokerDrains;
import dev.failover.template.FailoverTemplate;
import dev.failover.test.RabbitCluster;
import dev.failover.test.RabbitNode;
import dev.failover.test.junit.BrokerTest;
import dev.failover.test.junit.EachRabbit;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Several URLs of one node, and of one cluster.
 */
@BrokerTest
@ParameterizedClass
@EachRabbit
@ExtendWith(OutputCaptureExtension.class)
class ClusterIdentityIntegrationTests {

	private static final Duration PATIENCE = Duration.ofSeconds(60);

	private static final String QUEUE = "once";

	@Parameter
	private String version;

	@Test
	void severalUrlsOfOneNodeAreKnownAsSuch(@North RabbitNode node, CapturedOutput output) throws Exception {
		try (ProxiedNode proxied = ProxiedNode.plain(node);
				ConfigurableApplicationContext context = run(node.uri().toString(),
						node.uri().toString().replace(node.host(), alias(node)), proxied.uri().toString())) {
			Brokers brokers = context.getBean(Brokers.class);
			Awaitility.await()
				.atMost(PATIENCE)
				.until(() -> brokers.getStatuses()
					.stream()
					.map(BrokerStatus::node)
					.filter(Objects::nonNull)
					.count() == 3);
			assertThat(brokers.getStatuses()).extracting(BrokerStatus::node)
				.containsOnly(brokers.getStatuses().get(0).node());
			List<Broker> all = brokers.getAll();
			Awaitility.await().atMost(PATIENCE).untilAsserted(() -> {
				assertThat(warnings(output)).hasSize(3);
				assertThat(output)
					.contains("Brokers %s and %s lead to the same node".formatted(all.get(0), all.get(1)));
			});
			assertThat(sameNode(context, all.get(0))).isEqualTo(List.of(all.get(1).name(), all.get(2).name()));
			assertConsumedOnce(context);
			context.getBean(PlannedMoves.class).activate(all.get(2).name()).get(30, TimeUnit.SECONDS);
			context.getBean(FailoverTemplate.class).convertAndSend(QUEUE, "moved");
			Awaitility.await().atMost(PATIENCE).until(() -> context.getBean(Desk.class).handled.contains("moved"));
			assertConsumedOnce(context);
			String before = brokers.getStatuses().get(0).node();
			node.restart();
			Awaitility.await()
				.atMost(PATIENCE)
				.until(() -> brokers.getStatuses()
					.stream()
					.allMatch((status) -> status.node() != null && !status.node().equals(before)));
			assertThat(warnings(output)).hasSize(3);
		}
	}

	@Test
	void nodesOfOneClusterAreOfOneClusterAndDiffer(CapturedOutput output) {
		try (RabbitCluster cluster = RabbitCluster.builder()
			.size(2)
			.nodes((node) -> node.version(this.version).configuration("cluster_name = one-cluster"))
			.start();
				ConfigurableApplicationContext context = run(
						cluster.nodes().stream().map((node) -> node.uri().toString()).toArray(String[]::new))) {
			Brokers brokers = context.getBean(Brokers.class);
			Awaitility.await()
				.atMost(PATIENCE)
				.until(() -> brokers.getStatuses().stream().allMatch((status) -> status.node() != null));
			List<BrokerStatus> statuses = brokers.getStatuses();
			assertThat(statuses.get(0).hasQueuesOf(statuses.get(1))).isTrue();
			assertThat(statuses.get(0).isOnNodeOf(statuses.get(1))).isFalse();
			assertConsumedOnce(context);
			assertThat(sameNode(context, statuses.get(0).broker())).isNull();
			assertThat(warnings(output)).isEmpty();
		}
	}

	private static String alias(RabbitNode node) {
		return node.host().equals("localhost") ? "127.0.0.1" : "localhost";
	}

	private static List<String> warnings(CapturedOutput output) {
		return output.getAll().lines().filter((line) -> line.contains("lead to the same node")).toList();
	}

	/**
	 * No broker is consumed from beside the active one, and there is one consumer.
	 */
	private static void assertConsumedOnce(ConfigurableApplicationContext context) {
		BrokerDrains drains = context.getBean(BrokerDrains.class);
		Awaitility.await().atMost(PATIENCE).untilAsserted(() -> {
			assertThat(context.getBean(Brokers.class).getAll()).extracting(drains::getConsumerCount).containsOnly(0);
			Object consumers = context.getBean(RabbitAdmin.class)
				.getQueueProperties(QUEUE)
				.get(RabbitAdmin.QUEUE_CONSUMER_COUNT);
			assertThat(consumers).isEqualTo(1);
		});
	}

	private static List<?> sameNode(ConfigurableApplicationContext context, Broker broker) {
		HealthIndicator health = (HealthIndicator) context.getBean(BrokersHealthContributor.class)
			.getContributor(broker.name());
		return (List<?>) health.health().getDetails().get("sameNodeAs");
	}

	private static ConfigurableApplicationContext run(String... brokers) {
		return Applications.run(Consuming.class, "failover.brokers=" + String.join(";", brokers),
				"failover.listener.brokers=all", "failover.detection.probe-interval=100ms",
				"failover.detection.probe-timeout=5s");
	}

	@Configuration(proxyBeanMethods = false)
	static class Consuming {

		@Bean
		Queue once() {
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
