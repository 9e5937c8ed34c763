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
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

import com.rabbitmq.client.AMQP.BasicProperties;
import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.ConnectionFactory;
import com.rabbitmq.client.Delivery;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.amqp.core.Message;
import org.springframework.amqp.core.MessageBuilder;
import org.springframework.amqp.core.MessageProperties;
import org.springframework.amqp.core.Queue;
import org.springframework.amqp.rabbit.listener.SimpleMessageListenerContainer;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

import dev.failover.broker.Brokers;
import dev.failover.connection.PlannedMoves;
import dev.failover.template.FailoverTemplate;
import dev.failover.test.RabbitNode;
import dev.failover.test.junit.BrokerTest;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * An application that waits for replies, and is moved meanwhile.
 */
@BrokerTest
class RequestPlannedMoveIntegrationTests {

	private static final String REQUESTS = "moved.requests";

	private static final String REPLIES = "moved.replies";

	/**
	 * Longer than a drain takes that finds all queues empty.
	 */
	private static final long SLOW_MILLIS = 5000;

	@North
	private RabbitNode first;

	@South
	private RabbitNode second;

	@BeforeEach
	void declare() {
		QueueOnBroker.declareNew(REQUESTS, this.first, this.second);
	}

	@Test
	void requestsInFlightEndOnTheOldBrokerAndNewOnesGoToTheNewOne() throws Exception {
		try (Replier onFirst = new Replier(this.first, 200);
				Replier onSecond = new Replier(this.second, 200);
				ConfigurableApplicationContext context = Applications.run(Requesting.class,
						Applications.brokers(this.first, this.second), "failover.move.timeout=60s",
						"spring.rabbitmq.template.reply-timeout=60s")) {
			FailoverTemplate template = context.getBean(FailoverTemplate.class);
			Senders senders = Senders.start(4, 20,
					(order) -> assertThat(template.convertSendAndReceive(REQUESTS, order)).isEqualTo("done"));
			try (senders) {
				senders.awaitThird();
				String left = context.getBean(Brokers.class).getActive().name();
				Applications.move(context);
				for (int i = 0; i < 5; i++) {
					requestAfterTheMove(template);
				}
				context.getBean(PlannedMoves.class).disable(left).get(30, TimeUnit.SECONDS);
				senders.awaitEnd();
			}
			assertThat(senders.errors()).isEmpty();
			assertThat(List.of(onFirst.served.contains("after"), onSecond.served.contains("after")))
				.as("one broker is left alone after the move")
				.containsOnlyOnce(true);
			List<String> served = new ArrayList<>(onFirst.served);
			served.addAll(onSecond.served);
			served.removeIf("after"::equals);
			assertThat(served).containsExactlyInAnyOrderElementsOf(senders.sent());
			Awaitility.await("channels are kept again").atMost(Duration.ofSeconds(30)).until(() -> {
				requestAfterTheMove(template);
				return template.isRunning();
			});
		}
	}

	@Test
	void replyToAFixedQueueIsWaitedForOnTheOldBroker() throws Exception {
		try (Replier onFirst = new Replier(this.first, SLOW_MILLIS);
				Replier onSecond = new Replier(this.second, SLOW_MILLIS);
				ConfigurableApplicationContext context = Applications.run(RequestingWithFixedQueue.class,
						Applications.brokers(this.first, this.second), "failover.move.timeout=60s",
						"spring.rabbitmq.template.reply-timeout=60s")) {
			FailoverTemplate template = context.getBean(FailoverTemplate.class);
			CompletableFuture<Object> reply = CompletableFuture
				.supplyAsync(() -> template.convertSendAndReceive(REQUESTS, "slow"));
			Awaitility.await()
				.atMost(Duration.ofSeconds(30))
				.until(() -> onFirst.served.size() + onSecond.served.size() == 1);
			Applications.move(context);
			assertThat(reply.get(60, TimeUnit.SECONDS)).isEqualTo("done");
			assertThat(onFirst.served.size() + onSecond.served.size()).isEqualTo(1);
		}
	}

	private static void requestAfterTheMove(FailoverTemplate template) {
		Message request = MessageBuilder.withBody("after".getBytes())
			.setReplyTo("mine")
			.setCorrelationId("my-id")
			.build();
		Message reply = template.sendAndReceive(REQUESTS, request);
		assertThat(reply).isNotNull();
		assertThat(reply.getMessageProperties())
			.extracting(MessageProperties::getReplyTo, MessageProperties::getCorrelationId)
			.containsExactly("mine", "my-id");
	}

	@Configuration(proxyBeanMethods = false)
	static class Requesting {

	}

	@Configuration(proxyBeanMethods = false)
	static class RequestingWithFixedQueue {

		@Bean
		Queue replies() {
			return new Queue(REPLIES);
		}

		@Bean
		SimpleMessageListenerContainer replyContainer(
				org.springframework.amqp.rabbit.connection.ConnectionFactory connectionFactory,
				FailoverTemplate template) {
			template.setReplyAddress(REPLIES);
			SimpleMessageListenerContainer container = new SimpleMessageListenerContainer(connectionFactory);
			container.setQueueNames(REPLIES);
			container.setMessageListener(template);
			return container;
		}

	}

	/**
	 * Replies to requests on one broker, each a while after it has come.
	 */
	private static final class Replier implements AutoCloseable {

		private final List<String> served = new CopyOnWriteArrayList<>();

		private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor();

		private final Connection connection;

		private final Channel channel;

		Replier(RabbitNode node, long millis) throws Exception {
			ConnectionFactory factory = new ConnectionFactory();
			factory.setUri(node.uri());
			this.connection = factory.newConnection();
			this.channel = this.connection.createChannel();
			this.channel.basicConsume(REQUESTS, true, (tag, delivery) -> {
				this.served.add(new String(delivery.getBody()));
				this.timer.schedule(() -> reply(delivery), millis, TimeUnit.MILLISECONDS);
			}, (tag) -> {
			});
		}

		private Object reply(Delivery request) throws Exception {
			BasicProperties properties = new BasicProperties.Builder().contentType("text/plain")
				.correlationId(request.getProperties().getCorrelationId())
				.build();
			this.channel.basicPublish("", request.getProperties().getReplyTo(), properties, "done".getBytes());
			return request;
		}

		@Override
		public void close() throws IOException {
			this.timer.shutdownNow();
			this.connection.close();
		}

	}

}
