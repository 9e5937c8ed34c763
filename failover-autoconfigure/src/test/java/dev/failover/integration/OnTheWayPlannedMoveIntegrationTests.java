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
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;

import org.awaitility.Awaitility;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.amqp.core.Queue;
import org.springframework.amqp.rabbit.annotation.RabbitListener;
import org.springframework.amqp.rabbit.config.SimpleRabbitListenerContainerFactory;
import org.springframework.amqp.rabbit.connection.CachingConnectionFactory;
import org.springframework.amqp.rabbit.listener.AsyncConsumerStoppedEvent;
import org.springframework.beans.factory.config.BeanPostProcessor;
import org.springframework.boot.autoconfigure.condition.ConditionalOnExpression;
import org.springframework.boot.autoconfigure.condition.ConditionalOnProperty;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.event.EventListener;
import org.springframework.core.env.Environment;
import org.springframework.scheduling.concurrent.ThreadPoolTaskExecutor;

import dev.failover.broker.Broker;
import dev.failover.broker.Brokers;
import dev.failover.listener.BrokerDrains;
import dev.failover.template.FailoverTemplate;
import dev.failover.test.RabbitNode;
import dev.failover.test.junit.BrokerTest;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Planned moves while messages that need no acknowledgement are on the way to their
 * listener: the broker has forgotten them.
 */
@BrokerTest
class OnTheWayPlannedMoveIntegrationTests {

	private static final Duration PATIENCE = Duration.ofSeconds(60);

	/**
	 * More than what a consumer and the client hold for it.
	 */
	private static final int MANY = 5000;

	@North
	private RabbitNode first;

	@South
	private RabbitNode second;

	@BeforeEach
	void empty() {
		QueueOnBroker.delete(Moved.QUEUE, this.first, this.second);
	}

	/**
	 * The client has received the messages, and not passed them on when their consumer is
	 * cancelled.
	 */
	@ParameterizedTest
	@ValueSource(strings = { "one-by-one", "together", "bounded" })
	void whatTheClientHasReceivedIsHandled(String desk) throws Exception {
		try (ConfigurableApplicationContext context = run("simple", desk)) {
			Handled handled = context.getBean(Handled.class);
			HeldExecutor deliveries = context.getBean(HeldExecutor.class);
			deliveries.hold();
			publish(context, 20);
			RabbitNode left = Applications.active(context, this.first, this.second);
			Awaitility.await().atMost(PATIENCE).until(() -> left.administration().messageCount(Moved.QUEUE) == 0);
			Applications.move(context);
			assertThat(handled.ended.await(1500, TimeUnit.MILLISECONDS)).as("consumer has ended").isFalse();
			deliveries.release();
			handled.awaitAll(20);
		}
	}

	/**
	 * The consumer has its hands full when it is cancelled, and so has the client.
	 */
	@ParameterizedTest
	@CsvSource({ "simple, one-by-one", "simple, together", "simple, bounded", "direct, one-by-one" })
	void whatWaitsForTheListenerIsHandled(String type, String desk) throws Exception {
		try (ConfigurableApplicationContext context = run(type, desk)) {
			Handled handled = context.getBean(Handled.class);
			handled.hold();
			publish(context, MANY);
			Applications.move(context);
			handled.release();
			handled.awaitAll(MANY);
		}
	}

	@ParameterizedTest
	@ValueSource(strings = { "one-by-one", "together" })
	void whatWaitsForTheListenerOfACopyIsHandled(String desk) throws Exception {
		try (ConfigurableApplicationContext context = run("simple", desk, "failover.listener.brokers=all")) {
			Handled handled = context.getBean(Handled.class);
			Brokers brokers = context.getBean(Brokers.class);
			Broker other = brokers.getAll()
				.stream()
				.filter((broker) -> !broker.equals(brokers.getActive()))
				.findFirst()
				.orElseThrow();
			BrokerDrains drains = context.getBean(BrokerDrains.class);
			Awaitility.await().atMost(PATIENCE).until(() -> drains.getConsumerCount(other) == 1);
			handled.hold();
			new QueueOnBroker(Applications.node(other, this.first, this.second), Moved.QUEUE)
				.publish(IntStream.range(0, MANY).mapToObj(Integer::toString).toArray(String[]::new));
			Applications.move(context);
			Awaitility.await().atMost(PATIENCE).until(() -> drains.getConsumerCount(other) == 0);
			handled.release();
			handled.awaitAll(MANY);
		}
	}

	private static void publish(ConfigurableApplicationContext context, int messages) throws Exception {
		FailoverTemplate template = context.getBean(FailoverTemplate.class);
		for (int i = 0; i < messages; i++) {
			template.convertAndSendAsync("", Moved.QUEUE, "message-" + i);
		}
		template.convertAndSendAsync("", Moved.OTHER, "last").get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
	}

