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

import java.io.EOFException;
import java.io.IOException;
import java.net.ProtocolException;
import java.net.Socket;
import java.net.SocketException;

import javax.net.ssl.SSLException;
import javax.net.ssl.SSLSocket;

import com.rabbitmq.client.Connection;
import com.rabbitmq.client.MalformedFrameException;
import com.rabbitmq.client.PossibleAuthenticationFailureException;
import org.jspecify.annotations.Nullable;
import org.springframework.core.NestedExceptionUtils;

/**
 * One connect of the AMQP client to one address, which opens one socket.
 */
final class Dial {

	private static final int ABORT_MILLIS = 1000;

	/**
	 * What the JDK says of an answer that is none of TLS.
	 */
	private static final String NO_TLS = "Unsupported or unrecognized SSL message";

	private final ConnectAttempt attempt;

	private volatile @Nullable Socket socket;

	private volatile boolean cancelled;

	Dial(ConnectAttempt attempt) {
		this.attempt = attempt;
	}

	ConnectAttempt attempt() {
		return this.attempt;
	}

	void opened(Socket opened) throws IOException {
		this.socket = opened;
		if (this.cancelled) {
			OpenSockets.close(opened);
			throw overtaken();
		}
		this.attempt.opened(opened);
	}

	/**
	 * Take note that the connection is open.
	 * @throws IllegalStateException if it is none on a socket, which a broker that fails
	 * could not be left by; it is closed then
	 */
	OpenConnection opened(Connection connection) throws IOException {
		if (this.cancelled) {
			connection.abort(ABORT_MILLIS);
			throw overtaken();
		}
		Socket opened = this.socket;
		if (opened == null) {
			connection.abort(ABORT_MILLIS);
			throw new IllegalStateException("NIO and Netty are not supported: a broker that fails is left by closing "
					+ "its sockets. Use neither useNio() nor netty() in a ConnectionFactoryCustomizer");
		}
		return new OpenConnection(this.attempt.broker(), this.attempt.incarnation(), connection, opened);
	}

	/**
	 * Return the failure of the connect, with a cause that tells what to look at where
	 * the client tells only what it has read.
	 */
	IOException explain(IOException failure) {
		if (failure instanceof PossibleAuthenticationFailureException) {
			return failure;
		}
		if (failure instanceof SocketException reset) {
			return isTls() ? resetByTls(reset) : failure;
		}
		Throwable cause = NestedExceptionUtils.getMostSpecificCause(failure);
		if (cause instanceof SSLException && String.valueOf(cause.getMessage()).startsWith(NO_TLS)) {
			return explained(new SSLException("What listens there does not speak TLS, which amqps is"), failure);
		}
		if (cause instanceof MalformedFrameException) {
			return explained(
					new ProtocolException("What the port answers is not AMQP 0-9-1, or larger than the client takes"),
					failure);
		}
		if (cause instanceof EOFException && !isTls()) {
			return explained(
					new EOFException("The connection was ended before it was open. Does the port want TLS, as amqps?"),
					failure);
		}
		return failure;
	}

	private boolean isTls() {
		return this.socket instanceof SSLSocket connected && connected.isConnected();
	}

	/**
	 * A broker that demands a certificate of the client says so, and resets the
	 * connection: the client reads the one or notices the other, whichever is first. With
	 * TLS 1.3 it has completed the handshake by then.
	 */
	private static IOException resetByTls(SocketException failure) {
		return explained(
				new SSLException("The broker has reset the connection during or just after the TLS handshake (%s). "
					.formatted(failure.getMessage()) + "Does it demand a certificate of the client?"),
				failure);
	}

	private static IOException explained(IOException explained, IOException failure) {
		explained.addSuppressed(failure);
		return explained;
	}

	private static IOException overtaken() {
		return new IOException("Another address of the broker has answered");
	}

	/**
	 * Give up. What is open is closed when the broker answers, by the protocol, or when
	 * the client does not wait any longer.
	 */
	void cancel() {
		this.cancelled = true;
	}

}
