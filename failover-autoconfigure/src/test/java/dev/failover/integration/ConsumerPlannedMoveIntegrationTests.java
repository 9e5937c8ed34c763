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
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.amqp.core.Queue;
import org.springframework.amqp.rabbit.annotation.RabbitListener;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.event.EventListener;

import dev.failover.broker.Broker;
import dev.failover.broker.BrokerEvent;
import dev.failover.broker.BrokerState;
import dev.failover.broker.Brokers;
import dev.failover.broker.MoveStep;
import dev.failover.connection.PlannedMoves;
import dev.failover.template.FailoverTemplate;
import dev.failover.test.RabbitNode;
import dev.failover.test.junit.BrokerTest;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * An application that publishes and consumes, and is moved to and fro between two healthy
 * brokers meanwhile.
 */
@BrokerTest
class ConsumerPlannedMoveIntegrationTests {

	private static final Log logger = LogFactory.getLog(ConsumerPlannedMoveIntegrationTests.class);

	private static final Duration PATIENCE = Duration.ofSeconds(60);

	private static final int MOVES = Integer.getInteger("failover.test.moves", 6);

	private static final int PER_SECOND = 1000;

	/**
	 * What the documentation promises for the longest pause around the median move, if
	 * the machine has nothing else to do.
	 */
	private static final long PAUSE_MILLIS = 5;

	@North
	private RabbitNode first;

	@South
	private RabbitNode second;

	@BeforeEach
	void empty() {
		QueueOnBroker.delete(Moved.QUEUE, this.first, this.second);
	}

	@ParameterizedTest
	@CsvSource({ "simple,active", "direct,active", "simple,all" })
	void nothingIsLostOrDoubledAndNothingFails(String type, String brokers) throws Exception {
		try (ConfigurableApplicationContext context = run(type, brokers);
				SteadyLoad load = SteadyLoad.start(context.getBean(FailoverTemplate.class), List.of(Moved.QUEUE),
						PER_SECOND)) {
			Desk desk = context.getBean(Desk.class);
			List<Long> pauses = new ArrayList<>();
			List<Long> calm = new ArrayList<>();
			List<Long> unconfirmed = new ArrayList<>();
			for (int i = 0; i < MOVES; i++) {
				desk.awaitMore(PER_SECOND / 4);
				calm.add(desk.takeLongestPause());
				load.startOver();
				Applications.move(context);
				desk.awaitMore(PER_SECOND / 4);
				pauses.add(desk.takeLongestPause());
				unconfirmed.add(load.longestGap());
			}
			load.end();
			assertThat(load.errors()).isEmpty();
			Awaitility.await()
				.atMost(PATIENCE)
				.untilAsserted(() -> assertThat(desk.handled.keySet()).containsAll(load.sent()));
			pauses.sort(null);
			calm.sort(null);
			unconfirmed.sort(null);
			logger.info(("%s, %s: %d messages, pauses from %d to %d ms, median %d ms; without a move %d ms; "
					+ "pauses between confirms, median %d ms; steps, median ms: %s")
				.formatted(type, brokers, load.sent().size(), pauses.get(0), pauses.get(MOVES - 1),
						pauses.get(MOVES / 2), calm.get(MOVES / 2), unconfirmed.get(MOVES / 2), desk.steps()));
			assertThat(desk.duplicates()).as("messages handled more than once").isEmpty();
			assertThat(pauses.get(MOVES / 2)).isLessThan(3 * (PAUSE_MILLIS + calm.get(MOVES / 2)));
		}
	}

	@ParameterizedTest
	@CsvSource({ "simple", "direct" })
	void whatIsHandledFinishesOnTheOldBrokerAndTheNewOneIsConsumedFromThen(String type) throws Exception {
		try (ConfigurableApplicationContext context = run(type, "active")) {
			Desk desk = context.getBean(Desk.class);
			FailoverTemplate template = context.getBean(FailoverTemplate.class);
			template.convertAndSend(Moved.QUEUE, "slow");
			Awaitility.await().atMost(PATIENCE).until(() -> desk.slow.get() == 1);
			Broker left = context.getBean(Brokers.class).getActive();
			Applications.move(context);
			template.convertAndSend(Moved.QUEUE, "quick");
			assertThat(desk.handled).isEmpty();
			desk.open.countDown();
			Awaitility.await().atMost(PATIENCE).until(() -> desk.handled.keySet().containsAll(Set.of("slow", "quick")));
			PlannedMoves moves = context.getBean(PlannedMoves.class);
			moves.remove(left.name()).get(60, TimeUnit.SECONDS);
			assertThat(desk.slow).hasValue(1);
			RabbitNode node = Applications.node(left, this.first, this.second);
			assertThat(node.administration().messageCount(Moved.QUEUE)).isZero();
		}
	}

