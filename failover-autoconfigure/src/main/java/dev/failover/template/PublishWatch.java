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
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BooleanSupplier;

import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;
import org.springframework.scheduling.concurrent.CustomizableThreadFactory;

import dev.failover.broker.Activation;

/**
 * Looks after messages at regular intervals while there are any, and sleeps otherwise.
 * Tells of a broker that takes long to confirm. What blocks is done on further threads,
 * so that no deadline is missed meanwhile.
 */
final class PublishWatch implements AutoCloseable {

	private static final Log logger = LogFactory.getLog(PublishWatch.class);

	private static final long INTERVAL_MILLIS = 50;

	private static final Duration STANDSTILL = Duration.ofMillis(500);

	/**
	 * Healthy brokers confirm sooner; one that does not is worth a probe.
	 */
	private static final Duration LATE = Duration.ofMillis(100);

	private static final int MAX_PATIENCE = 4;

	private final BooleanSupplier inspection;

	private final PublishSource source;

	private final Duration confirmTimeout;

	private final AtomicBoolean running = new AtomicBoolean();

	/**
	 * Counts the series of inspections, of which only the last one goes on.
	 */
	private final AtomicLong inspections = new AtomicLong();

	private final ScheduledThreadPoolExecutor executor;

	private final ThreadPoolExecutor blocking;

	/**
	 * The first unconfirmed message at the last inspection. The executor's thread alone
	 * knows it.
	 */
	private @Nullable Publication first;

	private long firstSince;

	private volatile long inspectedAt = System.nanoTime();

	private volatile long resumedAt = System.nanoTime();

	PublishWatch(BooleanSupplier inspection, PublishSource source, Duration confirmTimeout) {
		this.inspection = inspection;
		this.source = source;
		this.confirmTimeout = confirmTimeout;
		this.executor = new ScheduledThreadPoolExecutor(1, threads("failover-publish-watch-"));
		this.executor.setExecuteExistingDelayedTasksAfterShutdownPolicy(false);
		this.blocking = new ThreadPoolExecutor(0, Integer.MAX_VALUE, 1, TimeUnit.SECONDS, new SynchronousQueue<>(),
				threads("failover-publish-left-"));
	}

	private static CustomizableThreadFactory threads(String prefix) {
		CustomizableThreadFactory threads = new CustomizableThreadFactory(prefix);
		threads.setDaemon(true);
		return threads;
	}

	void start() {
		if (!this.running.get() && this.running.compareAndSet(false, true)) {
			this.inspectedAt = System.nanoTime();
			long number = this.inspections.incrementAndGet();
			later(() -> inspect(number), Duration.ofMillis(INTERVAL_MILLIS));
		}
	}

	/**
	 * Judge the broker by how long its oldest confirm is outstanding since all before it
	 * came, as what is written to a slow network waits for what is before it; and at last
	 * by how long ago the message was written. Time in which this process stood still
	 * does not count, as what came meanwhile is read only now, nor does the time of an
	 * alarm. What others have not confirmed either is waited for longer on each, up to a
	 * limit: it may be the queue that takes nothing, as it is on all nodes of a cluster
	 * while the queue has no leader.
	 * @param oldest the oldest message that is unconfirmed, or {@code null} if there is
	 * none
	 */
	void judge(@Nullable Activation activation, @Nullable Publication oldest) {
		long now = System.nanoTime();
		if (this.first != oldest) {
			this.first = oldest;
			this.firstSince = now;
		}
		if (oldest == null) {
			return;
		}
		if (this.source.isBlocked(activation)) {
			this.resumedAt = now;
		}
		long age = Math.min(now - oldest.writtenAt(), now - this.resumedAt);
		Duration longest = this.confirmTimeout.multipliedBy(MAX_PATIENCE);
		Duration patience = this.confirmTimeout.multipliedBy(Math.max(1, Math.min(oldest.tries(), MAX_PATIENCE)));
		if (Math.min(age, now - this.firstSince) > patience.toNanos()) {
			giveUp(activation, patience);
		}
		else if (age > longest.toNanos()) {
			giveUp(activation, longest);
		}
		else if (age > LATE.toNanos()) {
			this.source.suspect(activation);
		}
	}

	private void giveUp(@Nullable Activation activation, Duration patience) {
		this.source.failed(activation, new TimeoutException("No confirm within %d ms".formatted(patience.toMillis())));
	}

	/**
	 * Do something that may block, at once, on a thread of its own.
	 */
	void aside(Runnable task) {
		try {
			this.blocking.execute(task);
		}
		catch (RejectedExecutionException ex) {
			logger.debug("Nothing is done any more", ex);
		}
		catch (Throwable ex) {
			logger.error("A channel stays open until its connection is closed", ex);
		}
	}

	/**
	 * Do something that does not block, later.
	 */
	void later(Runnable task, Duration delay) {
		try {
			this.executor.schedule(task, delay.toMillis(), TimeUnit.MILLISECONDS);
		}
		catch (RejectedExecutionException ex) {
			logger.debug("Nothing is watched any more", ex);
		}
		catch (Throwable ex) {
			// the task waits for the thread that the next task is going to start
			logger.error("Unconfirmed messages are looked after with delay", ex);
			this.running.set(false);
		}
	}

	private void inspect(long number) {
		if (number != this.inspections.get()) {
			return;
		}
		boolean more = true;
		long now = System.nanoTime();
		if (now - this.inspectedAt > STANDSTILL.toNanos()) {
			this.resumedAt = now;
		}
		this.inspectedAt = now;
		try {
			more = this.inspection.getAsBoolean();
		}
		catch (Throwable ex) {
			logger.error("Inspection of unconfirmed messages failed, and goes on", ex);
		}
		finally {
			if (more) {
				later(() -> inspect(number), Duration.ofMillis(INTERVAL_MILLIS));
			}
		}
		if (!more) {
			this.running.set(false);
			startIfNeeded();
		}
	}

	/**
	 * A message may have come since the inspection, and found it running.
	 */
	private void startIfNeeded() {
		boolean needed = true;
		try {
			needed = this.inspection.getAsBoolean();
		}
		finally {
			if (needed) {
				start();
			}
		}
	}

	@Override
	public void close() {
		this.executor.shutdownNow();
		this.blocking.shutdownNow();
	}

}
