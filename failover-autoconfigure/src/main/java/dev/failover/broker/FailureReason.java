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

/**
 * Why a broker was given up.
 */
public enum FailureReason {

	/**
	 * The connection was lost: end of stream, reset, or missed heartbeats.
	 */
	CONNECTION_LOST,

	/**
	 * The broker closed the connection: it shuts down, or had an internal error.
	 */
	CONNECTION_CLOSED,

	/**
	 * The broker closed the connection because it was put into maintenance mode.
	 */
	MAINTENANCE,

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
	 * The broker answers, but a connection to it could not be made ready for the
	 * application: for example, it refused the declaration of the topology.
	 */
	NOT_PREPARED,

	/**
	 * The broker blocks publishers because of a resource alarm.
	 */
	BLOCKED

}
