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
import java.net.Socket;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BiConsumer;

import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;

import dev.failover.broker.Broker;

/**
 * One try to open a connection to one broker. Ends once, with the connection or with a
 * failure; a connection that is opened after the end is closed again.
 */
final class ConnectAttempt {

	private static final Log logger = LogFactory.getLog(ConnectAttempt.class);

	private static final int ABORT_MILLIS = 1000;

	private final Broker broker;

	private final long incarnation;

	private final BiConsumer<ConnectAttempt, @Nullable Throwable> onEnd;

	private final long startedAt = System.nanoTime();

	private final AtomicReference<State> state = new AtomicReference<>(State.RUNNING);

	private final CompletableFuture<OpenConnection> result = new CompletableFuture<>();

	private final Set<Socket> sockets = ConcurrentHashMap.newKeySet();

	/**
	 * Create an attempt.
	 * @param onEnd called once with the failure or {@code null}, before the result is
	 * visible
	 */
	ConnectAttempt(Broker broker, long incarnation, BiConsumer<ConnectAttempt, @Nullable Throwable> onEnd) {
		this.broker = broker;
		this.incarnation = incarnation;
		this.onEnd = onEnd;
	}

	Broker broker() {
		return this.broker;
	}

	long incarnation() {
		return this.incarnation;
	}

	Duration age() {
		return Duration.ofNanos(System.nanoTime() - this.startedAt);
	}

	CompletableFuture<OpenConnection> result() {
		return this.result;
	}

	/**
	 * Whether the attempt has failed, so that what it has opened is closed by this side.
	 */
	boolean hasFailed() {
		return this.state.get() == State.FAILED;
	}

	void opened(Socket socket) throws IOException {
		this.sockets.add(socket);
		if (this.state.get() != State.RUNNING) {
			OpenSockets.close(socket);
			throw new IOException("The attempt to connect to %s has ended".formatted(this.broker.name()));
		}
	}

	/**
	 * End with a connection. After the end it is closed by the protocol, for which the
	 * calling thread waits.
	 */
	void succeed(OpenConnection connection) {
		if (!this.state.compareAndSet(State.RUNNING, State.SUCCEEDED)) {
			logger.debug("Connection to %s was opened too late, and is closed".formatted(this.broker));
			connection.connection().abort(ABORT_MILLIS);
			this.sockets.forEach(OpenSockets::close);
			return;
		}
		try {
			this.onEnd.accept(this, null);
		}
		finally {
			this.result.complete(connection);
		}
	}

	/**
	 * End with a failure, and close what was opened at once.
	 */
	void fail(Throwable failure) {
		end(failure, true);
	}

	/**
	 * End with a failure, but let the client go on: a broker that is about to answer is
	 * then told of the end by the protocol, and logs no warning. The client ends by
	 * itself within the connect time-out.
	 */
	void giveUp(Throwable failure) {
		end(failure, false);
	}

	private void end(Throwable failure, boolean atOnce) {
		if (this.state.compareAndSet(State.RUNNING, State.FAILED)) {
			try {
				if (atOnce) {
					this.sockets.forEach(OpenSockets::close);
				}
				this.onEnd.accept(this, failure);
			}
			finally {
				this.result.completeExceptionally(failure);
			}
		}
	}

	private enum State {

		RUNNING, SUCCEEDED, FAILED

	}

}
