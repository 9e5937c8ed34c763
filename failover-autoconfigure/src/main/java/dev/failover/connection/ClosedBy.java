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

import com.rabbitmq.client.ShutdownSignalException;

import dev.failover.failure.CloseReason;

/**
 * Why a connection that was open is closed.
 */
public enum ClosedBy {

	/**
	 * The application, or this library, does not need it any more.
	 */
	APPLICATION,

	/**
	 * It was lost: end of stream, reset, missed heartbeats, or cut as the broker failed.
	 */
	CONNECTION_LOST,

	/**
	 * The broker shuts down, or had an internal error.
	 */
	BROKER,

	/**
	 * The broker is put into maintenance.
	 */
	MAINTENANCE,

	/**
	 * The broker does not let the user, or the virtual host, in any more.
	 */
	ACCESS_REFUSED,

	/**
	 * The credentials of the connection have expired.
	 */
	CREDENTIALS_EXPIRED,

	/**
	 * An operator has closed this one connection.
	 */
	OPERATOR,

	/**
	 * A limit of the broker is reached.
	 */
	LIMIT,

	/**
	 * The broker has answered one operation by closing the connection.
	 */
	OPERATION,

	/**
	 * The application has made a mistake, or lacks a permission.
	 */
	MISTAKE,

	/**
	 * The client has refused what it has read.
	 */
	CLIENT;

	static ClosedBy of(ShutdownSignalException signal) {
		if (signal.isInitiatedByApplication()) {
			return APPLICATION;
		}
		CloseReason reason = FailureReasons.closedWith(signal);
		if (reason == null) {
			return FailureReasons.isOfBroker(signal) ? CONNECTION_LOST : CLIENT;
		}
		return switch (reason.getVerdict()) {
			case BROKER -> BROKER;
			case MAINTENANCE -> MAINTENANCE;
			case LOGIN -> ACCESS_REFUSED;
			case CREDENTIALS -> CREDENTIALS_EXPIRED;
			case CONNECTION -> OPERATOR;
			case LIMIT -> LIMIT;
			case OPERATION, QUEUE, CHANNEL -> OPERATION;
			case PERMISSION, MISTAKE -> MISTAKE;
		};
	}

}
