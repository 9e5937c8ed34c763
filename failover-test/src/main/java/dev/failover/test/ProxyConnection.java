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
import java.net.InetSocketAddress;
import java.net.Socket;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;

import dev.failover.test.FaultProxy.Direction;

/**
 * One connection through the proxy: two sockets, and a pump for each direction.
 */
final class ProxyConnection {

	private static final int CONNECT_TIMEOUT_MILLIS = 10_000;

	private final String name;

	private final Socket client;

	private final Socket server = new Socket();

	private final InetSocketAddress target;

	private final ProxyGate gate;

	private final ProxyCounters counters;

	private final Runnable onConnected;

	private final Consumer<ProxyConnection> onEnd;

	private final AtomicBoolean ended = new AtomicBoolean();

	private final AtomicInteger openDirections = new AtomicInteger(2);

	ProxyConnection(String name, Socket client, InetSocketAddress target, ProxyGate gate, ProxyCounters counters,
			Consumer<ProxyConnection> onEnd) {
		this.name = name;
		this.client = client;
		this.target = target;
		this.gate = gate;
		this.counters = counters;
		this.onConnected = counters.newConnection();
		this.onEnd = onEnd;
	}

	void start() {
		Threads.daemon(this.name + "-connect", this::connect).start();
	}

	boolean isEnded() {
		return this.ended.get();
	}

	/**
	 * End the connection with a reset to both sides.
	 */
	void reset() {
		end(true);
	}

	void delivered(int bytes) {
		this.counters.delivered(bytes);
	}

	/**
	 * Take note that one direction has delivered all it had to.
	 */
	void directionEnded() {
		if (this.openDirections.decrementAndGet() == 0) {
			end(false);
		}
	}

	private void connect() {
		if (!this.gate.awaitAny(this::isEnded)) {
			return;
		}
		try {
			this.client.setTcpNoDelay(true);
			this.server.setTcpNoDelay(true);
			this.server.connect(this.target, CONNECT_TIMEOUT_MILLIS);
		}
		catch (IOException ex) {
			reset();
			return;
		}
		HandshakeWatch handshake = new HandshakeWatch(this.onConnected);
		new ProxyPump(this, Direction.TO_TARGET, this.gate, this.client, this.server, null)
			.start(this.name + "-to-target");
		new ProxyPump(this, Direction.TO_CLIENT, this.gate, this.server, this.client, handshake)
			.start(this.name + "-to-client");
	}

	private void end(boolean abruptly) {
		if (this.ended.compareAndSet(false, true)) {
			close(this.client, abruptly);
			close(this.server, abruptly);
			this.onConnected.run();
			this.onEnd.accept(this);
			this.gate.wakeUp();
		}
	}

	private static void close(Socket socket, boolean abruptly) {
		try (socket) {
			if (abruptly) {
				socket.setSoLinger(true, 0);
			}
		}
		catch (IOException ex) {
			// ended by the other side
		}
	}

}
