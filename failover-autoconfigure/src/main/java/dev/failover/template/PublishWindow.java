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
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.function.Predicate;

import org.jspecify.annotations.Nullable;

/**
 * Bounds how many messages are unconfirmed at a time.
 */
final class PublishWindow {

	/**
	 * A destination may become late, or confirm again, while its senders wait.
	 */
	private static final long LOOK_AGAIN_NANOS = TimeUnit.MILLISECONDS.toNanos(20);

	private final int size;

	private final Semaphore free;

	/**
	 * The room for messages of late destinations, so that they take none from others.
	 */
	private final Semaphore apart;

	private final Predicate<Publication> late;

	private final Consumer<Throwable> onFailure;

	private final Map<Publication, Semaphore> inside = new ConcurrentHashMap<>();

	private final AtomicInteger waiting = new AtomicInteger();

	private final AtomicLong earliestDeadline = new AtomicLong(never());

	/**
	 * Create a window.
	 * @param size how many messages of destinations that confirm are let in, and as many
	 * others
	 * @param late whether the destination of a message is late
	 * @param onFailure told why a message has ended that was let in, and is not confirmed
	 */
	PublishWindow(int size, Predicate<Publication> late, Consumer<Throwable> onFailure) {
		this.size = size;
		this.late = late;
		this.onFailure = onFailure;
		this.free = new Semaphore(size);
		this.apart = new Semaphore(size);
	}

	/**
	 * Let a message in as soon as there is room, and out when it ends. A message for
	 * which there is no room until its deadline ends here.
	 * @return whether the message is in
	 */
	boolean enter(Publication publication) {
		try {
			Semaphore room = awaitRoom(publication);
			if (room != null) {
				this.inside.put(publication, room);
				long now = System.nanoTime();
				noteDeadline(now + publication.remaining(now));
				publication.result().whenComplete((confirmation, failure) -> leave(publication, failure));
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

	private @Nullable Semaphore awaitRoom(Publication publication) throws InterruptedException {
		Semaphore room = roomFor(publication);
		if (room.tryAcquire()) {
			return room;
		}
		this.waiting.incrementAndGet();
		try {
			return awaitRoom(publication, publication.remaining(System.nanoTime()));
		}
		finally {
			this.waiting.decrementAndGet();
		}
	}

	private @Nullable Semaphore awaitRoom(Publication publication, long nanos) throws InterruptedException {
		long remaining = nanos;
		while (remaining > 0) {
			Semaphore room = roomFor(publication);
			if (room.tryAcquire(Math.min(remaining, LOOK_AGAIN_NANOS), TimeUnit.NANOSECONDS)) {
				return room;
			}
			remaining = publication.remaining(System.nanoTime());
		}
		return null;
	}

	private Semaphore roomFor(Publication publication) {
		return this.late.test(publication) ? this.apart : this.free;
	}

	private void leave(Publication publication, @Nullable Throwable failure) {
		Semaphore room = this.inside.remove(publication);
		if (room != null) {
			room.release();
		}
		if (failure != null) {
			this.onFailure.accept(failure);
		}
	}

	/**
	 * Let a message of a late destination make room for those of others, if it can.
	 */
	void setApart(Publication publication) {
		if (this.inside.get(publication) == this.free && this.apart.tryAcquire()) {
			boolean replaced = this.inside.replace(publication, this.free, this.apart);
			(replaced ? this.free : this.apart).release();
		}
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
		for (Publication publication : this.inside.keySet()) {
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
		this.inside.keySet().forEach(action);
	}

	PublishStatus status() {
		return new PublishStatus(inFlight(), this.size, this.waiting.get());
	}

	int inFlight() {
		return 2 * this.size - this.free.availablePermits() - this.apart.availablePermits();
	}

	/**
	 * Wait until no message is in.
	 * @return whether that is so
	 */
	boolean awaitEmpty(Duration timeout) {
		try {
			long end = System.nanoTime() + timeout.toNanos();
			if (!this.free.tryAcquire(this.size, timeout.toNanos(), TimeUnit.NANOSECONDS)) {
				return false;
			}
			boolean empty = this.apart.tryAcquire(this.size, end - System.nanoTime(), TimeUnit.NANOSECONDS);
			this.free.release(this.size);
			if (empty) {
				this.apart.release(this.size);
			}
			return empty;
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
			return false;
		}
	}

}
