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
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.amqp.AmqpRejectAndDontRequeueException;
import org.springframework.amqp.core.Queue;
import org.springframework.amqp.rabbit.connection.ConnectionFactory;
import org.springframework.beans.BeanUtils;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

import dev.failover.broker.Broker;
import dev.failover.broker.Brokers;
import dev.failover.connection.PlannedMoves;
import dev.failover.listener.PullConsumer;
import dev.failover.template.FailoverTemplate;
import dev.failover.test.EmbeddedBroker;
import dev.failover.test.RabbitNode;
import dev.failover.test.junit.BrokerTest;
import dev.failover.test.junit.Embedded;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.awaitility.Awaitility.await;

/**
 * Consumption in a loop, without a container.
 */
@BrokerTest
class PullConsumerIntegrationTests {

	private static final Duration PATIENCE = Duration.ofSeconds(30);

	@ParameterizedTest
	@ValueSource(booleans = { false, true })
	@DisplayName("Behaviour 28: a consumer that pulls goes on when its broker is killed or frozen")
	void everyMessageIsHandledWhenTheBrokerIsLost(boolean freeze, @North RabbitNode first, @South RabbitNode second)
			throws Exception {
		Shop shop;
		SteadyLoad load;
		RabbitNode active;
		try (ConfigurableApplicationContext context = Applications.run(Shop.class,
				Applications.brokers(first, second))) {
			shop = context.getBean(Shop.class);
			load = SteadyLoad.start(context.getBean(FailoverTemplate.class), List.of(Shop.QUEUE), 200);
			try (load) {
				await().atMost(PATIENCE).until(() -> shop.handled.size() > 100);
				Applications.writeQueues(first, second);
				active = Applications.active(context, first, second);
				if (freeze) {
					active.freeze();
				}
				else {
					active.kill();
				}
				int before = shop.handled.size();
				await().atMost(PATIENCE).until(() -> shop.handled.size() > before + 100);
				load.end();
			}
		}
		if (freeze) {
			active.thaw();
		}
		else {
			active.start();
		}
		Set<String> found = new HashSet<>(shop.handled);
		found.addAll(new QueueOnBroker(first, Shop.QUEUE).drain());
		found.addAll(new QueueOnBroker(second, Shop.QUEUE).drain());
		assertThat(load.errors()).isEmpty();
		assertThat(found).containsAll(load.sent());
		assertThat(shop.threads).containsExactly("failover-pull-" + Shop.QUEUE);
	}

	/**
	 * The time for a move is longer than the test.
	 */
	@Test
	void consumerMovesAfterTheMessageInHandInAPlannedMove(@North RabbitNode first, @South RabbitNode second)
			throws Exception {
		try (ConfigurableApplicationContext context = Applications.run(Shop.class, Applications.brokers(first, second),
				"failover.move.timeout=10m")) {
			Shop shop = context.getBean(Shop.class);
			FailoverTemplate template = context.getBean(FailoverTemplate.class);
			CountDownLatch end = new CountDownLatch(1);
			shop.listener = (order) -> hold(end);
			template.convertAndSend(Shop.QUEUE, "in hand");
			await().atMost(PATIENCE).until(() -> shop.handled.contains("in hand"));
			Broker left = context.getBean(Brokers.class).getActive();
			Applications.move(context);
			template.convertAndSend(Shop.QUEUE, "next");
			assertThat(shop.handled).containsExactly("in hand");
			end.countDown();
			await().atMost(PATIENCE).until(() -> shop.handled.contains("next"));
			context.getBean(PlannedMoves.class).disable(left.name()).get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
			assertThat(shop.handled).containsExactly("in hand", "next");
		}
		assertThat(QueueOnBroker.drain(Shop.QUEUE, first, second)).isEmpty();
	}

	@Test
	void messageIsAcknowledgedRequeuedOrRejectedAsTheListenerSays(@North RabbitNode broker) {
		try (ConfigurableApplicationContext context = Applications.run(Shop.class, Applications.brokers(broker))) {
			Shop shop = context.getBean(Shop.class);
			FailoverTemplate template = context.getBean(FailoverTemplate.class);
			shop.listener = (order) -> {
				long tries = Collections.frequency(shop.handled, order);
				if (order.equals("again") && tries == 1) {
					throw new IllegalStateException("first try");
				}
				if (order.equals("never")) {
					throw new AmqpRejectAndDontRequeueException("mistake");
				}
			};
			List.of("good", "again", "never", "last").forEach((order) -> template.convertAndSend(Shop.QUEUE, order));
			await().atMost(PATIENCE).until(() -> shop.handled.contains("last"));
			await().atMost(PATIENCE).until(() -> Collections.frequency(shop.handled, "again") == 2);
			context.getBean(PullConsumer.class).stop();
			assertThat(shop.handled).containsExactlyInAnyOrder("good", "again", "again", "never", "last");
		}
		assertThat(new QueueOnBroker(broker, Shop.QUEUE).drain()).isEmpty();
	}

