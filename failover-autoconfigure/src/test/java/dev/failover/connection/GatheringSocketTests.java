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
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

import com.rabbitmq.client.ConnectionFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests for {@link GatheringSocket} and {@link GatheringSocketFactory}.
 */
class GatheringSocketTests {

	private ServerSocket server;

	private GatheringSocket socket;

	private Socket peer;

	private OutputStream output;

	@BeforeEach
	void connect() throws IOException {
		this.server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
		this.socket = (GatheringSocket) new GatheringSocketFactory().createSocket(this.server.getInetAddress(),
				this.server.getLocalPort());
		this.peer = this.server.accept();
		this.peer.setSoTimeout(10_000);
		this.output = this.socket.getOutputStream();
	}

	@AfterEach
	void close() throws IOException {
		this.socket.close();
		this.peer.close();
		this.server.close();
	}

	@Test
	void whatIsWrittenIsWrittenAtOnceUnlessItIsGathered() throws IOException {
		write("a");
		assertThat(read(1)).isEqualTo("a");
	}

	@Test
	void whatIsGatheredIsWrittenWithTheNextFlushAfterwards() throws IOException {
		this.socket.gather();
		write("a");
		write("b");
		assertThat(this.peer.getInputStream().available()).isZero();
		this.socket.gatherNoMore();
		this.output.flush();
		assertThat(read(2)).isEqualTo("ab");
	}

	@Test
	void whatIsGatheredIsWrittenBeforeWhatFollows() throws IOException {
		this.socket.gather();
		write("a");
		this.socket.gatherNoMore();
		write("b");
		assertThat(read(2)).isEqualTo("ab");
	}

	@Test
	void anotherThreadIsNotKeptBackAndTakesAlongWhatWasGathered() throws Exception {
		this.socket.gather();
		write("a");
		CompletableFuture.runAsync(() -> writeUnchecked("b")).get(10, TimeUnit.SECONDS);
		assertThat(read(2)).isEqualTo("ab");
		write("c");
		assertThat(this.peer.getInputStream().available()).isZero();
	}

	@Test
	void flushOfAnotherThreadWritesWhatWasGathered() throws Exception {
		this.socket.gather();
		write("a");
		CompletableFuture.runAsync(() -> writeUnchecked("")).get(10, TimeUnit.SECONDS);
		assertThat(read(1)).isEqualTo("a");
	}

	@Test
	void noMoreIsGatheredThanTheLimit() throws IOException {
		this.socket.gather();
		String text = "0123456789".repeat(100);
		for (int i = 0; i < 20; i++) {
			write(text);
		}
		assertThat(read(16_000)).isEqualTo(text.repeat(16));
		String large = "x".repeat(40_000);
		CompletableFuture<String> rest = CompletableFuture.supplyAsync(() -> readUnchecked(44_000));
		write(large);
		assertThat(rest.join()).isEqualTo(text.repeat(4) + large);
	}

	@Test
	void singleBytesAreGatheredToo() throws IOException {
		this.socket.gather();
		this.output.write('a');
		this.output.write('b');
		assertThat(this.peer.getInputStream().available()).isZero();
		this.socket.gatherNoMore();
		this.output.flush();
		assertThat(read(2)).isEqualTo("ab");
	}

	@Test
	void connectsFromTheLocalAddressThatIsAskedFor() throws IOException {
		InetAddress local = InetAddress.getLoopbackAddress();
		try (Socket bound = new GatheringSocketFactory().createSocket(local.getHostAddress(),
				this.server.getLocalPort(), local, 0)) {
			assertThat(bound.isConnected()).isTrue();
			assertThat(bound.getLocalAddress()).isEqualTo(local);
		}
	}

	@Test
	void plainSocketsOfTheDefaultAreReplacedOnly() throws Exception {
		ConnectionFactory plain = new ConnectionFactory();
		GatheringSocketFactory.use(plain);
		assertThat(plain.getSocketFactory()).isInstanceOf(GatheringSocketFactory.class);
		ConnectionFactory own = new ConnectionFactory();
		own.setSocketFactory(javax.net.SocketFactory.getDefault());
		GatheringSocketFactory.use(own);
		assertThat(own.getSocketFactory()).isSameAs(javax.net.SocketFactory.getDefault());
		ConnectionFactory tls = new ConnectionFactory();
		tls.useSslProtocol();
		GatheringSocketFactory.use(tls);
		assertThat(tls.getSocketFactory()).isNotInstanceOf(GatheringSocketFactory.class);
	}

	@Test
	void plainSocketsMakeWayForTlsThatIsSetLater() throws Exception {
		ConnectionFactory factory = new ConnectionFactory();
		GatheringSocketFactory.use(factory);
		factory.setSslContextFactory((name) -> null);
		GatheringSocketFactory.use(factory);
		assertThat(factory.getSocketFactory()).isNull();
	}

	private void write(String text) throws IOException {
		this.output.write(text.getBytes(StandardCharsets.US_ASCII));
		this.output.flush();
	}

	private void writeUnchecked(String text) {
		try {
			write(text);
		}
		catch (IOException ex) {
			throw new IllegalStateException(ex);
		}
	}

	private String read(int length) throws IOException {
		return new String(this.peer.getInputStream().readNBytes(length), StandardCharsets.US_ASCII);
	}

	private String readUnchecked(int length) {
		try {
			return read(length);
		}
		catch (IOException ex) {
			throw new IllegalStateException(ex);
		}
	}

}
