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

import java.util.concurrent.CancellationException;

import org.jspecify.annotations.Nullable;

/**
 * What has become of an attempt to connect to a broker.
 */
public enum ConnectOutcome {

	/**
	 * The connection is open, and prepared where that was wanted.
	 */
	CONNECTED,

	/**
	 * The broker could not be reached.
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
	 * The connection was open, but could not be prepared: the topology was refused, for
	 * example.
	 */
	NOT_PREPARED,

	/**
	 * The connection was lost before it was ready.
	 */
	CONNECTION_LOST,

	/**
	 * The broker closed the connection before it was ready.
	 */
	CONNECTION_CLOSED,

	/**
	 * The broker is in maintenance.
	 */
	MAINTENANCE,

	/**
	 * A limit on connections or channels is reached.
	 */
	LIMIT,

	/**
	 * Nobody wants the connection any more, as the application ends.
	 */
	CANCELLED;

	static ConnectOutcome of(@Nullable Throwable failure) {
		if (failure == null) {
			return CONNECTED;
		}
		if (failure instanceof CancellationException) {
			return CANCELLED;
		}
		if (FailureReasons.isLimit(failure)) {
			return LIMIT;
		}
		return switch (FailureReasons.of(failure)) {
			case CONNECTION_LOST -> CONNECTION_LOST;
			case CONNECTION_CLOSED, BLOCKED -> CONNECTION_CLOSED;
			case MAINTENANCE -> MAINTENANCE;
			case UNREACHABLE -> UNREACHABLE;
			case TIMEOUT -> TIMEOUT;
			case ACCESS_REFUSED -> ACCESS_REFUSED;
			case TLS -> TLS;
			case NOT_PREPARED -> NOT_PREPARED;
		};
	}

}
