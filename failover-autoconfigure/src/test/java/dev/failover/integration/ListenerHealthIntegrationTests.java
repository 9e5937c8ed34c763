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
import java.util.Map;

import org.junit.jupiter.api.Test;
import org.springframework.amqp.AmqpException;
import org.springframework.amqp.core.AmqpAdmin;
import org.springframework.amqp.core.Queue;
import org.springframework.amqp.rabbit.annotation.RabbitListener;
import org.springframework.amqp.rabbit.listener.RabbitListenerEndpointRegistry;
import org.springframework.amqp.rabbit.listener.SimpleMessageListenerContainer;
import org.springframework.boot.health.actuate.endpoint.HealthEndpoint;
import org.springframework.boot.health.actuate.endpoint.IndicatedHealthDescriptor;
import org.springframework.boot.health.contributor.Status;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Configuration;

import dev.failover.actuate.BrokersHealthContributor;
import dev.failover.test.EmbeddedBroker;
import dev.failover.test.junit.BrokerTest;
import dev.failover.test.junit.Embedded;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * Listener containers that stand still, as health tells them.
 */
@BrokerTest
class ListenerHealthIntegrationTests {

	private static final Duration PATIENCE = Duration.ofSeconds(30);

	@Embedded
	private EmbeddedBroker broker;

	@Test
	void containersThatStandStillAreToldWithStatus200() {
		try (ConfigurableApplicationContext context = Applications.run(Listeners.class,
				Applications.brokers(this.broker), "spring.rabbitmq.listener.type=direct")) {
			RabbitListenerEndpointRegistry registry = context.getBean(RabbitListenerEndpointRegistry.class);
			await().atMost(PATIENCE).until(() -> standingStill(context).contains("missing"));
			assertThat(listeners(context).getStatus()).isEqualTo(BrokersHealthContributor.NOT_CONSUMING);
			assertThat(context.getBean(HealthEndpoint.class).health().getStatus())
				.isEqualTo(BrokersHealthContributor.NOT_CONSUMING);
			assertThat(standingStill(context)).doesNotContain("off");
			context.getBean(AmqpAdmin.class).declareQueue(new Queue("absent"));
			await().atMost(PATIENCE).until(() -> standingStill(context).isEmpty());
			assertThat(listeners(context).getStatus()).isEqualTo(Status.UP);
			registry.getListenerContainer("missing").stop();
			assertThat(listeners(context).getStatus()).as("stopped by the application").isEqualTo(Status.UP);
			assertThat(listeners(context).getDetails()).containsEntry("running", 0);
		}
	}

	@Test
	void containerThatAFailureHasStoppedIsTold() {
		try (ConfigurableApplicationContext context = Applications.run(Listeners.class,
				Applications.brokers(this.broker), "listeners.start=false")) {
			SimpleMessageListenerContainer container = (SimpleMessageListenerContainer) context
				.getBean(RabbitListenerEndpointRegistry.class)
				.getListenerContainer("missing");
			container.setMissingQueuesFatal(true);
			container.setDeclarationRetries(1);
			container.setFailedDeclarationRetryInterval(100);
			try {
				container.start();
			}
			catch (AmqpException ex) {
				// if the failure comes before the start has ended
			}
			await().atMost(PATIENCE).until(() -> reasons(context).contains("It was stopped by a failure"));
			assertThat(listeners(context).getStatus()).isEqualTo(BrokersHealthContributor.NOT_CONSUMING);
			context.getBean(AmqpAdmin.class).declareQueue(new Queue("absent"));
			container.start();
			await().atMost(PATIENCE).until(() -> listeners(context).getStatus().equals(Status.UP));
		}
	}

	private static String reasons(ConfigurableApplicationContext context) {
		return String.valueOf(listeners(context).getDetails().get("standingStill"));
	}

	private static IndicatedHealthDescriptor listeners(ConfigurableApplicationContext context) {
		return (IndicatedHealthDescriptor) context.getBean(HealthEndpoint.class).healthForPath("failover", "listeners");
	}

	@SuppressWarnings("unchecked")
	private static List<Object> standingStill(ConfigurableApplicationContext context) {
		Object containers = listeners(context).getDetails().getOrDefault("standingStill", List.of());
		return ((List<Map<String, Object>>) containers).stream().map((container) -> container.get("name")).toList();
	}

	@Configuration(proxyBeanMethods = false)
	static class Listeners {

		@RabbitListener(id = "missing", queues = "absent", autoStartup = "${listeners.start:true}")
		void missing(String order) {
		}

		@RabbitListener(id = "off", queues = "nowhere", autoStartup = "false")
		void off(String order) {
		}

	}

}
