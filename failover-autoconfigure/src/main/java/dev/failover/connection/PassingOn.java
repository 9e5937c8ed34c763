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

package dev.failover.connection;

import java.time.Duration;
import java.util.Collection;
import java.util.concurrent.TimeUnit;

import org.jspecify.annotations.Nullable;

/**
 * What the client is passing on to a consumer of a channel at the moment. It does so on
 * one thread at a time.
 */
final class PassingOn {

	/**
	 * A broker that does not answer any more does not confirm a cancel.
	 */
	private static final Duration LONGEST = Duration.ofSeconds(1);

	/**
	 * A consumer that takes longer handles messages itself.
	 */
	private static final Duration BUSY = Duration.ofMillis(100);

	private volatile long since;

	private volatile @Nullable Thread thread;

	void begin() {
		this.since = System.nanoTime();
		this.thread = Thread.currentThread();
	}

	void end() {
		this.thread = null;
	}

	boolean isCurrentThread() {
		return this.thread == Thread.currentThread();
	}

	/**
	 * Wait until everything is passed on to some consumers which are cancelled, unless a
	 * consumer is busy with a message.
	 */
	void await(Collection<CountedConsumer> consumers) {
		long deadline = System.nanoTime() + LONGEST.toNanos();
		try {
			for (CountedConsumer consumer : consumers) {
				while (!consumer.ended().await(5, TimeUnit.MILLISECONDS)) {
					if (isBusy() || System.nanoTime() - deadline >= 0) {
						return;
					}
				}
			}
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
		}
	}

	private boolean isBusy() {
		return this.thread != null && System.nanoTime() - this.since > BUSY.toNanos();
	}

}
