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
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.amqp.core.Declarables;
import org.springframework.amqp.core.Queue;
import org.springframework.amqp.rabbit.annotation.RabbitListener;
import org.springframework.amqp.rabbit.listener.RabbitListenerEndpointRegistry;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

import dev.failover.broker.Broker;
import dev.failover.broker.Brokers;
import dev.failover.connection.PlannedMoves;
import dev.failover.listener.BrokerDrains;
import dev.failover.template.Confirmation;
import dev.failover.template.FailoverTemplate;
import dev.failover.test.RabbitNode;
import dev.failover.test.junit.EachRabbit;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Two independent brokers, and messages that are left on the one that is not active.
 */
@ParameterizedClass
@EachRabbit
class DrainIntegrationTests {

	private static final Log logger = LogFactory.getLog(DrainIntegrationTests.class);

	private static final Duration PATIENCE = Duration.ofSeconds(60);

	/**
	 * What was delivered to a consumer ahead, when the connection is lost and once more
	 * when consumption ends.
	 */
	private static final int MOST_DUPLICATES = 2 * 250;

	@Parameter
	private String version;

	@North
	private RabbitNode first;

	@South
	private RabbitNode second;

	@ParameterizedTest
	@ValueSource(strings = { "simple", "direct" })
	void messagesThatWereStrandedAreHandledWhenTheirBrokerIsBackWhileTheOtherGoesOn(String type) {
		try (ConfigurableApplicationContext context = run(type, "all")) {
			Desk desk = context.getBean(Desk.class);
			FailoverTemplate template = context.getBean(FailoverTemplate.class);
			send(template, "stranded", 10_000);
			RabbitNode left = active(context);
			Applications.writeQueues(left);
			left.kill();
			send(template, "other", 1_000);
			assertThat(active(context)).isNotSameAs(left);
			desk.open();
			Awaitility.await().atMost(PATIENCE).until(() -> desk.handled("other").size() == 1_000);
			assertThat(desk.handled("stranded")).hasSizeLessThan(1_000);
			left.start();
			AtomicInteger meanwhile = new AtomicInteger();
			Awaitility.await().atMost(PATIENCE).untilAsserted(() -> {
				send(template, "meanwhile-" + meanwhile.getAndIncrement(), 100);
				assertThat(desk.handled("stranded")).hasSize(10_000);
			});
			Awaitility.await().atMost(PATIENCE).until(() -> desk.handled("meanwhile").size() == meanwhile.get() * 100);
			assertThat(active(context)).isNotSameAs(left);
			logger.info("%s: %d messages more than once, %d beside".formatted(type, desk.duplicates(),
					meanwhile.get() * 100));
			assertThat(desk.duplicates()).isLessThanOrEqualTo(MOST_DUPLICATES);
			assertThat(left.administration().messageCount(Shop.QUEUE)).isZero();
		}
	}

	@ParameterizedTest
	@ValueSource(strings = { "simple", "direct" })
	void brokerThatWasLeftBecauseOfAnAlarmIsDrainedUntilItIsEmpty(String type) {
		try (ConfigurableApplicationContext context = run(type, "active")) {
			Desk desk = context.getBean(Desk.class);
			FailoverTemplate template = context.getBean(FailoverTemplate.class);
			send(template, "stranded", 2_000);
			Broker broker = context.getBean(Brokers.class).getActive();
			RabbitNode left = active(context);
			left.raiseMemoryAlarm();
			try {
				send(template, "other", 100);
				assertThat(active(context)).isNotSameAs(left);
				BrokerDrains drains = context.getBean(BrokerDrains.class);
				Awaitility.await()
					.atMost(PATIENCE)
					.untilAsserted(() -> assertThat(drains.getRemaining(broker)).isBetween(1_500L, 2_000L));
				desk.open();
				Awaitility.await()
					.atMost(PATIENCE)
					.untilAsserted(() -> assertThat(desk.handled("stranded")).hasSize(2_000));
				Awaitility.await().atMost(PATIENCE).until(() -> desk.handled("other").size() == 100);
				Awaitility.await().atMost(PATIENCE).until(() -> drains.getConsumerCount(broker) == 0);
				assertThat(drains.getRemaining(broker)).isZero();
				assertThat(left.administration().messageCount(Shop.QUEUE)).isZero();
				assertThat(desk.duplicates()).isLessThanOrEqualTo(MOST_DUPLICATES);
			}
			finally {
				left.clearMemoryAlarm();
			}
		}
	}

