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
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;

import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.springframework.amqp.core.Queue;
import org.springframework.amqp.rabbit.annotation.RabbitListener;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

import dev.failover.broker.BrokerStatus;
import dev.failover.broker.Brokers;
import dev.failover.listener.BrokerDrains;
import dev.failover.test.RabbitCluster;
import dev.failover.test.RabbitNode;
import dev.failover.test.junit.BrokerTest;
import dev.failover.test.junit.Rabbit;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Which brokers are consumed from, by the names of their clusters.
 */
@BrokerTest
@ExtendWith(OutputCaptureExtension.class)
class ClusterNamesIntegrationTests {

	private static final Duration PATIENCE = Duration.ofSeconds(60);

	private static final String QUEUE = "named";

	@Rabbit(name = "twin-one")
	private RabbitNode one;

	@Rabbit(name = "twin-two")
	private RabbitNode two;

	@Test
	void oneNodeOfEachClusterIsConsumedFrom(CapturedOutput output) {
		try (RabbitCluster cluster = RabbitCluster.builder().size(2).start()) {
			RabbitNode first = cluster.node(0);
			RabbitNode second = cluster.node(1);
			rename(first, "joined");
			try (ConfigurableApplicationContext context = run(first, second, this.one)) {
				awaitContainers(context, this.one, 1);
				awaitClusters(context);
				assertThat(cluster(context, second)).isEqualTo(cluster(context, first))
					.isNotEqualTo(cluster(context, this.one));
				assertThat(containers(context, second)).isZero();
				first.stop();
				Awaitility.await().atMost(PATIENCE).until(() -> isActive(context, second));
				awaitContainers(context, this.one, 1);
				first.start();
				Awaitility.await().atMost(PATIENCE).until(() -> isActive(context, second) && isUp(context, first));
				assertThat(containers(context, first)).isZero();
				context.getBean(Brokers.class).operations().activate(name(context, this.one));
				awaitContainers(context, first, 1);
				awaitContainers(context, second, 0);
			}
		}
		assertThat(output).doesNotContain("report the same cluster", "lead to the same node");
	}

	@Test
	void consumersFollowANameThatChanges() {
		Stream.of(this.one, this.two).forEach((node) -> rename(node, "same"));
		try (ConfigurableApplicationContext context = run(this.one, this.two)) {
			awaitClusters(context);
			assertThat(containers(context, this.two)).isZero();
			new QueueOnBroker(this.two, QUEUE).declare();
			new QueueOnBroker(this.two, QUEUE).publish("stranded");
			rename(this.two, "another");
			Desk desk = context.getBean(Desk.class);
			Awaitility.await().atMost(PATIENCE).until(() -> desk.handled.contains("stranded"));
			awaitContainers(context, this.two, 1);
			rename(this.two, "same");
			awaitContainers(context, this.two, 0);
		}
	}

	@Test
	void oneNodeOfAClusterIsConsumedFromAlsoWithAllAndThatIsWarnedOf(CapturedOutput output) {
		Stream.of(this.one, this.two).forEach((node) -> rename(node, "same"));
		try (ConfigurableApplicationContext context = run("all", this.one, this.two)) {
			awaitClusters(context);
			awaitContainers(context, this.two, 0);
			Awaitility.await()
				.atMost(PATIENCE)
				.untilAsserted(() -> assertThat(
						output.getAll().lines().filter((line) -> line.contains("report the same cluster")))
					.hasSize(1));
		}
	}

	private static void rename(RabbitNode node, String name) {
		node.evaluate("rabbit_nodes:set_cluster_name(<<\"%s\">>, <<\"tests\">>).".formatted(name));
	}

	private static ConfigurableApplicationContext run(RabbitNode... nodes) {
		return run("auto", nodes);
	}

	private static ConfigurableApplicationContext run(String brokers, RabbitNode... nodes) {
		return Applications.run(Consuming.class, Applications.brokers(nodes), "failover.connect.race-delay=0",
				"failover.listener.brokers=" + brokers, "failover.detection.probe-interval=100ms",
				"failover.detection.probe-timeout=5s");
	}

	private static void awaitClusters(ConfigurableApplicationContext context) {
		Awaitility.await()
			.atMost(PATIENCE)
			.until(() -> context.getBean(Brokers.class)
				.getStatuses()
				.stream()
				.allMatch((status) -> status.cluster() != null));
	}

	private static void awaitContainers(ConfigurableApplicationContext context, RabbitNode node, int count) {
		Awaitility.await().atMost(PATIENCE).until(() -> containers(context, node) == count);
	}

	private static int containers(ConfigurableApplicationContext context, RabbitNode node) {
		return context.getBean(BrokerDrains.class).getConsumerCount(status(context, node).broker());
	}

	private static String cluster(ConfigurableApplicationContext context, RabbitNode node) {
		return status(context, node).cluster();
	}

	private static boolean isActive(ConfigurableApplicationContext context, RabbitNode node) {
		return status(context, node).active();
	}

	private static boolean isUp(ConfigurableApplicationContext context, RabbitNode node) {
		return status(context, node).state().isUsable();
	}

	private static String name(ConfigurableApplicationContext context, RabbitNode node) {
		return status(context, node).broker().name();
	}

	private static BrokerStatus status(ConfigurableApplicationContext context, RabbitNode node) {
		return context.getBean(Brokers.class)
			.getStatuses()
			.stream()
			.filter((status) -> status.broker().port() == node.port())
			.findFirst()
			.orElseThrow();
	}

	@Configuration(proxyBeanMethods = false)
	static class Consuming {

		@Bean
		Queue named() {
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
