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

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Consumer;

import com.rabbitmq.client.Channel;
import com.rabbitmq.client.MessageProperties;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.amqp.core.Binding;
import org.springframework.amqp.core.BindingBuilder;
import org.springframework.amqp.core.DirectExchange;
import org.springframework.amqp.core.Queue;
import org.springframework.amqp.rabbit.core.RabbitTemplate;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

import dev.failover.broker.Brokers;
import dev.failover.ensure.Ensure;
import dev.failover.template.FailoverTemplate;
import dev.failover.test.RabbitNode;
import dev.failover.test.junit.BrokerTest;
import dev.failover.test.junit.Rabbit;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests that nothing confirmed is lost with the broker that it was sent to.
 */
@BrokerTest
class LostBrokerIntegrationTests {

	private static final Log logger = LogFactory.getLog(LostBrokerIntegrationTests.class);

	private static final int THREADS = 4;

	private static final int EACH = 5000;

	@Rabbit(name = "first", user = "north", password = "north-secret", virtualHost = "north-orders")
	private RabbitNode first;

	@Rabbit(name = "second", user = "south", password = "south-secret", virtualHost = "south-orders")
	private RabbitNode second;

	@ParameterizedTest
	@CsvSource({ "KILL, TEMPLATE", "KILL, ENSURED_TEMPLATE", "KILL, ENSURED_CHANNEL", "STOP, TEMPLATE",
			"STOP, ENSURED_TEMPLATE", "STOP, ENSURED_CHANNEL", "RESTART, TEMPLATE", "RESTART, ENSURED_TEMPLATE",
			"RESTART, ENSURED_CHANNEL" })
	void nothingConfirmedIsMissingAndNoErrorReachesTheCaller(Fault fault, Way way) throws Exception {
		RabbitNode active;
		Senders senders;
		try (ConfigurableApplicationContext context = Applications.run(Shop.class,
				Applications.brokers(this.first, this.second))) {
			Consumer<String> send = way.sender(context.getBean(FailoverTemplate.class), context.getBean(Sales.class));
			senders = Senders.start(THREADS, EACH, send);
			try (senders) {
				senders.awaitThird();
				Applications.writeQueues(this.first, this.second);
				active = active(context);
				fault.strike(active);
				senders.awaitEnd();
				assertThat(active(context)).isNotSameAs(active);
			}
		}
		active.start();
		verify(senders, fault + " " + way);
	}

	private void verify(Senders senders, String what) {
		List<String> onFirst = new QueueOnBroker(this.first, Shop.QUEUE).drain();
		List<String> onSecond = new QueueOnBroker(this.second, Shop.QUEUE).drain();
		List<String> found = new ArrayList<>(onFirst);
		found.addAll(onSecond);
		int duplicates = found.size() - Set.copyOf(found).size();
		logger.info("%s: %d + %d messages, %d duplicates, longest gap %d ms".formatted(what, onFirst.size(),
				onSecond.size(), duplicates, senders.longestGap().toMillis()));
		Set<String> missing = new TreeSet<>(senders.sent());
		missing.removeAll(found);
		assertThat(senders.errors()).isEmpty();
		assertThat(senders.sent()).hasSize(THREADS * EACH);
		assertThat(missing).isEmpty();
		assertThat(onFirst).isNotEmpty();
		assertThat(onSecond).isNotEmpty();
		assertThat(duplicates).isLessThanOrEqualTo(senders.threads());
	}

	private RabbitNode active(ConfigurableApplicationContext context) {
		var active = context.getBean(Brokers.class).getActive();
		return (active != null && active.port() == this.first.port()) ? this.first : this.second;
	}

	enum Fault {

		KILL {
			@Override
			void strike(RabbitNode node) {
				node.kill();
			}
		},

		STOP {
			@Override
			void strike(RabbitNode node) {
				node.stop();
			}
		},

		RESTART {
			@Override
			void strike(RabbitNode node) {
				node.stop();
				node.start();
			}
		};

		abstract void strike(RabbitNode node);

	}

	enum Way {

		TEMPLATE, ENSURED_TEMPLATE, ENSURED_CHANNEL;

		Consumer<String> sender(FailoverTemplate template, Sales sales) {
			return switch (this) {
				case TEMPLATE -> (order) -> template.convertAndSend(Shop.EXCHANGE, "new", order);
				case ENSURED_TEMPLATE -> sales::sell;
				case ENSURED_CHANNEL -> (order) -> sales.sell(order, null);
			};
		}

	}

	@Configuration(proxyBeanMethods = false)
	static class Shop {

		static final String EXCHANGE = "shop";

		static final String QUEUE = "orders";

		@Bean
		Queue orders() {
			return new Queue(QUEUE);
		}

		@Bean
		DirectExchange shop() {
			return new DirectExchange(EXCHANGE);
		}

		@Bean
		Binding newOrders(Queue orders, DirectExchange shop) {
			return BindingBuilder.bind(orders).to(shop).with("new");
		}

		@Bean
		Sales sales(RabbitTemplate template) {
			return new Sales(template);
		}

	}

	static class Sales {

		private final RabbitTemplate template;

		Sales(RabbitTemplate template) {
			this.template = template;
		}

		@Ensure
		void sell(String order) {
			this.template.convertAndSend(Shop.EXCHANGE, "new", order);
		}

		@Ensure
		void sell(String order, @Nullable Channel channel) {
			try {
				channel.confirmSelect();
				channel.basicPublish(Shop.EXCHANGE, "new", MessageProperties.PERSISTENT_BASIC, order.getBytes());
			}
			catch (IOException ex) {
				throw new UncheckedIOException(ex);
			}
		}

	}

}
