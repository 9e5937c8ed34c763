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
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.stream.Stream;

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
import org.springframework.context.annotation.Import;

import dev.failover.ensure.Ensure;
import dev.failover.template.FailoverTemplate;
import dev.failover.test.RabbitNode;
import dev.failover.test.junit.BrokerTest;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests that nothing confirmed is lost with the broker that it was sent to.
 */
@BrokerTest
class LostBrokerIntegrationTests {

	private static final Log logger = LogFactory.getLog(LostBrokerIntegrationTests.class);

	private static final int THREADS = 4;

	private static final int EACH = 5000;

	@North
	private RabbitNode first;

	@South
	private RabbitNode second;

	@ParameterizedTest
	@CsvSource({ "KILL, TEMPLATE", "KILL, ENSURED", "STOP, TEMPLATE", "STOP, ENSURED", "RESTART, TEMPLATE",
			"RESTART, ENSURED" })
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
				fault.action.accept(active);
				senders.awaitEnd();
				assertThat(active(context)).isNotSameAs(active);
			}
		}
		active.start();
		verify(senders, fault + " " + way);
	}

	private void verify(Senders senders, String what) {
		List<String> onFirst = new QueueOnBroker(this.first, OrderQueue.NAME).drain();
		List<String> onSecond = new QueueOnBroker(this.second, OrderQueue.NAME).drain();
		List<String> found = Stream.concat(onFirst.stream(), onSecond.stream()).toList();
		int duplicates = found.size() - Set.copyOf(found).size();
		logger.info("%s: %d + %d messages, %d duplicates, longest gap %d ms".formatted(what, onFirst.size(),
				onSecond.size(), duplicates, senders.longestGap().toMillis()));
		senders.check(found, THREADS * EACH);
		assertThat(onFirst).isNotEmpty();
		assertThat(onSecond).isNotEmpty();
	}

	private RabbitNode active(ConfigurableApplicationContext context) {
		return Applications.active(context, this.first, this.second);
	}

	enum Fault {

		KILL(RabbitNode::kill), STOP(RabbitNode::stop), RESTART((node) -> {
			node.stop();
			node.start();
		});

		private final Consumer<RabbitNode> action;

		Fault(Consumer<RabbitNode> action) {
			this.action = action;
		}

	}

	enum Way {

		TEMPLATE,

		/**
		 * Each method sends every second message.
		 */
		ENSURED;

		Consumer<String> sender(FailoverTemplate template, Sales sales) {
			return switch (this) {
				case TEMPLATE -> (order) -> template.convertAndSend(Shop.EXCHANGE, "new", order);
				case ENSURED -> {
					AtomicInteger turn = new AtomicInteger();
					yield (order) -> {
						if (turn.getAndIncrement() % 2 == 0) {
							sales.sell(order);
						}
						else {
							sales.sell(order, null);
						}
					};
				}
			};
		}

	}

	@Configuration(proxyBeanMethods = false)
	@Import(OrderQueue.class)
	static class Shop {

		static final String EXCHANGE = "shop";

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
