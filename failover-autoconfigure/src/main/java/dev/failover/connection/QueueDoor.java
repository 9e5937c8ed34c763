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

import org.jspecify.annotations.Nullable;

import dev.failover.broker.Broker;
import dev.failover.failure.ClientOperation;

/**
 * Lets operations on queues pass on connections that others share, or refuses those for
 * which the broker would not answer, or would end the connection. There are two sources
 * of what it knows: a {@link QueueGuard}, which is told of declarations, and
 * {@link SuspectQueues}, which are those that something went wrong with before.
 */
final class QueueDoor {

	private final SuspectQueues suspects;

	private volatile QueueGuard guard = QueueGuard.none();

	QueueDoor(SuspectQueues suspects) {
		this.suspects = suspects;
	}

	/**
	 * Set what knows of declarations.
	 */
	void setGuard(QueueGuard guard) {
		this.guard = guard;
	}

	QueueGuard getGuard() {
		return this.guard;
	}

	/**
	 * Do something with a queue, on the thread that calls, which may wait for a moment.
	 * @throws IOException if the broker cannot serve the queue at the moment
	 * @throws Throwable what the action throws
	 */
	@Nullable Object pass(Broker broker, ClientOperation operation, String queue, Action action) throws Throwable {
		this.guard.check(broker, queue);
		return switch (operation) {
			case BASIC_CONSUME, BASIC_GET -> this.suspects.touch(broker, operation, queue, action);
			default -> action.run();
		};
	}

	/**
	 * The door to the queues of one broker.
	 *
	 * @param door the door
	 * @param broker the broker
	 */
	record At(QueueDoor door, Broker broker) {

		@Nullable Object pass(ClientOperation operation, String queue, Action action) throws Throwable {
			return this.door.pass(this.broker, operation, queue, action);
		}

	}

	/**
	 * What is done with a queue.
	 */
	@FunctionalInterface
	interface Action {

		@Nullable Object run() throws Throwable;

	}

}