	@ParameterizedTest
	@ValueSource(classes = { AssertionError.class, StackOverflowError.class, NoClassDefFoundError.class })
	void errorOfTheListenerDoesNotEndTheLoop(Class<? extends Error> type, @Embedded EmbeddedBroker broker) {
		try (ConfigurableApplicationContext context = Applications.run(Shop.class, Applications.brokers(broker))) {
			Shop shop = context.getBean(Shop.class);
			shop.listener = (order) -> {
				if (shop.handled.size() == 1) {
					throw BeanUtils.instantiateClass(type);
				}
			};
			FailoverTemplate template = context.getBean(FailoverTemplate.class);
			template.convertAndSend(Shop.QUEUE, "again");
			await().atMost(PATIENCE).until(() -> shop.handled.size() == 2);
			template.convertAndSend(Shop.QUEUE, "next");
			await().atMost(PATIENCE).until(() -> shop.handled.contains("next"));
			assertThat(shop.handled).containsExactly("again", "again", "next");
			assertThat(context.getBean(PullConsumer.class).isRunning()).isTrue();
		}
		assertThat(new QueueOnBroker(broker, Shop.QUEUE).drain()).isEmpty();
	}

	@Test
	void stopWaitsForTheMessageInHand(@Embedded EmbeddedBroker broker) {
		try (ConfigurableApplicationContext context = Applications.run(Shop.class, Applications.brokers(broker))) {
			Shop shop = context.getBean(Shop.class);
			CountDownLatch end = new CountDownLatch(1);
			shop.listener = (order) -> hold(end);
			FailoverTemplate template = context.getBean(FailoverTemplate.class);
			template.convertAndSend(Shop.QUEUE, "in hand");
			template.convertAndSend(Shop.QUEUE, "next");
			await().atMost(PATIENCE).until(() -> shop.handled.contains("in hand"));
			PullConsumer consumer = context.getBean(PullConsumer.class);
			consumer.setShutdownTimeout(PATIENCE);
			CountDownLatch stopped = new CountDownLatch(1);
			consumer.stop(stopped::countDown);
			assertThat(stopped.getCount()).isOne();
			end.countDown();
			hold(stopped);
			assertThat(consumer.isRunning()).isFalse();
			assertThat(shop.handled).containsExactly("in hand");
		}
		assertThat(new QueueOnBroker(broker, Shop.QUEUE).drain()).containsExactly("next");
	}

	@Test
	void stopInterruptsWhatTakesTooLong(@Embedded EmbeddedBroker broker) {
		PullConsumer consumer;
		try (ConfigurableApplicationContext context = Applications.run(Shop.class, Applications.brokers(broker))) {
			Shop shop = context.getBean(Shop.class);
			shop.listener = (order) -> hold(new CountDownLatch(1));
			context.getBean(FailoverTemplate.class).convertAndSend(Shop.QUEUE, "in hand");
			await().atMost(PATIENCE).until(() -> shop.handled.contains("in hand"));
			consumer = context.getBean(PullConsumer.class);
			consumer.setShutdownTimeout(Duration.ofMillis(200));
		}
		await().atMost(PATIENCE).until(() -> !consumer.isRunning());
		assertThat(new QueueOnBroker(broker, Shop.QUEUE).drain()).containsExactly("in hand");
	}

	@Test
	void listenerThatDoesNotEndIsLeftByAStopAndMaySettleItsMessageLater(@Embedded EmbeddedBroker broker) {
		try (ConfigurableApplicationContext context = Applications.run(Shop.class, Applications.brokers(broker))) {
			Shop shop = context.getBean(Shop.class);
			CountDownLatch end = new CountDownLatch(1);
			CountDownLatch interrupted = new CountDownLatch(1);
			shop.listener = (order) -> holdInSpiteOfInterrupts(end, interrupted);
			FailoverTemplate template = context.getBean(FailoverTemplate.class);
			template.convertAndSend(Shop.QUEUE, "in hand");
			await().atMost(PATIENCE).until(() -> shop.handled.contains("in hand"));
			PullConsumer consumer = context.getBean(PullConsumer.class);
			consumer.setShutdownTimeout(Duration.ofMillis(200));
			consumer.stop();
			assertThat(consumer.isRunning()).isFalse();
			hold(interrupted);
			template.convertAndSend(Shop.QUEUE, "next");
			shop.listener = (order) -> {
			};
			consumer.start();
			assertThat(consumer.isRunning()).isTrue();
			await().atMost(PATIENCE).until(() -> shop.handled.contains("next"));
			end.countDown();
			CountDownLatch stopped = new CountDownLatch(1);
			consumer.setShutdownTimeout(PATIENCE);
			consumer.stop(stopped::countDown);
			hold(stopped);
			assertThat(consumer.isRunning()).isFalse();
			assertThat(shop.handled).containsExactly("in hand", "next");
			QueueOnBroker queue = new QueueOnBroker(broker, Shop.QUEUE);
			await().atMost(PATIENCE).until(() -> Thread.getAllStackTraces().keySet().stream().noneMatch(Shop::pulls));
			assertThat(queue.drain()).isEmpty();
		}
	}

