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

package dev.failover.benchmarks.stream;

import java.util.BitSet;
import java.util.Collection;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.UnaryOperator;

/**
 * What became of numbered messages.
 */
public final class Tally {

	private final ReentrantLock lock = new ReentrantLock();

	private final BitSet confirmed = new BitSet();

	private final BitSet found = new BitSet();

	private final Map<String, AtomicInteger> errors = new ConcurrentHashMap<>();

	private int duplicates;

	/**
	 * A message was confirmed.
	 * @param number its number
	 */
	public void confirmed(int number) {
		this.lock.lock();
		try {
			this.confirmed.set(number);
		}
		finally {
			this.lock.unlock();
		}
	}

	/**
	 * A message was found on a broker, or delivered.
	 * @param body its body
	 */
	public void found(String body) {
		int number = Integer.parseInt(body);
		this.lock.lock();
		try {
			if (this.found.get(number)) {
				this.duplicates++;
			}
			this.found.set(number);
		}
		finally {
			this.lock.unlock();
		}
	}

	/**
	 * Messages were found on a broker.
	 * @param bodies their bodies
	 */
	public void found(Collection<String> bodies) {
		bodies.forEach(this::found);
	}

	/**
	 * An exception reached the application.
	 * @param error the exception
	 */
	public void error(Throwable error) {
		this.errors.computeIfAbsent(error.getClass().getSimpleName(), (name) -> new AtomicInteger()).incrementAndGet();
	}

	/**
	 * Return the exceptions.
	 * @return their names and how many there were
	 */
	public Map<String, AtomicInteger> errors() {
		return this.errors;
	}

	/**
	 * Return how many exceptions there were.
	 * @return the number of exceptions
	 */
	public int errorCount() {
		return this.errors.values().stream().mapToInt(AtomicInteger::get).sum();
	}

	/**
	 * Return how many messages were confirmed.
	 * @return the number of messages
	 */
	public int confirmedCount() {
		return count((messages) -> messages);
	}

	/**
	 * Return how many messages were confirmed, but not found.
	 * @return the number of messages
	 */
	public int missingCount() {
		return count((messages) -> {
			messages.andNot(this.found);
			return messages;
		});
	}

	/**
	 * Return how many times a message was found that had been found before.
	 * @return the number of duplicates
	 */
	public int duplicateCount() {
		this.lock.lock();
		try {
			return this.duplicates;
		}
		finally {
			this.lock.unlock();
		}
	}

	private int count(UnaryOperator<BitSet> selection) {
		this.lock.lock();
		try {
			return selection.apply((BitSet) this.confirmed.clone()).cardinality();
		}
		finally {
			this.lock.unlock();
		}
	}

}
