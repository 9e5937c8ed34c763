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
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;

import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.springframework.amqp.core.Queue;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

import dev.failover.broker.Broker;
import dev.failover.broker.Brokers;
import dev.failover.template.FailoverTemplate;
import dev.failover.test.EmbeddedBroker;
import dev.failover.test.RabbitNode;
import dev.failover.test.junit.BrokerTest;
import dev.failover.test.junit.Embedded;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Messages that are received with the template while their broker is lost.
 */
@BrokerTest
class ReceiveIntegrationTests {

	private static final Duration PATIENCE = Duration.ofSeconds(60);

	private final ScheduledExecutorService executor = Executors.newScheduledThreadPool(3);

	@AfterEach
	void shutDown() {
		this.executor.shutdownNow();
	}

	@Test
	void receivingGoesOnOnTheNextBrokerWhenItsBrokerIsKilled(@North RabbitNode first, @South RabbitNode second)
			throws Exception {
		try (ConfigurableApplicationContext context = Applications.run(Shop.class,
				Applications.brokers(first, second))) {
			FailoverTemplate template = context.getBean(FailoverTemplate.class);
			List<Object> polled = new CopyOnWriteArrayList<>();
			AtomicBoolean end = new AtomicBoolean();
			CompletableFuture<Void> polling = run(() -> poll(template, polled, end));
			CompletableFuture<@Nullable Object> waiting = CompletableFuture
				.supplyAsync(() -> template.receiveAndConvert(Shop.AWAITED, PATIENCE.toMillis()), this.executor);
			template.convertAndSend(Shop.POLLED, "before");
			Awaitility.await().atMost(PATIENCE).until(() -> polled.contains("before"));
			Applications.active(context, first, second).kill();
			template.convertAndSend(Shop.POLLED, "after");
			template.convertAndSend(Shop.AWAITED, "after");
			Awaitility.await().atMost(PATIENCE).until(() -> polled.contains("after"));
			assertThat(waiting.get(PATIENCE.toSeconds(), TimeUnit.SECONDS)).isEqualTo("after");
			end.set(true);
			polling.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
		}
	}

	private CompletableFuture<Void> run(Runnable task) {
		return CompletableFuture.runAsync(task, this.executor);
	}

	private static void poll(FailoverTemplate template, List<Object> polled, AtomicBoolean end) {
		while (!end.get()) {
			Object message = template.receiveAndConvert(Shop.POLLED);
			if (message != null) {
				polled.add(message);
			}
		}
	}

	@Test
	void timeoutIsThatOfTheWholeCall(@Embedded EmbeddedBroker first, @Embedded EmbeddedBroker second) {
		try (ConfigurableApplicationContext context = Applications.run(Shop.class,
				Applications.brokers(first, second))) {
			FailoverTemplate template = context.getBean(FailoverTemplate.class);
			template.convertAndSend(Shop.POLLED, "warm");
			Broker active = context.getBean(Brokers.class).getActive();
			EmbeddedBroker lost = Applications.node(active, first, second);
			long begin = System.nanoTime();
			this.executor.schedule(lost::kill, 4, TimeUnit.SECONDS);
			assertThat(template.receive(Shop.AWAITED, 6000)).isNull();
			assertThat(Duration.ofNanos(System.nanoTime() - begin)).isBetween(Duration.ofSeconds(5),
					Duration.ofSeconds(9));
			assertThat(context.getBean(Brokers.class).getActive()).isNotEqualTo(active);
		}
	}

	@Configuration(proxyBeanMethods = false)
	static class Shop {

		static final String POLLED = "polled";

		static final String AWAITED = "awaited";

		@Bean
		Queue polled() {
			return new Queue(POLLED);
		}

		@Bean
		Queue awaited() {
			return new Queue(AWAITED);
		}

	}

}
