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

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;

import org.jspecify.annotations.Nullable;

import dev.failover.broker.Broker;
import dev.failover.broker.Brokers;

/**
 * Access to single brokers for whoever looks after them: the connections that the
 * application uses, and connections beside them. No method blocks.
 */
public interface BrokerAccess {

	/**
	 * Add a listener that is told of each connection that is opened for the application
	 * from now on.
	 * @param listener the listener, which must not block
	 */
	void addListener(Consumer<OpenConnection> listener);

	/**
	 * Add a task that is run when there is no access any more.
	 * @param task the task, which must not block
	 */
	void onClose(Runnable task);

	/**
	 * Connect to a broker and close the connection again, within the connect time-out.
	 * {@link Brokers} is told whether the broker answered.
	 * @param broker the broker
	 * @return a future that completes when the broker has answered or failed
	 */
	CompletableFuture<@Nullable Void> check(Broker broker);

	/**
	 * Connect to a broker as for the application, with the topology declared there, and
	 * close the connection again, within the connect time-out. {@link Brokers} is told
	 * whether the broker can serve.
	 * @param broker the broker
	 * @return a future that completes when the connection was ready, or fails
	 */
	CompletableFuture<@Nullable Void> prepare(Broker broker);

	/**
	 * Connect to a broker and close the connection again. {@link Brokers} is not told if
	 * that fails.
	 * @param broker the broker
	 * @param timeout how long the broker may take to answer
	 * @return a future that completes when the broker has answered or failed
	 */
	CompletableFuture<@Nullable Void> knock(Broker broker, Duration timeout);

	/**
	 * Open a connection beside those of the application, within the connect time-out.
	 * {@link Brokers} is told if that fails, or if the connection is lost later on.
	 * @param broker the broker
	 * @param name the name of the connection, as the broker shows it
	 * @return a future of the connection
	 */
	CompletableFuture<OpenConnection> open(Broker broker, String name);

	/**
	 * Keep prepared connections to a broker open, one of each kind that the application
	 * uses, whatever the strategy says and whether standby connections are wanted or not,
	 * and have consumers subscribed on them, as far as they may be on two brokers. They
	 * are taken into use when the application connects to that broker. Holds until
	 * {@link #endStandBy()}, the next call, or a failure.
	 * @param broker the broker
	 * @return a future that completes when they are open, or the broker is active; fails
	 * when the broker cannot be connected to, and is cancelled when another call took its
	 * place. While there is no active broker, it waits
	 */
	CompletableFuture<@Nullable Void> standBy(Broker broker);

	/**
	 * Return the broker to go to if the active one is to be left.
	 * @param active the active broker
	 * @return the next usable broker in the order of the strategy, or {@code null} if
	 * there is none
	 */
	@Nullable Broker nextBeside(Broker active);

	/**
	 * Go back to the standby connections that the strategy and the settings ask for.
	 */
	void endStandBy();

	/**
	 * Return whether a connection that the application uses is open to a broker, one that
	 * it has left with work on it included. Connections that are opened beside those of
	 * the application do not count.
	 * @param broker the name of the broker
	 * @return whether something may still run there
	 */
	boolean isInUse(String broker);

	/**
	 * Have new work go to the active broker: close all channels that lie idle on
	 * connections to a broker that is active no more, which would be used again.
	 * @return a future that completes when that is done
	 */
	CompletableFuture<@Nullable Void> settled();

	/**
	 * Close a connection of {@link #open} in the background.
	 * @param connection the connection
	 */
	void close(OpenConnection connection);

}
