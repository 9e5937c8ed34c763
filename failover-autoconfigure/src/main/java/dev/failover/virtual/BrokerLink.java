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

package dev.failover.virtual;

import java.io.IOException;

import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import org.jspecify.annotations.Nullable;

import dev.failover.broker.Broker;
import dev.failover.failure.ClientOperation;

/**
 * A connection to one broker that a virtual connection uses. Safe for use by any number
 * of threads.
 */
public interface BrokerLink {

	/**
	 * Return the broker.
	 * @return the broker
	 */
	Broker broker();

	/**
	 * Return the connection to the broker.
	 * @return the connection of the client
	 */
	Connection connection();

	/**
	 * Return whether the connection can be used. It cannot any more as soon as its socket
	 * is closed: the client notices that later.
	 * @return whether it is open
	 */
	boolean isOpen();

	/**
	 * Take a channel that was opened before, for consumers.
	 * @param prefetch the prefetch count that consumers get on it
	 * @return the channel, which is the caller's then, or {@code null} if there is none
	 */
	@Nullable Channel takeChannel(int prefetch);

	/**
	 * Return whether the queues of another broker are those of this one, as both are
	 * nodes of one cluster, or the same.
	 * @param other the other broker
	 * @return whether that is known
	 */
	boolean hasQueuesOf(Broker other);

	/**
	 * Take note of where a request has come from.
	 * @param replyTo where its reply is to be sent, if it is a request
	 */
	void delivered(@Nullable String replyTo);

	/**
	 * Return the routing key with which a message has to be published here.
	 * @param exchange the exchange
	 * @param routingKey the routing key that was given
	 * @return another one if the broker must not see the given one
	 */
	String routingKey(@Nullable String exchange, String routingKey);

	/**
	 * Do something with a queue, unless the broker cannot serve the queue at the moment.
	 * @param <T> the type of the result
	 * @param operation what is done
	 * @param queue the name of the queue
	 * @param action does it
	 * @return the result of the action
	 * @throws IOException if the broker cannot serve the queue, or what the action throws
	 */
	<T extends @Nullable Object> T pass(ClientOperation operation, String queue, Action<T> action) throws IOException;

	/**
	 * What is done with a queue.
	 *
	 * @param <T> the type of the result
	 */
	@FunctionalInterface
	interface Action<T extends @Nullable Object> {

		/**
		 * Do it.
		 * @return the result
		 * @throws IOException if the broker refuses it, or is lost
		 */
		T run() throws IOException;

	}

}
