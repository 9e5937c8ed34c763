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
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import java.util.stream.Stream;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.springframework.amqp.core.Queue;
import org.springframework.amqp.rabbit.annotation.RabbitListener;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.task.SimpleAsyncTaskExecutor;

import dev.failover.broker.Activation;
import dev.failover.broker.BrokerState;
import dev.failover.broker.Brokers;
import dev.failover.template.FailoverTemplate;
import dev.failover.template.PublishException;
import dev.failover.test.RabbitNode;
import dev.failover.test.junit.EachRabbit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * Memory alarms that publishers wait for, because they are told to or because every
 * broker is blocked. The confirm time-out is shorter than the alarm.
 */
@ParameterizedClass
@EachRabbit
class AlarmIntegrationTests {

	private static final Duration PATIENCE = Duration.ofSeconds(30);

	private static final Duration SHUTDOWN_TIMEOUT = Duration.ofSeconds(10);

	private static final int CALLERS = 10;

	@Parameter
	private String version;

	@North
	private RabbitNode first;

	@South
	private RabbitNode second;

	@AfterEach
	void clearAlarms() {
		this.first.clearMemoryAlarm();
		this.second.clearMemoryAlarm();
	}

	@Test
	void publishersWaitForTheEndOfTheAlarmIfToldTo() {
		try (ConfigurableApplicationContext context = run(Publishing.class, "failover.detection.on-blocked=wait")) {
			FailoverTemplate template = context.getBean(FailoverTemplate.class);
			Brokers brokers = context.getBean(Brokers.class);
			template.convertAndSend(Publishing.QUEUE, "before");
			Activation active = brokers.getActivation();
			RabbitNode blocked = node(active);
			block(context, blocked);
			List<CompletableFuture<Void>> calls = call(template);
			assertStillWaiting(calls);
			assertThat(brokers.getActivation()).isEqualTo(active);
			blocked.clearMemoryAlarm();
			assertThat(calls).allSatisfy((call) -> assertThat(call).succeedsWithin(PATIENCE));
			assertThat(brokers.getActivation()).isEqualTo(active);
		}
	}

	@Test
	void publishersWaitUntilOneOfTheBrokersIsFreed() {
		try (ConfigurableApplicationContext context = run(Publishing.class)) {
			FailoverTemplate template = context.getBean(FailoverTemplate.class);
			Brokers brokers = context.getBean(Brokers.class);
			template.convertAndSend(Publishing.QUEUE, "before");
			RabbitNode other = node(brokers.getActivation()).equals(this.first) ? this.second : this.first;
			block(context, this.first, this.second);
			List<CompletableFuture<Void>> calls = call(template);
			assertStillWaiting(calls);
			other.clearMemoryAlarm();
			assertThat(calls).allSatisfy((call) -> assertThat(call).succeedsWithin(PATIENCE));
			assertThat(node(brokers.getActivation())).isEqualTo(other);
		}
	}

	@Test
	void publishersWhoseTimeIsOverAreTold() {
		try (ConfigurableApplicationContext context = run(Publishing.class, "failover.ensure.timeout=3s")) {
			FailoverTemplate template = context.getBean(FailoverTemplate.class);
			template.convertAndSend(Publishing.QUEUE, "before");
			block(context, this.first, this.second);
			assertThat(call(template)).allSatisfy((call) -> assertThat(call).failsWithin(PATIENCE)
				.withThrowableOfType(ExecutionException.class)
				.withCauseInstanceOf(PublishException.class));
		}
	}

