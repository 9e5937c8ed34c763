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
import java.io.UncheckedIOException;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Sends back what it receives.
 */
final class EchoServer implements AutoCloseable {

	private final ServerSocket listener;

	private final Set<Socket> sockets = ConcurrentHashMap.newKeySet();

	private final AtomicInteger received = new AtomicInteger();

	EchoServer() {
		try {
			this.listener = new ServerSocket(0, 50, PortReservation.loopback());
			Threads.daemon("echo-accept", this::accept).start();
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

	int port() {
		return this.listener.getLocalPort();
	}

	int received() {
		return this.received.get();
	}

	@Override
	public void close() throws IOException {
		this.listener.close();
		for (Socket socket : this.sockets) {
			socket.close();
		}
	}

	private void accept() {
		try {
			while (true) {
				Socket socket = this.listener.accept();
				this.sockets.add(socket);
				Threads.daemon("echo", () -> echo(socket)).start();
			}
		}
		catch (IOException ex) {
			// closed
		}
	}

	private void echo(Socket socket) {
		byte[] buffer = new byte[8192];
		try (socket) {
			int count = socket.getInputStream().read(buffer);
			while (count >= 0) {
				this.received.addAndGet(count);
				socket.getOutputStream().write(buffer, 0, count);
				count = socket.getInputStream().read(buffer);
			}
		}
		catch (IOException ex) {
			// closed
		}
	}

}
