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

import java.util.List;
import java.util.stream.Stream;

import org.junit.jupiter.api.Test;
import org.springframework.amqp.AmqpException;
import org.springframework.amqp.rabbit.connection.CachingConnectionFactory;
import org.springframework.amqp.rabbit.core.RabbitTemplate;
import org.springframework.amqp.rabbit.transaction.RabbitTransactionManager;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;
import org.springframework.transaction.support.TransactionTemplate;

import dev.failover.ensure.Ensure;
import dev.failover.test.RabbitNode;
import dev.failover.test.junit.BrokerTest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

/**
 * Tests that work which is bound to one channel, by a transaction or by {@code invoke},
 * is repeated as a whole, or not at all.
 */
@BrokerTest
class BoundWorkIntegrationTests {

	private static final List<String> WHOLE = List.of("first half", "second half");

	private static final String CONFIRMS = "spring.rabbitmq.publisher-confirm-type=correlated";

	@North
	private RabbitNode first;

	@South
	private RabbitNode second;

	@Test
	void transactionThatLosesItsBrokerFailsAndLeavesNoHalf() {
		try (ConfigurableApplicationContext context = run()) {
			Sales sales = context.getBean(Sales.class);
			assertThatExceptionOfType(AmqpException.class).isThrownBy(() -> sales.transact(() -> killUsed(context)));
			assertThat(context.getBean(Tries.class).count).isOne();
		}
		assertThat(found()).isEmpty();
	}

	@Test
	void ensuredTransactionThatLosesItsBrokerIsRepeatedAsAWhole() {
		try (ConfigurableApplicationContext context = run()) {
			Sales sales = context.getBean(Sales.class);
			sales.transactEnsured(() -> killUsed(context));
			assertThat(context.getBean(Tries.class).count).isEqualTo(2);
		}
		assertThat(found()).isEqualTo(WHOLE);
	}

	@Test
	void invokeThatLosesItsBrokerFailsAndSendsNoSecondHalf() {
		try (ConfigurableApplicationContext context = run(CONFIRMS)) {
			Sales sales = context.getBean(Sales.class);
			assertThatExceptionOfType(AmqpException.class).isThrownBy(() -> sales.invoke(() -> killUsed(context)));
		}
		assertThat(found()).doesNotContain("second half");
	}

	@Test
	void ensuredInvokeThatLosesItsBrokerIsRepeatedAsAWhole() {
		try (ConfigurableApplicationContext context = run(CONFIRMS)) {
			Sales sales = context.getBean(Sales.class);
			sales.invokeEnsured(() -> killUsed(context));
			assertThat(context.getBean(Tries.class).count).isEqualTo(2);
		}
		assertThat(found()).endsWith(WHOLE.toArray(String[]::new));
	}

	private ConfigurableApplicationContext run(String... properties) {
		return Applications.run(Shop.class,
				Stream.concat(Stream.of(Applications.brokers(this.first, this.second)), Stream.of(properties))
					.toArray(String[]::new));
	}

	private void killUsed(ConfigurableApplicationContext context) {
		Applications.active(context, this.first, this.second).kill();
	}

	private List<String> found() {
		this.first.start();
		this.second.start();
		return QueueOnBroker.drain(OrderQueue.NAME, this.first, this.second);
	}

	@Configuration(proxyBeanMethods = false)
	@Import(OrderQueue.class)
	static class Shop {

		@Bean
		Tries tries() {
			return new Tries();
		}

		@Bean
		Sales sales(RabbitTemplate template, CachingConnectionFactory connectionFactory, Tries tries) {
			return new Sales(template, new TransactionTemplate(new RabbitTransactionManager(connectionFactory)), tries);
		}

	}

	static class Tries {

		private int count;

	}

	static class Sales {

		private final RabbitTemplate template;

		private final TransactionTemplate transaction;

		private final Tries tries;

		Sales(RabbitTemplate template, TransactionTemplate transaction, Tries tries) {
			this.template = template;
			this.transaction = transaction;
			this.tries = tries;
		}

		@Ensure
		void transactEnsured(Runnable between) {
			transact(between);
		}

		void transact(Runnable between) {
			this.template.setChannelTransacted(true);
			this.transaction.executeWithoutResult((status) -> halves(this.template::convertAndSend, between));
		}

		@Ensure
		void invokeEnsured(Runnable between) {
			invoke(between);
		}

		void invoke(Runnable between) {
			this.template.invoke((operations) -> {
				halves(operations::convertAndSend, between);
				operations.waitForConfirmsOrDie(5000);
				return null;
			});
		}

		private void halves(Send send, Runnable between) {
			send.send(OrderQueue.NAME, WHOLE.get(0));
			if (++this.tries.count == 1) {
				between.run();
			}
			send.send(OrderQueue.NAME, WHOLE.get(1));
		}

	}

	@FunctionalInterface
	private interface Send {

		void send(String queue, Object order);

	}

}
