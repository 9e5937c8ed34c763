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
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

import com.rabbitmq.client.Channel;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.amqp.core.Queue;
import org.springframework.amqp.rabbit.annotation.RabbitListener;
import org.springframework.amqp.rabbit.connection.ConnectionFactory;
import org.springframework.amqp.support.AmqpHeaders;
import org.springframework.boot.autoconfigure.condition.ConditionalOnProperty;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.messaging.handler.annotation.Header;

import dev.failover.broker.Broker;
import dev.failover.broker.Brokers;
import dev.failover.connection.PlannedMoves;
import dev.failover.template.FailoverTemplate;
import dev.failover.test.RabbitNode;
import dev.failover.test.junit.BrokerTest;
import dev.failover.virtual.BrokerLink;
import dev.failover.virtual.VirtualConnection;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * What becomes of messages that are not acknowledged yet when their consumer moves to
 * another broker.
 */
@BrokerTest
class UnsettledPlannedMoveIntegrationTests {

	private static final Duration PATIENCE = Duration.ofSeconds(60);

	private static final int PER_SECOND = 200;

	private static final int MOVES = Integer.getInteger("failover.test.moves", 4);

	@North
	private RabbitNode first;

	@South
	private RabbitNode second;

	@BeforeEach
	void empty() {
		QueueOnBroker.delete(Moved.QUEUE, this.first, this.second);
		QueueOnBroker.delete(Moved.LATER, this.first, this.second);
	}

	/**
	 * The time for a move is longer than the test waits.
	 */
	@ParameterizedTest
	@ValueSource(strings = { "simple", "direct" })
	void messageWhoseHandlerFailsLongAfterTheMoveIsHandledAgain(String type) throws Exception {
		try (ConfigurableApplicationContext context = run(type, "10m")) {
			Desk desk = context.getBean(Desk.class);
			context.getBean(FailoverTemplate.class).convertAndSend(Moved.QUEUE, "fails the first time");
			Awaitility.await().atMost(PATIENCE).until(() -> desk.begun.get() == 1);
			Broker left = context.getBean(Brokers.class).getActive();
			context.getBean(PlannedMoves.class).disable(left.name()).get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
			Awaitility.await().atMost(PATIENCE).until(() -> desk.handled.get() == 1);
		}
	}

	@ParameterizedTest
	@ValueSource(strings = { "simple", "direct" })
	void messageWhoseHandlerTakesLongerThanTheMoveIsSeenAgain(String type) throws Exception {
		try (ConfigurableApplicationContext context = run(type, "3s")) {
			Desk desk = context.getBean(Desk.class);
			context.getBean(FailoverTemplate.class).convertAndSend(Moved.QUEUE, "ends late the first time");
			Awaitility.await().atMost(PATIENCE).until(() -> desk.begun.get() == 1);
			BrokerLink left = link(context);
			Applications.move(context);
			Awaitility.await().atMost(PATIENCE).until(() -> !left.isOpen());
			desk.end.countDown();
			Awaitility.await().atMost(PATIENCE).until(() -> desk.handled.get() == 1);
		}
	}

	@ParameterizedTest
	@ValueSource(strings = { "simple", "direct" })
	void messageThatIsNeverSettledIsSeenAgainWhenTheTimeForTheMoveIsOver(String type) throws Exception {
		try (ConfigurableApplicationContext context = run(type, "3s", "desk=idle")) {
			IdleDesk desk = context.getBean(IdleDesk.class);
			context.getBean(FailoverTemplate.class).convertAndSend(Moved.LATER, "never");
			Awaitility.await().atMost(PATIENCE).until(() -> desk.begun.get() == 1);
			Broker left = context.getBean(Brokers.class).getActive();
			RabbitNode node = Applications.node(left, this.first, this.second);
			Applications.move(context);
			Awaitility.await().atMost(PATIENCE).until(() -> desk.begun.get() == 2);
			context.getBean(PlannedMoves.class).disable(left.name()).get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
			assertThat(node.administration().messageCount(Moved.LATER)).isZero();
			assertThat(desk.begun).hasValue(2);
		}
	}

	/**
	 * Each message is settled long after its listener has returned.
	 */
	@ParameterizedTest
	@CsvSource({ "simple,future", "direct,future", "simple,manual", "direct,manual" })
	void messagesThatAreSettledLaterAreHandledOnce(String type, String how) throws Exception {
		try (ConfigurableApplicationContext context = run(type, "30s", "desk=" + how);
				SteadyLoad load = SteadyLoad.start(context.getBean(FailoverTemplate.class), List.of(Moved.LATER),
						PER_SECOND)) {
			LaterDesk desk = context.getBean(LaterDesk.class);
			for (int i = 0; i < MOVES; i++) {
				desk.awaitMore(PER_SECOND / 2);
				Applications.move(context);
			}
			desk.awaitMore(PER_SECOND / 2);
			load.end();
			assertThat(load.errors()).isEmpty();
			Awaitility.await().atMost(PATIENCE).until(() -> desk.isDone(load.sent()));
			assertThat(desk.failures).isEmpty();
			assertThat(desk.duplicates()).as("messages handled more than once").isEmpty();
		}
	}

	/**
	 * Return the connection to a broker that the consumers use.
	 */
	private static BrokerLink link(ConfigurableApplicationContext context) {
		return ((VirtualConnection) context.getBean(ConnectionFactory.class).createConnection().getDelegate())
			.getLink();
	}

	private ConfigurableApplicationContext run(String type, String timeout, String... more) {
		List<String> properties = new ArrayList<>(List.of(more));
		properties.addAll(List.of(Applications.brokers(this.first, this.second),
				"spring.rabbitmq.listener.type=" + type, "failover.move.timeout=" + timeout));
		return Applications.run(Moved.class, properties.toArray(String[]::new));
	}

