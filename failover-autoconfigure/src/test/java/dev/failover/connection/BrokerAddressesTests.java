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
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.UnknownHostException;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;

import com.rabbitmq.client.AuthenticationFailureException;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.ConnectionFactory;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

import dev.failover.broker.Broker;
import dev.failover.broker.BrokerState;
import dev.failover.broker.BrokerStatus;
import dev.failover.broker.Brokers;
import dev.failover.broker.FailureReason;
import dev.failover.strategy.RoundRobinStrategy;
import dev.failover.test.EmbeddedBroker;
import dev.failover.test.FaultProxy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

/**
 * Tests for brokers whose host has several addresses. The broker listens on the last one.
 */
class BrokerAddressesTests {

	private static final Duration PATIENCE = Duration.ofSeconds(20);

	private static final String HOST = "broker.example.com";

	private final EmbeddedBroker embedded = EmbeddedBroker.builder().start();

	private final FaultProxy proxy = FaultProxy.to(this.embedded);

	private final ConnectionFactory target = new ConnectionFactory();

	private final AtomicInteger resolved = new AtomicInteger();

	private Brokers brokers;

	private FailoverConnectionFactory factory;

	@AfterEach
	void stop() {
		this.factory.close();
		this.proxy.close();
		this.embedded.close();
	}

	private void create(Duration timeout, Duration raceDelay, int... lastBytes) {
		Broker broker = Broker.of("one", HOST, this.proxy.port()).withVirtualHost(this.embedded.virtualHost());
		this.target.setUsername(this.embedded.username());
		this.target.setPassword(this.embedded.password());
		this.target.setVirtualHost(broker.virtualHost());
		this.target.setAutomaticRecoveryEnabled(false);
		this.brokers = new Brokers(List.of(broker), Clock.systemUTC());
		this.factory = new FailoverConnectionFactory(this.brokers, new RoundRobinStrategy(), (any) -> this.target,
				new ConnectSettings(timeout, raceDelay, false), (host) -> resolve(host, lastBytes));
	}

	private InetAddress[] resolve(String host, int... lastBytes) throws UnknownHostException {
		assertThat(host).isEqualTo(HOST);
		this.resolved.incrementAndGet();
		InetAddress[] addresses = new InetAddress[lastBytes.length];
		for (int i = 0; i < addresses.length; i++) {
			addresses[i] = InetAddress.getByAddress(host, new byte[] { 127, 0, 0, (byte) lastBytes[i] });
		}
		return addresses;
	}

	/**
	 * Return a listener that accepts connections and says nothing.
	 */
	private ServerSocket silent(int lastByte) throws IOException {
		ServerSocket server = new ServerSocket();
		server.setReuseAddress(true);
		server.bind(new InetSocketAddress(InetAddress.getByAddress(new byte[] { 127, 0, 0, (byte) lastByte }),
				this.proxy.port()));
		return server;
	}

	@Test
	void addressThatRefusesIsFollowedByTheNextAtOnce() throws Exception {
		create(PATIENCE, PATIENCE, 2, 3, 1);
		try (Connection connection = this.factory.newConnection("named")) {
			assertThat(connection.getAddress().getHostAddress()).isEqualTo("127.0.0.1");
			assertThat(connection.getAddress().getHostName()).isEqualTo(HOST);
			assertThat(connection.getClientProvidedName()).isEqualTo("named");
			assertThat(this.brokers.getIncarnation(this.brokers.getAll().get(0))).isZero();
		}
	}

	@Test
	void addressThatSaysNothingIsOvertaken() throws Exception {
		try (ServerSocket silent = silent(2)) {
			create(Duration.ofSeconds(60), Duration.ofMillis(50), 2, 1);
			Connection connection = this.factory.newConnection();
			assertThat(connection.getAddress().getHostAddress()).isEqualTo("127.0.0.1");
			assertThat(silent.accept().getInputStream().readAllBytes()).as("closed by the client").hasSizeLessThan(100);
			assertThat(connection.isOpen()).isTrue();
			assertThat(status().state()).isEqualTo(BrokerState.UP);
		}
	}

	@Test
	void withoutRaceDelayEachAddressHasItsShareOfTheConnectTimeOut() throws Exception {
		try (ServerSocket silent = silent(2)) {
			create(Duration.ofSeconds(6), Duration.ZERO, 2, 1);
			Connection connection = this.factory.newConnection();
			assertThat(connection.getAddress().getHostAddress()).isEqualTo("127.0.0.1");
			assertThat(silent.isClosed()).isFalse();
		}
	}

	@Test
	void brokerFailsWhenNoAddressAnswers() {
		this.proxy.refuse();
		create(PATIENCE, PATIENCE, 2, 1);
		assertThatExceptionOfType(IOException.class).isThrownBy(() -> this.factory.newConnection())
			.withMessageContaining("one: ConnectException: Connection refused");
		assertThat(status().lastFailure().reason()).isEqualTo(FailureReason.UNREACHABLE);
	}

	@Test
	void allAddressesTogetherHaveOneConnectTimeOut() throws Exception {
		try (ServerSocket two = silent(2); ServerSocket three = silent(3)) {
			create(Duration.ofMillis(500), Duration.ofMillis(50), 2, 3);
			assertThatExceptionOfType(IOException.class).isThrownBy(() -> this.factory.newConnection());
			assertThat(status().lastFailure().reason()).isEqualTo(FailureReason.TIMEOUT);
			assertThat(two.accept().getInputStream().readAllBytes()).hasSizeLessThan(100);
			assertThat(three.accept().getInputStream().readAllBytes()).hasSizeLessThan(100);
		}
	}

	@Test
	void refusedLoginIsNotRepeatedAtTheOtherAddresses() {
		create(PATIENCE, PATIENCE, 1, 1, 1);
		this.target.setPassword("wrong");
		assertThatExceptionOfType(AuthenticationFailureException.class).isThrownBy(() -> this.factory.newConnection());
		assertThat(this.proxy.acceptedConnections()).isEqualTo(1);
	}

	@Test
	void hostIsResolvedForEachConnection() throws Exception {
		create(PATIENCE, PATIENCE, 2, 1);
		this.factory.newConnection();
		this.factory.newConnection();
		assertThat(this.resolved).hasValue(2);
		Awaitility.await().atMost(PATIENCE).until(() -> this.proxy.openConnections() == 2);
	}

	private BrokerStatus status() {
		return this.brokers.getStatus("one").orElseThrow();
	}

}
