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
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.concurrent.ThreadLocalRandom;

/**
 * A port of the loopback interface that nobody else is given while this object is open.
 * It is bound without listening: a server that sets {@code SO_REUSEADDR} can listen on
 * it, and connects are refused at once while there is none. The port is taken from below
 * the range that systems use for outgoing connections, so none of those takes it while
 * its server is down.
 */
final class PortReservation implements AutoCloseable {

	private static final int FIRST = 15000;

	private static final int LAST = 32000;

	private static final int ATTEMPTS = 500;

	private final Socket placeholder;

	private final int port;

	private PortReservation(Socket placeholder) {
		this.placeholder = placeholder;
		this.port = placeholder.getLocalPort();
	}

	static PortReservation any() {
		for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
			int port = ThreadLocalRandom.current().nextInt(FIRST, LAST);
			if (isFree(port)) {
				try {
					return of(port);
				}
				catch (UncheckedIOException ex) {
					continue;
				}
			}
		}
		throw new IllegalStateException("No free port between %d and %d".formatted(FIRST, LAST));
	}

	static PortReservation of(int port) {
		Socket socket = new Socket();
		try {
			socket.setReuseAddress(true);
			socket.bind(new InetSocketAddress(loopback(), port));
			return new PortReservation(socket);
		}
		catch (IOException ex) {
			closeQuietly(socket);
			throw new UncheckedIOException("Port %d is not free".formatted(port), ex);
		}
	}

	static InetAddress loopback() {
		try {
			return InetAddress.getByAddress("localhost", new byte[] { 127, 0, 0, 1 });
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

	int port() {
		return this.port;
	}

	@Override
	public void close() {
		closeQuietly(this.placeholder);
	}

	/**
	 * Tell whether a port is free by binding it as no test kit's own reservation would
	 * allow: on all interfaces and without {@code SO_REUSEADDR}.
	 */
	private static boolean isFree(int port) {
		try (ServerSocket socket = new ServerSocket()) {
			socket.setReuseAddress(false);
			socket.bind(new InetSocketAddress(port));
			return true;
		}
		catch (IOException ex) {
			return false;
		}
	}

	private static void closeQuietly(Socket socket) {
		try {
			socket.close();
		}
		catch (IOException ex) {
			// a socket that cannot be closed holds no port
		}
	}

}
