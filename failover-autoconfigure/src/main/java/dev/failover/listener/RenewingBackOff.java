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

package dev.failover.listener;

import java.util.function.LongSupplier;

import org.springframework.util.backoff.BackOff;
import org.springframework.util.backoff.BackOffExecution;

/**
 * Back-off that doubles from one failure to the next, never gives up, and begins anew
 * after a time without failures. A consumer keeps its execution for life, so that one of
 * Spring's would never come down again.
 */
final class RenewingBackOff implements BackOff {

	static final long FIRST_MILLIS = 200;

	static final long MAX_MILLIS = 2000;

	private static final long QUIET_MILLIS = 4 * MAX_MILLIS;

	private final LongSupplier millis;

	RenewingBackOff() {
		this(() -> System.nanoTime() / 1_000_000);
	}

	RenewingBackOff(LongSupplier millis) {
		this.millis = millis;
	}

	@Override
	public BackOffExecution start() {
		return new Execution(this.millis);
	}

	@Override
	public String toString() {
		return "RenewingBackOff{first=%d, max=%d}".formatted(FIRST_MILLIS, MAX_MILLIS);
	}

	/**
	 * Belongs to one consumer, which has one thread at a time.
	 */
	private static final class Execution implements BackOffExecution {

		private final LongSupplier millis;

		private volatile long next = FIRST_MILLIS;

		private volatile long lastAsked;

		Execution(LongSupplier millis) {
			this.millis = millis;
			this.lastAsked = millis.getAsLong();
		}

		@Override
		public long nextBackOff() {
			long now = this.millis.getAsLong();
			long interval = (now - this.lastAsked > QUIET_MILLIS) ? FIRST_MILLIS : this.next;
			this.lastAsked = now;
			this.next = Math.min(interval * 2, MAX_MILLIS);
			return interval;
		}

	}

}
