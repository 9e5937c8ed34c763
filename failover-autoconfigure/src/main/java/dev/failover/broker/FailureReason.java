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

package dev.failover.broker;

import java.net.SocketTimeoutException;
import java.util.concurrent.TimeoutException;

import javax.net.ssl.SSLException;

import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.PossibleAuthenticationFailureException;
import com.rabbitmq.client.ShutdownSignalException;

/**
 * Why a broker was given up.
 */
public enum FailureReason {

	/**
	 * The connection was lost: end of stream, reset, or missed heartbeats.
	 */
	CONNECTION_LOST,

	/**
	 * The broker closed the connection: it shuts down, is in maintenance, or had an
	 * internal error.
	 */
	CONNECTION_CLOSED,

	/**
	 * The broker could not be reached: refused, no route, or an unresolvable name.
	 */
	UNREACHABLE,

	/**
	 * The broker did not answer in time.
	 */
	TIMEOUT,

	/**
	 * The broker refused the login or the access to the virtual host.
	 */
	ACCESS_REFUSED,

	/**
	 * The TLS handshake failed.
	 */
	TLS,

	/**
	 * The broker blocks publishers because of a resource alarm.
	 */
	BLOCKED;

	/**
	 * Return the reason that an exception stands for, as far as its causes tell it.
	 * @param failure what was thrown while the broker was connected to or worked with
	 * @return the reason, {@link #UNREACHABLE} if there was no connection yet
	 */
	public static FailureReason of(Throwable failure) {
		for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
			if (cause instanceof PossibleAuthenticationFailureException) {
				return ACCESS_REFUSED;
			}
			if (cause instanceof SSLException) {
				return TLS;
			}
			if (cause instanceof TimeoutException || cause instanceof SocketTimeoutException) {
				return TIMEOUT;
			}
			if (cause instanceof ShutdownSignalException signal) {
				return of(signal);
			}
		}
		return UNREACHABLE;
	}

	private static FailureReason of(ShutdownSignalException signal) {
		if (signal.getReason() instanceof AMQP.Connection.Close close) {
			return switch (close.getReplyCode()) {
				case AMQP.ACCESS_REFUSED, AMQP.NOT_ALLOWED, AMQP.INVALID_PATH -> ACCESS_REFUSED;
				default -> CONNECTION_CLOSED;
			};
		}
		return (signal.getCause() instanceof SSLException) ? TLS : CONNECTION_LOST;
	}

}
