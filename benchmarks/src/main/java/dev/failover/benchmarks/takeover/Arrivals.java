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

package dev.failover.benchmarks.takeover;

import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

import dev.failover.benchmarks.support.BenchmarkException;
import dev.failover.broker.BrokerEvent;
import dev.failover.broker.BrokerListener;

/**
 * Knows when each message came first, and when the application switched.
 */
final class Arrivals implements BrokerListener {

	private final Map<String, Long> first = new ConcurrentHashMap<>();

	private final CountDownLatch missing = new CountDownLatch(TakeoverApplication.CONSUMERS);

	private volatile long switched;

	void add(String body) {
		if (this.first.putIfAbsent(body, System.nanoTime()) == null) {
			this.missing.countDown();
		}
	}

	@Override
	public void onEvent(BrokerEvent event) {
		if (event instanceof BrokerEvent.Activated) {
			this.switched = System.nanoTime();
		}
	}

	Takeover await(long struck, Duration timeout) {
		try {
			if (!this.missing.await(timeout.toMillis(), TimeUnit.MILLISECONDS)) {
				throw new BenchmarkException(
						"%d consumers do not consume after %s".formatted(this.missing.getCount(), timeout));
			}
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
			throw new BenchmarkException("Interrupted before all consumers consume");
		}
		return Takeover.of(struck, this.switched, this.first.values());
	}

}
