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

import java.util.concurrent.atomic.AtomicInteger;

import com.rabbitmq.client.AMQP;
import org.junit.jupiter.params.ParameterizedTest;
import org.springframework.amqp.AmqpException;
import org.springframework.amqp.core.Queue;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

import dev.failover.broker.Activation;
import dev.failover.broker.BrokerStatus;
import dev.failover.broker.Brokers;
import dev.failover.ensure.Ensure;
import dev.failover.failure.CloseReason;
import dev.failover.template.FailoverTemplate;
import dev.failover.test.RabbitNode;
import dev.failover.test.junit.EachRabbit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

/**
 * One operation of an application has the broker close the connection each time.
 */
class FailureOperationIntegrationTests {

	@ParameterizedTest
	@EachRabbit
	void operationIsDoneOnceMoreAndTheBrokerStaysInUse(String version, @North RabbitNode first,
			@South RabbitNode second) {
		try (ConfigurableApplicationContext context = Applications.run(Shop.class,
				Applications.brokers(first, second))) {
			FailoverTemplate template = context.getBean(FailoverTemplate.class);
			Brokers brokers = context.getBean(Brokers.class);
			Operation operation = context.getBean(Operation.class);
			template.convertAndSend(Shop.QUEUE, "first");
			Activation active = brokers.getActivation();
			for (int i = 1; i <= 5; i++) {
				AmqpException failure = catchThrowableOfType(AmqpException.class, operation::perform);
				assertThat(CloseReason.in(failure)).isEqualTo(CloseReason.CHANNEL_ERROR);
				assertThat(operation.tries()).isEqualTo(2 * i);
				template.convertAndSend(Shop.QUEUE, "meanwhile");
			}
			assertThat(brokers.getActivation()).isEqualTo(active);
			assertThat(brokers.getStatuses()).extracting(BrokerStatus::lastFailure).containsOnlyNulls();
		}
	}

	@ParameterizedTest
	@EachRabbit
	void brokerStaysInUseWhenAnOperatorClosesItsConnections(String version, @North RabbitNode first,
			@South RabbitNode second) {
		try (ConfigurableApplicationContext context = Applications.run(Shop.class,
				Applications.brokers(first, second))) {
			FailoverTemplate template = context.getBean(FailoverTemplate.class);
			Brokers brokers = context.getBean(Brokers.class);
			template.convertAndSend(Shop.QUEUE, "first");
			Activation active = brokers.getActivation();
			RabbitNode node = Applications.active(context, first, second);
			node.run("rabbitmqctl", "close_all_connections", "too many here");
			template.convertAndSend(Shop.QUEUE, "second");
			assertThat(brokers.getActivation()).isEqualTo(active);
			assertThat(brokers.getStatuses()).extracting(BrokerStatus::lastFailure).containsOnlyNulls();
			assertThat(node.administration().messageCount(Shop.QUEUE)).isEqualTo(2);
		}
	}

	static class Operation {

		private final FailoverTemplate template;

		private final AtomicInteger tries = new AtomicInteger();

		Operation(FailoverTemplate template) {
			this.template = template;
		}

		@Ensure
		void perform() {
			this.tries.incrementAndGet();
			this.template.execute((channel) -> channel.rpc(new AMQP.Channel.Open.Builder().build()));
		}

		int tries() {
			return this.tries.get();
		}

	}

	@Configuration(proxyBeanMethods = false)
	static class Shop {

		static final String QUEUE = "orders";

		@Bean
		Queue orders() {
			return new Queue(QUEUE);
		}

		@Bean
		Operation operation(FailoverTemplate template) {
			return new Operation(template);
		}

	}

}
