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
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.springframework.amqp.core.Binding;
import org.springframework.amqp.core.BindingBuilder;
import org.springframework.amqp.core.FanoutExchange;
import org.springframework.amqp.core.Queue;
import org.springframework.amqp.rabbit.core.RabbitTemplate;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

import dev.failover.broker.Activation;
import dev.failover.broker.Brokers;
import dev.failover.template.FailoverTemplate;
import dev.failover.template.PublishException;
import dev.failover.template.PublishOutcome;
import dev.failover.test.RabbitNode;
import dev.failover.test.junit.EachRabbit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.awaitility.Awaitility.await;

/**
 * A user loses the permission to publish, and gets it back.
 */
@ParameterizedClass
@EachRabbit
class PermissionIntegrationTests {

	@North
	private static RabbitNode node;

	@Parameter
	private String version;

	@Test
	void permissionThatIsGivenBackIsWaitedFor() throws Exception {
		try (ConfigurableApplicationContext context = Applications.run(Shop.class, Applications.brokers(node))) {
			FailoverTemplate template = context.getBean(FailoverTemplate.class);
			template.convertAndSend(Shop.EXCHANGE, "", "first");
			Activation active = context.getBean(Brokers.class).getActivation();
			deny(template);
			CompletableFuture<Void> send = CompletableFuture
				.runAsync(() -> template.convertAndSend(Shop.EXCHANGE, "", "second"));
			await().during(Duration.ofSeconds(1)).atMost(Duration.ofSeconds(10)).until(() -> !send.isDone());
			node.administration().permit(node.username(), node.virtualHost());
			send.get(30, TimeUnit.SECONDS);
			assertThat(context.getBean(Brokers.class).getActivation()).isEqualTo(active);
		}
		finally {
			node.administration().permit(node.username(), node.virtualHost());
		}
	}

	@Test
	void permissionThatIsNotGivenBackEndsTheMessageBeforeItsDeadline() {
		try (ConfigurableApplicationContext context = Applications.run(Shop.class, Applications.brokers(node))) {
			FailoverTemplate template = context.getBean(FailoverTemplate.class);
			template.convertAndSend(Shop.EXCHANGE, "", "first");
			Activation active = context.getBean(Brokers.class).getActivation();
			deny(template);
			long begun = System.nanoTime();
			assertThatExceptionOfType(PublishException.class)
				.isThrownBy(() -> template.convertAndSend(Shop.EXCHANGE, "", "second"))
				.withMessageContaining("The broker refused the message: ACCESS_REFUSED")
				.satisfies((ex) -> assertThat(ex.getOutcome()).isEqualTo(PublishOutcome.NOT_SENT));
			assertThat(Duration.ofNanos(System.nanoTime() - begun)).isBetween(Duration.ofSeconds(9),
					Duration.ofSeconds(30));
			assertThat(context.getBean(Brokers.class).getActivation()).isEqualTo(active);
		}
		finally {
			node.administration().permit(node.username(), node.virtualHost());
		}
	}

	@Test
	void permissionThatTheUserNeverHadIsNotWaitedFor() {
		try (ConfigurableApplicationContext context = Applications.run(Shop.class, Applications.brokers(node))) {
			FailoverTemplate template = context.getBean(FailoverTemplate.class);
			template.convertAndSend(Shop.EXCHANGE, "", "first");
			deny(template);
			long begun = System.nanoTime();
			assertThatExceptionOfType(PublishException.class)
				.isThrownBy(() -> template.convertAndSend("amq.topic", "", "second"))
				.withMessageContaining("The broker refused the message: ACCESS_REFUSED");
			assertThat(Duration.ofNanos(System.nanoTime() - begun)).isLessThan(Duration.ofSeconds(8));
		}
		finally {
			node.administration().permit(node.username(), node.virtualHost());
		}
	}

	/**
	 * A channel remembers what its user may do: have another one opened.
	 */
	private static void deny(RabbitTemplate template) {
		node.run("rabbitmqctl", "set_permissions", "-p", node.virtualHost(), node.username(), ".*", "^missing$", ".*");
		assertThatExceptionOfType(PublishException.class)
			.isThrownBy(() -> template.convertAndSend("missing", "", "nothing"))
			.withMessageContaining("NOT_FOUND");
	}

	@Configuration(proxyBeanMethods = false)
	static class Shop {

		static final String EXCHANGE = "shop";

		@Bean
		FanoutExchange exchange() {
			return new FanoutExchange(EXCHANGE);
		}

		@Bean
		Queue queue() {
			return new Queue("orders");
		}

		@Bean
		Binding binding(Queue queue, FanoutExchange exchange) {
			return BindingBuilder.bind(queue).to(exchange);
		}

	}

}
