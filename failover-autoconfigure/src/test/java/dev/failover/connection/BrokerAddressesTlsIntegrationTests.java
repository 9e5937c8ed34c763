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

import java.io.InputStream;
import java.net.InetAddress;
import java.nio.file.Files;
import java.security.KeyStore;
import java.time.Clock;
import java.time.Duration;
import java.util.List;

import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

import com.rabbitmq.client.Connection;
import com.rabbitmq.client.ConnectionFactory;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

import dev.failover.broker.Broker;
import dev.failover.broker.Brokers;
import dev.failover.broker.FailureReason;
import dev.failover.strategy.RoundRobinStrategy;
import dev.failover.test.RabbitNode;
import dev.failover.test.TlsFiles;
import dev.failover.test.junit.BrokersExtension;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

/**
 * TLS to a host with several addresses: what is verified is the name of the host.
 */
class BrokerAddressesTlsIntegrationTests {

	private static RabbitNode node;

	@BeforeAll
	static void startNode() {
		BrokersExtension.requireRabbit();
		node = RabbitNode.builder().tls().start();
	}

	@AfterAll
	static void stopNode() {
		if (node != null) {
			node.close();
		}
	}

	@Test
	void certificateForTheNameOfTheHostIsAccepted() throws Exception {
		try (FailoverConnectionFactory factory = factory(brokers("localhost"));
				Connection connection = factory.newConnection()) {
			assertThat(connection.isOpen()).isTrue();
		}
	}

	@Test
	void certificateForTheAddressAloneIsRefused() throws Exception {
		Brokers brokers = brokers("broker.example.com");
		try (FailoverConnectionFactory factory = factory(brokers)) {
			assertThatExceptionOfType(Exception.class).isThrownBy(factory::newConnection)
				.withMessageContaining("broker.example.com");
			assertThat(brokers.getStatuses().get(0).lastFailure().reason()).isEqualTo(FailureReason.TLS);
		}
	}

	private static Brokers brokers(String host) {
		return new Brokers(List
			.of(Broker.of("secured", host, node.tls().port()).withVirtualHost(node.virtualHost()).withTls(null)),
				Clock.systemUTC());
	}

	private static FailoverConnectionFactory factory(Brokers brokers) throws Exception {
		ConnectionFactory target = new ConnectionFactory();
		target.setUsername(node.username());
		target.setPassword(node.password());
		target.setVirtualHost(node.virtualHost());
		target.setAutomaticRecoveryEnabled(false);
		target.useSslProtocol(trust(node.tls().files()));
		target.enableHostnameVerification();
		Duration patience = Duration.ofSeconds(20);
		return new FailoverConnectionFactory(brokers, new RoundRobinStrategy(), (broker) -> target,
				new ConnectSettings(patience, patience, false),
				(host) -> new InetAddress[] { InetAddress.getByAddress(host, new byte[] { 127, 0, 0, 2 }),
						InetAddress.getByAddress(host, new byte[] { 127, 0, 0, 1 }) });
	}

	private static SSLContext trust(TlsFiles files) throws Exception {
		KeyStore trustStore = KeyStore.getInstance("PKCS12");
		try (InputStream in = Files.newInputStream(files.trustStore())) {
			trustStore.load(in, files.trustStorePassword().toCharArray());
		}
		TrustManagerFactory managers = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
		managers.init(trustStore);
		SSLContext context = SSLContext.getInstance("TLS");
		context.init(null, managers.getTrustManagers(), null);
		return context;
	}

}
