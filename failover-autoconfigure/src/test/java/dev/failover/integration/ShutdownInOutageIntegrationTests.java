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
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;

import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.amqp.AmqpException;
import org.springframework.amqp.core.Queue;
import org.springframework.amqp.rabbit.annotation.RabbitListener;
import org.springframework.amqp.rabbit.core.RabbitTemplate;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

import dev.failover.broker.Brokers;
import dev.failover.ensure.Ensure;
import dev.failover.test.EmbeddedBroker;
import dev.failover.test.FaultProxy;
import dev.failover.test.junit.BrokerTest;
import dev.failover.test.junit.Embedded;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * Applications that end in the middle of an outage: in time, with everybody released, and
 * with nothing left behind.
 */
@BrokerTest
class ShutdownInOutageIntegrationTests {

	private static final Log logger = LogFactory.getLog(ShutdownInOutageIntegrationTests.class);

	private static final Duration LIMIT = Duration.ofSeconds(10);

	@Embedded
	private EmbeddedBroker first;

	@Embedded
	private EmbeddedBroker second;

	private final List<FaultProxy> proxies = new ArrayList<>();

	private final Callers callers = new Callers();

	private Set<Thread> before = Set.of();

	@BeforeEach
	void startProxies() {
		this.proxies.add(FaultProxy.to(this.first));
		this.proxies.add(FaultProxy.to(this.second));
		this.before = Thread.getAllStackTraces().keySet();
	}

	@AfterEach
	void closeProxies() {
		this.proxies.forEach(FaultProxy::close);
	}

	@Test
	void everyBrokerIsGone() throws Exception {
		ConfigurableApplicationContext context = runAndSend();
		this.proxies.forEach(FaultProxy::refuse);
		this.proxies.forEach(FaultProxy::cut);
		await().atMost(LIMIT).until(() -> context.getBean(Brokers.class).getActive() == null);
		this.callers.start(context);
		closeAndCheck(context);
	}

	@Test
	void activeBrokerHasJustFallenSilent() throws Exception {
		ConfigurableApplicationContext context = runAndSend();
		active(context).blackHole();
		this.callers.start(context);
		closeAndCheck(context);
	}

	@Test
	void everyBrokerHasJustFallenSilent() throws Exception {
		ConfigurableApplicationContext context = runAndSend();
		this.proxies.forEach(FaultProxy::blackHole);
		this.callers.start(context);
		closeAndCheck(context);
	}

	@Test
	void everyBrokerIsSilentForSomeTime() throws Exception {
		ConfigurableApplicationContext context = runAndSend();
		this.proxies.forEach(FaultProxy::blackHole);
		await().atMost(LIMIT).until(() -> context.getBean(Brokers.class).getActive() == null);
		this.callers.start(context);
		closeAndCheck(context);
	}

	@Test
	void noBrokerHasEverAnswered() throws Exception {
		this.proxies.forEach(FaultProxy::blackHole);
		ConfigurableApplicationContext context = run();
		this.callers.start(context);
		await().atMost(LIMIT).until(() -> this.proxies.stream().anyMatch((proxy) -> proxy.openConnections() > 0));
		closeAndCheck(context);
	}

	private ConfigurableApplicationContext runAndSend() {
		ConfigurableApplicationContext context = run();
		context.getBean(RabbitTemplate.class).convertAndSend(Shop.QUEUE, "order");
		return context;
	}

	private ConfigurableApplicationContext run() {
		return Applications.run(Shop.class, "failover.brokers=" + Applications.through(this.proxies.get(0), this.first)
				+ ";" + Applications.through(this.proxies.get(1), this.second), "failover.shutdown-timeout=5s");
	}

	private FaultProxy active(ConfigurableApplicationContext context) {
		Brokers brokers = context.getBean(Brokers.class);
		return brokers.getAll().get(0).equals(brokers.getActive()) ? this.proxies.get(0) : this.proxies.get(1);
	}

	private void closeAndCheck(ConfigurableApplicationContext context) throws Exception {
		long start = System.nanoTime();
		context.close();
		Duration closing = Duration.ofNanos(System.nanoTime() - start);
		logger.info("Closed within %d ms".formatted(closing.toMillis()));
		assertThat(closing).isLessThan(LIMIT);
		this.callers.awaitEnd(Duration.ofSeconds(2));
		assertThat(this.callers.failures)
			.allSatisfy((failure) -> assertThat(failure).isInstanceOf(AmqpException.class));
		assertThat(this.callers.failures.size() + this.callers.successes.get()).isEqualTo(3 * Callers.EACH);
		await().atMost(LIMIT).untilAsserted(() -> assertThat(left()).isEmpty());
		this.proxies.forEach(FaultProxy::pass);
		await().atMost(LIMIT)
			.untilAsserted(() -> assertThat(this.proxies).allMatch((proxy) -> proxy.openConnections() == 0));
	}

	private List<String> left() {
		Map<Thread, StackTraceElement[]> threads = Thread.getAllStackTraces();
		Set<Thread> left = new HashSet<>(threads.keySet());
		left.removeAll(this.before);
		return left.stream()
			.filter((thread) -> !isOfTheTest(thread.getName()))
			.map((thread) -> thread.getName() + " " + List.of(threads.get(thread)))
			.toList();
	}

	private static boolean isOfTheTest(String name) {
		return Stream
			.of("fault-proxy", "awaitility", "ForkJoinPool", "Attach Listener", "IO-", "virtualhost", "Broker-")
			.anyMatch(name::startsWith);
	}

	/**
	 * Callers that send, and callers that wait for a broker within an ensured method.
	 */
	private static final class Callers {

		private static final int EACH = 10;

		private final ConcurrentLinkedQueue<Throwable> failures = new ConcurrentLinkedQueue<>();

		private final AtomicInteger successes = new AtomicInteger();

		private final CountDownLatch started = new CountDownLatch(3 * EACH);

		private final CountDownLatch ended = new CountDownLatch(3 * EACH);

		void start(ConfigurableApplicationContext context) throws InterruptedException {
			RabbitTemplate template = context.getBean(RabbitTemplate.class);
			Shop shop = context.getBean(Shop.class);
			for (int i = 0; i < EACH; i++) {
				call(() -> template.convertAndSend(Shop.QUEUE, "order"));
				call(() -> template.receiveAndConvert(Shop.QUEUE));
				call(() -> shop.sell(template));
			}
			this.started.await(10, TimeUnit.SECONDS);
		}

		private void call(Runnable action) {
			Thread thread = new Thread(() -> {
				this.started.countDown();
				try {
					action.run();
					this.successes.incrementAndGet();
				}
				catch (Throwable ex) {
					this.failures.add(ex);
				}
				this.ended.countDown();
			}, "caller");
			thread.start();
		}

		void awaitEnd(Duration timeout) throws InterruptedException {
			assertThat(this.ended.await(timeout.toMillis(), TimeUnit.MILLISECONDS))
				.as("%d callers are still waiting", this.ended.getCount())
				.isTrue();
		}

	}

	@Configuration(proxyBeanMethods = false)
	static class Shop {

		static final String QUEUE = "orders";

		@Bean
		Queue orders() {
			return new Queue(QUEUE);
		}

		@RabbitListener(queues = QUEUE)
		void receive(String order) {
		}

		@Ensure
		void sell(RabbitTemplate template) {
			template.execute((channel) -> channel.queueDeclarePassive(QUEUE));
		}

	}

}
