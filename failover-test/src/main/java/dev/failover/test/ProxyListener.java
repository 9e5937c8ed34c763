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
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.time.Duration;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;

import org.jspecify.annotations.Nullable;

/**
 * Listens on a port of the loopback interface, or does not.
 */
final class ProxyListener {

	private static final int BACKLOG = 256;

	private static final Duration TIMEOUT = Duration.ofSeconds(10);

	private final ReentrantLock lock = new ReentrantLock();

	private final int port;

	private final Consumer<Socket> onAccept;

	private @Nullable ServerSocket socket;

	private @Nullable Thread thread;

	private volatile boolean closed;

	ProxyListener(int port, Consumer<Socket> onAccept) {
		this.port = port;
		this.onAccept = onAccept;
	}

	boolean isClosed() {
		return this.closed;
	}

	void open() {
		this.lock.lock();
		try {
			if (this.closed) {
				throw new IllegalStateException("The proxy at port %d is closed".formatted(this.port));
			}
			if (this.socket == null) {
				ServerSocket opened = new ServerSocket();
				opened.setReuseAddress(true);
				opened.bind(new InetSocketAddress(PortReservation.loopback(), this.port), BACKLOG);
				this.socket = opened;
				this.thread = Threads.daemon("fault-proxy-%d-accept".formatted(this.port), () -> accept(opened));
				this.thread.start();
			}
		}
		catch (IOException ex) {
			throw new UncheckedIOException("Cannot listen on port %d".formatted(this.port), ex);
		}
		finally {
			this.lock.unlock();
		}
	}

	/**
	 * Stop listening, and return when connects are refused.
	 */
	void refuse() {
		Thread thread = closeSocket();
		// as long as the thread is about to accept, the system goes on listening
		if (thread != null && !Waits.until(TIMEOUT, () -> !thread.isAlive())) {
			throw new IllegalStateException("The proxy still listens on port %d".formatted(this.port));
		}
	}

	void close() {
		this.closed = true;
		refuse();
	}

	private @Nullable Thread closeSocket() {
		this.lock.lock();
		try {
			ServerSocket open = this.socket;
			this.socket = null;
			if (open != null) {
				open.close();
			}
			return this.thread;
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
		finally {
			this.lock.unlock();
		}
	}

	private void accept(ServerSocket listening) {
		while (!listening.isClosed()) {
			try {
				this.onAccept.accept(listening.accept());
			}
			catch (SocketException ex) {
				// the listener was closed, or the client is gone already
			}
			catch (IOException ex) {
				throw new UncheckedIOException(ex);
			}
		}
	}

}
