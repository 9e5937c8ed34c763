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
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

import org.awaitility.Awaitility;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.amqp.core.Queue;
import org.springframework.amqp.rabbit.annotation.RabbitListener;
import org.springframework.amqp.rabbit.core.RabbitAdmin;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

import dev.failover.broker.Brokers;
import dev.failover.connection.BrokerAccess;
import dev.failover.connection.FailoverConnectionFactory;
import dev.failover.template.FailoverTemplate;
import dev.failover.test.RabbitNode;
import dev.failover.test.junit.BrokerTest;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Consumers begin on the new broker whatever channels of the old one lie in the cache of
 * Spring's connection factory, which hands them out for as long as they are open.
 */
@BrokerTest
class IdleChannelPlannedMoveIntegrationTests {

	private static final Duration PATIENCE = Duration.ofSeconds(60);

	/**
	 * A consumer on the old broker stays there for so long.
	 */
	private static final String MOVE_TIMEOUT = "failover.move.timeout=5m";

	@North
	private RabbitNode first;

	@South
	private RabbitNode second;

	@BeforeEach
	void empty() {
		QueueOnBroker.delete(Listening.QUEUE, this.first, this.second);
	}

	@ParameterizedTest
	@ValueSource(strings = { "simple", "direct" })
	void consumersMoveWhileChannelsOfTheirConnectionAreIdle(String type) throws Exception {
		try (ConfigurableApplicationContext context = run(type)) {
			try (Users users = new Users(context, 12)) {
				users.endAll();
			}
			assertMoved(context);
			awaitEndOnFirst(context);
		}
	}

	@ParameterizedTest
	@ValueSource(strings = { "simple", "direct" })
	void consumersMoveWhileChannelsOfTheirConnectionAreInUse(String type) throws Exception {
		try (ConfigurableApplicationContext context = run(type); Users users = new Users(context, 12)) {
			assertMoved(context);
			users.endAll();
			awaitEndOnFirst(context);
		}
	}

	/**
	 * Nothing keeps the connection to the broker that was left open.
	 */
	private void awaitEndOnFirst(ConfigurableApplicationContext context) {
		BrokerAccess access = context.getBean(FailoverConnectionFactory.class).getBrokerAccess();
		String first = context.getBean(Brokers.class).getAll().get(0).name();
		Awaitility.await().atMost(PATIENCE).until(() -> !access.isInUse(first));
	}

	private ConfigurableApplicationContext run(String type) {
		return Applications.run(Listening.class, Applications.brokers(this.first, this.second),
				"spring.rabbitmq.listener.type=" + type, "failover.listener.brokers=active", MOVE_TIMEOUT);
	}

	private static void assertMoved(ConfigurableApplicationContext context) throws Exception {
		Applications.move(context);
		context.getBean(FailoverTemplate.class).convertAndSend(Listening.QUEUE, "moved");
		Desk desk = context.getBean(Desk.class);
		Awaitility.await().atMost(PATIENCE).until(() -> desk.handled.contains("moved"));
	}

	/**
	 * Use one channel each of the connection that is the consumers', too.
	 */
	private static final class Users implements AutoCloseable {

		private final BlockingQueue<CountDownLatch> running = new LinkedBlockingQueue<>();

		private final BlockingQueue<CompletableFuture<?>> ends = new LinkedBlockingQueue<>();

		Users(ConfigurableApplicationContext context, int number) throws Exception {
			RabbitAdmin admin = context.getBean(RabbitAdmin.class);
			CountDownLatch begun = new CountDownLatch(number);
			for (int i = 0; i < number; i++) {
				CountDownLatch end = new CountDownLatch(1);
				this.running.add(end);
				this.ends.add(CompletableFuture.runAsync(() -> admin.getRabbitTemplate().execute((channel) -> {
					begun.countDown();
					return end.await(PATIENCE.toSeconds(), TimeUnit.SECONDS);
				}), (task) -> new Thread(task, "user").start()));
			}
			assertThat(begun.await(PATIENCE.toSeconds(), TimeUnit.SECONDS)).isTrue();
		}

		void endOne() throws Exception {
			CountDownLatch end = this.running.poll();
			CompletableFuture<?> ended = this.ends.poll();
			if (end != null && ended != null) {
				end.countDown();
				ended.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
			}
		}

		void endAll() throws Exception {
			while (!this.running.isEmpty()) {
				endOne();
			}
		}

		@Override
		public void close() {
			this.running.forEach(CountDownLatch::countDown);
		}

	}

	@Configuration(proxyBeanMethods = false)
	static class Listening {

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

	static class Desk {

		final Set<String> handled = ConcurrentHashMap.newKeySet();

		@RabbitListener(queues = Listening.QUEUE)
		void handle(String body) {
			this.handled.add(body);
		}

	}

}
