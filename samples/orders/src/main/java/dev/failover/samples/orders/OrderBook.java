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

package dev.failover.samples.orders;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAccumulator;

import org.springframework.stereotype.Component;

/**
 * Knows of each order how far it has come.
 */
@Component
class OrderBook {

	/**
	 * How long a confirmed order may be under way before it counts as missing.
	 */
	static final Duration PATIENCE = Duration.ofSeconds(5);

	private final Clock clock = Clock.systemUTC();

	private final AtomicLong sent = new AtomicLong();

	private final AtomicLong confirmed = new AtomicLong();

	private final AtomicLong duplicates = new AtomicLong();

	private final AtomicLong errors = new AtomicLong();

	private final LongAccumulator slowest = new LongAccumulator(Math::max, 0);

	private final Set<String> fulfilled = ConcurrentHashMap.newKeySet();

	private final Map<String, Instant> waiting = new ConcurrentHashMap<>();

	void sent() {
		this.sent.incrementAndGet();
	}

	void confirmed(String order, Duration took) {
		this.slowest.accumulate(took.toNanos());
		this.confirmed.incrementAndGet();
		this.waiting.put(order, this.clock.instant());
		if (this.fulfilled.contains(order)) {
			this.waiting.remove(order);
		}
	}

	void failed() {
		this.errors.incrementAndGet();
	}

	void fulfilled(String order) {
		if (!this.fulfilled.add(order)) {
			this.duplicates.incrementAndGet();
		}
		this.waiting.remove(order);
	}

	/**
	 * Return how long the slowest of the orders that were confirmed since the last call
	 * took for that.
	 */
	Duration takeSlowest() {
		return Duration.ofNanos(this.slowest.getThenReset());
	}

	Counts counts() {
		Instant overdue = this.clock.instant().minus(PATIENCE);
		long missing = this.waiting.values().stream().filter((since) -> since.isBefore(overdue)).count();
		return new Counts(this.sent.get(), this.confirmed.get(), this.fulfilled.size(), missing, this.duplicates.get(),
				this.errors.get());
	}

	/**
	 * Numbers of orders.
	 *
	 * @param sent handed over for publishing
	 * @param confirmed taken over by a broker
	 * @param fulfilled handled by the listener, each order once
	 * @param missing confirmed but not fulfilled for longer than {@link #PATIENCE}: they
	 * wait on a broker that is down or was left
	 * @param duplicates handled once more
	 * @param errors not confirmed by any broker in time
	 */
	record Counts(long sent, long confirmed, long fulfilled, long missing, long duplicates, long errors) {
	}

}
