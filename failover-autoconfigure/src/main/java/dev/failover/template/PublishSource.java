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

package dev.failover.template;

import java.io.IOException;
import java.time.Duration;

import com.rabbitmq.client.Channel;
import org.jspecify.annotations.Nullable;

import dev.failover.broker.Activation;
import dev.failover.broker.Broker;
import dev.failover.connection.DestinationFault;
import dev.failover.connection.RoutingKeys;
import dev.failover.connection.WriteBatch;

/**
 * Where the publisher gets its channels from, and whom it tells of a broker that does not
 * confirm.
 */
interface PublishSource {

	/**
	 * Return whether another broker has become active since the last channel was opened,
	 * while its own serves still.
	 */
	boolean isLeft();

	/**
	 * Return the broker that the last channel was opened to.
	 * @return the broker, or {@code null} if there was none, or it is not known
	 */
	default @Nullable Broker lastBroker() {
		return null;
	}

	/**
	 * Call something, which does not block, when another broker becomes active without a
	 * failure.
	 */
	default void onMove(Runnable task) {
	}

	/**
	 * Call nothing any more.
	 */
	default void close() {
	}

	/**
	 * Open a new native channel in confirm mode to the active broker.
	 * @return the channel, and whom it leads to
	 * @throws IOException if no broker can be connected to
	 */
	Opened open() throws IOException;

	/**
	 * Open a new native channel in confirm mode to the same broker as the last one, on
	 * another connection. Further ones are opened there, too.
	 * @return the channel, and whom it leads to
	 * @throws IOException if the broker is not active any more, or does not answer
	 */
	Opened openApart() throws IOException;

	/**
	 * Return whether the calling thread is opening a connection, which the publisher may
	 * be waiting for.
	 */
	default boolean isOpening() {
		return false;
	}

	/**
	 * Open a new native channel in confirm mode on the connection that the calling thread
	 * is opening.
	 * @throws IOException if that connection is not open, or not yet
	 */
	default Opened openHere() throws IOException {
		throw new IOException("No connection is being opened");
	}

	/**
	 * Return why there is no active broker.
	 * @return the last failure of each broker, or {@code null} if there is an active one,
	 * or no failure is known
	 */
	default @Nullable String getOutage() {
		return null;
	}

	/**
	 * Report that the active broker has rejected or returned a message.
	 * @return what is wrong with a queue that it is for, or {@code null} if nothing is
	 * known to be
	 */
	default @Nullable DestinationFault rejected(String exchange, String routingKey) {
		return null;
	}

	/**
	 * Return whether no channel can be opened any more, as the application ends.
	 */
	boolean isClosed();

	/**
	 * Wait until there is an active broker.
	 */
	void awaitActive(Duration timeout) throws InterruptedException;

	/**
	 * Return whether the broker of an activation accepts nothing because of an alarm.
	 */
	boolean isBlocked(@Nullable Activation activation);

	/**
	 * Report that the broker of an activation takes long to confirm.
	 */
	void suspect(@Nullable Activation activation);

	/**
	 * Report that the broker of an activation did not confirm in time.
	 */
	void failed(@Nullable Activation activation, Throwable cause);

	/**
	 * Report what has become of messages that were not confirmed when their channel was
	 * lost.
	 */
	void replayed(@Nullable Activation activation, int inFlight, int replayed);

	/**
	 * A channel that was opened.
	 *
	 * @param channel the channel
	 * @param activation the activation that its connection belongs to, {@code null} if
	 * the connection is lost already
	 * @param writeBatch lets many messages be written at once, {@code null} if it cannot
	 * @param routingKeys with which routing keys messages are to be written
	 */
	record Opened(Channel channel, @Nullable Activation activation, @Nullable WriteBatch writeBatch,
			RoutingKeys routingKeys) {

		/**
		 * The size that no frame of the connection exceeds, 0 if there is no limit.
		 */
		int frameMax() {
			return this.channel.getConnection().getFrameMax();
		}
	}

}
