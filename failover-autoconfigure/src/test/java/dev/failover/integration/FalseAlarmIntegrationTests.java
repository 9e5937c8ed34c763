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

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

import com.rabbitmq.client.Channel;
import com.rabbitmq.client.DefaultConsumer;
import com.rabbitmq.client.ShutdownSignalException;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.amqp.rabbit.annotation.RabbitListener;
import org.springframework.amqp.rabbit.connection.ConnectionFactory;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.event.EventListener;
import org.springframework.core.task.SimpleAsyncTaskExecutor;

import dev.failover.broker.Broker;
import dev.failover.broker.BrokerEvent;
import dev.failover.broker.BrokerState;
import dev.failover.broker.BrokerStatus;
import dev.failover.broker.Brokers;
import dev.failover.template.FailoverTemplate;
import dev.failover.test.RabbitNode;
import dev.failover.test.junit.BrokerTest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * What must not be taken for a broker that has failed, and a broker that fails again and
 * again.
 */
@BrokerTest
class FalseAlarmIntegrationTests {

	private static final Duration PATIENCE = Duration.ofSeconds(60);

	private static final int BIG_MESSAGES = 5;

	@North
	private RabbitNode first;

	@South
	private RabbitNode second;

	@BeforeEach
	void declareQueues() {
		new QueueOnBroker(this.first, SteadyApplication.QUEUE).declare();
		new QueueOnBroker(this.second, SteadyApplication.QUEUE).declare();
	}

	@Test
	void slowConsumerOfBigMessagesIsNoFailure() {
		byte[] body = new byte[4 * 1024 * 1024];
		try (ConfigurableApplicationContext context = Applications.run(SlowConsumer.class,
				Applications.brokers(this.first, this.second))) {
			FailoverTemplate template = context.getBean(FailoverTemplate.class);
			SlowConsumer consumer = context.getBean(SlowConsumer.class);
			for (int i = 0; i < BIG_MESSAGES; i++) {
				template.convertAndSend(SteadyApplication.QUEUE, body);
			}
			await().atMost(PATIENCE).until(() -> consumer.received.get() == BIG_MESSAGES);
			assertThat(consumer.alarms).isEmpty();
		}
	}

	@Test
	void connectionThatIsClosedForAMistakeIsNoFailure() throws Exception {
		try (ConfigurableApplicationContext context = Applications.run(Consumer.class,
				Applications.brokers(this.first, this.second))) {
			FailoverTemplate template = context.getBean(FailoverTemplate.class);
			Consumer consumer = context.getBean(Consumer.class);
			Brokers brokers = context.getBean(Brokers.class);
			ConnectionFactory consumers = context.getBean(ConnectionFactory.class);
			ConnectionFactory publishers = consumers.getPublisherConnectionFactory();
			template.convertAndSend(SteadyApplication.QUEUE, new byte[0]);
			await().atMost(PATIENCE).until(() -> consumer.received.get() == 1);
			Broker active = brokers.getActive();
			for (ConnectionFactory used : List.of(consumers, publishers)) {
				// the flag immediate, which RabbitMQ does not implement
				makeMistake(used, 540,
						(channel) -> channel.basicPublish("", SteadyApplication.QUEUE, false, true, null, new byte[0]));
				makeMistake(used, 530, (channel) -> {
					channel.basicConsume(channel.queueDeclare().getQueue(), true, "tag", new DefaultConsumer(channel));
					channel.basicConsume(channel.queueDeclare().getQueue(), true, "tag", new DefaultConsumer(channel));
				});
				int before = consumer.received.get();
				template.convertAndSend(SteadyApplication.QUEUE, new byte[0]);
				await().atMost(PATIENCE).until(() -> consumer.received.get() == before + 1);
			}
			assertThat(brokers.getActive()).isEqualTo(active);
			assertThat(brokers.getStatuses()).extracting(BrokerStatus::lastFailure).containsOnlyNulls();
			assertThat(consumer.alarms).isEmpty();
		}
	}

	private static void makeMistake(ConnectionFactory connectionFactory, int code, Mistake mistake) throws Exception {
		Channel channel = connectionFactory.createConnection().getDelegate().createChannel();
		CompletableFuture<ShutdownSignalException> end = new CompletableFuture<>();
		channel.addShutdownListener(end::complete);
		try {
			mistake.make(channel);
		}
		catch (IOException ex) {
			assertThat(ex).hasCauseInstanceOf(ShutdownSignalException.class);
		}
		assertThat(end.get(PATIENCE.toSeconds(), TimeUnit.SECONDS)).hasMessageContaining("reply-code=" + code);
	}

