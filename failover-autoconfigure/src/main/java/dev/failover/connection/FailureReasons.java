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
import java.net.ConnectException;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.util.concurrent.TimeoutException;

import javax.net.ssl.SSLException;

import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.PossibleAuthenticationFailureException;
import com.rabbitmq.client.ShutdownSignalException;
import org.jspecify.annotations.Nullable;
import org.springframework.core.NestedExceptionUtils;

import dev.failover.broker.FailureReason;
import dev.failover.failure.CloseReason;
import dev.failover.failure.CloseVerdict;

/**
 * Reads the reason of a failure from the exceptions of the AMQP client.
 */
final class FailureReasons {

	private FailureReasons() {
	}

	/**
	 * Return the reason that an exception stands for, as far as its causes tell it.
	 * @param failure what was thrown while the broker was connected to or worked with
	 * @return the reason, {@link FailureReason#UNREACHABLE} if there was no connection
	 * yet
	 */
	static FailureReason of(Throwable failure) {
		FailureReason unknown = FailureReason.UNREACHABLE;
		for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
			if (cause instanceof PreparationException) {
				unknown = FailureReason.NOT_PREPARED;
			}
			if (cause instanceof PossibleAuthenticationFailureException && !isClosedByBroker(cause.getCause())
					&& !isReset(cause)) {
				return FailureReason.ACCESS_REFUSED;
			}
			if (cause instanceof SSLException) {
				return FailureReason.TLS;
			}
			if (cause instanceof EOFException) {
				return FailureReason.CONNECTION_LOST;
			}
			if (cause instanceof TimeoutException || cause instanceof SocketTimeoutException) {
				return FailureReason.TIMEOUT;
			}
			if (cause instanceof ShutdownSignalException signal) {
				return of(signal);
			}
		}
		return unknown;
	}

	/**
	 * Whether the end of a connection is a failure of its broker: neither the application
	 * nor the client itself has ended it. The client does so if it refuses what it reads,
	 * a message that is too large for it, for example.
	 */
	static boolean isOfBroker(ShutdownSignalException signal) {
		return !signal.isInitiatedByApplication()
				&& !(signal.getReason() == null && signal.getCause() instanceof RuntimeException);
	}

	/**
	 * Whether a limit on connections or channels is reached, of the virtual host, the
	 * user or the node: the broker works, and takes what is within the limit.
	 */
	static boolean isLimit(@Nullable Throwable failure) {
		for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
			if (cause instanceof ShutdownSignalException signal) {
				CloseReason reason = closedWith(signal);
				return reason != null && reason.getVerdict() == CloseVerdict.LIMIT;
			}
		}
		return false;
	}

	/**
	 * Whether the address refused a connection, or reset it while it was opened. The
	 * broker told nothing then: if it ends, so do the connections to it that are open.
	 */
	static boolean isTurnedAway(@Nullable Throwable failure) {
		for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
			if (cause instanceof ConnectException || cause.getClass() == SocketException.class) {
				return true;
			}
		}
		return false;
	}

	/**
	 * Return what the broker closed the connection with, or {@code null} if it did not.
	 */
	static @Nullable CloseReason closedWith(ShutdownSignalException signal) {
		CloseReason reason = signal.isInitiatedByApplication() ? null : CloseReason.of(signal);
		return (reason != null && reason.isOfConnection()) ? reason : null;
	}

	/**
	 * Whether the broker told why it closed the connection. If it only closed it, during
	 * the login, the client takes it for a refusal.
	 */
	private static boolean isClosedByBroker(@Nullable Throwable cause) {
		return cause instanceof ShutdownSignalException signal && signal.getReason() instanceof AMQP.Connection.Close;
	}

	/**
	 * Whether the socket was reset, as by a broker that dies during the login. One that
	 * refuses the login closes it.
	 */
	private static boolean isReset(Throwable failure) {
		return NestedExceptionUtils.getMostSpecificCause(failure) instanceof SocketException;
	}

	private static FailureReason of(ShutdownSignalException signal) {
		CloseReason reason = CloseReason.of(signal);
		if (reason != null && reason.isOfConnection()) {
			return reason.getReason();
		}
		if (!signal.isHardError()) {
			return FailureReason.NOT_PREPARED;
		}
		return (signal.getCause() instanceof SSLException) ? FailureReason.TLS : FailureReason.CONNECTION_LOST;
	}

}
