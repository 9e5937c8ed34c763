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

/**
 * Knows of queues that a broker does not answer for at the moment. Whoever asks for one
 * on a connection of the application is told so at once, instead of waiting for the
 * broker.
 */
public interface QueueGuard {

	/**
	 * Let a queue pass, or not. Called before it is declared, consumed from or fetched
	 * from, on the thread that does so; may wait for a moment.
	 * @param broker the broker
	 * @param queue the name of the queue
	 * @throws IOException if the broker does not answer for the queue
	 */
	void check(Broker broker, String queue) throws IOException;

	/**
	 * Tell that a broker has rejected or returned a message. Does not block.
	 * @param broker the broker
	 * @param exchange the exchange that the message was published to
	 * @param routingKey its routing key
	 * @return what is wrong with a queue that the message is for, or {@code null} if
	 * nothing is known to be
	 */
	@Nullable DestinationFault rejected(Broker broker, String exchange, String routingKey);

	/**
	 * Return a guard that knows of nothing.
	 * @return the guard
	 */
	static QueueGuard none() {
		return new QueueGuard() {

			@Override
			public void check(Broker broker, String queue) {
			}

			@Override
			public @Nullable DestinationFault rejected(Broker broker, String exchange, String routingKey) {
				return null;
			}

		};
	}

}
