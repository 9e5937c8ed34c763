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
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

import org.awaitility.Awaitility;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.springframework.amqp.core.Queue;
import org.springframework.amqp.rabbit.annotation.RabbitListener;
import org.springframework.amqp.rabbit.config.DirectRabbitListenerContainerFactory;
import org.springframework.amqp.rabbit.connection.ConnectionFactory;
import org.springframework.boot.amqp.autoconfigure.DirectRabbitListenerContainerFactoryConfigurer;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.event.EventListener;

import dev.failover.broker.Broker;
import dev.failover.broker.BrokerEvent;
import dev.failover.broker.BrokerState;
import dev.failover.broker.Brokers;
import dev.failover.template.Confirmation;
import dev.failover.template.FailoverTemplate;
import dev.failover.test.RabbitNode;
import dev.failover.test.junit.BrokerTest;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * What an application is told of a failover, in which order, and on which threads.
 */
@BrokerTest
class BrokerEventsIntegrationTests {

	private static final Duration PATIENCE = Duration.ofSeconds(60);

	private static final int IN_FLIGHT = 20;

	@North
	private RabbitNode first;

	@South
	private RabbitNode second;

	@Test
	@DisplayName("Behaviour 29: events tell in order of loss, switch, messages in flight, consumers and return")
	void applicationIsToldOfAFailoverInOrder() throws Exception {
		try (ConfigurableApplicationContext context = Applications.run(Shop.class,
				Applications.brokers(this.first, this.second), "failover.detection.success-threshold=1")) {
			Shop shop = context.getBean(Shop.class);
			Broker from = context.getBean(Brokers.class).getActive();
			shop.await(BrokerEvent.ConsumersReady.class, 1);
			assertThat(shop.names()).endsWith("Activated", "ConsumersReady");
			shop.events.clear();
			RabbitNode node = (from.port() == this.first.port()) ? this.first : this.second;
			failOver(context.getBean(FailoverTemplate.class), node);
			shop.await(BrokerEvent.Replayed.class, 1);
			shop.await(BrokerEvent.ConsumersReady.class, 1);
			Broker to = context.getBean(Brokers.class).getActive();
			node.start();
			Awaitility.await().atMost(PATIENCE).until(() -> shop.names().contains("UP"));
			assertThat(shop.names()).isIn(List.of("DOWN", "Lost", "Activated", "Replayed", "ConsumersReady", "UP"),
					List.of("DOWN", "Lost", "Activated", "ConsumersReady", "Replayed", "UP"));
			assertThat(shop.events).contains(new BrokerEvent.Replayed(from, IN_FLIGHT, IN_FLIGHT));
			assertThat(shop.single(BrokerEvent.ConsumersReady.class).broker()).isEqualTo(to);
			assertThat(shop.single(BrokerEvent.ConsumersReady.class).queues()).isEqualTo(2);
			BrokerEvent.Activated activated = shop.single(BrokerEvent.Activated.class);
			assertThat(activated.from()).isEqualTo(from);
			assertThat(activated.to()).isEqualTo(to);
			assertThat(activated.failure()).isEqualTo(shop.single(BrokerEvent.Lost.class).failure());
			assertThat(shop.threads).allMatch((thread) -> thread.startsWith("failover-events-"));
		}
	}

	/**
	 * Messages that a frozen broker does not confirm are in flight when it is killed.
	 */
	private void failOver(FailoverTemplate template, RabbitNode node) throws Exception {
		template.convertAndSend(Shop.ORDERS, "warm");
		node.freeze();
		List<CompletableFuture<Confirmation>> sent = Stream
			.generate(() -> template.convertAndSendAsync("", Shop.BILLS, "bill"))
			.limit(IN_FLIGHT)
			.toList();
		node.kill();
		for (CompletableFuture<Confirmation> each : sent) {
			each.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
		}
	}

	@Configuration(proxyBeanMethods = false)
	static class Shop {

		static final String ORDERS = "orders";

		static final String BILLS = "bills";

		private final List<BrokerEvent> events = new CopyOnWriteArrayList<>();

		private final Set<String> threads = ConcurrentHashMap.newKeySet();

		@Bean
		Queue orders() {
			return new Queue(ORDERS);
		}

		@Bean
		Queue bills() {
			return new Queue(BILLS);
		}

		@Bean
		static DirectRabbitListenerContainerFactory direct(DirectRabbitListenerContainerFactoryConfigurer configurer,
				ConnectionFactory connectionFactory) {
			DirectRabbitListenerContainerFactory factory = new DirectRabbitListenerContainerFactory();
			configurer.configure(factory, connectionFactory);
			return factory;
		}

		@RabbitListener(queues = ORDERS)
		void order(String order) {
		}

		@RabbitListener(queues = BILLS, containerFactory = "direct")
		void bill(String bill) {
		}

		@EventListener
		void told(BrokerEvent event) {
			this.events.add(event);
			this.threads.add(Thread.currentThread().getName());
		}

		void await(Class<? extends BrokerEvent> type, int count) {
			Awaitility.await()
				.atMost(PATIENCE)
				.until(() -> this.events.stream().filter(type::isInstance).count() == count);
		}

		<T extends BrokerEvent> T single(Class<T> type) {
			return this.events.stream().filter(type::isInstance).map(type::cast).findFirst().orElseThrow();
		}

		/**
		 * Names of events, and for changes of state the new one, where it is another one.
		 */
		List<String> names() {
			return this.events.stream().filter(Shop::isChange).map(Shop::name).toList();
		}

		private static boolean isChange(BrokerEvent event) {
			return !(event instanceof BrokerEvent.StateChanged changed)
					|| (changed.from() != changed.to() && changed.from() != BrokerState.UNKNOWN);
		}

		private static String name(BrokerEvent event) {
			return (event instanceof BrokerEvent.StateChanged changed) ? changed.to().name()
					: event.getClass().getSimpleName();
		}

	}

}
