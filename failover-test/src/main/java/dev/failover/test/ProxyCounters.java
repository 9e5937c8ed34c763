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

package dev.failover.test;

import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Counts connections and bytes.
 */
final class ProxyCounters {

	private final AtomicInteger accepted = new AtomicInteger();

	private final AtomicInteger connecting = new AtomicInteger();

	private final AtomicInteger maxConnecting = new AtomicInteger();

	private final AtomicLong delivered = new AtomicLong();

	int accepted() {
		return this.accepted.get();
	}

	int connecting() {
		return this.connecting.get();
	}

	int maxConnecting() {
		return this.maxConnecting.get();
	}

	long delivered() {
		return this.delivered.get();
	}

	void delivered(int bytes) {
		this.delivered.addAndGet(bytes);
	}

	void reset() {
		this.accepted.set(0);
		this.delivered.set(0);
		this.maxConnecting.set(this.connecting.get());
	}

	/**
	 * Count a new connection.
	 * @return to be run, once or more often, when the connecting phase has ended
	 */
	Runnable newConnection() {
		this.accepted.incrementAndGet();
		this.maxConnecting.accumulateAndGet(this.connecting.incrementAndGet(), Math::max);
		AtomicBoolean ended = new AtomicBoolean();
		return () -> {
			if (ended.compareAndSet(false, true)) {
				this.connecting.decrementAndGet();
			}
		};
	}

}
