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

import java.net.SocketTimeoutException;
import java.util.concurrent.TimeoutException;
import java.util.regex.Pattern;

import javax.net.ssl.SSLException;

import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.PossibleAuthenticationFailureException;
import com.rabbitmq.client.ShutdownSignalException;
import org.jspecify.annotations.Nullable;

import dev.failover.broker.FailureReason;

/**
 * Reads the reason of a failure from the exceptions of the AMQP client.
 */
final class FailureReasons {

	/**
	 * The class of the methods that open a connection: the broker does not allow the
	 * virtual host, not what is done with it.
	 */
	/**
	 * As in "connection limit (3) is reached", "number of channels opened for user 'app'
	 * has reached the maximum allowed user limit of (5)", or "node channel limit (9) is
	 * reached".
	 */
	private static final Pattern LIMIT = Pattern.compile("\\blimit\\b", Pattern.CASE_INSENSITIVE);

	private static final int CONNECTION_CLASS = 10;

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
			if (cause instanceof PossibleAuthenticationFailureException && !isClosedByBroker(cause.getCause())) {
				return FailureReason.ACCESS_REFUSED;
			}
			if (cause instanceof SSLException) {
				return FailureReason.TLS;
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
	 * Whether the broker closed the connection because it cannot make sense of what it
	 * was sent, does not implement it, or allows it nowhere: the mistake of whoever sent
	 * it, and so the same on any other broker. What the user may not do, or fails in the
	 * broker, is none.
	 */
	static boolean isMistake(ShutdownSignalException signal) {
		if (signal.isInitiatedByApplication() || !(signal.getReason() instanceof AMQP.Connection.Close close)) {
			return false;
		}
		return switch (close.getReplyCode()) {
			case AMQP.FRAME_ERROR, AMQP.SYNTAX_ERROR, AMQP.COMMAND_INVALID, AMQP.CHANNEL_ERROR, AMQP.UNEXPECTED_FRAME,
					AMQP.NOT_IMPLEMENTED ->
				true;
			case AMQP.NOT_ALLOWED -> close.getClassId() > CONNECTION_CLASS;
			default -> false;
		};
	}

	/**
	 * Whether a limit on connections or channels is reached, of the virtual host, the
	 * user or the node: the broker works, and takes what is within the limit.
	 */
	static boolean isLimit(@Nullable Throwable failure) {
		for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
			if (cause instanceof ShutdownSignalException signal && isLimit(signal)) {
				return true;
			}
		}
		return false;
	}

	static boolean isLimit(ShutdownSignalException signal) {
		return !signal.isInitiatedByApplication() && signal.getReason() instanceof AMQP.Connection.Close close
				&& close.getReplyCode() == AMQP.NOT_ALLOWED && close.getClassId() <= CONNECTION_CLASS
				&& close.getReplyText() != null && LIMIT.matcher(close.getReplyText()).find();
	}

	/**
	 * Whether the broker told why it closed the connection. If it only closed it, during
	 * the login, the client takes it for a refusal.
	 */
	private static boolean isClosedByBroker(@Nullable Throwable cause) {
		return cause instanceof ShutdownSignalException signal && signal.getReason() instanceof AMQP.Connection.Close;
	}

	private static FailureReason of(ShutdownSignalException signal) {
		if (signal.getReason() instanceof AMQP.Connection.Close close) {
			return switch (close.getReplyCode()) {
				case AMQP.ACCESS_REFUSED, AMQP.NOT_ALLOWED, AMQP.INVALID_PATH -> FailureReason.ACCESS_REFUSED;
				default -> FailureReason.CONNECTION_CLOSED;
			};
		}
		if (!signal.isHardError()) {
			return FailureReason.NOT_PREPARED;
		}
		return (signal.getCause() instanceof SSLException) ? FailureReason.TLS : FailureReason.CONNECTION_LOST;
	}

}
