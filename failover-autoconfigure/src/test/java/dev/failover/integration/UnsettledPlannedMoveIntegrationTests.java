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
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
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
import org.springframework.amqp.support.AmqpHeaders;
import org.springframework.boot.autoconfigure.condition.ConditionalOnProperty;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.messaging.handler.annotation.Header;

import dev.failover.broker.Broker;
import dev.failover.broker.Brokers;
import dev.failover.connection.PlannedMoves;
import dev.failover.listener.BrokerDrains;
import dev.failover.template.FailoverTemplate;
import dev.failover.test.RabbitNode;
import dev.failover.test.junit.BrokerTest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

/**
 * What becomes of messages that are not acknowledged yet when their consumer moves to
 * another broker.
 */
@BrokerTest
class UnsettledPlannedMoveIntegrationTests {

	private static final Duration PATIENCE = Duration.ofSeconds(60);

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
			context.getBean(FailoverTemplate.class).convertAndSend(Moved.QUEUE, "never ends the first time");
			Awaitility.await().atMost(PATIENCE).until(() -> desk.begun.get() == 1);
			Applications.move(context);
			Awaitility.await().atMost(PATIENCE).until(() -> desk.handled.get() == 1);
			desk.end.countDown();
		}
	}

	@ParameterizedTest
	@CsvSource({ "simple,future", "direct,future", "simple,manual", "direct,manual" })
	void messageThatIsSettledLaterIsSettledOnTheOldBroker(String type, String how) throws Exception {
		try (ConfigurableApplicationContext context = run(type, "10s", "desk=" + how)) {
			LaterDesk desk = context.getBean(LaterDesk.class);
			context.getBean(FailoverTemplate.class).convertAndSend(Moved.LATER, how);
			Awaitility.await().atMost(PATIENCE).until(() -> desk.begun.get() == 1);
			Broker left = context.getBean(Brokers.class).getActive();
			RabbitNode node = Applications.node(left, this.first, this.second);
			Applications.move(context);
			BrokerDrains drains = context.getBean(BrokerDrains.class);
			Awaitility.await()
				.pollDelay(Duration.ofSeconds(1))
				.atMost(PATIENCE)
				.until(() -> desk.settled.get() > 0 && drains.getContainerCount(left) == 0);
			assertThat(node.administration().messageCount(Moved.LATER)).isZero();
			assertThat(desk.begun).hasValueLessThanOrEqualTo(2);
		}
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
	 * Settles messages some seconds after its listener has returned.
	 */
	abstract static class LaterDesk {

		final AtomicInteger begun = new AtomicInteger();

		final AtomicInteger settled = new AtomicInteger();

		CompletableFuture<Void> later(Callable<?> settlement) {
			this.begun.incrementAndGet();
			Executor delayed = CompletableFuture.delayedExecutor(2500, TimeUnit.MILLISECONDS);
			return CompletableFuture.runAsync(() -> {
				assertThatCode(settlement::call).doesNotThrowAnyException();
				this.settled.incrementAndGet();
			}, delayed);
		}

	}

	static class FutureDesk extends LaterDesk {

		@RabbitListener(queues = Moved.LATER)
		CompletableFuture<Void> handle(String body) {
			return later(() -> body);
		}

	}

	static class ManualDesk extends LaterDesk {

		@RabbitListener(queues = Moved.LATER, ackMode = "MANUAL")
		void handle(Channel channel, @Header(AmqpHeaders.DELIVERY_TAG) long tag) {
			later(() -> {
				channel.basicAck(tag, false);
				return null;
			});
		}

	}

}
