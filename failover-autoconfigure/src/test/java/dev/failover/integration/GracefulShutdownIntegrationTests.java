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

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.amqp.AmqpException;
import org.springframework.amqp.core.Message;
import org.springframework.amqp.core.Queue;
import org.springframework.amqp.rabbit.annotation.RabbitListener;
import org.springframework.amqp.rabbit.listener.AbstractMessageListenerContainer;
import org.springframework.amqp.rabbit.listener.RabbitListenerEndpointRegistry;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.SmartLifecycle;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

import dev.failover.broker.Broker;
import dev.failover.broker.BrokerState;
import dev.failover.broker.Brokers;
import dev.failover.connection.FailoverConnectionFactory;
import dev.failover.listener.BrokerDrains;
import dev.failover.template.FailoverTemplate;
import dev.failover.test.RabbitNode;
import dev.failover.test.junit.BrokerTest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * Applications that end while their brokers are well: work in hand is done, and neither
 * side logs a warning.
 */
@BrokerTest
@ExtendWith(OutputCaptureExtension.class)
class GracefulShutdownIntegrationTests {

	private static final Duration PATIENCE = Duration.ofSeconds(60);

	private static final Duration LONGER_THAN_THE_TIMEOUT = Duration.ofSeconds(8);

	@North
	private RabbitNode first;

	@South
	private RabbitNode second;

	@ParameterizedTest
	@ValueSource(strings = { "simple", "direct" })
	void messageOfAListenerThatTakesLongerThanTheTimeoutIsAcknowledged(String type, CapturedOutput output) {
		ConfigurableApplicationContext context = Applications.run(SlowShop.class, Applications.brokers(this.first),
				"failover.shutdown-timeout=5s", "spring.rabbitmq.listener.type=" + type);
		context.getBean(RabbitListenerEndpointRegistry.class)
			.getListenerContainers()
			.forEach((container) -> ((AbstractMessageListenerContainer) container)
				.setShutdownTimeout(PATIENCE.toMillis()));
		SlowShop shop = context.getBean(SlowShop.class);
		context.getBean(FailoverTemplate.class).convertAndSend(SlowShop.QUEUE, "order");
		await().atMost(PATIENCE).until(() -> shop.begun.get() == 1);
		context.close();
		assertThat(shop.ended).hasValue(1);
		assertThat(shop.begun).hasValue(1);
		assertThat(output).doesNotContain("does not end");
		await().atMost(PATIENCE).until(() -> this.first.administration().connectionCount() == 0);
		assertThat(this.first.administration().messageCount(SlowShop.QUEUE)).isZero();
	}

	@Test
	void requestThatTakesLongerThanTheTimeoutStillSends(CapturedOutput output) {
		ConfigurableApplicationContext context = Applications.run(Office.class, Applications.brokers(this.first),
				"failover.shutdown-timeout=5s");
		context.getBean(FailoverTemplate.class).convertAndSend(Office.QUEUE, "first");
		context.close();
		assertThat(output).doesNotContain("does not end");
		assertThat(this.first.administration().messageCount(Office.QUEUE)).isEqualTo(2);
	}

