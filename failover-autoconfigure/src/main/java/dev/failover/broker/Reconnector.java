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

import java.io.IOException;
import java.time.Duration;

import org.jspecify.annotations.Nullable;

/**
 * Connects again after the active broker was lost, once for all who wait for it.
 */
public interface Reconnector {

	/**
	 * Return when there is an active broker with an open connection and its topology
	 * declared. Callers at the same time share one pass over the brokers.
	 * @param timeout how long to wait at most
	 * @throws BrokersUnavailableException if all brokers have been tried without success,
	 * or the time is over
	 * @throws IOException if the reconnect failed for another reason than its brokers,
	 * for example a topology that is refused
	 * @throws InterruptedException if the thread is interrupted while it waits
	 */
	void reconnect(Duration timeout) throws IOException, InterruptedException;

	/**
	 * Wait until there is an active broker.
	 * @param timeout how long to wait at most
	 * @return whether there is an active broker
	 * @throws InterruptedException if the thread is interrupted while it waits
	 */
	boolean awaitActive(Duration timeout) throws InterruptedException;

	/**
	 * Return whether nobody is connected any more, as the application ends. By default,
	 * it never ends.
	 * @return whether all further waits are in vain
	 */
	default boolean isClosed() {
		return false;
	}

	/**
	 * Return how many callers wait for a broker at the moment. By default, that is not
	 * known, and 0.
	 * @return the number of callers in {@link #reconnect} and {@link #awaitActive}
	 */
	default int getWaiting() {
		return 0;
	}

	/**
	 * Return the broker that a reconnect would try first.
	 * @return the active broker or, while there is none, the next one in the order of the
	 * strategy; {@code null} if the strategy leaves all of them out
	 */
	@Nullable Broker getNext();

}
