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
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;

import org.awaitility.Awaitility;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.amqp.core.Message;
import org.springframework.amqp.core.MessageBuilder;
import org.springframework.amqp.core.Queue;
import org.springframework.amqp.rabbit.annotation.RabbitListener;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

import dev.failover.template.FailoverTemplate;
import dev.failover.test.RabbitNode;
import dev.failover.test.junit.BrokerTest;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests that listeners drop what was handled already, and nothing else.
 */
@BrokerTest
class DeduplicationIntegrationTests {

	private static final Duration PATIENCE = Duration.ofSeconds(30);

	@North
	private RabbitNode first;

	@ParameterizedTest
	@CsvSource({ "simple, drop, false, 1", "direct, drop, false, 1", "simple, handle, false, 2",
			"simple, drop, true, 2", "direct, drop, true, 2" })
	void messageWhoseConnectionIsLostWhileItIsHandledIsHandledAgainOnlyIfThatFails(String container, String redelivered,
			boolean failing, int times) {
		try (ConfigurableApplicationContext context = Applications.run(Shop.class, Applications.brokers(this.first),
				"failover.listener.deduplication.enabled=true",
				"failover.listener.deduplication.redelivered=" + redelivered,
				"spring.rabbitmq.listener.type=" + container)) {
			Shop shop = context.getBean(Shop.class);
			FailoverTemplate template = context.getBean(FailoverTemplate.class);
			shop.failing = failing;
			template.send(Shop.QUEUE, message("1", "slow"));
			Awaitility.await().atMost(PATIENCE).until(() -> shop.handled.contains("slow"));
			this.first.administration().closeConnections();
			shop.end.countDown();
			Awaitility.await().atMost(PATIENCE).untilAsserted(() -> {
				template.send(Shop.QUEUE, message("2", "last"));
				assertThat(shop.handled).contains("last");
				assertThat(shop.handled.stream().filter("slow"::equals)).hasSize(times);
			});
			assertThat(shop.handled.stream().filter("last"::equals)).hasSize(1);
		}
		assertThat(new QueueOnBroker(this.first, Shop.QUEUE).drain()).isEmpty();
	}

	/**
	 * The consumer gets one message at a time, and goes on only if each is settled.
	 */
	@ParameterizedTest
	@ValueSource(strings = { "simple", "direct" })
	void messageWhoseFutureFailsIsHandledAgainAndItsConsumerGoesOn(String container) {
		new QueueOnBroker(this.first, Later.QUEUE).delete();
		try (ConfigurableApplicationContext context = Applications.run(Later.class, Applications.brokers(this.first),
				"failover.listener.deduplication.enabled=true", "spring.rabbitmq.listener.type=" + container,
				"spring.rabbitmq.listener.%s.prefetch=1".formatted(container))) {
			Later later = context.getBean(Later.class);
			FailoverTemplate template = context.getBean(FailoverTemplate.class);
			template.send(Later.QUEUE, message("1", "fails once"));
			Awaitility.await().atMost(PATIENCE).until(() -> later.handled.contains("fails once"));
			template.send(Later.QUEUE, message("1", "again"));
			template.send(Later.QUEUE, message("2", "last"));
			Awaitility.await().atMost(PATIENCE).until(() -> later.handled.contains("last"));
			assertThat(later.handled).containsExactly("fails once", "again", "last");
		}
	}

	private static Message message(String id, String body) {
		return MessageBuilder.withBody(body.getBytes()).setMessageId(id).build();
	}

	@Configuration(proxyBeanMethods = false)
	static class Shop {

		static final String QUEUE = "orders";

		private final List<String> handled = new CopyOnWriteArrayList<>();

		private final CountDownLatch end = new CountDownLatch(1);

		private volatile boolean failing;

		@Bean
		Queue orders() {
			return new Queue(QUEUE);
		}

		@RabbitListener(queues = QUEUE)
		void on(Message message) throws InterruptedException {
			String body = new String(message.getBody());
			boolean before = this.handled.contains(body);
			this.handled.add(body);
			if (body.equals("slow") && !before) {
				if (!this.end.await(30, TimeUnit.SECONDS) || this.failing) {
					throw new IllegalStateException("failed");
				}
			}
		}

	}

	/**
	 * Returns before a message is handled, which fails the first time.
	 */
	@Configuration(proxyBeanMethods = false)
	static class Later {

		static final String QUEUE = "later";

		private final List<String> handled = new CopyOnWriteArrayList<>();

		private final AtomicBoolean failed = new AtomicBoolean();

		@Bean
		Queue later() {
			return new Queue(QUEUE);
		}

		@RabbitListener(queues = QUEUE)
		CompletableFuture<Void> on(Message message) {
			return CompletableFuture.runAsync(() -> {
				assertThat(this.failed.getAndSet(true)).as("not the first time").isTrue();
				this.handled.add(new String(message.getBody()));
			}, CompletableFuture.delayedExecutor(50, TimeUnit.MILLISECONDS));
		}

	}

}