	@Test
	void listenerThatDoesNotEndIsLeftBeforeTheStopCallsBack(@Embedded EmbeddedBroker broker) {
		try (ConfigurableApplicationContext context = Applications.run(Shop.class, Applications.brokers(broker))) {
			Shop shop = context.getBean(Shop.class);
			CountDownLatch end = new CountDownLatch(1);
			shop.listener = (order) -> holdInSpiteOfInterrupts(end, new CountDownLatch(1));
			context.getBean(FailoverTemplate.class).convertAndSend(Shop.QUEUE, "in hand");
			await().atMost(PATIENCE).until(() -> shop.handled.contains("in hand"));
			PullConsumer consumer = context.getBean(PullConsumer.class);
			consumer.setShutdownTimeout(Duration.ofMillis(200));
			CompletableFuture<Boolean> runningAfterwards = new CompletableFuture<>();
			consumer.stop(() -> runningAfterwards.complete(consumer.isRunning()));
			assertThat(consumer.isRunning()).isTrue();
			assertThat(runningAfterwards).succeedsWithin(PATIENCE).isEqualTo(false);
			end.countDown();
		}
	}

	@Test
	void stopByTheListenerItselfEndsTheLoopWhenTheListenerReturns(@Embedded EmbeddedBroker broker) {
		try (ConfigurableApplicationContext context = Applications.run(Shop.class, Applications.brokers(broker))) {
			Shop shop = context.getBean(Shop.class);
			PullConsumer consumer = context.getBean(PullConsumer.class);
			CompletableFuture<Boolean> runningStill = new CompletableFuture<>();
			shop.listener = (order) -> {
				consumer.stop();
				runningStill.complete(consumer.isRunning());
			};
			FailoverTemplate template = context.getBean(FailoverTemplate.class);
			template.convertAndSend(Shop.QUEUE, "last");
			template.convertAndSend(Shop.QUEUE, "too late");
			assertThat(runningStill).succeedsWithin(PATIENCE).isEqualTo(true);
			await().atMost(PATIENCE).until(() -> !consumer.isRunning());
			assertThat(shop.handled).containsExactly("last");
			assertThat(new QueueOnBroker(broker, Shop.QUEUE).drain()).containsExactly("too late");
		}
	}

	@Test
	void queueThatIsMissingIsConsumedAsSoonAsItIsThere(@Embedded EmbeddedBroker broker) throws Exception {
		try (ConfigurableApplicationContext context = Applications.run(Shop.class, Applications.brokers(broker))) {
			List<String> handled = new CopyOnWriteArrayList<>();
			PullConsumer consumer = new PullConsumer(context.getBean(ConnectionFactory.class),
					context.getBean(Brokers.class), "missing", (message) -> handled.add(new String(message.getBody())));
			CompletableFuture<Void> run = CompletableFuture.runAsync(consumer);
			await().pollDelay(Duration.ofMillis(500)).until(consumer::isRunning);
			assertThatIllegalStateException().isThrownBy(consumer::run);
			QueueOnBroker queue = new QueueOnBroker(broker, "missing");
			queue.declare();
			queue.publish("order");
			await().atMost(PATIENCE).until(() -> handled.contains("order"));
			consumer.stop();
			run.get(30, TimeUnit.SECONDS);
		}
	}

	private static void hold(CountDownLatch latch) {
		try {
			assertThat(latch.await(60, TimeUnit.SECONDS)).isTrue();
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
			throw new IllegalStateException(ex);
		}
	}

	private static void holdInSpiteOfInterrupts(CountDownLatch latch, CountDownLatch interrupted) {
		while (latch.getCount() > 0) {
			try {
				assertThat(latch.await(60, TimeUnit.SECONDS)).isTrue();
			}
			catch (InterruptedException ex) {
				interrupted.countDown();
			}
		}
	}

	@Configuration(proxyBeanMethods = false)
	static class Shop {

		static final String QUEUE = "orders";

		private final List<String> handled = new CopyOnWriteArrayList<>();

		private final Set<String> threads = ConcurrentHashMap.newKeySet();

		private volatile Consumer<String> listener = (order) -> {
		};

		@Bean
		Queue orders() {
			return new Queue(QUEUE);
		}

		static boolean pulls(Thread thread) {
			return thread.getName().equals("failover-pull-" + QUEUE);
		}

		@Bean
		PullConsumer orderConsumer(ConnectionFactory connectionFactory, Brokers brokers) {
			return new PullConsumer(connectionFactory, brokers, QUEUE, (message) -> {
				String order = new String(message.getBody());
				this.handled.add(order);
				this.threads.add(Thread.currentThread().getName());
				this.listener.accept(order);
			});
		}

	}

}
