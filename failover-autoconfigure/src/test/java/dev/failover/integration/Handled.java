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

import java.util.Collection;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * What listeners have handled: how often each message, and when first from each broker
 * since it was asked for.
 */
final class Handled {

	private final Map<String, AtomicInteger> messages = new ConcurrentHashMap<>();

	private final Map<String, Long> firsts = new ConcurrentHashMap<>();

	void add(String queue, String message, int port) {
		this.messages.computeIfAbsent(message, (key) -> new AtomicInteger()).incrementAndGet();
		this.firsts.computeIfAbsent(queue + "@" + port, (key) -> System.nanoTime());
	}

	/**
	 * Forget when brokers were consumed from.
	 */
	void forgetFirsts() {
		this.firsts.clear();
	}

	boolean isConsumed(String queue, int port) {
		return this.firsts.containsKey(queue + "@" + port);
	}

	long firstNanos(String queue, int port) {
		return this.firsts.get(queue + "@" + port);
	}

	int count() {
		return this.messages.size();
	}

	/**
	 * Return which of the given messages were never handled.
	 */
	Set<String> missing(Collection<String> sent) {
		Set<String> missing = new TreeSet<>(sent);
		missing.removeAll(this.messages.keySet());
		return missing;
	}

	int duplicates() {
		return this.messages.values().stream().mapToInt(AtomicInteger::get).sum() - this.messages.size();
	}

}