	@Test
	void applicationEndsInTimeWhileEveryBrokerIsBlocked() {
		ConfigurableApplicationContext context = run(Forwarding.class);
		List<CompletableFuture<Void>> calls;
		long start;
		try {
			FailoverTemplate template = context.getBean(FailoverTemplate.class);
			template.convertAndSend(Forwarding.INCOMING, "incoming");
			Forwarder forwarder = context.getBean(Forwarder.class);
			await().atMost(PATIENCE).until(() -> forwarder.received.getCount() == 0);
			block(context, this.first, this.second);
			forwarder.blocked.countDown();
			calls = call(template);
			assertStillWaiting(calls, Duration.ofSeconds(1));
		}
		finally {
			start = System.nanoTime();
			context.close();
		}
		assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(SHUTDOWN_TIMEOUT);
		assertThat(calls).allSatisfy((call) -> assertThat(call).failsWithin(PATIENCE)
			.withThrowableOfType(ExecutionException.class)
			.withCauseInstanceOf(PublishException.class));
	}

	/**
	 * Block nodes, and publish so that they tell.
	 */
	private static void block(ConfigurableApplicationContext context, RabbitNode... nodes) {
		for (RabbitNode node : nodes) {
			node.raiseMemoryAlarm();
		}
		context.getBean(FailoverTemplate.class).convertAndSendAsync("", Publishing.QUEUE, "first to wait");
		Brokers brokers = context.getBean(Brokers.class);
		await().atMost(PATIENCE)
			.until(() -> brokers.getStatuses()
				.stream()
				.filter((status) -> status.state() == BrokerState.BLOCKED)
				.count(), (blocked) -> blocked == nodes.length);
	}

	private static List<CompletableFuture<Void>> call(FailoverTemplate template) {
		SimpleAsyncTaskExecutor threads = new SimpleAsyncTaskExecutor("caller-");
		return IntStream.range(0, CALLERS)
			.mapToObj((i) -> CompletableFuture
				.runAsync(() -> template.convertAndSend(Publishing.QUEUE, "meanwhile-" + i), threads))
			.toList();
	}

	/**
	 * For longer than the grace and the confirm time-out.
	 */
	private static void assertStillWaiting(List<CompletableFuture<Void>> calls) {
		assertStillWaiting(calls, Duration.ofSeconds(3));
	}

	private static void assertStillWaiting(List<CompletableFuture<Void>> calls, Duration time) {
		await().during(time).atMost(PATIENCE).until(() -> calls.stream().noneMatch(CompletableFuture::isDone));
	}

	private ConfigurableApplicationContext run(Class<?> application, String... properties) {
		List<String> all = new ArrayList<>(Stream.of(properties).toList());
		all.add(Applications.brokers(this.first, this.second));
		all.add("failover.publish.confirm-timeout=2s");
		// a busy machine may take long to show that a blocked broker is alive
		all.add("failover.detection.probe-timeout=5s");
		return Applications.run(application, all.toArray(String[]::new));
	}

	private RabbitNode node(Activation activation) {
		assertThat(activation).isNotNull();
		return Applications.node(activation.broker(), this.first, this.second);
	}

	@Configuration(proxyBeanMethods = false)
	static class Publishing {

		static final String QUEUE = "alarm";

		@Bean
		Queue queue() {
			return new Queue(QUEUE);
		}

	}

	@Configuration(proxyBeanMethods = false)
	static class Forwarding extends Publishing {

		static final String INCOMING = "alarm-incoming";

		@Bean
		Queue incoming() {
			return new Queue(INCOMING);
		}

		@Bean
		Forwarder forwarder(FailoverTemplate template) {
			return new Forwarder(template);
		}

	}

	/**
	 * Publishes from within a listener, as soon as the brokers are blocked.
	 */
	static class Forwarder {

		private final CountDownLatch received = new CountDownLatch(1);

		private final CountDownLatch blocked = new CountDownLatch(1);

		private final FailoverTemplate template;

		Forwarder(FailoverTemplate template) {
			this.template = template;
		}

		@RabbitListener(queues = Forwarding.INCOMING)
		void forward(String body) throws InterruptedException {
			this.received.countDown();
			if (this.blocked.await(PATIENCE.toSeconds(), TimeUnit.SECONDS)) {
				this.template.convertAndSend(Publishing.QUEUE, body);
			}
		}

	}

}
