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
import java.util.concurrent.CopyOnWriteArrayList;

import org.junit.jupiter.api.Test;
import org.springframework.amqp.rabbit.core.RabbitTemplate;
import org.springframework.boot.amqp.health.RabbitHealthIndicator;
import org.springframework.boot.health.actuate.endpoint.HealthDescriptor;
import org.springframework.boot.health.actuate.endpoint.HealthEndpoint;
import org.springframework.boot.health.actuate.endpoint.StatusAggregator;
import org.springframework.boot.health.contributor.Status;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;

import dev.failover.actuate.BrokersHealthContributor;
import dev.failover.broker.Broker;
import dev.failover.broker.Brokers;
import dev.failover.ensure.Ensurer;
import dev.failover.test.EmbeddedBroker;
import dev.failover.test.junit.BrokerTest;
import dev.failover.test.junit.Embedded;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * Health in applications that have Spring Boot's indicator {@code rabbit} in place.
 */
@BrokerTest
class RabbitHealthIntegrationTests {

	private static final Duration PATIENCE = Duration.ofSeconds(30);

	@Embedded
	private EmbeddedBroker first;

	@Embedded
	private EmbeddedBroker second;

	@Test
	void neitherHangsNorContradictsBesideFailover() {
		try (ConfigurableApplicationContext context = run(BesideRabbit.class)) {
			Brokers brokers = context.getBean(Brokers.class);
			List<String> ensured = new CopyOnWriteArrayList<>();
			context.getBean(Ensurer.class).addObserver((method, outcome, nanos) -> ensured.add(method));
			context.getBean(RabbitTemplate.class).convertAndSend(OrderQueue.NAME, "order");
			assertHealth(context, Status.UP, Status.UP);
			EmbeddedBroker active = Applications.active(context, this.first, this.second);
			Broker lost = brokers.getActive();
			EmbeddedBroker other = (active == this.first) ? this.second : this.first;
			active.kill();
			await().atMost(PATIENCE).until(() -> !Objects.equals(lost, brokers.getActive()));
			assertHealth(context, BrokersHealthContributor.FAILED_OVER, Status.UP);
			other.kill();
			await().atMost(PATIENCE).until(() -> brokers.getActive() == null);
			assertHealth(context, Status.DOWN, Status.DOWN);
			active.start();
			assertHealth(context, BrokersHealthContributor.FAILED_OVER, Status.UP);
			assertThat(ensured).as("calls of methods with @Ensure").isEmpty();
		}
	}

	private static void assertHealth(ConfigurableApplicationContext context, Status failover, Status rabbit) {
		HealthEndpoint endpoint = context.getBean(HealthEndpoint.class);
		long begin = System.nanoTime();
		assertThat(status(endpoint.healthForPath("rabbit"))).isEqualTo(rabbit);
		assertThat(status(endpoint.healthForPath("failover"))).isEqualTo(failover);
		assertThat(endpoint.health().getStatus())
			.isEqualTo(context.getBean(StatusAggregator.class).getAggregateStatus(failover, rabbit));
		assertThat(Duration.ofNanos(System.nanoTime() - begin)).isLessThan(Duration.ofSeconds(10));
	}

	private static Status status(HealthDescriptor health) {
		assertThat(health).isNotNull();
		return health.getStatus();
	}

	private ConfigurableApplicationContext run(Class<?> source) {
		return Applications.run(source, Applications.brokers(this.first, this.second));
	}

	@Configuration(proxyBeanMethods = false)
	@Import(OrderQueue.class)
	static class BesideRabbit {

		@Bean
		RabbitHealthIndicator rabbitHealthIndicator(RabbitTemplate template) {
			return new RabbitHealthIndicator(template);
		}

	}

}
