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
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;

import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.DefaultConsumer;
import com.rabbitmq.client.Envelope;
import com.rabbitmq.client.ShutdownSignalException;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.amqp.core.Queue;
import org.springframework.amqp.core.QueueBuilder;
import org.springframework.amqp.rabbit.annotation.RabbitListener;
import org.springframework.amqp.rabbit.connection.ConnectionFactory;
import org.springframework.amqp.rabbit.connection.ConnectionListener;
import org.springframework.boot.autoconfigure.condition.ConditionalOnProperty;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

import dev.failover.broker.BrokerStatus;
import dev.failover.broker.Brokers;
import dev.failover.listener.PullConsumer;
import dev.failover.template.FailoverTemplate;
import dev.failover.test.RabbitNode;
import dev.failover.test.junit.BrokerTest;
import dev.failover.test.junit.Rabbit;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * RabbitMQ 4.3 cancels a consumer that takes too long, and leaves its channel open. It
 * requeues at once only what had timed out itself by then: the rest, even if it was
 * delivered only milliseconds later, is requeued when the channel is closed.
 */
@BrokerTest
class ConsumerTimeoutIntegrationTests {

	private static final Duration PATIENCE = Duration.ofSeconds(60);

	private static final int TIMEOUT = 1000;

	private static final List<String> MESSAGES = IntStream.range(0, 5)
		.mapToObj((number) -> "message-" + number)
		.toList();

	@Rabbit(version = "4")
	private RabbitNode node;

	@BeforeEach
	void empty() {
		QueueOnBroker.delete(Shop.SLOW, this.node);
		QueueOnBroker.delete(Shop.OTHER, this.node);
	}

	@ParameterizedTest
	@ValueSource(strings = { "simple", "direct", "pull" })
	void consumerThatIsCancelledGoesOnAndTakesNothingWithIt(String type) {
		boolean pulls = type.equals("pull");
		try (ConfigurableApplicationContext context = Applications.run(Shop.class, Applications.brokers(this.node),
				"slow=" + (pulls ? type : "container"), "spring.rabbitmq.listener.type=" + (pulls ? "simple" : type))) {
			FailoverTemplate template = context.getBean(FailoverTemplate.class);
			Desk desk = context.getBean(Desk.class);
			Other other = context.getBean(Other.class);
			template.convertAndSend(Shop.OTHER, "before");
			Awaitility.await().atMost(PATIENCE).until(() -> other.handled.get() == 1);
			MESSAGES.forEach((message) -> template.convertAndSend(Shop.SLOW, message));
			awaitRequeued(context, pulls ? MESSAGES.size() : 1);
			desk.end.countDown();
			Awaitility.await().atMost(PATIENCE).until(() -> desk.times("message-0") > 1);
			template.convertAndSend(Shop.SLOW, "after");
			template.convertAndSend(Shop.OTHER, "after");
			Awaitility.await()
				.atMost(PATIENCE)
				.until(() -> desk.handled.keySet().containsAll(MESSAGES) && desk.times("after") > 0
						&& other.handled.get() == 2);
			Awaitility.await().atMost(PATIENCE).until(() -> this.node.administration().messageCount(Shop.SLOW) == 0);
			assertThat(other.connections).hasSize(2)
				.allMatch(Connection::isOpen)
				.containsOnly(other.connections.peek());
			assertNothingClosed(context);
		}
	}

	@ParameterizedTest
	@EnumSource
	void lateSettlingDoesNothing(Settling settling) throws Exception {
		try (ConfigurableApplicationContext context = Applications.run(Shop.class, Applications.brokers(this.node),
				"slow=none")) {
			FailoverTemplate template = context.getBean(FailoverTemplate.class);
			QueueOnBroker queue = new QueueOnBroker(this.node, Shop.SLOW);
			try (Channel channel = context.getBean(ConnectionFactory.class).createConnection().createChannel(false)) {
				Noting consumer = new Noting(channel);
				channel.basicQos(MESSAGES.size());
				channel.basicConsume(Shop.SLOW, false, consumer);
				MESSAGES.forEach((message) -> template.convertAndSend(Shop.SLOW, message));
				Awaitility.await().atMost(PATIENCE).until(() -> consumer.cancelled);
				assertThat(consumer.tags).hasSize(MESSAGES.size());
				settling.settle(channel, consumer.tags);
				template.convertAndSend(Shop.SLOW, "after");
				awaitRequeued(context, 2);
				assertThat(consumer.tags).hasSize(MESSAGES.size());
				assertThat(channel.isOpen()).isTrue();
				assertNothingClosed(context);
			}
			awaitRequeued(context, MESSAGES.size() + 1);
			assertThat(queue.drain()).hasSize(MESSAGES.size() + 1);
		}
	}