	/**
	 * The client does not read more than it holds, and so no answers to probes.
	 */
	private ConfigurableApplicationContext run(String type, String desk, String... more) {
		List<String> properties = new ArrayList<>(List.of(more));
		properties.add(Applications.brokers(this.first, this.second));
		properties.add("failover.detection.probe-timeout=10s");
		properties.add("desk=" + desk);
		properties.add("spring.rabbitmq.listener.type=" + type);
		properties.add("spring.rabbitmq.listener.%s.acknowledge-mode=none".formatted(type));
		if ("together".equals(desk)) {
			properties.add("spring.rabbitmq.listener.simple.consumer-batch-enabled=true");
			properties.add("spring.rabbitmq.listener.simple.batch-size=10");
		}
		return Applications.run(Moved.class, properties.toArray(String[]::new));
	}

	@Configuration(proxyBeanMethods = false)
	static class Moved {

		static final String QUEUE = "on-the-way";

		static final String OTHER = "not-consumed";

		@Bean
		Queue onTheWay() {
			return new Queue(QUEUE);
		}

		@Bean
		Queue notConsumed() {
			return new Queue(OTHER);
		}

		@Bean(destroyMethod = "shutdownNow")
		static HeldExecutor deliveries() {
			return new HeldExecutor();
		}

		@Bean(destroyMethod = "shutdown")
		static ThreadPoolTaskExecutor oneThread() {
			ThreadPoolTaskExecutor executor = new ThreadPoolTaskExecutor();
			executor.setMaxPoolSize(1);
			return executor;
		}

		@Bean
		static BeanPostProcessor executors(HeldExecutor deliveries, ThreadPoolTaskExecutor oneThread,
				Environment environment) {
			return new BeanPostProcessor() {

				@Override
				public Object postProcessBeforeInitialization(Object bean, String beanName) {
					if (bean instanceof CachingConnectionFactory connectionFactory) {
						connectionFactory.setExecutor(deliveries);
					}
					if (bean instanceof SimpleRabbitListenerContainerFactory factory
							&& "bounded".equals(environment.getProperty("desk"))) {
						factory.setTaskExecutor(oneThread);
					}
					return bean;
				}

			};
		}

		@Bean
		Handled handled() {
			return new Handled();
		}

		@Bean
		@ConditionalOnExpression("'${desk}' != 'together'")
		OneByOne oneByOne(Handled handled) {
			return new OneByOne(handled);
		}

		@Bean
		@ConditionalOnProperty(name = "desk", havingValue = "together")
		Together together(Handled handled) {
			return new Together(handled);
		}

	}

	/**
	 * Handles messages, unless it is held.
	 */
	static class Handled {

		final CountDownLatch ended = new CountDownLatch(1);

		private final Set<String> messages = ConcurrentHashMap.newKeySet();

		private final AtomicInteger count = new AtomicInteger();

		private volatile CountDownLatch open = new CountDownLatch(0);

		void hold() {
			this.open = new CountDownLatch(1);
		}

		void release() {
			this.open.countDown();
		}

		void handle(String message) throws InterruptedException {
			this.open.await();
			this.messages.add(message);
			this.count.incrementAndGet();
		}

		void awaitAll(int expected) {
			Awaitility.await()
				.atMost(PATIENCE)
				.untilAsserted(() -> assertThat(this.messages.size()).as("messages handled").isEqualTo(expected));
			assertThat(this.count).hasValue(expected);
		}

		@EventListener
		void on(AsyncConsumerStoppedEvent event) {
			this.ended.countDown();
		}

	}

	record OneByOne(Handled handled) {

		@RabbitListener(queues = Moved.QUEUE)
		void on(String message) throws InterruptedException {
			this.handled.handle(message);
		}

	}

	record Together(Handled handled) {

		@RabbitListener(queues = Moved.QUEUE, batch = "true")
		void on(List<String> messages) throws InterruptedException {
			for (String message : messages) {
				this.handled.handle(message);
			}
		}

	}

	/**
	 * Passes deliveries on to consumers, unless it is held.
	 */
	static class HeldExecutor extends ThreadPoolExecutor {

		private volatile CountDownLatch open = new CountDownLatch(0);

		HeldExecutor() {
			super(4, 4, 0, TimeUnit.SECONDS, new LinkedBlockingQueue<>());
		}

		void hold() {
			this.open = new CountDownLatch(1);
		}

		void release() {
			this.open.countDown();
		}

		@Override
		protected void beforeExecute(Thread thread, Runnable task) {
			try {
				this.open.await();
			}
			catch (InterruptedException ex) {
				Thread.currentThread().interrupt();
			}
		}

	}

}
