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

package dev.failover.detection;

import java.util.concurrent.CompletableFuture;

/**
 * What a {@link ConnectionProbe} can do to its connection and broker. No method blocks.
 */
interface ProbeTarget {

	boolean isOpen();

	/**
	 * Have the broker looked at if the connection was lost and nobody has been told yet:
	 * the client tells it only when consumers have taken what it had received.
	 */
	void closed();

	/**
	 * Ask something on the connection.
	 * @return a future that completes when there is an answer, or nothing can be asked
	 */
	CompletableFuture<?> ask();

	/**
	 * Try the broker on another connection, within the probe's time-out.
	 * @return a future that completes exceptionally unless the broker answers
	 */
	CompletableFuture<?> knock();

	/**
	 * Give the broker up.
	 * @param misses how many probes in a row were not answered
	 */
	void giveUp(int misses);

}
