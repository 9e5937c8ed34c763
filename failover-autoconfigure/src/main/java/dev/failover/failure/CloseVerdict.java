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

package dev.failover.failure;

/**
 * What a close of a connection or channel says about who is to blame, and so what is
 * given up for it.
 */
public enum CloseVerdict {

	/**
	 * The broker: it is left, and what was done is repeated on the next one.
	 */
	BROKER,

	/**
	 * The broker has announced that it stops for maintenance: it is left, as planned by
	 * its operator.
	 */
	MAINTENANCE,

	/**
	 * The broker does not let this user, or this virtual host, in: it is left.
	 */
	LOGIN,

	/**
	 * The credentials of this connection have expired: the same broker is connected to
	 * with renewed ones.
	 */
	CREDENTIALS,

	/**
	 * Nobody: this one connection was closed, and another one to the same broker does.
	 */
	CONNECTION,

	/**
	 * A limit on what may be open is reached: the broker works, and what is not needed
	 * makes room.
	 */
	LIMIT,

	/**
	 * One operation, in answer to which the broker closed the whole connection: it is
	 * done once more, and is to blame if that closes the connection again. The broker
	 * stays in use, and what others were doing on the connection is repeated there.
	 */
	OPERATION,

	/**
	 * One queue, which can be used again later: only what needs that queue waits.
	 */
	QUEUE,

	/**
	 * One channel: a new one on the same broker does.
	 */
	CHANNEL,

	/**
	 * A permission is lacking: the caller's mistake, if the user did not have it before.
	 */
	PERMISSION,

	/**
	 * The caller, whose operation fails the same way on any broker.
	 */
	MISTAKE

}
