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

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;

import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.CancelCallback;
import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.ConnectionFactory;
import com.rabbitmq.client.GetResponse;
import org.awaitility.core.ConditionTimeoutException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Configuration;

import dev.failover.broker.BrokerEvent;
import dev.failover.broker.Brokers;
import dev.failover.template.FailoverTemplate;
import dev.failover.template.PublishException;
import dev.failover.test.RabbitNode;
import dev.failover.test.junit.EachRabbit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.awaitility.Awaitility.await;

/**
 * Tests what differs between versions of RabbitMQ, as the page on compatibility says.
 */
@ParameterizedClass
@EachRabbit
class RabbitVersionsIntegrationTests {

	private static final String QUEUE = "differences";

	private static final int DELIVERIES = 40;

	@Parameter
	private String version;

	@North
	private RabbitNode node;

	@South
	private RabbitNode other;

	private Connection connection;

	private Channel channel;

	@BeforeEach
	void connect() throws Exception {
		ConnectionFactory factory = new ConnectionFactory();
		factory.setUri(this.node.uri());
		factory.setAutomaticRecoveryEnabled(false);
		this.connection = factory.newConnection();
		this.channel = this.connection.createChannel();
	}

	@AfterEach
	void close() {
		this.connection.abort();
	}

	@Test
	void messageOfMoreThanSixteenMebibytesIsRefusedByVersion4AndLeavesNoBroker() throws Exception {
		this.channel.queueDeclare(QUEUE, true, false, false, Map.of());
		byte[] body = new byte[(16 << 20) + 1];
		try (ConfigurableApplicationContext context = Applications.run(Empty.class,
				Applications.brokers(this.node, this.other))) {
			FailoverTemplate template = context.getBean(FailoverTemplate.class);
			template.convertAndSend(QUEUE, "small");
			Brokers brokers = context.getBean(Brokers.class);
			List<BrokerEvent> failures = new CopyOnWriteArrayList<>();
			brokers.addListener((event) -> {
				if (event instanceof BrokerEvent.Lost) {
					failures.add(event);
				}
			});
			if (isVersion3()) {
				template.convertAndSend(QUEUE, body);
			}
			else {
				assertThatExceptionOfType(PublishException.class).isThrownBy(() -> template.convertAndSend(QUEUE, body))
					.withStackTraceContaining("is larger than configured max size 16777216");
			}
			template.convertAndSend(QUEUE, "small");
			assertThat(failures).isEmpty();
		}
		assertThat(this.channel.messageCount(QUEUE)).isEqualTo(isVersion3() ? 3 : 2);
	}

	@Test
	void quorumQueueOfVersion4DropsWhatIsRejectedTwentyTimes() throws Exception {
		this.channel.queueDeclare(QUEUE, true, false, false, Map.of("x-queue-type", "quorum"));
		assertThat(deliveries((tag) -> this.channel.basicReject(tag, true))).isEqualTo(isVersion3() ? DELIVERIES : 21);
		this.channel.queuePurge(QUEUE);
		assertThat(deliveries((tag) -> this.channel.basicNack(tag, false, true))).isEqualTo(DELIVERIES);
	}

	@Test
	void globalPrefetchOfVersion4CountsForEachConsumer() throws Exception {
		this.channel.queueDeclare(QUEUE, true, false, false, Map.of());
		AtomicInteger delivered = new AtomicInteger();
		this.channel.basicQos(1, true);
		for (int consumer = 0; consumer < 2; consumer++) {
			this.channel.basicConsume(QUEUE, false, (tag, delivery) -> delivered.incrementAndGet(),
					(CancelCallback) (tag) -> {
					});
		}
		publish(10);
		int expected = isVersion3() ? 1 : 2;
		await().during(Duration.ofMillis(500)).atMost(Duration.ofSeconds(15)).until(() -> delivered.get() == expected);
	}

	@Test
	void replyToARequesterThatIsGoneIsConfirmedByVersion4() throws Exception {
		this.channel.queueDeclare(QUEUE, true, false, false, Map.of());
		Channel requester = this.connection.createChannel();
		requester.basicConsume("amq.rabbitmq.reply-to", true, (tag, delivery) -> {
		}, (CancelCallback) (tag) -> {
		});
		requester.basicPublish("", QUEUE, new AMQP.BasicProperties.Builder().replyTo("amq.rabbitmq.reply-to").build(),
				new byte[0]);
		await().atMost(Duration.ofSeconds(15)).until(() -> this.channel.messageCount(QUEUE) == 1);
		String replyTo = this.channel.basicGet(QUEUE, true).getProps().getReplyTo();
		requester.close();
		List<Integer> returned = new CopyOnWriteArrayList<>();
		this.channel.addReturnListener((message) -> returned.add(message.getReplyCode()));
		this.channel.confirmSelect();
		this.channel.basicPublish("", replyTo, true, null, "reply".getBytes(StandardCharsets.UTF_8));
		this.channel.waitForConfirmsOrDie(15_000);
		if (isVersion3()) {
			assertThat(returned).containsExactly(312);
		}
		else {
			assertThat(returned).isEmpty();
		}
	}

	/**
	 * Return how often a message is delivered that is given back each time. One that is
	 * given back is there again a moment later.
	 */
	private int deliveries(Settling settling) throws Exception {
		publish(1);
		for (int delivery = 0; delivery < DELIVERIES; delivery++) {
			GetResponse response;
			try {
				response = await().atMost(Duration.ofSeconds(5))
					.pollDelay(Duration.ZERO)
					.pollInterval(Duration.ofMillis(10))
					.until(() -> this.channel.basicGet(QUEUE, false), Objects::nonNull);
			}
			catch (ConditionTimeoutException ex) {
				return delivery;
			}
			settling.settle(response.getEnvelope().getDeliveryTag());
		}
		return DELIVERIES;
	}

	private void publish(int count) throws Exception {
		this.channel.confirmSelect();
		for (int i = 0; i < count; i++) {
			this.channel.basicPublish("", QUEUE, null, new byte[0]);
		}
		this.channel.waitForConfirmsOrDie(15_000);
	}

	private boolean isVersion3() {
		return this.version.startsWith("3.");
	}

	private interface Settling {

		void settle(long deliveryTag) throws Exception;

	}

	@Configuration(proxyBeanMethods = false)
	static class Empty {

	}

}
