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

package dev.failover.test;

import java.net.ConnectException;
import java.net.URI;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.MessageProperties;
import com.rabbitmq.client.PossibleAuthenticationFailureException;
import com.rabbitmq.client.ShutdownSignalException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.awaitility.Awaitility.await;

class EmbeddedBrokerTests {

	private EmbeddedBroker broker;

	@BeforeEach
	void start() {
		this.broker = EmbeddedBroker.builder().start();
	}

	@AfterEach
	void close() {
		this.broker.close();
	}

	@Test
	void deliversMessagesAndConfirms() throws Exception {
		try (Connection connection = Clients.connect(this.broker)) {
			Channel channel = connection.createChannel();
			Clients.declare(channel, "q", true);
			Clients.publishConfirmed(channel, "q", "hello", true);
			assertThat(this.broker.messageCount("q")).isOne();
			assertThat(this.broker.connectionCount()).isOne();
			assertThat(Clients.get(channel, "q")).isEqualTo("hello");
		}
		await().until(() -> this.broker.connectionCount() == 0);
	}

	@Test
	void returnsUnroutableMessagesInsteadOfClosing() throws Exception {
		try (Connection connection = Clients.connect(this.broker)) {
			Channel channel = connection.createChannel();
			CountDownLatch returned = new CountDownLatch(1);
			channel.addReturnListener((message) -> returned.countDown());
			channel.confirmSelect();
			channel.basicPublish("", "nowhere", true, MessageProperties.BASIC, new byte[0]);
			assertThat(returned.await(5, TimeUnit.SECONDS)).isTrue();
			assertThat(channel.isOpen()).isTrue();
		}
	}

	@Test
	void ignoresUnknownQueueArguments() throws Exception {
		try (Connection connection = Clients.connect(this.broker)) {
			AMQP.Queue.DeclareOk declared = connection.createChannel()
				.queueDeclare("q", true, false, false, Map.of("x-unknown", "value"));
			assertThat(declared.getQueue()).isEqualTo("q");
		}
	}

	@Test
	void tellsClientsWhenItIsStopped() throws Exception {
		Connection connection = Clients.connect(this.broker);
		this.broker.stop();
		ShutdownSignalException reason = Clients.awaitClosed(connection);
		assertThat(reason.getReason()).isInstanceOfSatisfying(AMQP.Connection.Close.class,
				(close) -> assertThat(close.getReplyCode()).isEqualTo(AMQP.CONNECTION_FORCED));
		assertThat(this.broker.isRunning()).isFalse();
		assertThatExceptionOfType(ConnectException.class).isThrownBy(() -> Clients.connect(this.broker));
	}

	@Test
	void cutsConnectionsWithoutReasonWhenItIsKilled() throws Exception {
		Connection connection = Clients.connect(this.broker);
		this.broker.kill();
		ShutdownSignalException reason = Clients.awaitClosed(connection);
		assertThat(reason.getReason()).isNull();
		assertThatExceptionOfType(ConnectException.class).isThrownBy(() -> Clients.connect(this.broker));
	}

	@Test
	void keepsDurableQueuesAndPersistentMessagesOnly() throws Exception {
		publishDurableAndTransient();
		int port = this.broker.port();
		this.broker.kill();
		this.broker.start();
		assertThat(this.broker.port()).isEqualTo(port);
		assertThat(this.broker.messageCount("durable")).isOne();
		try (Connection connection = Clients.connect(this.broker)) {
			Channel channel = connection.createChannel();
			assertThat(Clients.get(channel, "durable")).isEqualTo("kept");
			assertThat(Clients.get(channel, "durable")).isEmpty();
			assertThatExceptionOfType(Exception.class).isThrownBy(() -> channel.queueDeclarePassive("transient"));
		}
	}

	@Test
	void requeuesUnacknowledgedMessagesOfKilledConnections() throws Exception {
		publishDurableAndTransient();
		Connection connection = Clients.connect(this.broker);
		assertThat(connection.createChannel().basicGet("durable", false)).isNotNull();
		this.broker.kill();
		this.broker.start();
		assertThat(this.broker.messageCount("durable")).isOne();
	}

	@Test
	void losesEverythingOnRequest() throws Exception {
		publishDurableAndTransient();
		int port = this.broker.port();
		this.broker.restart(EmbeddedBroker.Messages.LOSE);
		assertThat(this.broker.port()).isEqualTo(port);
		assertThat(this.broker.messageCount("durable")).isZero();
		try (Connection connection = Clients.connect(this.broker)) {
			Channel channel = connection.createChannel();
			assertThatExceptionOfType(Exception.class).isThrownBy(() -> channel.queueDeclarePassive("durable"));
		}
	}

	@Test
	void hasItsOwnUsersAndVirtualHosts() throws Exception {
		try (EmbeddedBroker other = EmbeddedBroker.builder()
			.name("other")
			.user("app", "s/e c:ret")
			.user("second", "password")
			.virtualHost("orders", "/")
			.start()) {
			try (Connection first = Clients.connect(other)) {
				Clients.declare(first.createChannel(), "q", true);
				Clients.publishConfirmed(first.createChannel(), "q", "hello", true);
			}
			assertThat(other.messageCount("q")).isOne();
			assertThat(other.messageCount("/", "q")).isZero();
			assertThatExceptionOfType(PossibleAuthenticationFailureException.class).isThrownBy(
					() -> Clients.factory(URI.create("amqp://guest:guest@127.0.0.1:" + other.port())).newConnection());
			assertThat(other).hasToString("EmbeddedBroker 'other' at 127.0.0.1:" + other.port());
		}
	}

	@Test
	void cannotBeStartedOnceClosed() {
		this.broker.close();
		assertThatIllegalStateException().isThrownBy(this.broker::start);
		this.broker.stop();
		this.broker.kill();
	}

	@Test
	void survivesManyKills() throws Exception {
		for (int i = 0; i < 20; i++) {
			Connection connection = Clients.connect(this.broker);
			Channel channel = connection.createChannel();
			Clients.declare(channel, "q", true);
			Clients.publishConfirmed(channel, "q", "message " + i, true);
			this.broker.kill();
			this.broker.start();
			assertThat(this.broker.messageCount("q")).isEqualTo(i + 1);
		}
	}

	private void publishDurableAndTransient() throws Exception {
		try (Connection connection = Clients.connect(this.broker)) {
			Channel channel = connection.createChannel();
			Clients.declare(channel, "durable", true);
			Clients.declare(channel, "transient", false);
			Clients.publishConfirmed(channel, "durable", "kept", true);
			Clients.publishConfirmed(channel, "durable", "lost", false);
			Clients.publishConfirmed(channel, "transient", "lost", true);
		}
	}

}
