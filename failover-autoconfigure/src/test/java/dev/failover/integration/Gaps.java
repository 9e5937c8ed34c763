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
import java.util.concurrent.locks.ReentrantLock;

/**
 * The longest time between two confirms. Safe for use by any number of threads.
 */
final class Gaps {

	private final ReentrantLock lock = new ReentrantLock();

	private long last = System.nanoTime();

	private long longest;

	void confirmed() {
		this.lock.lock();
		try {
			long now = System.nanoTime();
			this.longest = Math.max(this.longest, now - this.last);
			this.last = now;
		}
		finally {
			this.lock.unlock();
		}
	}

	/**
	 * Forget the gaps so far.
	 */
	void reset() {
		this.lock.lock();
		try {
			this.longest = 0;
		}
		finally {
			this.lock.unlock();
		}
	}

	Duration longest() {
		this.lock.lock();
		try {
			return Duration.ofNanos(this.longest);
		}
		finally {
			this.lock.unlock();
		}
	}

}
