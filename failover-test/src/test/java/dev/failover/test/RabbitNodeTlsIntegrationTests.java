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

import java.io.InputStream;
import java.nio.file.Files;
import java.security.KeyStore;

import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLHandshakeException;
import javax.net.ssl.TrustManagerFactory;

import com.rabbitmq.client.Connection;
import com.rabbitmq.client.ConnectionFactory;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

import dev.failover.test.junit.BrokersExtension;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

class RabbitNodeTlsIntegrationTests {

	@BeforeAll
	static void requireRabbit() {
		BrokersExtension.requireRabbit();
	}

	@Test
	void offersTlsWithCertificatesMadeForIt() throws Exception {
		try (RabbitNode node = RabbitNode.builder().tls().start()) {
			ConnectionFactory trusting = Clients.factory(node.tls().uri());
			trusting.useSslProtocol(trust(node.tls().files()));
			trusting.enableHostnameVerification();
			try (Connection connection = trusting.newConnection()) {
				Clients.declare(connection.createChannel(), "q", false);
			}
			ConnectionFactory distrusting = Clients.factory(node.tls().uri());
			distrusting.useSslProtocol(SSLContext.getDefault());
			assertThatExceptionOfType(SSLHandshakeException.class).isThrownBy(distrusting::newConnection);
			Clients.connect(node).close();
			assertThat(node.tls().files().caCertificate()).content().startsWith("-----BEGIN CERTIFICATE-----");
			assertThat(node.tls().files().privateKey()).content().startsWith("-----BEGIN PRIVATE KEY-----");
		}
	}

	@Test
	void hasNoTlsUnlessAskedFor() {
		try (RabbitNode node = RabbitNode.builder().build()) {
			assertThatIllegalStateException().isThrownBy(node::tls);
		}
	}

	private static SSLContext trust(TlsFiles files) throws Exception {
		KeyStore trustStore = KeyStore.getInstance("PKCS12");
		try (InputStream in = Files.newInputStream(files.trustStore())) {
			trustStore.load(in, files.trustStorePassword().toCharArray());
		}
		TrustManagerFactory factory = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
		factory.init(trustStore);
		SSLContext context = SSLContext.getInstance("TLS");
		context.init(null, factory.getTrustManagers(), null);
		return context;
	}

}