	@Configuration(proxyBeanMethods = false)
	static class Moved {

		static final String QUEUE = "unsettled";

		static final String LATER = "later";

		@Bean
		Queue unsettled() {
			return new Queue(QUEUE);
		}

		@Bean
		Queue later() {
			return new Queue(LATER);
		}

		@Bean
		Desk desk() {
			return new Desk();
		}

		@Bean
		@ConditionalOnProperty(name = "desk", havingValue = "idle")
		IdleDesk idleDesk() {
			return new IdleDesk();
		}

		@Bean
		@ConditionalOnProperty(name = "desk", havingValue = "future")
		FutureDesk futureDesk() {
			return new FutureDesk();
		}

		@Bean
		@ConditionalOnProperty(name = "desk", havingValue = "manual")
		ManualDesk manualDesk() {
			return new ManualDesk();
		}

	}

	/**
	 * Does not come to a good end with a message the first time.
	 */
	static class Desk {

		final AtomicInteger begun = new AtomicInteger();

		final AtomicInteger handled = new AtomicInteger();

		final CountDownLatch end = new CountDownLatch(1);

		@RabbitListener(queues = Moved.QUEUE)
		void handle(String body) throws InterruptedException {
			if (this.begun.incrementAndGet() == 1) {
				boolean fails = body.startsWith("fails");
				if (!this.end.await(fails ? 4 : PATIENCE.toSeconds(), TimeUnit.SECONDS)) {
					throw new IllegalStateException(body);
				}
				return;
			}
			this.handled.incrementAndGet();
		}

	}

	/**
	 * Settles nothing the first time.
	 */
	static class IdleDesk {

		final AtomicInteger begun = new AtomicInteger();

		@RabbitListener(queues = Moved.LATER, ackMode = "MANUAL")
		void handle(Channel channel, @Header(AmqpHeaders.DELIVERY_TAG) long tag) throws IOException {
			if (this.begun.incrementAndGet() > 1) {
				channel.basicAck(tag, false);
			}
		}

	}

	/**
	 * Settles messages some time after its listener has returned.
	 */
	abstract static class LaterDesk {

		private static final Executor LATER = CompletableFuture.delayedExecutor(700, TimeUnit.MILLISECONDS);

		final List<Throwable> failures = new CopyOnWriteArrayList<>();

		private final Map<String, AtomicInteger> begun = new ConcurrentHashMap<>();

		private final Set<String> settled = ConcurrentHashMap.newKeySet();

		private final AtomicInteger count = new AtomicInteger();

		void begin(String message) {
			this.begun.computeIfAbsent(message, (key) -> new AtomicInteger()).incrementAndGet();
			this.count.incrementAndGet();
		}

		/**
		 * Have it handled again.
		 */
		void giveBack(String message) {
			this.begun.get(message).decrementAndGet();
		}

		void settle(String message) {
			this.settled.add(message);
		}

		CompletableFuture<Void> later(Runnable settlement) {
			return CompletableFuture.runAsync(settlement, LATER).whenComplete((done, failure) -> {
				if (failure != null) {
					this.failures.add(failure);
				}
			});
		}

		void awaitMore(int messages) {
			int enough = this.count.get() + messages;
			Awaitility.await().atMost(PATIENCE).until(() -> this.count.get() >= enough);
		}

		boolean isDone(Set<String> sent) {
			return this.settled.containsAll(sent);
		}

		List<String> duplicates() {
			return this.begun.entrySet()
				.stream()
				.filter((entry) -> entry.getValue().get() != 1)
				.map(Map.Entry::getKey)
				.toList();
		}

	}

	static class FutureDesk extends LaterDesk {

		@RabbitListener(queues = Moved.LATER)
		CompletableFuture<Void> handle(String body) {
			begin(body);
			return later(() -> settle(body));
		}

	}

	/**
	 * Settles in every way that there is: a message alone or with all before, or gives it
	 * back once.
	 */
	static class ManualDesk extends LaterDesk {

		private final Map<Channel, NavigableMap<Long, String>> unsettled = new ConcurrentHashMap<>();

		private final Set<String> givenBack = ConcurrentHashMap.newKeySet();

		@RabbitListener(queues = Moved.LATER, ackMode = "MANUAL")
		void handle(String body, Channel channel, @Header(AmqpHeaders.DELIVERY_TAG) long tag) {
			begin(body);
			NavigableMap<Long, String> pending = this.unsettled.computeIfAbsent(channel,
					(key) -> new ConcurrentSkipListMap<>());
			pending.put(tag, body);
			later(() -> this.unsettled.computeIfPresent(channel, (key, messages) -> settle(channel, messages, tag)));
		}

		private NavigableMap<Long, String> settle(Channel channel, NavigableMap<Long, String> messages, long tag) {
			String body = messages.remove(tag);
			try {
				if (body != null) {
					settle(channel, messages, tag, body);
				}
			}
			catch (IOException ex) {
				throw new UncheckedIOException(ex);
			}
			return messages;
		}

		private void settle(Channel channel, NavigableMap<Long, String> messages, long tag, String body)
				throws IOException {
			int way = Integer.parseInt(body.substring(body.indexOf('#') + 1)) % 5;
			if (way < 2 && this.givenBack.add(body)) {
				giveBack(body);
				if (way == 0) {
					channel.basicReject(tag, true);
				}
				else {
					channel.basicNack(tag, false, true);
				}
				return;
			}
			channel.basicAck(tag, way == 4);
			settle(body);
			if (way == 4) {
				NavigableMap<Long, String> before = messages.headMap(tag, false);
				before.values().forEach(this::settle);
				before.clear();
			}
		}

	}

}