	@Test
	void messagesThatWaitAreHandledBeforeTheirBrokerIsDisabled() throws Exception {
		try (ConfigurableApplicationContext context = run("simple", "active")) {
			Desk desk = context.getBean(Desk.class);
			FailoverTemplate template = context.getBean(FailoverTemplate.class);
			for (int i = 0; i < 1000; i++) {
				template.convertAndSendAsync("", Moved.QUEUE, "waiting-" + i);
			}
			Brokers brokers = context.getBean(Brokers.class);
			Awaitility.await().atMost(PATIENCE).until(() -> desk.handled.size() > 10);
			String left = brokers.getActive().name();
			context.getBean(PlannedMoves.class).disable(left).get(60, TimeUnit.SECONDS);
			assertThat(brokers.getStatus(left).orElseThrow().state()).isEqualTo(BrokerState.DISABLED);
			Awaitility.await().atMost(PATIENCE).until(() -> desk.handled.size() == 1000);
			assertThat(desk.duplicates()).isEmpty();
		}
	}

	private ConfigurableApplicationContext run(String type, String brokers) {
		return Applications.run(Moved.class, Applications.brokers(this.first, this.second),
				"spring.rabbitmq.listener.type=" + type, "failover.listener.brokers=" + brokers);
	}

	@Configuration(proxyBeanMethods = false)
	static class Moved {

		static final String QUEUE = "moved";

		@Bean
		Queue moved() {
			return new Queue(QUEUE);
		}

		@Bean
		Desk desk() {
			return new Desk();
		}

	}

	/**
	 * Handles messages, and knows each that it has handled and the longest pause between
	 * two.
	 */
	static class Desk {

		final Map<String, AtomicInteger> handled = new ConcurrentHashMap<>();

		final AtomicInteger slow = new AtomicInteger();

		final CountDownLatch open = new CountDownLatch(1);

		private final Map<MoveStep, ConcurrentLinkedQueue<Duration>> steps = new ConcurrentHashMap<>();

		private final AtomicInteger count = new AtomicInteger();

		private final AtomicLong last = new AtomicLong(System.nanoTime());

		private final AtomicLong longestPause = new AtomicLong();

		@RabbitListener(queues = Moved.QUEUE)
		void handle(String body) throws InterruptedException {
			if ("slow".equals(body)) {
				this.slow.incrementAndGet();
				assertThat(this.open.await(PATIENCE.toSeconds(), TimeUnit.SECONDS)).isTrue();
			}
			long now = System.nanoTime();
			this.longestPause.accumulateAndGet(now - this.last.getAndSet(now), Math::max);
			this.handled.computeIfAbsent(body, (key) -> new AtomicInteger()).incrementAndGet();
			this.count.incrementAndGet();
		}

		@EventListener
		void on(BrokerEvent.MoveEnded moved) {
			moved.steps()
				.forEach((step, duration) -> this.steps.computeIfAbsent(step, (key) -> new ConcurrentLinkedQueue<>())
					.add(duration));
		}

		Map<MoveStep, Long> steps() {
			Map<MoveStep, Long> medians = new EnumMap<>(MoveStep.class);
			this.steps.forEach((step, durations) -> medians.put(step,
					durations.stream().sorted().toList().get(durations.size() / 2).toMillis()));
			return medians;
		}

		void awaitMore(int messages) {
			int enough = this.count.get() + messages;
			Awaitility.await()
				.atMost(PATIENCE)
				.pollInterval(Duration.ofMillis(5))
				.until(() -> this.count.get() >= enough);
		}

		long takeLongestPause() {
			return TimeUnit.NANOSECONDS.toMillis(this.longestPause.getAndSet(0));
		}

		List<String> duplicates() {
			return this.handled.entrySet()
				.stream()
				.filter((entry) -> entry.getValue().get() > 1)
				.map(Map.Entry::getKey)
				.toList();
		}

	}

}
