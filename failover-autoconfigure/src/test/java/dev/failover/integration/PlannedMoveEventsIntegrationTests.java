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
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.springframework.amqp.core.Declarables;
import org.springframework.amqp.core.Queue;
import org.springframework.amqp.rabbit.annotation.RabbitListener;
import org.springframework.amqp.rabbit.config.DirectRabbitListenerContainerFactory;
import org.springframework.amqp.rabbit.config.SimpleRabbitListenerContainerFactory;
import org.springframework.amqp.rabbit.connection.ConnectionFactory;
import org.springframework.boot.amqp.autoconfigure.DirectRabbitListenerContainerFactoryConfigurer;
import org.springframework.boot.amqp.autoconfigure.SimpleRabbitListenerContainerFactoryConfigurer;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.event.EventListener;
import org.springframework.scheduling.concurrent.ThreadPoolTaskExecutor;

import dev.failover.broker.Broker;
import dev.failover.broker.BrokerEvent;
import dev.failover.broker.BrokerState;
import dev.failover.broker.Brokers;
import dev.failover.broker.MoveStep;
import dev.failover.test.RabbitNode;
import dev.failover.test.junit.BrokerTest;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * What an application with containers of every kind is told of planned moves.
 */
@BrokerTest
class PlannedMoveEventsIntegrationTests {

	private static final Duration PATIENCE = Duration.ofSeconds(60);

	private static final int MOVES = Integer.getInteger("failover.test.moves", 6);

	@North
	private RabbitNode first;

	@South
	private RabbitNode second;

	@Test
	void consumersAreReadyWhenEveryContainerConsumesFromAllItsQueuesOnTheNewBroker() throws Exception {
		try (ConfigurableApplicationContext context = Applications.run(Shop.class,
				Applications.brokers(this.first, this.second))) {
			Shop shop = context.getBean(Shop.class);
			shop.assertReady(context.getBean(Brokers.class).getActive());
			for (int i = 0; i < MOVES; i++) {
				Applications.move(context);
				shop.assertReady(context.getBean(Brokers.class).getActive());
			}
			Awaitility.await().during(Duration.ofSeconds(1)).atMost(PATIENCE).until(shop.told::isEmpty);
			Awaitility.await()
				.atMost(PATIENCE)
				.untilAsserted(() -> assertThat(shop.ended).hasSize(MOVES)
					.allSatisfy((ended) -> assertThat(ended.steps()).containsKeys(MoveStep.PREPARE, MoveStep.SWITCH,
							MoveStep.FOLLOW)));
			assertThat(shop.threads).allMatch((thread) -> thread.startsWith("failover-events-"));
		}
	}

	@Configuration(proxyBeanMethods = false)
	static class Shop {

		private static final List<String> QUEUES = List.of("move-1", "move-2", "move-3", "move-4", "move-5", "move-6");

		private final BlockingQueue<BrokerEvent> told = new LinkedBlockingQueue<>();

		private final List<BrokerEvent.MoveEnded> ended = new CopyOnWriteArrayList<>();

		private final Set<String> threads = ConcurrentHashMap.newKeySet();

		@Bean
		Declarables queues() {
			return new Declarables(QUEUES.stream().map(Queue::new).toArray(Queue[]::new));
		}

		@Bean
		static DirectRabbitListenerContainerFactory direct(DirectRabbitListenerContainerFactoryConfigurer configurer,
				ConnectionFactory connectionFactory) {
			DirectRabbitListenerContainerFactory factory = new DirectRabbitListenerContainerFactory();
			configurer.configure(factory, connectionFactory);
			return factory;
		}

		/**
		 * Its containers are restarted in a move.
		 */
		@Bean
		static SimpleRabbitListenerContainerFactory pooled(SimpleRabbitListenerContainerFactoryConfigurer configurer,
				ConnectionFactory connectionFactory, ThreadPoolTaskExecutor threads) {
			SimpleRabbitListenerContainerFactory factory = new SimpleRabbitListenerContainerFactory();
			configurer.configure(factory, connectionFactory);
			factory.setTaskExecutor(threads);
			return factory;
		}

		@Bean
		static ThreadPoolTaskExecutor threads() {
			ThreadPoolTaskExecutor threads = new ThreadPoolTaskExecutor();
			threads.setCorePoolSize(1);
			return threads;
		}

		@RabbitListener(queues = { "move-1", "move-2" })
		void simple(String order) {
		}

		@RabbitListener(queues = { "move-3", "move-4", "move-5" }, containerFactory = "direct")
		void direct(String order) {
		}

		@RabbitListener(queues = "move-6", containerFactory = "pooled")
		void pooled(String order) {
		}

		@EventListener
		void told(BrokerEvent event) {
			boolean tried = event instanceof BrokerEvent.StateChanged changed && changed.from() == BrokerState.UNKNOWN;
			if (event instanceof BrokerEvent.MoveEnded end) {
				this.ended.add(end);
			}
			else if (!tried && !(event instanceof BrokerEvent.ClusterChanged)) {
				this.told.add(event);
			}
			this.threads.add(Thread.currentThread().getName());
		}

		void assertReady(Broker broker) throws InterruptedException {
			assertThat(poll()).isInstanceOfSatisfying(BrokerEvent.Activated.class,
					(activated) -> assertThat(activated.to()).isEqualTo(broker));
			assertThat(poll()).isInstanceOfSatisfying(BrokerEvent.ConsumersReady.class, (ready) -> {
				assertThat(ready.broker()).isEqualTo(broker);
				assertThat(ready.queues()).isEqualTo(QUEUES.size());
			});
		}

		private BrokerEvent poll() throws InterruptedException {
			return this.told.poll(PATIENCE.toSeconds(), TimeUnit.SECONDS);
		}

	}

}
