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

package dev.failover.benchmarks.application;

import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;

/**
 * An application that publishes to the queue of the benchmarks. Safe for use by any
 * number of threads.
 */
public interface Publisher extends AutoCloseable {

	/**
	 * Publish a message.
	 * @param body the body
	 * @param errors told of each exception that reaches the code of the application,
	 * whether or not it tries again
	 * @return a future that completes when a broker has confirmed the message, or
	 * exceptionally when it is given up
	 */
	CompletableFuture<?> publish(String body, Consumer<Throwable> errors);

	/**
	 * Return the port of the broker to which messages go.
	 * @return the port
	 */
	int activePort();

	@Override
	void close();

}