	@Test
	void copiesFollowTheContainerThatTheApplicationStopsAndStarts() {
		try (ConfigurableApplicationContext context = run("simple", "all")) {
			Desk desk = context.getBean(Desk.class);
			desk.open();
			FailoverTemplate template = context.getBean(FailoverTemplate.class);
			send(template, "first", 10);
			QueueOnBroker beside = new QueueOnBroker(inactive(context), Shop.QUEUE);
			Awaitility.await().atMost(PATIENCE).until(beside::exists);
			beside.publish("beside-0");
			Awaitility.await().atMost(PATIENCE).until(() -> desk.handled("beside").size() == 1);
			RabbitListenerEndpointRegistry registry = context.getBean(RabbitListenerEndpointRegistry.class);
			registry.stop();
			BrokerDrains drains = context.getBean(BrokerDrains.class);
			Broker broker = broker(context, inactive(context));
			Awaitility.await().atMost(PATIENCE).until(() -> drains.getConsumerCount(broker) == 0);
			beside.publish("beside-1");
			Awaitility.await()
				.during(Duration.ofSeconds(1))
				.atMost(PATIENCE)
				.until(() -> desk.handled("beside").size() == 1);
			registry.start();
			Awaitility.await().atMost(PATIENCE).until(() -> desk.handled("beside").size() == 2);
		}
	}

	@Test
	void whatRemainsOnABrokerThatIsConsumedFromBesideTheActiveOneIsTold() {
		try (ConfigurableApplicationContext context = run("simple", "all")) {
			Desk desk = context.getBean(Desk.class);
			send(context.getBean(FailoverTemplate.class), "active", 300);
			Broker beside = broker(context, inactive(context));
			BrokerDrains drains = context.getBean(BrokerDrains.class);
			Awaitility.await().atMost(PATIENCE).until(() -> drains.getConsumerCount(beside) == 2);
			QueueOnBroker queue = new QueueOnBroker(inactive(context), Shop.QUEUE);
			IntStream.range(0, 300).forEach((number) -> queue.publish("beside-" + number));
			Awaitility.await()
				.atMost(PATIENCE)
				.untilAsserted(
						() -> assertThat(drains.getRemaining(beside)).isBetween(1L, 300L).isEqualTo(queue.messages()));
			assertThat(drains.getRemaining(broker(context, active(context)))).isZero();
			desk.open();
			Awaitility.await().atMost(PATIENCE).until(() -> desk.handled("beside").size() == 300);
			Awaitility.await().atMost(PATIENCE).until(() -> drains.getRemaining(beside) == 0);
			assertThat(drains.getConsumerCount(beside)).isEqualTo(2);
		}
	}

	/**
	 * The time for a move is longer than the test waits.
	 */
	@ParameterizedTest
	@ValueSource(strings = { "simple", "direct" })
	void brokerIsTakenOutOfUseAsSoonAsItIsEmpty(String type) throws Exception {
		try (ConfigurableApplicationContext context = run(type, "all", "failover.move.timeout=10m")) {
			Desk desk = context.getBean(Desk.class);
			desk.open();
			send(context.getBean(FailoverTemplate.class), "active", 100);
			Brokers brokers = context.getBean(Brokers.class);
			PlannedMoves moves = context.getBean(PlannedMoves.class);
			BrokerDrains drains = context.getBean(BrokerDrains.class);
			Broker beside = broker(context, inactive(context));
			QueueOnBroker queue = new QueueOnBroker(inactive(context), Shop.QUEUE);
			Awaitility.await().atMost(PATIENCE).until(() -> drains.getConsumerCount(beside) == 2);
			IntStream.range(0, 100).forEach((number) -> queue.publish("beside-" + number));
			moves.disable(beside.name()).get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
			assertThat(desk.handled("beside")).hasSize(100);
			brokers.operations().enable(beside.name());
			Awaitility.await().atMost(PATIENCE).until(() -> drains.getConsumerCount(beside) == 2);
			Broker active = brokers.getActive();
			moves.remove(active.name()).get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
			assertThat(brokers.getAll()).containsExactly(beside);
			send(context.getBean(FailoverTemplate.class), "last", 100);
			Awaitility.await().atMost(PATIENCE).until(() -> desk.handled("last").size() == 100);
			assertThat(desk.duplicates()).isZero();
		}
	}