	@Test
	void brokerThatIsBlockedHoldsNobodyUp() throws Exception {
		ConfigurableApplicationContext context = Applications.run(Office.class, Applications.brokers(this.first),
				"failover.shutdown-timeout=4s", "office.closes=false", "failover.detection.on-blocked=wait");
		FailoverTemplate template = context.getBean(FailoverTemplate.class);
		template.convertAndSend(Office.QUEUE, "first");
		this.first.raiseMemoryAlarm();
		try {
			CompletableFuture<?> sender = CompletableFuture
				.runAsync(() -> template.convertAndSend(Office.QUEUE, "second"));
			await().atMost(PATIENCE)
				.until(() -> context.getBean(Brokers.class).getStatuses().get(0).state() == BrokerState.BLOCKED);
			long start = System.nanoTime();
			context.close();
			assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(12));
			assertThat(sender).failsWithin(PATIENCE).withThrowableThat().withCauseInstanceOf(AmqpException.class);
		}
		finally {
			this.first.clearMemoryAlarm();
		}
	}

	@ParameterizedTest
	@ValueSource(strings = { "simple", "direct" })
	void neitherSideLogsAWarning(String type, CapturedOutput output) throws Exception {
		NodeLog north = new NodeLog(this.first);
		NodeLog south = new NodeLog(this.second);
		ConfigurableApplicationContext context = Applications.run(Shop.class,
				Applications.brokers(this.first, this.second), "failover.listener.brokers=all",
				"failover.connect.race-delay=1ms", "spring.rabbitmq.listener.type=" + type);
		FailoverTemplate template = context.getBean(FailoverTemplate.class);
		Brokers brokers = context.getBean(Brokers.class);
		for (int round = 0; round < 3; round++) {
			template.convertAndSend(Shop.QUEUE, "order");
			template.sendAsync("", Shop.QUEUE, new Message("order".getBytes()))
				.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
			Broker other = brokers.getAll()
				.stream()
				.filter((broker) -> !broker.equals(brokers.getActive()))
				.findFirst()
				.orElseThrow();
			BrokerDrains drains = context.getBean(BrokerDrains.class);
			await().atMost(PATIENCE).until(() -> drains.getConsumerCount(other) > 0);
			context.getBean(FailoverConnectionFactory.class).checkAll();
			int now = round + 1;
			if (round < 2) {
				Applications.move(context);
			}
			await().atMost(PATIENCE).until(() -> context.getBean(Shop.class).handled.get() >= 2 * now);
		}
		// standby, drains and the application's own, on both of them
		await().atMost(PATIENCE)
			.until(() -> this.first.administration().connectionCount() > 1
					&& this.second.administration().connectionCount() > 1);
		context.close();
		await().atMost(PATIENCE).until(() -> this.first.administration().connectionCount() == 0);
		await().atMost(PATIENCE).until(() -> this.second.administration().connectionCount() == 0);
		assertThat(output.getAll().lines()).noneMatch((line) -> line.contains(" WARN ") || line.contains(" ERROR "));
		assertThat(north.warnings()).isEmpty();
		assertThat(south.warnings()).isEmpty();
	}

	/**
	 * What a node has logged of connections since this was created.
	 */
	private static final class NodeLog {

		private static final Pattern FILE = Pattern.compile("\"([^\"]+\\.log)\"");

		private final Path file;

		private final int begin;

		NodeLog(RabbitNode node) throws IOException {
			Matcher matcher = FILE.matcher(node.evaluate("rabbit:log_locations()."));
			assertThat(matcher.find()).isTrue();
			this.file = Path.of(matcher.group(1));
			this.begin = Files.readAllLines(this.file).size();
		}

		List<String> warnings() throws IOException {
			List<String> all = Files.readAllLines(this.file);
			return all.subList(this.begin, all.size())
				.stream()
				.filter((line) -> line.contains("connection")
						&& (line.contains("[warning]") || line.contains("[error]") || line.contains("unexpectedly")))
				.toList();
		}

	}

	@Configuration(proxyBeanMethods = false)
	static class Shop {

		static final String QUEUE = "shop";

		final AtomicInteger handled = new AtomicInteger();

		@Bean
		Queue shopQueue() {
			return new Queue(QUEUE);
		}

		@RabbitListener(queues = QUEUE)
		void receive(String order) {
			this.handled.incrementAndGet();
		}

	}

	@Configuration(proxyBeanMethods = false)
	static class SlowShop {

		static final String QUEUE = "slow";

		final AtomicInteger begun = new AtomicInteger();

		final AtomicInteger ended = new AtomicInteger();

		@Bean
		Queue slowQueue() {
			return new Queue(QUEUE);
		}

		@RabbitListener(queues = QUEUE)
		void receive(String order) throws InterruptedException {
			this.begun.incrementAndGet();
			new CountDownLatch(1).await(LONGER_THAN_THE_TIMEOUT.toMillis(), TimeUnit.MILLISECONDS);
			this.ended.incrementAndGet();
		}

	}

	/**
	 * Finishes its work when the context is closed, as a web server does.
	 */
	@Configuration(proxyBeanMethods = false)
	static class Office {

		static final String QUEUE = "office";

		@Bean
		Queue officeQueue() {
			return new Queue(QUEUE);
		}

		@Bean
		SmartLifecycle lastRequest(FailoverTemplate template, @Value("${office.closes:true}") boolean sends) {
			return new SmartLifecycle() {

				private volatile boolean running;

				@Override
				public void start() {
					this.running = true;
				}

				@Override
				public void stop() {
					if (sends) {
						try {
							new CountDownLatch(1).await(LONGER_THAN_THE_TIMEOUT.toMillis(), TimeUnit.MILLISECONDS);
						}
						catch (InterruptedException ex) {
							Thread.currentThread().interrupt();
						}
						template.convertAndSend(QUEUE, "last");
					}
					this.running = false;
				}

				@Override
				public boolean isRunning() {
					return this.running;
				}

			};
		}

	}

}