	/**
	 * What is ready when the time-out is over was requeued, or is not delivered as a
	 * message is in hand before it.
	 */
	private void awaitRequeued(ConfigurableApplicationContext context, int messages) {
		FailoverTemplate template = context.getBean(FailoverTemplate.class);
		Awaitility.await()
			.pollDelay(Duration.ofMillis(TIMEOUT))
			.atMost(PATIENCE)
			.until(() -> template.execute((channel) -> channel.messageCount(Shop.SLOW)) >= messages);
	}

	private void assertNothingClosed(ConfigurableApplicationContext context) {
		assertThat(context.getBean(Brokers.class).getStatuses()).extracting(BrokerStatus::lastFailure)
			.containsOnlyNulls();
		assertThat(context.getBean(Losses.class).connections).isEmpty();
		assertThat(this.node.logTail()).doesNotContain("Unsolicited");
	}

	enum Settling {

		ACK, ACK_ALL, ACK_EVERYTHING, NACK_ALL, REJECT, DISCARD;

		void settle(Channel channel, Iterable<Long> tags) throws IOException {
			long last = 0;
			for (long tag : tags) {
				last = tag;
				switch (this) {
					case ACK -> channel.basicAck(tag, false);
					case REJECT -> channel.basicReject(tag, true);
					case DISCARD -> channel.basicReject(tag, false);
					default -> {
					}
				}
			}
			switch (this) {
				case ACK_ALL -> channel.basicAck(last, true);
				case ACK_EVERYTHING -> channel.basicAck(0, true);
				case NACK_ALL -> channel.basicNack(last, true, true);
				default -> {
				}
			}
		}

	}

	private static final class Noting extends DefaultConsumer {

		private final ConcurrentLinkedQueue<Long> tags = new ConcurrentLinkedQueue<>();

		private volatile boolean cancelled;

		private Noting(Channel channel) {
			super(channel);
		}

		@Override
		public void handleDelivery(String consumerTag, Envelope envelope, AMQP.BasicProperties properties,
				byte[] body) {
			this.tags.add(envelope.getDeliveryTag());
		}

		@Override
		public void handleCancel(String consumerTag) {
			this.cancelled = true;
		}

	}

	@Configuration(proxyBeanMethods = false)
	static class Shop {

		static final String SLOW = "slow";

		static final String OTHER = "other";

		@Bean
		Queue slow() {
			return QueueBuilder.durable(SLOW).quorum().withArgument("x-consumer-timeout", TIMEOUT).build();
		}

		@Bean
		Queue other() {
			return new Queue(OTHER);
		}

		@Bean
		Desk desk() {
			return new Desk();
		}

		@Bean
		@ConditionalOnProperty(name = "slow", havingValue = "container")
		Listener listener(Desk desk) {
			return new Listener(desk);
		}

		@Bean
		@ConditionalOnProperty(name = "slow", havingValue = "pull")
		PullConsumer pull(ConnectionFactory connectionFactory, Brokers brokers, Desk desk) {
			return new PullConsumer(connectionFactory, brokers, SLOW,
					(message) -> desk.handle(new String(message.getBody())));
		}

		@Bean
		Other otherDesk() {
			return new Other();
		}

		@Bean
		Losses losses(ConnectionFactory connectionFactory) {
			Losses losses = new Losses();
			connectionFactory.addConnectionListener(losses);
			return losses;
		}

	}

	/**
	 * Is slow with the first message.
	 */
	static class Desk {

		final Map<String, AtomicInteger> handled = new ConcurrentHashMap<>();

		final CountDownLatch end = new CountDownLatch(1);

		void handle(String message) {
			try {
				this.end.await();
			}
			catch (InterruptedException ex) {
				Thread.currentThread().interrupt();
			}
			this.handled.computeIfAbsent(message, (key) -> new AtomicInteger()).incrementAndGet();
		}

		int times(String message) {
			return this.handled.getOrDefault(message, new AtomicInteger()).get();
		}

	}

	static class Listener {

		private final Desk desk;

		Listener(Desk desk) {
			this.desk = desk;
		}

		@RabbitListener(queues = Shop.SLOW)
		void handle(String message) {
			this.desk.handle(message);
		}

	}

	static class Other {

		final AtomicInteger handled = new AtomicInteger();

		final ConcurrentLinkedQueue<Connection> connections = new ConcurrentLinkedQueue<>();

		@RabbitListener(queues = Shop.OTHER)
		void handle(String message, Channel channel) {
			this.connections.add(channel.getConnection());
			this.handled.incrementAndGet();
		}

	}

	/**
	 * Notes connections that end while the application runs.
	 */
	static class Losses implements ConnectionListener {

		final ConcurrentLinkedQueue<Object> connections = new ConcurrentLinkedQueue<>();

		@Override
		public void onCreate(org.springframework.amqp.rabbit.connection.Connection connection) {
		}

		@Override
		public void onShutDown(ShutdownSignalException signal) {
			this.connections.add(signal);
		}

	}

}
