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
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;

import com.rabbitmq.client.AMQP;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.springframework.amqp.core.Queue;
import org.springframework.boot.health.contributor.HealthIndicator;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.event.EventListener;

import dev.failover.actuate.BrokersHealthContributor;
import dev.failover.broker.Broker;
import dev.failover.broker.BrokerEvent;
import dev.failover.broker.BrokerStatus;
import dev.failover.broker.Brokers;
import dev.failover.connection.PlannedMoves;
import dev.failover.template.FailoverTemplate;
import dev.failover.test.RabbitCluster;
import dev.failover.test.RabbitNode;
import dev.failover.test.junit.BrokerTest;
import dev.failover.test.junit.Rabbit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

/**
 * The preferred broker is a node that has lost the majority of its cluster: it answers,
 * but declares nothing.
 */
@BrokerTest
@ExtendWith(OutputCaptureExtension.class)
class MinorityFailbackIntegrationTests {

	private static final String QUEUE = "orders";

	private static final Duration PATIENCE = Duration.ofSeconds(60);

	/**
	 * Fifty times the grace unless set, as twenty-five minutes are of the default.
	 * Without the check, there is a switch every six seconds.
	 */
	private static final Duration OBSERVED = Duration
		.ofSeconds(Integer.getInteger("failover.test.minority-seconds", 25));

	@Rabbit(name = "south", version = "4")
	private RabbitNode south;

	@Test
	void isNotGoneBackToBeforeItHasAMajorityAgain(CapturedOutput output) throws Exception {
		try (RabbitCluster cluster = RabbitCluster.builder().nodes((node) -> node.version("4").management()).start();
				ConfigurableApplicationContext context = run(cluster.node(0))) {
			Switches switches = context.getBean(Switches.class);
			declareTemporaryQueue(context);
			awaitActive(context, "north");
			awaitHealth(context, true);
			List<RabbitNode> killed = cluster.leaveMinority(cluster.node(0));
			awaitHealth(context, false);
			assertThat(active(context)).as("not left for a check alone").isEqualTo("north");
			declareTemporaryQueue(context);
			assertThat(active(context)).isEqualTo("south");
			Awaitility.await().atMost(PATIENCE).until(() -> status(context).state().isUsable());
			long end = System.nanoTime() + OBSERVED.toNanos();
			Awaitility.await().atMost(OBSERVED.plus(PATIENCE)).pollInterval(Duration.ofMillis(200)).until(() -> {
				declareTemporaryQueue(context);
				return System.nanoTime() - end >= 0;
			});
			assertThat(switches.activated).hasSizeLessThanOrEqualTo(2);
			assertThat(active(context)).isEqualTo("south");
			assertRefused(context.getBean(PlannedMoves.class).activate("north"));
			assertThat(healthChecks(context)).startsWith("unhealthy: 1 of the 3 nodes of its cluster runs");
			killed.get(0).start();
			awaitActive(context, "north");
			declareTemporaryQueue(context);
			assertThat(switches.health).extracting((changed) -> changed.health().isHealthy())
				.containsExactly(false, true);
			assertThat(output.getAll().lines().filter((line) -> line.contains("is unhealthy: "))).hasSize(1);
			assertThat(healthChecks(context)).isEqualTo("healthy");
		}
	}

	private static void assertRefused(Future<?> move) {
		assertThatExceptionOfType(ExecutionException.class).isThrownBy(() -> move.get(30, TimeUnit.SECONDS))
			.withCauseInstanceOf(IllegalStateException.class)
			.withMessageContaining("Broker 'north' cannot become active: it is unhealthy: 1 of the 3 nodes");
	}

	private static void declareTemporaryQueue(ConfigurableApplicationContext context) {
		AMQP.Queue.DeclareOk declared = context.getBean(FailoverTemplate.class)
			.execute((channel) -> channel.queueDeclare());
		assertThat(declared).isNotNull();
	}

	private static void awaitActive(ConfigurableApplicationContext context, String name) {
		Awaitility.await().atMost(PATIENCE).until(() -> name.equals(active(context)));
	}

	private static String active(ConfigurableApplicationContext context) {
		Broker active = context.getBean(Brokers.class).getActive();
		return (active != null) ? active.name() : "none";
	}

	private static void awaitHealth(ConfigurableApplicationContext context, boolean healthy) {
		Awaitility.await()
			.atMost(PATIENCE)
			.until(() -> status(context).health() != null && status(context).isHealthy() == healthy);
	}

	private static BrokerStatus status(ConfigurableApplicationContext context) {
		return context.getBean(Brokers.class).getStatus("north").orElseThrow();
	}

	private static String healthChecks(ConfigurableApplicationContext context) {
		HealthIndicator health = (HealthIndicator) context.getBean(BrokersHealthContributor.class)
			.getContributor("north");
		return String.valueOf(health.health().getDetails().get("healthChecks"));
	}

	private ConfigurableApplicationContext run(RabbitNode north) {
		return Applications.run(Declaring.class, "failover.brokers[0].uri=" + north.uri(),
				"failover.brokers[0].name=north", "failover.brokers[0].management-uri=" + north.management(),
				"failover.brokers[1].uri=" + this.south.uri(), "failover.brokers[1].name=south",
				"failover.brokers[1].priority=1", "failover.strategy=priority", "failover.failback.grace=500ms",
				"failover.health-check.interval=200ms", "failover.health-check.timeout=5s",
				"failover.detection.probe-interval=100ms", "failover.detection.probe-timeout=5s",
				"failover.detection.success-threshold=1", "failover.connect.race-delay=3s",
				"spring.rabbitmq.channel-rpc-timeout=2s");
	}

	@Configuration(proxyBeanMethods = false)
	static class Declaring {

		@Bean
		Queue orders() {
			return new Queue(QUEUE);
		}

		@Bean
		Switches switches() {
			return new Switches();
		}

	}

	static class Switches {

		final List<BrokerEvent.Activated> activated = new CopyOnWriteArrayList<>();

		final List<BrokerEvent.HealthChanged> health = new CopyOnWriteArrayList<>();

		@EventListener
		void on(BrokerEvent.Activated event) {
			if (event.from() != null) {
				this.activated.add(event);
			}
		}

		@EventListener
		void on(BrokerEvent.HealthChanged event) {
			this.health.add(event);
		}

	}

}
