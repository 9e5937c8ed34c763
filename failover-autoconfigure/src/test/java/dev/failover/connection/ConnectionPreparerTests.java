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

package dev.failover.connection;

import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;

import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.DefaultConsumer;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

import dev.failover.broker.Broker;
import dev.failover.broker.BrokerFailure;
import dev.failover.broker.FailureReason;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests for {@link ConnectionPreparer} with embedded brokers behind proxies.
 */
class ConnectionPreparerTests {

	private final ProxiedBrokers brokers = new ProxiedBrokers(ProxiedBrokers.PATIENT);

	private final List<String> calls = new CopyOnWriteArrayList<>();

	@AfterEach
	void stop() {
		this.brokers.close();
	}

	@Test
	void preparersRunInOrderBeforeTheBrokerIsActive() throws Exception {
		this.brokers.factory.addPreparer((opened) -> this.calls.add("first " + this.brokers.active()));
		this.brokers.factory.addPreparer((opened) -> this.calls.add("second " + opened.broker().name()));
		try (Connection connection = this.brokers.factory.newConnection()) {
			assertThat(connection.isOpen()).isTrue();
			assertThat(this.calls).containsExactly("first none", "second one");
			assertThat(this.brokers.active()).isEqualTo("one");
		}
	}

	@Test
	void preparerMayWorkWithTheConnection() throws Exception {
		this.brokers.factory.addPreparer((opened) -> {
			Channel channel = opened.connection().createChannel();
			channel.queueDeclare("prepared", false, false, true, null);
		});
		try (Connection connection = this.brokers.factory.newConnection()) {
			connection.createChannel().queueDeclarePassive("prepared");
		}
	}

	@Test
	void furtherConnectionsToTheActiveBrokerAreNotPrepared() throws Exception {
		this.brokers.factory.addPreparer((opened) -> this.calls.add(opened.broker().name()));
		this.brokers.factory.newConnection();
		this.brokers.factory.newConnection();
		this.brokers.factory.checkAll();
		assertThat(this.calls).containsExactly("one");
	}

	@Test
	@DisplayName("Behaviour 26: declaring is part of what is repeated")
	void brokerThatCannotBePreparedHasFailedAndTheNextOneIsTaken() throws Exception {
		this.brokers.factory.addPreparer((opened) -> {
			if (opened.broker().name().equals("one")) {
				throw new IOException("no topology for one");
			}
		});
		try (Connection connection = this.brokers.factory.newConnection()) {
			assertThat(connection.getPort()).isEqualTo(this.brokers.two.port());
			BrokerFailure failure = this.brokers.status("one").lastFailure();
			assertThat(failure.reason()).isEqualTo(FailureReason.NOT_PREPARED);
			assertThat(failure.description()).contains("no topology for one");
			Awaitility.await().atMost(ProxiedBrokers.PATIENCE).until(() -> this.brokers.one.openConnections() == 0);
		}
	}

	@Test
	void connectionToABrokerBesideTheActiveOneIsPrepared() throws Exception {
		this.brokers.factory.addPreparer((opened) -> {
			this.calls.add(opened.broker().name());
			if (opened.broker().name().equals("three")) {
				throw new IOException("no topology for three");
			}
		});
		Channel channel = this.brokers.factory.newConnection().createChannel();
		channel.queueDeclare("beside", false, false, true, null);
		channel.basicConsume("beside", new DefaultConsumer(channel));
		List<Broker> all = this.brokers.brokers.getAll();
		this.brokers.factory.getConsumerAccess().consumeBeside(Set.of(all.get(1), all.get(2)));
		Awaitility.await().atMost(ProxiedBrokers.PATIENCE).until(() -> this.calls.containsAll(List.of("two", "three")));
		Awaitility.await()
			.atMost(ProxiedBrokers.PATIENCE)
			.until(() -> this.brokers.status("three").lastFailure() != null);
		assertThat(this.brokers.active()).isEqualTo("one");
		assertThat(this.brokers.status("three").lastFailure().reason()).isEqualTo(FailureReason.NOT_PREPARED);
	}

	@Test
	void channelThatTheBrokerClosesIsAFailedPreparation() throws Exception {
		this.brokers.factory.addPreparer((opened) -> {
			if (opened.broker().name().equals("one")) {
				opened.connection().createChannel().queueDeclarePassive("missing");
			}
		});
		this.brokers.factory.newConnection();
		assertThat(this.brokers.active()).isEqualTo("two");
		assertThat(this.brokers.status("one").lastFailure().reason()).isEqualTo(FailureReason.NOT_PREPARED);
	}

	@Test
	void preparerThatDoesNotEndHasTheConnectTimeOut() throws Exception {
		try (ProxiedBrokers hasty = new ProxiedBrokers(
				new ConnectSettings(Duration.ofSeconds(2), Duration.ZERO, false))) {
			hasty.factory.addPreparer((opened) -> {
				if (opened.broker().name().equals("one")) {
					hasty.one.blackHole();
					opened.connection().createChannel();
				}
			});
			hasty.factory.newConnection();
			assertThat(hasty.active()).isEqualTo("two");
			assertThat(hasty.status("one").lastFailure().reason()).isEqualTo(FailureReason.TIMEOUT);
		}
	}

}
