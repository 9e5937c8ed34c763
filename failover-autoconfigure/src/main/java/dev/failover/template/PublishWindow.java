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

package dev.failover.template;

import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;

/**
 * Bounds how many messages are unconfirmed at a time.
 */
final class PublishWindow {

	private final int size;

	private final Semaphore free;

	private final Set<Publication> inside = ConcurrentHashMap.newKeySet();

	private final AtomicLong earliestDeadline = new AtomicLong(never());

	PublishWindow(int size) {
		this.size = size;
		this.free = new Semaphore(size);
	}

	/**
	 * Let a message in as soon as there is room, and out when it ends. A message for
	 * which there is no room until its deadline ends here.
	 * @return whether the message is in
	 */
	boolean enter(Publication publication) {
		try {
			long now = System.nanoTime();
			long remaining = publication.remaining(now);
			if (this.free.tryAcquire() || this.free.tryAcquire(remaining, TimeUnit.NANOSECONDS)) {
				this.inside.add(publication);
				noteDeadline(now + remaining);
				publication.result().whenComplete((confirmation, failure) -> leave(publication));
				return true;
			}
			publication.fail("%d messages are unconfirmed already".formatted(this.size));
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
			publication.failedWith(ex);
			publication.fail("Interrupted while waiting for room among the unconfirmed messages");
		}
		return false;
	}

	private void leave(Publication publication) {
		this.inside.remove(publication);
		this.free.release();
	}

	private void noteDeadline(long deadline) {
		long earliest = this.earliestDeadline.get();
		while (deadline - earliest < 0 && !this.earliestDeadline.compareAndSet(earliest, deadline)) {
			earliest = this.earliestDeadline.get();
		}
	}

	/**
	 * End the messages whose time is over. Looks at them only if there may be one.
	 */
	void expire(long now) {
		if (now - this.earliestDeadline.get() < 0) {
			return;
		}
		this.earliestDeadline.set(never());
		for (Publication publication : this.inside) {
			if (publication.remaining(now) <= 0) {
				publication.expire();
			}
			else {
				noteDeadline(now + publication.remaining(now));
			}
		}
	}

	private static long never() {
		return System.nanoTime() + Long.MAX_VALUE / 2;
	}

	void forEach(Consumer<Publication> action) {
		this.inside.forEach(action);
	}

	int inFlight() {
		return this.size - this.free.availablePermits();
	}

	/**
	 * Wait until no message is in.
	 * @return whether that is so
	 */
	boolean awaitEmpty(Duration timeout) {
		try {
			boolean empty = this.free.tryAcquire(this.size, timeout.toNanos(), TimeUnit.NANOSECONDS);
			if (empty) {
				this.free.release(this.size);
			}
			return empty;
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
			return false;
		}
	}

}
