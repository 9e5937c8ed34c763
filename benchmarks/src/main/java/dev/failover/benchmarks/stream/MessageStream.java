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

import java.time.Duration;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;

import dev.failover.benchmarks.application.Publisher;

/**
 * Threads that publish numbered messages, together at a steady pace, and what became of
 * them. A thread that was held up does not make up for it.
 */
public final class MessageStream implements AutoCloseable {

	private static final Duration BEFORE = Duration.ofSeconds(2);

	private static final Duration PATIENCE = Duration.ofSeconds(90);

	private final AtomicInteger sequence = new AtomicInteger();

	private final Tally tally;

	private final ConcurrentLinkedQueue<Long> confirms = new ConcurrentLinkedQueue<>();

	private final AtomicInteger pending = new AtomicInteger();

	private final ExecutorService threads;

	private final Publisher publisher;

	private final long pace;

	private final AtomicLong next = new AtomicLong(System.nanoTime());

	private volatile boolean stopped;

	private MessageStream(Publisher publisher, StreamSettings settings, Tally tally) {
		this.publisher = publisher;
		this.tally = tally;
		this.pace = TimeUnit.SECONDS.toNanos(1) / settings.perSecond();
		this.threads = Executors.newFixedThreadPool(settings.threads());
		for (int i = 0; i < settings.threads(); i++) {
			this.threads.execute(this::publish);
		}
	}

	/**
	 * Start a stream, and wait until it is steady.
	 * @param publisher publishes the messages
	 * @param settings how many of them
	 * @param tally told what becomes of them
	 * @return the stream, to be closed before its publisher
	 */
	public static MessageStream start(Publisher publisher, StreamSettings settings, Tally tally) {
		MessageStream stream = new MessageStream(publisher, settings, tally);
		if (!stream.awaitSteady(System.nanoTime() + BEFORE.toNanos(), PATIENCE)) {
			stream.close();
			throw new IllegalStateException("%d messages per second are not reached; errors: %s"
				.formatted(settings.perSecond(), stream.tally.errors()));
		}
		return stream;
	}

	private void publish() {
		while (!this.stopped) {
			awaitTurn();
			int number = this.sequence.incrementAndGet();
			this.pending.incrementAndGet();
			this.publisher.publish(Integer.toString(number), this.tally::error).whenComplete((result, failure) -> {
				if (failure == null) {
					this.tally.confirmed(number);
					this.confirms.add(System.nanoTime());
				}
				this.pending.decrementAndGet();
			});
		}
	}

	private void awaitTurn() {
		long turn = this.next.updateAndGet((previous) -> Math.max(previous + this.pace, System.nanoTime()));
		for (long wait = turn - System.nanoTime(); wait > 0; wait = turn - System.nanoTime()) {
			LockSupport.parkNanos(wait);
		}
	}

	/**
	 * Return the longest time without a confirm around and after a fault.
	 * @param fault when the fault struck, in nanoseconds
	 * @return the gap, up to now
	 */
	public Gap longestGap(long fault) {
		return longestGap(fault, System.nanoTime());
	}

	/**
	 * Return the longest time without a confirm that begins around a fault, and not
	 * later. Confirms that are on their way when the fault strikes still arrive; a pause
	 * after the stream goes on is none of it.
	 * @param fault when the fault struck, in nanoseconds
	 * @param latest the latest time at which it may begin, in nanoseconds
	 * @return the gap, up to now
	 */
	public Gap longestGap(long fault, long latest) {
		long now = System.nanoTime();
		return Gap.longest(this.confirms.stream().mapToLong(Long::longValue).sorted().toArray(), fault, latest, now);
	}

	/**
	 * Forget when messages were confirmed so far.
	 */
	public void forgetConfirms() {
		this.confirms.clear();
	}

	/**
	 * Wait until messages are confirmed at four fifths of the pace at least, for a
	 * second.
	 * @param earliest not before this time, in nanoseconds
	 * @param timeout how long to wait
	 * @return whether it is so
	 */
	public boolean awaitSteady(long earliest, Duration timeout) {
		long deadline = System.nanoTime() + timeout.toNanos();
		while (System.nanoTime() < earliest || !isSteady()) {
			if (System.nanoTime() > deadline) {
				return false;
			}
			LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(50));
		}
		return true;
	}

	private boolean isSteady() {
		long second = TimeUnit.SECONDS.toNanos(1);
		long since = System.nanoTime() - second;
		return this.confirms.stream().filter((time) -> time >= since).count() * this.pace > second * 4 / 5;
	}

	/**
	 * Publish no more, and wait for what is under way.
	 */
	@Override
	public void close() {
		this.stopped = true;
		this.threads.shutdown();
		try {
			boolean ended = this.threads.awaitTermination(PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
			long deadline = System.nanoTime() + PATIENCE.toNanos();
			while (ended && this.pending.get() > 0 && System.nanoTime() < deadline) {
				LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(10));
			}
			if (this.pending.get() > 0) {
				throw new IllegalStateException(
						"%d messages did not end in %s".formatted(this.pending.get(), PATIENCE));
			}
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
		}
		finally {
			this.threads.shutdownNow();
		}
	}

}
