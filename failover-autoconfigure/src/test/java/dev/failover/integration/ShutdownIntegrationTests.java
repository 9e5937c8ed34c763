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
import java.util.Set;
import java.util.stream.Collectors;

import org.junit.jupiter.api.Test;
import org.springframework.amqp.AmqpException;
import org.springframework.amqp.rabbit.core.RabbitTemplate;
import org.springframework.context.ConfigurableApplicationContext;

import dev.failover.broker.Brokers;
import dev.failover.test.EmbeddedBroker;
import dev.failover.test.junit.BrokerTest;
import dev.failover.test.junit.Embedded;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * Tests that nothing is left behind, by an outage or by an application that ends in it.
 */
@BrokerTest
class ShutdownIntegrationTests {

	@Embedded
	private EmbeddedBroker first;

	@Embedded
	private EmbeddedBroker second;

	@Test
	void contextThatIsClosedInAnOutageReleasesItsCallers() throws Exception {
		Set<Thread> before = threads();
		ConfigurableApplicationContext context = run();
		RabbitTemplate template = context.getBean(RabbitTemplate.class);
		try (Senders senders = Senders.start(50, 400, (order) -> template.convertAndSend(OrderQueue.NAME, order))) {
			senders.awaitThird();
			this.first.kill();
			this.second.kill();
			await().atMost(Duration.ofSeconds(10)).until(() -> context.getBean(Brokers.class).getActive() == null);
			long start = System.nanoTime();
			context.close();
			assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(15));
			senders.awaitEnd();
			assertThat(senders.sent().size() + senders.errors().size()).isEqualTo(20_000);
			assertThat(senders.errors()).isNotEmpty()
				.allSatisfy((error) -> assertThat(error).isInstanceOf(AmqpException.class));
			assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(20));
		}
		await().atMost(Duration.ofSeconds(20)).untilAsserted(() -> assertThat(left(before)).isEmpty());
	}

	@Test
	void manyKillsLeaveNoThreadAndNoConnection() throws Exception {
		try (ConfigurableApplicationContext context = run()) {
			RabbitTemplate template = context.getBean(RabbitTemplate.class);
			Set<Thread> before = Set.of();
			EmbeddedBroker active = this.first;
			for (int round = 0; round < 20; round++) {
				template.convertAndSend(OrderQueue.NAME, "order-" + round);
				if (round == 2) {
					before = threads();
				}
				active = active(context);
				active.kill();
				template.convertAndSend(OrderQueue.NAME, "again-" + round);
				active.start();
			}
			int threads = before.size();
			await().atMost(Duration.ofSeconds(20))
				.untilAsserted(() -> assertThat(threads()).hasSizeLessThanOrEqualTo(threads + 3));
			await().atMost(Duration.ofSeconds(20))
				.untilAsserted(() -> assertThat(this.first.connectionCount() + this.second.connectionCount())
					.isLessThanOrEqualTo(3));
		}
		await().atMost(Duration.ofSeconds(20))
			.untilAsserted(() -> assertThat(this.first.connectionCount() + this.second.connectionCount()).isZero());
	}

	private ConfigurableApplicationContext run() {
		return Applications.run(OrderQueue.class, Applications.brokers(this.first, this.second));
	}

	private EmbeddedBroker active(ConfigurableApplicationContext context) {
		Brokers brokers = context.getBean(Brokers.class);
		return brokers.getAll().get(0).equals(brokers.getActive()) ? this.first : this.second;
	}

	private static Set<Thread> left(Set<Thread> before) {
		Set<Thread> left = threads();
		left.removeAll(before);
		return left;
	}

	private static Set<Thread> threads() {
		return Thread.getAllStackTraces()
			.keySet()
			.stream()
			.filter((thread) -> thread.getName().contains("failover") || thread.getName().contains("AMQP"))
			.collect(Collectors.toSet());
	}

}
