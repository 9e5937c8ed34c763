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

package dev.failover.integration;

import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;

import org.awaitility.Awaitility;

/**
 * The messages that were handled and how often, what went wrong, and the longest time in
 * which none was handled. It does not matter who handles them.
 */
final class HandledWithPauses {

	private static final Duration PATIENCE = Duration.ofSeconds(30);

	private final Map<String, AtomicInteger> times = new ConcurrentHashMap<>();

	private final ConcurrentLinkedQueue<String> errors = new ConcurrentLinkedQueue<>();

	private final ConfirmGaps pauses = new ConfirmGaps();

	void add(String message) {
		this.pauses.tick();
		this.times.computeIfAbsent(message, (key) -> new AtomicInteger()).incrementAndGet();
	}

	void addError(String error) {
		this.errors.add(error);
	}

	/**
	 * Forget the pauses so far.
	 */
	void startOver() {
		this.pauses.startOver();
	}

	/**
	 * Wait until so many different messages have been handled since the beginning.
	 */
	void await(int messages) {
		Awaitility.await()
			.alias(messages + " messages are handled")
			.atMost(PATIENCE)
			.pollInterval(Duration.ofMillis(5))
			.until(() -> count() >= messages);
	}

	/**
	 * Wait until all the given messages have been handled.
	 */
	void awaitAll(Collection<String> messages) {
		Awaitility.await("number of messages that are missing")
			.atMost(PATIENCE)
			.until(() -> missing(messages).size(), (missing) -> missing == 0);
	}

	int count() {
		return this.times.size();
	}

	/**
	 * Return the longest time in which nothing was handled, in milliseconds.
	 */
	long longestPause() {
		return this.pauses.longest();
	}

	Set<String> missing(Collection<String> messages) {
		Set<String> missing = new TreeSet<>(messages);
		missing.removeAll(this.times.keySet());
		return missing;
	}

	/**
	 * Return the messages that were handled more than once.
	 */
	List<String> repeated() {
		return this.times.entrySet()
			.stream()
			.filter((entry) -> entry.getValue().get() > 1)
			.map(Map.Entry::getKey)
			.sorted()
			.toList();
	}

	List<String> errors() {
		return List.copyOf(this.errors);
	}

}