	@ParameterizedTest
	@ValueSource(strings = { "simple", "direct" })
	void replyGoesBackToTheBrokerOfItsRequest(String type) {
		try (ConfigurableApplicationContext context = run(type, "all")) {
			context.getBean(Desk.class).open();
			send(context.getBean(FailoverTemplate.class), "first", 1);
			for (RabbitNode node : List.of(inactive(context), active(context))) {
				QueueOnBroker requests = new QueueOnBroker(node, Shop.REQUESTS);
				QueueOnBroker replies = new QueueOnBroker(node, Shop.REPLIES);
				Awaitility.await().atMost(PATIENCE).until(() -> requests.exists() && replies.exists());
				IntStream.range(0, 100).forEach((number) -> requests.request(node.name() + "-" + number, Shop.REPLIES));
			}
			for (RabbitNode node : List.of(this.first, this.second)) {
				QueueOnBroker replies = new QueueOnBroker(node, Shop.REPLIES);
				List<String> received = new ArrayList<>();
				Awaitility.await().atMost(PATIENCE).untilAsserted(() -> {
					received.addAll(replies.drain());
					assertThat(received).hasSize(100);
				});
				assertThat(received).allMatch((reply) -> reply.startsWith("reply to " + node.name() + "-"));
			}
		}
	}

	private static void send(FailoverTemplate template, String kind, int count) {
		List<CompletableFuture<Confirmation>> pending = IntStream.range(0, count)
			.mapToObj((number) -> template.convertAndSendAsync("", Shop.QUEUE, kind + "-" + number))
			.toList();
		pending.forEach((sent) -> sent.orTimeout(PATIENCE.toSeconds(), TimeUnit.SECONDS).join());
	}

	private ConfigurableApplicationContext run(String type, String brokers, String... more) {
		List<String> properties = new ArrayList<>(List.of(more));
		properties.addAll(List.of(Applications.brokers(this.first, this.second),
				"spring.rabbitmq.listener.type=" + type, "failover.listener.brokers=" + brokers,
				"failover.publish.confirm-timeout=40s", "failover.detection.success-threshold=1",
				"failover.detection.probe-interval=100ms", "failover.detection.probe-timeout=5s"));
		return Applications.run(Shop.class, properties.toArray(String[]::new));
	}

	private static Broker broker(ConfigurableApplicationContext context, RabbitNode node) {
		List<Broker> all = context.getBean(Brokers.class).getAll();
		return all.stream().filter((candidate) -> candidate.port() == node.port()).findFirst().orElseThrow();
	}

	private RabbitNode active(ConfigurableApplicationContext context) {
		return Applications.active(context, this.first, this.second);
	}

	private RabbitNode inactive(ConfigurableApplicationContext context) {
		return (active(context) == this.first) ? this.second : this.first;
	}

	@Configuration(proxyBeanMethods = false)
	static class Shop {

		static final String QUEUE = "drain";

		static final String REQUESTS = "requests";

		static final String REPLIES = "replies";

		@Bean
		Declarables queues() {
			return new Declarables(new Queue(QUEUE), new Queue(REQUESTS), new Queue(REPLIES));
		}

		@Bean
		Desk desk() {
			return new Desk();
		}

	}

	/**
	 * Handles messages as soon as it is open, and knows each that it has handled.
	 */
	static class Desk {

		private final Map<String, AtomicInteger> handled = new ConcurrentHashMap<>();

		private final CountDownLatch open = new CountDownLatch(1);

		void open() {
			this.open.countDown();
		}

		@RabbitListener(queues = Shop.QUEUE)
		void handle(String body) throws InterruptedException {
			if (!this.open.await(PATIENCE.toSeconds(), TimeUnit.SECONDS)) {
				throw new IllegalStateException("The desk was not opened");
			}
			this.handled.computeIfAbsent(body, (key) -> new AtomicInteger()).incrementAndGet();
		}

		@RabbitListener(queues = Shop.REQUESTS)
		String answer(String body) {
			return "reply to " + body;
		}

		Set<String> handled(String kind) {
			return this.handled.keySet()
				.stream()
				.filter((body) -> body.startsWith(kind))
				.collect(Collectors.toCollection(TreeSet::new));
		}

		int duplicates() {
			Collection<AtomicInteger> counts = this.handled.values();
			return counts.stream().mapToInt(AtomicInteger::get).sum() - counts.size();
		}

	}

}