	@Test
	void applicationThatWasStoppedForAWhileStaysWhereItIs() throws Exception {
		Process application = new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "java").toString(),
				"-cp", System.getProperty("java.class.path"), SteadyApplication.class.getName(),
				Applications.brokers(this.first, this.second))
			.redirectErrorStream(true)
			.start();
		try (BufferedReader reader = application.inputReader()) {
			Queue<String> output = new ConcurrentLinkedQueue<>();
			new SimpleAsyncTaskExecutor("output-").execute(() -> reader.lines().forEach(output::add));
			awaitLines(output, 5);
			signal(application, "STOP");
			CountDownLatch never = new CountDownLatch(1);
			assertThat(never.await(5, TimeUnit.SECONDS)).isFalse();
			signal(application, "CONT");
			awaitLines(output, count(output) + 30);
			assertThat(output).noneMatch((line) -> line.startsWith(SteadyApplication.ALARM));
		}
		finally {
			application.destroyForcibly();
			assertThat(application.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS)).isTrue();
		}
	}

	private static void awaitLines(Queue<String> output, long confirmed) {
		await().atMost(PATIENCE)
			.untilAsserted(() -> assertThat(count(output)).as("%s", output).isGreaterThanOrEqualTo(confirmed));
	}

	private static long count(Queue<String> output) {
		return output.stream().filter(SteadyApplication.CONFIRMED::equals).count();
	}

	private static void signal(Process process, String name) throws Exception {
		Process kill = new ProcessBuilder("/bin/sh", "-c", "kill -%s %d".formatted(name, process.pid())).start();
		assertThat(kill.waitFor(10, TimeUnit.SECONDS)).isTrue();
		assertThat(kill.exitValue()).isZero();
	}

	@Test
	void brokerThatComesAndGoesIsHeldBackLongerEachTime() {
		try (ProxiedNode stable = ProxiedNode.plain(this.first);
				ProxiedNode flapping = ProxiedNode.plain(this.second);
				ConfigurableApplicationContext context = Applications.run(Alarms.class,
						"failover.brokers=%s;%s".formatted(stable.uri(), flapping.uri()), "failover.strategy=priority",
						"failover.connect.race-delay=0", "failover.detection.probe-interval=200ms")) {
			Brokers brokers = context.getBean(Brokers.class);
			context.getBean(FailoverTemplate.class).convertAndSend(SteadyApplication.QUEUE, "before");
			assertThat(stable.isActive(brokers)).isTrue();
			await().atMost(PATIENCE).until(() -> state(flapping, brokers), BrokerState.UP::equals);
			Duration once = heldBack(flapping, brokers);
			Duration again = heldBack(flapping, brokers);
			assertThat(once).isGreaterThan(Duration.ofSeconds(4));
			assertThat(again).isGreaterThan(Duration.ofSeconds(9));
			assertThat(stable.isActive(brokers)).isTrue();
		}
	}

	/**
	 * Let the broker go and come back, and wait until it may be used again.
	 */
	private static Duration heldBack(ProxiedNode node, Brokers brokers) {
		await().atMost(PATIENCE).until(() -> node.proxy().openConnections() > 0);
		node.proxy().refuse();
		node.proxy().cut();
		await().atMost(PATIENCE).until(() -> state(node, brokers), BrokerState.DOWN::equals);
		long failed = System.nanoTime();
		node.proxy().pass();
		await().atMost(PATIENCE).until(() -> state(node, brokers), BrokerState.UP::equals);
		return Duration.ofNanos(System.nanoTime() - failed);
	}

	private static BrokerState state(ProxiedNode node, Brokers brokers) {
		return brokers.getStatus(node.name(brokers)).orElseThrow().state();
	}

	/**
	 * Collects what must not happen.
	 */
	@Configuration(proxyBeanMethods = false)
	static class Alarms {

		final Queue<BrokerEvent> alarms = new ConcurrentLinkedQueue<>();

		@EventListener
		void on(BrokerEvent event) {
			if (isAlarm(event)) {
				this.alarms.add(event);
			}
		}

		static boolean isAlarm(BrokerEvent event) {
			return event instanceof BrokerEvent.Lost
					|| (event instanceof BrokerEvent.StateChanged changed && changed.failure() != null);
		}

	}

	@Configuration(proxyBeanMethods = false)
	static class Consumer extends Alarms {

		final AtomicInteger received = new AtomicInteger();

		@RabbitListener(queues = SteadyApplication.QUEUE)
		void receive(byte[] body) {
			this.received.incrementAndGet();
		}

	}

	@Configuration(proxyBeanMethods = false)
	static class SlowConsumer extends Alarms {

		final AtomicInteger received = new AtomicInteger();

		private final CountDownLatch never = new CountDownLatch(1);

		@RabbitListener(queues = SteadyApplication.QUEUE)
		void receive(byte[] body) throws InterruptedException {
			this.never.await(1, TimeUnit.SECONDS);
			this.received.incrementAndGet();
		}

	}

	@FunctionalInterface
	private interface Mistake {

		void make(Channel channel) throws IOException;

	}

}
