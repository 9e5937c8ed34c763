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
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;

import org.awaitility.Awaitility;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
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

	@ParameterizedTest
	@EnumSource
	@DisplayName("Behaviour 29: events tell in order of loss, switch, messages in flight, consumers, return and fail-back")
	void applicationIsToldOfAFailoverAndOfFailbackInOrder(Fault fault) throws Exception {
		try (ConfigurableApplicationContext context = run()) {
			Shop shop = context.getBean(Shop.class);
			Brokers brokers = context.getBean(Brokers.class);
			Broker from = brokers.getAll().get(0);
			Broker to = brokers.getAll().get(1);
			shop.await(BrokerEvent.ConsumersReady.class, 1);
			assertThat(shop.names()).endsWith("Activated", "ConsumersReady");
			shop.events.clear();
			failOver(context.getBean(FailoverTemplate.class), fault);
			shop.await(BrokerEvent.Replayed.class, 1);
			shop.await(BrokerEvent.ConsumersReady.class, 1);
			fault.mend(this.first);
			shop.await(BrokerEvent.ConsumersReady.class, 2);
			assertThat(shop.names()).startsWith("DOWN", "Lost", "Activated")
				.endsWith("UP", "FailbackPlanned", "Activated", "ConsumersReady");
			assertThat(shop.names().subList(3, 5)).containsExactlyInAnyOrder("Replayed", "ConsumersReady");
			assertThat(shop.names()).hasSize(9);
			shop.assertLoss(from, to);
			shop.assertFailback(to, from);
			assertThat(shop.overlapping).as("told of two events at a time").isFalse();
			assertThat(shop.threads).allMatch((thread) -> thread.startsWith("failover-events-"));
		}
	}

	private ConfigurableApplicationContext run() {
		return Applications.run(Shop.class, "failover.brokers[0].uri=" + this.first.uri(),
				"failover.brokers[1].uri=" + this.second.uri(), "failover.brokers[1].priority=1",
				"failover.strategy=priority", "failover.failback.grace=100ms",
				"failover.detection.success-threshold=1");
	}

	/**
	 * Messages that a frozen broker does not confirm are in flight when it is lost.
	 */
	private void failOver(FailoverTemplate template, Fault fault) throws Exception {
		template.convertAndSend(Shop.ORDERS, "warm");
		this.first.freeze();
		List<CompletableFuture<Confirmation>> sent = Stream
			.generate(() -> template.convertAndSendAsync("", Shop.BILLS, "bill"))
			.limit(IN_FLIGHT)
			.toList();
		fault.strike(this.first);
		for (CompletableFuture<Confirmation> each : sent) {
			each.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
		}
	}

	enum Fault {

		KILL {
			@Override
			void strike(RabbitNode frozen) {
				frozen.kill();
			}

			@Override
			void mend(RabbitNode node) {
				node.start();
			}
		},

		FREEZE {
			@Override
			void strike(RabbitNode frozen) {
			}

			@Override
			void mend(RabbitNode node) {
				node.thaw();
			}
		};

		abstract void strike(RabbitNode frozen);

		abstract void mend(RabbitNode node);

	}

	@Configuration(proxyBeanMethods = false)
	static class Shop {

		static final String ORDERS = "orders";

		static final String BILLS = "bills";

		private final List<BrokerEvent> events = new CopyOnWriteArrayList<>();

		private final Set<String> threads = ConcurrentHashMap.newKeySet();

		private final AtomicInteger telling = new AtomicInteger();

		private volatile boolean overlapping;

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

		/**
		 * The end of a move is told when its broker is not used any more, whenever that
		 * is.
		 */
		@EventListener
		void told(BrokerEvent event) throws InterruptedException {
			this.overlapping |= this.telling.getAndIncrement() > 0;
			if (!(event instanceof BrokerEvent.MoveEnded)) {
				this.events.add(event);
			}
			this.threads.add(Thread.currentThread().getName());
			new CountDownLatch(1).await(20, TimeUnit.MILLISECONDS);
			this.telling.decrementAndGet();
		}

		void await(Class<? extends BrokerEvent> type, int count) {
			Awaitility.await()
				.atMost(PATIENCE)
				.until(() -> this.events.stream().filter(type::isInstance).count() == count);
		}

		private <T extends BrokerEvent> List<T> all(Class<T> type) {
			return this.events.stream().filter(type::isInstance).map(type::cast).toList();
		}

		void assertLoss(Broker from, Broker to) {
			BrokerEvent.Lost lost = all(BrokerEvent.Lost.class).get(0);
			assertThat(lost.broker()).isEqualTo(from);
			BrokerEvent.Activated activated = all(BrokerEvent.Activated.class).get(0);
			assertThat(activated.from()).isEqualTo(from);
			assertThat(activated.to()).isEqualTo(to);
			assertThat(activated.failure()).isEqualTo(lost.failure());
			assertThat(activated.isPlanned()).isFalse();
			assertThat(this.events).contains(new BrokerEvent.Replayed(from, IN_FLIGHT, IN_FLIGHT));
			BrokerEvent.ConsumersReady ready = all(BrokerEvent.ConsumersReady.class).get(0);
			assertThat(ready.broker()).isEqualTo(to);
			assertThat(ready.queues()).isEqualTo(2);
		}

		void assertFailback(Broker from, Broker to) {
			assertThat(all(BrokerEvent.FailbackPlanned.class))
				.containsExactly(new BrokerEvent.FailbackPlanned(from, to, Duration.ofMillis(100)));
			BrokerEvent.Activated activated = all(BrokerEvent.Activated.class).get(1);
			assertThat(activated.from()).isEqualTo(from);
			assertThat(activated.to()).isEqualTo(to);
			assertThat(activated.isPlanned()).isTrue();
			BrokerEvent.ConsumersReady ready = all(BrokerEvent.ConsumersReady.class).get(1);
			assertThat(ready.broker()).isEqualTo(to);
			assertThat(ready.queues()).isEqualTo(2);
		}

		/**
		 * Names of events, and for changes of state the new one, where it is another one.
		 * What is told of a broker when it is connected to first is none of this.
		 */
		List<String> names() {
			return this.events.stream().filter(Shop::isChange).map(Shop::name).toList();
		}

		private static boolean isChange(BrokerEvent event) {
			return !(event instanceof BrokerEvent.ClusterChanged)
					&& (!(event instanceof BrokerEvent.StateChanged changed)
							|| (changed.from() != changed.to() && changed.from() != BrokerState.UNKNOWN));
		}

		private static String name(BrokerEvent event) {
			return (event instanceof BrokerEvent.StateChanged changed) ? changed.to().name()
					: event.getClass().getSimpleName();
		}

	}

}
