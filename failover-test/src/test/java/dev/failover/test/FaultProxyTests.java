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

import java.io.IOException;
import java.io.InputStream;
import java.net.ConnectException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.ConnectionFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.awaitility.Awaitility.await;

@Timeout(value = 60, unit = TimeUnit.SECONDS)
class FaultProxyTests {

	private EchoServer server;

	private FaultProxy proxy;

	private final List<Socket> sockets = new ArrayList<>();

	@BeforeEach
	void start() {
		this.server = new EchoServer();
		this.proxy = FaultProxy.to("127.0.0.1", this.server.port());
	}

	@AfterEach
	void close() throws IOException {
		for (Socket socket : this.sockets) {
			socket.close();
		}
		this.proxy.close();
		this.server.close();
	}

	@Test
	void passesEverythingOn() throws IOException {
		Socket socket = connect();
		byte[] data = new byte[1_000_000];
		for (int i = 0; i < data.length; i++) {
			data[i] = (byte) (i * 31);
		}
		Thread writer = Threads.daemon("test-writer", () -> write(socket, data));
		writer.start();
		assertThat(socket.getInputStream().readNBytes(data.length)).isEqualTo(data);
	}

	@Test
	void countsWhatIsDeliveredInBothDirections() throws IOException {
		echo(connect(), 7);
		await().until(() -> this.proxy.deliveredBytes() == 2);
		this.proxy.resetCounters();
		assertThat(this.proxy.deliveredBytes()).isZero();
	}

	@Test
	void passesTheEndOfAConnectionOn() throws IOException {
		Socket socket = connect();
		write(socket, new byte[] { 1 });
		socket.shutdownOutput();
		assertThat(socket.getInputStream().readAllBytes()).containsExactly(1);
		await().until(() -> this.proxy.openConnections() == 0);
	}

	@Test
	void refusesNewConnectionsAndKeepsThePort() throws IOException {
		Socket open = connect();
		echo(open, 1);
		int port = this.proxy.port();
		this.proxy.refuse();
		assertThatExceptionOfType(ConnectException.class).isThrownBy(this::connect);
		echo(open, 2);
		this.proxy.pass();
		assertThat(this.proxy.port()).isEqualTo(port);
		echo(connect(), 3);
		echo(open, 4);
	}

	@Test
	void swallowsInBlackHoleAndDeliversLater() throws IOException {
		Socket socket = connect();
		echo(socket, 9);
		this.proxy.blackHole();
		Socket late = connect();
		write(socket, new byte[] { 2 });
		write(late, new byte[] { 3 });
		assertSilent(socket);
		assertSilent(late);
		assertThat(this.proxy.connectingConnections()).isOne();
		this.proxy.pass();
		assertThat(socket.getInputStream().read()).isEqualTo(2);
		assertThat(late.getInputStream().read()).isEqualTo(3);
	}

	@Test
	void hidesTheDeathOfThePeerInBlackHole() throws IOException {
		Socket socket = connect();
		echo(socket, 1);
		this.proxy.blackHole();
		this.server.close();
		assertSilent(socket);
		assertThat(this.proxy.openConnections()).isOne();
		this.proxy.cut();
		assertThatExceptionOfType(SocketException.class).isThrownBy(() -> socket.getInputStream().read());
	}

	@Test
	void passesOneDirectionWhenHalfOpen() throws IOException {
		Socket socket = connect();
		echo(socket, 1);
		this.proxy.halfOpen(FaultProxy.Direction.TO_TARGET);
		write(socket, new byte[] { 2 });
		await().until(() -> this.server.received() == 2);
		assertSilent(socket);
		this.proxy.halfOpen(FaultProxy.Direction.TO_CLIENT);
		assertThat(socket.getInputStream().read()).isEqualTo(2);
		write(socket, new byte[] { 3 });
		assertSilent(socket);
		assertThat(this.server.received()).isEqualTo(2);
		this.proxy.pass();
		assertThat(socket.getInputStream().read()).isEqualTo(3);
	}

