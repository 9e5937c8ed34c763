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

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;

import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.ConnectionFactory;
import com.rabbitmq.client.impl.Frame;
import com.rabbitmq.client.impl.Method;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

import dev.failover.broker.Broker;
import dev.failover.broker.BrokerFailure;
import dev.failover.broker.Brokers;
import dev.failover.broker.FailureReason;
import dev.failover.strategy.RoundRobinStrategy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIOException;

/**
 * Tests for what is told when something else than the expected broker answers.
 */
class WrongPortTests {

	private final ServerSocket server;

	WrongPortTests() throws IOException {
		this.server = new ServerSocket(0, 10, InetAddress.getLoopbackAddress());
	}

	@AfterEach
	void close() throws IOException {
		this.server.close();
	}

	@Test
	void httpServerIsSaidToSpeakNoAmqp() throws Exception {
		BrokerFailure failure = connect(false,
				answer("HTTP/1.1 400 Bad Request\r\n\r\n".getBytes(StandardCharsets.US_ASCII)));
		assertThat(failure.description()).contains("is not AMQP 0-9-1");
	}

	@Test
	void portForTlsIsAskedFor() throws Exception {
		BrokerFailure failure = connect(false, answer(HexFormat.of().parseHex("15030300020228")));
		assertThat(failure.reason()).isEqualTo(FailureReason.CONNECTION_LOST);
		assertThat(failure.description()).contains("was ended before it was open", "TLS");
	}

	@Test
	void portWithoutTlsIsSaidToSpeakNone() throws Exception {
		BrokerFailure failure = connect(true, answer(HexFormat.of().parseHex("414d515000000901")));
		assertThat(failure.reason()).isEqualTo(FailureReason.TLS);
		assertThat(failure.description()).contains("does not speak TLS");
	}

	@Test
	void brokerThatDiesDuringTheLoginDoesNotRefuseIt() throws Exception {
		BrokerFailure failure = connect(false, (client) -> {
			Method start = (Method) new AMQP.Connection.Start.Builder().versionMajor(0)
				.versionMinor(9)
				.serverProperties(Map.of())
				.mechanisms("PLAIN")
				.locales("en_US")
				.build();
			DataOutputStream out = new DataOutputStream(client.getOutputStream());
			start.toFrame(0).writeTo(out);
			out.flush();
			DataInputStream in = new DataInputStream(client.getInputStream());
			in.readNBytes(8);
			Frame.readFrom(in, 100_000);
			client.setSoLinger(true, 0);
		});
		assertThat(failure.reason()).isEqualTo(FailureReason.CONNECTION_LOST);
	}

	private BrokerFailure connect(boolean tls, Answer answer) throws Exception {
		Brokers brokers = new Brokers(
				List.of(Broker.of("one", this.server.getInetAddress().getHostAddress(), this.server.getLocalPort())),
				Clock.systemUTC());
		ConnectionFactory target = new ConnectionFactory();
		target.setAutomaticRecoveryEnabled(false);
		if (tls) {
			target.useSslProtocol();
		}
		Thread acceptor = new Thread(() -> accept(answer), "wrong-port");
		acceptor.start();
		try (FailoverConnectionFactory factory = new FailoverConnectionFactory(brokers, new RoundRobinStrategy(),
				(broker) -> target, new ConnectSettings(ProxiedBrokers.PATIENCE, ProxiedBrokers.PATIENCE, false))) {
			assertThatIOException().isThrownBy(factory::newConnection);
		}
		finally {
			this.server.close();
			acceptor.join(ProxiedBrokers.PATIENCE.toMillis());
		}
		return brokers.getStatus("one").orElseThrow().lastFailure();
	}

	private void accept(Answer answer) {
		try (Socket client = this.server.accept()) {
			answer.to(client);
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

	private static Answer answer(byte[] bytes) {
		return (client) -> {
			client.getInputStream().read(new byte[1024]);
			OutputStream out = client.getOutputStream();
			out.write(bytes);
			out.flush();
			client.shutdownOutput();
			client.getInputStream().readAllBytes();
		};
	}

	private interface Answer {

		void to(Socket client) throws IOException;

	}

}
