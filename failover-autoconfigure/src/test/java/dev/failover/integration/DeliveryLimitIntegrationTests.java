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
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.ConnectionFactory;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import dev.failover.test.FaultProxy;
import dev.failover.test.RabbitNode;
import dev.failover.test.junit.BrokerTest;
import dev.failover.test.junit.EachRabbit;
import dev.failover.test.junit.Rabbit;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Which ways back to a quorum queue its delivery limit counts.
 */
@BrokerTest
@ParameterizedClass
@EachRabbit
class DeliveryLimitIntegrationTests {

	private static final Duration PATIENCE = Duration.ofSeconds(30);

	private static final String QUEUE = "limited";

	private static final String DROPPED = "limited-dropped";

	private static final int LIMIT = 2;

	private static final int ROUNDS = 6;

	@Parameter
	private String version;

	@Rabbit
	private RabbitNode node;

	@BeforeEach
	void empty() {
		QueueOnBroker.delete(QUEUE, this.node);
		QueueOnBroker.declareNew(DROPPED, this.node);
	}

	@ParameterizedTest
	@EnumSource
	void messageIsDroppedIfItWentBackTooOften(Way way) throws Exception {
		try (FaultProxy proxy = FaultProxy.to(this.node);
				Connection connection = connect(this.node.port());
				Channel channel = connection.createChannel()) {
			channel.queueDeclare(QUEUE, true, false, false, Map.of("x-queue-type", "quorum", "x-delivery-limit", LIMIT,
					"x-dead-letter-exchange", "", "x-dead-letter-routing-key", DROPPED));
			channel.confirmSelect();
			channel.basicPublish("", QUEUE, null, "message".getBytes());
			channel.waitForConfirmsOrDie(PATIENCE.toMillis());
			int rounds = 0;
			while (rounds < ROUNDS && isThere(channel)) {
				giveBack(way, proxy);
				rounds++;
			}
			boolean counts = this.version.startsWith("3") || way.counts;
			assertThat(rounds).isEqualTo(counts ? LIMIT + 1 : ROUNDS);
		}
	}

	private static boolean isThere(Channel channel) throws IOException {
		Awaitility.await()
			.atMost(PATIENCE)
			.until(() -> channel.messageCount(QUEUE) + channel.messageCount(DROPPED) == 1);
		return channel.messageCount(QUEUE) == 1;
	}

	private void giveBack(Way way, FaultProxy proxy) throws Exception {
		Connection connection = connect(proxy.port());
		try {
			Channel channel = connection.createChannel();
			CompletableFuture<Long> delivered = new CompletableFuture<>();
			String consumer = channel.basicConsume(QUEUE, false,
					(tag, delivery) -> delivered.complete(delivery.getEnvelope().getDeliveryTag()), (tag) -> {
					});
			long tag = delivered.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
			channel.basicCancel(consumer);
			switch (way) {
				case NACK -> channel.basicNack(tag, false, true);
				case REJECT -> channel.basicReject(tag, true);
				case RECOVER -> channel.basicRecover(true);
				case CHANNEL_CLOSED -> channel.close();
				case CONNECTION_CLOSED -> connection.close();
				case CONNECTION_LOST -> proxy.cut();
			}
		}
		finally {
			connection.abort();
		}
	}

	private Connection connect(int port) throws Exception {
		ConnectionFactory factory = new ConnectionFactory();
		factory.setHost(this.node.host());
		factory.setPort(port);
		factory.setUsername(this.node.username());
		factory.setPassword(this.node.password());
		factory.setVirtualHost(this.node.virtualHost());
		factory.setAutomaticRecoveryEnabled(false);
		return factory.newConnection();
	}

	enum Way {

		NACK(false), RECOVER(false), REJECT(true), CHANNEL_CLOSED(true), CONNECTION_CLOSED(true), CONNECTION_LOST(true);

		private final boolean counts;

		Way(boolean counts) {
			this.counts = counts;
		}

	}

}
