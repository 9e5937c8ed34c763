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

import java.lang.management.ManagementFactory;
import java.lang.management.ThreadInfo;
import java.lang.management.ThreadMXBean;
import java.time.Duration;
import java.util.Arrays;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Collectors;

import org.awaitility.Awaitility;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.amqp.core.Queue;
import org.springframework.amqp.rabbit.annotation.RabbitListener;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

import dev.failover.test.EmbeddedBroker;
import dev.failover.test.junit.BrokerTest;
import dev.failover.test.junit.Embedded;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

/**
 * What consumers cost that have nothing to do.
 */
@BrokerTest
class IdleConsumersIntegrationTests {

	private static final Duration PATIENCE = Duration.ofSeconds(30);

	/**
	 * The interval of the monitor of a direct container, and a bit more.
	 */
	private static final Duration TIME = Duration.ofMillis(5500);

	private static final int CONSUMERS = 3;

	private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();

	@Embedded
	private EmbeddedBroker first;

	@Embedded
	private EmbeddedBroker second;

	@ParameterizedTest
	@ValueSource(strings = { "simple", "direct" })
	void wakeUpAsOftenAsThoseOfPlainSpring(String type) {
		long withFailover = wakeUps(type, Applications.brokers(this.first, this.second));
		long plain = wakeUps(type, "failover.enabled=false", "spring.rabbitmq.addresses=" + this.first.uri());
		assertThat(plain).isPositive();
		assertThat(withFailover).isCloseTo(plain, within((long) CONSUMERS));
	}

	/**
	 * Return how often the threads of a container have waited, in some time without
	 * messages.
	 */
	private long wakeUps(String type, String... brokers) {
		String[] properties = Arrays.copyOf(brokers, brokers.length + 3);
		properties[brokers.length] = "spring.rabbitmq.listener.type=" + type;
		properties[brokers.length + 1] = "spring.rabbitmq.listener.simple.concurrency=" + CONSUMERS;
		properties[brokers.length + 2] = "spring.rabbitmq.listener.direct.consumers-per-queue=" + CONSUMERS;
		QueueOnBroker queue = new QueueOnBroker(this.first, Idle.QUEUE);
		try (ConfigurableApplicationContext context = Applications.run(Idle.class, properties)) {
			Awaitility.await().atMost(PATIENCE).until(() -> queue.consumers() == CONSUMERS);
			Map<Long, Long> before = waits();
			Awaitility.await().pollDelay(TIME).until(context::isActive);
			return waits().entrySet()
				.stream()
				.filter((thread) -> before.containsKey(thread.getKey()))
				.mapToLong((thread) -> thread.getValue() - before.get(thread.getKey()))
				.sum();
		}
	}

	private static Map<Long, Long> waits() {
		return Arrays.stream(THREADS.getThreadInfo(THREADS.getAllThreadIds()))
			.filter(Objects::nonNull)
			.filter((thread) -> thread.getThreadName().startsWith(Idle.LISTENER))
			.collect(Collectors.toMap(ThreadInfo::getThreadId, ThreadInfo::getWaitedCount));
	}

	@Configuration(proxyBeanMethods = false)
	static class Idle {

		static final String QUEUE = "idle";

		static final String LISTENER = "idle-listener";

		@Bean
		Queue idle() {
			return new Queue(QUEUE);
		}

		@RabbitListener(id = LISTENER, queues = QUEUE)
		void on(String message) {
			throw new IllegalStateException("Nothing is sent");
		}

	}

}
