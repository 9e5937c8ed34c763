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
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

import org.awaitility.Awaitility;

/**
 * The longest time between two of a series of events, the last of which may be now.
 */
final class ConfirmGaps {

	private final AtomicLong last = new AtomicLong(System.nanoTime());

	private final AtomicLong longest = new AtomicLong();

	private final AtomicInteger count = new AtomicInteger();

	void tick() {
		long now = System.nanoTime();
		this.longest.accumulateAndGet(now - this.last.getAndSet(now), Math::max);
		this.count.incrementAndGet();
	}

	void startOver() {
		this.count.set(0);
		this.last.set(System.nanoTime());
		this.longest.set(0);
	}

	/**
	 * Wait for a number of events since the start, and a pause that has ended.
	 */
	void await(int events) {
		await(events, Duration.ofSeconds(100));
	}

	void await(int events, Duration patience) {
		Awaitility.await().atMost(patience).until(() -> this.count.get() >= events);
	}

	long longest() {
		return TimeUnit.NANOSECONDS.toMillis(Math.max(this.longest.get(), System.nanoTime() - this.last.get()));
	}

}
