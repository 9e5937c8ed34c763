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
import java.time.Duration;
import java.util.concurrent.Executor;

import org.jspecify.annotations.Nullable;

import dev.failover.broker.Broker;

/**
 * Where virtual connections get their connections to brokers from, and what they run on.
 */
public interface LinkSource {

	/**
	 * Return the active broker.
	 * @return the broker, or {@code null} while there is none
	 */
	@Nullable Broker active();

	/**
	 * Connect to the active broker, or to the first one that answers, which is active
	 * then. Blocks within the connect time-outs.
	 * @return an open connection
	 * @throws IOException if no broker can be connected to
	 * @throws InterruptedException if the thread is interrupted meanwhile
	 */
	BrokerLink connect() throws IOException, InterruptedException;

	/**
	 * Connect to a broker beside the active one. Blocks within the connect time-out.
	 * @param broker the broker
	 * @return an open connection
	 * @throws IOException if the broker is out of use, or cannot be connected to
	 * @throws InterruptedException if the thread is interrupted meanwhile
	 */
	BrokerLink connectTo(Broker broker) throws IOException, InterruptedException;

	/**
	 * Wait until other connections have declared the queues that belong to them on a
	 * broker: what is published there before would find no queue. Blocks for a second at
	 * most.
	 * @param broker the broker
	 * @throws InterruptedException if the thread is interrupted meanwhile
	 */
	void awaitQueues(Broker broker) throws InterruptedException;

	/**
	 * Return whether a queue may be consumed from on several brokers: one that belongs to
	 * its connection, and a stream, may not.
	 * @param queue the name of the queue
	 * @return whether it may, as far as is known
	 */
	boolean isSharable(String queue);

	/**
	 * Close a connection in the background, by the protocol.
	 * @param link the connection
	 */
	void close(BrokerLink link);

	/**
	 * Run something that may block, on a thread of its own.
	 * @param task the task
	 * @throws java.util.concurrent.RejectedExecutionException if all has ended
	 */
	void execute(Runnable task);

	/**
	 * Run something that does not block, later. Nothing happens if all has ended by then.
	 * @param delay from now
	 * @param task the task
	 */
	void later(Duration delay, Runnable task);

	/**
	 * Return what hands messages on to consumers of a connection for which the
	 * application has set no executor. It has as many threads as there is work.
	 * @return the executor
	 */
	Executor consumers();

	/**
	 * Return how long to wait for a connection, at most.
	 * @return the time
	 */
	Duration connectTimeout();

	/**
	 * Return how long work may go on, on a broker that was left.
	 * @return the time
	 */
	Duration leaveTimeout();

	/**
	 * Return the time that passes.
	 * @return nanoseconds, as of {@link System#nanoTime()}
	 */
	default long nanoTime() {
		return System.nanoTime();
	}

}