	@Test
	void delaysEachDirectionWithoutLimitingThroughput() throws IOException {
		this.proxy.delay(Duration.ofMillis(100));
		Socket socket = connect();
		long start = System.nanoTime();
		echo(socket, 1);
		assertThat(elapsed(start)).isBetween(Duration.ofMillis(200), Duration.ofMillis(1500));
		start = System.nanoTime();
		for (int i = 0; i < 50; i++) {
			write(socket, new byte[] { 7 });
		}
		assertThat(socket.getInputStream().readNBytes(50)).hasSize(50).containsOnly(7);
		assertThat(elapsed(start)).isBetween(Duration.ofMillis(200), Duration.ofMillis(1500));
		this.proxy.pass();
		start = System.nanoTime();
		echo(socket, 1);
		assertThat(elapsed(start)).isLessThan(Duration.ofMillis(150));
	}

	@Test
	void cutsOpenConnectionsWithReset() throws IOException {
		Socket socket = connect();
		echo(socket, 1);
		this.proxy.cut();
		assertThatExceptionOfType(SocketException.class).isThrownBy(() -> socket.getInputStream().read());
		assertThat(this.proxy.openConnections()).isZero();
		echo(connect(), 2);
		assertThat(this.proxy.acceptedConnections()).isEqualTo(2);
	}

	@Test
	void countsConnectionsThatAreBeingOpened() throws Exception {
		try (EmbeddedBroker broker = EmbeddedBroker.builder().start(); FaultProxy front = FaultProxy.to(broker)) {
			ConnectionFactory factory = Clients.factory(URI.create("amqp://guest:guest@127.0.0.1:" + front.port()));
			Connection first = factory.newConnection();
			Connection second = factory.newConnection();
			assertThat(front.maxConnectingConnections()).isOne();
			assertThat(front.connectingConnections()).isZero();
			front.blackHole();
			try (Socket one = connect(front.port()); Socket two = connect(front.port())) {
				await().until(() -> front.connectingConnections() == 2);
				assertThat(one.isConnected()).isEqualTo(two.isConnected());
				front.cut();
			}
			front.pass();
			assertThat(front.connectingConnections()).isZero();
			first = factory.newConnection();
			second = factory.newConnection();
			assertThat(front.maxConnectingConnections()).isEqualTo(2);
			assertThat(front.acceptedConnections()).isEqualTo(6);
			front.resetCounters();
			assertThat(front.maxConnectingConnections()).isZero();
			Channel channel = second.createChannel();
			Clients.declare(channel, "q", true);
			first.close();
			second.close();
			await().until(() -> front.openConnections() == 0);
		}
	}

	@Test
	void resetsClientsWhenTheTargetIsDown() throws IOException {
		this.server.close();
		assertThatExceptionOfType(SocketException.class).isThrownBy(() -> connect().getInputStream().read())
			.isNotInstanceOf(ConnectException.class);
		await().until(() -> this.proxy.openConnections() == 0);
	}

	@Test
	void endsItsThreadsWhenClosed() throws IOException {
		String prefix = "fault-proxy-" + this.proxy.port();
		echo(connect(), 1);
		this.proxy.blackHole();
		connect();
		assertThat(threads(prefix)).isPositive();
		this.proxy.close();
		await().until(() -> threads(prefix) == 0);
		assertThatIllegalStateException().isThrownBy(this.proxy::pass);
		assertThatExceptionOfType(ConnectException.class).isThrownBy(this::connect);
	}

	private Socket connect() throws IOException {
		Socket socket = connect(this.proxy.port());
		this.sockets.add(socket);
		return socket;
	}

	private static Socket connect(int port) throws IOException {
		Socket socket = new Socket();
		socket.setTcpNoDelay(true);
		socket.setSoTimeout(10_000);
		socket.connect(new InetSocketAddress("127.0.0.1", port), 5000);
		return socket;
	}

	private static void write(Socket socket, byte[] data) {
		try {
			socket.getOutputStream().write(data);
		}
		catch (IOException ex) {
			throw new IllegalStateException(ex);
		}
	}

	private static void echo(Socket socket, int value) throws IOException {
		write(socket, new byte[] { (byte) value });
		assertThat(socket.getInputStream().read()).isEqualTo(value);
	}

	private static void assertSilent(Socket socket) throws IOException {
		socket.setSoTimeout(300);
		InputStream in = socket.getInputStream();
		assertThatExceptionOfType(SocketTimeoutException.class).isThrownBy(in::read);
		socket.setSoTimeout(10_000);
	}

	private static Duration elapsed(long start) {
		return Duration.ofNanos(System.nanoTime() - start);
	}

	private static long threads(String prefix) {
		return Thread.getAllStackTraces()
			.keySet()
			.stream()
			.filter((thread) -> thread.getName().startsWith(prefix))
			.count();
	}

}
