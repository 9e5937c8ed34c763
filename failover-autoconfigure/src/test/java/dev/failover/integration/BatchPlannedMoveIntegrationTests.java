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
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;

import org.awaitility.Awaitility;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.amqp.core.Queue;
import org.springframework.amqp.rabbit.annotation.RabbitListener;
import org.springframework.amqp.rabbit.listener.RabbitListenerEndpointRegistry;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.test.util.ReflectionTestUtils;

import dev.failover.template.FailoverTemplate;
import dev.failover.test.RabbitNode;
import dev.failover.test.junit.BrokerTest;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Planned moves of containers that take several messages at a time, which are
 * acknowledged together or handled together.
 */
@BrokerTest
class BatchPlannedMoveIntegrationTests {

	private static final Duration PATIENCE = Duration.ofSeconds(60);

	private static final int MOVES = Integer.getInteger("failover.test.moves", 4);

	private static final int PER_SECOND = 300;

	@North
	private RabbitNode first;

	@South
	private RabbitNode second;

	@BeforeEach
	void empty() {
		QueueOnBroker.delete(Moved.QUEUE, this.first, this.second);
	}

	@ParameterizedTest
	@CsvSource({ "auto, false, active", "auto, false, all", "auto, true, all", "none, true, active",
			"none, true, all" })
	void nothingIsLostOrDoubled(String acknowledgement, boolean together, String brokers) throws Exception {
		Class<?> application = together ? MovedTogether.class : MovedOneByOne.class;
		try (ConfigurableApplicationContext context = Applications.run(application,
				Applications.brokers(this.first, this.second), "failover.listener.brokers=" + brokers,
				"spring.rabbitmq.listener.simple.acknowledge-mode=" + acknowledgement,
				"spring.rabbitmq.listener.simple.consumer-batch-enabled=" + together,
				"spring.rabbitmq.listener.simple.batch-size=10");
				SteadyLoad load = SteadyLoad.start(context.getBean(FailoverTemplate.class), List.of(Moved.QUEUE),
						PER_SECOND)) {
			Moved moved = context.getBean(Moved.class);
			for (int i = 0; i < MOVES; i++) {
				moved.awaitMore(PER_SECOND / 2);
				Applications.move(context);
			}
			moved.awaitMore(PER_SECOND);
			load.end();
			assertThat(load.errors()).isEmpty();
			Awaitility.await()
				.atMost(PATIENCE)
				.untilAsserted(() -> assertThat(moved.handled.keySet()).containsAll(load.sent()));
			assertThat(moved.doubled()).isEmpty();
			Object container = context.getBean(RabbitListenerEndpointRegistry.class)
				.getListenerContainers()
				.iterator()
				.next();
			Awaitility.await()
				.atMost(PATIENCE)
				.untilAsserted(() -> assertThat(ReflectionTestUtils.getField(container, "batchSize")).isEqualTo(10));
		}
	}

	/**
	 * Counts what is handled.
	 */
	static class Moved {

		static final String QUEUE = "batches";

		private final Map<String, AtomicInteger> handled = new ConcurrentHashMap<>();

		private final AtomicInteger count = new AtomicInteger();

		@Bean
		Queue batches() {
			return new Queue(QUEUE);
		}

		void handle(String message) {
			this.handled.computeIfAbsent(message, (key) -> new AtomicInteger()).incrementAndGet();
			this.count.incrementAndGet();
		}

		void awaitMore(int messages) {
			int enough = this.count.get() + messages;
			Awaitility.await().atMost(PATIENCE).until(() -> this.count.get() >= enough);
		}

		List<String> doubled() {
			return this.handled.entrySet()
				.stream()
				.filter((entry) -> entry.getValue().get() > 1)
				.map(Map.Entry::getKey)
				.toList();
		}

	}

	@Configuration(proxyBeanMethods = false)
	static class MovedOneByOne extends Moved {

		@RabbitListener(queues = QUEUE)
		void on(String message) {
			handle(message);
		}

	}

	@Configuration(proxyBeanMethods = false)
	static class MovedTogether extends Moved {

		@RabbitListener(queues = QUEUE, batch = "true")
		void on(List<String> messages) {
			messages.forEach(this::handle);
		}

	}

}
