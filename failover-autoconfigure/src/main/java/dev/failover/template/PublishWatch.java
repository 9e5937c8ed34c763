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
import org.springframework.scheduling.concurrent.CustomizableThreadFactory;

import dev.failover.broker.LateStart;

/**
 * Looks after messages at regular intervals while there are any, and sleeps otherwise.
 * Tells a broker that takes long to confirm from a destination that does. What blocks is
 * done on further threads, so that no deadline is missed meanwhile.
 */
final class PublishWatch implements AutoCloseable {

	private static final Log logger = LogFactory.getLog(PublishWatch.class);

	private static final long INTERVAL_MILLIS = 50;

	private static final Duration STANDSTILL = Duration.ofMillis(500);

	/**
	 * Healthy brokers confirm sooner; one that does not is worth a probe.
	 */
	private static final Duration LATE = Duration.ofMillis(100);

	/**
	 * How long others wait for all that is unconfirmed on a channel.
	 */
	private static final Duration AWAITED = Duration.ofSeconds(1);

	/**
	 * So many times the time-out pass until messages of a late destination are published
	 * again: what is opened while a queue has no leader may stay without an answer for
	 * longer than what was there before.
	 */
	private static final int PATIENCE = 3;

	/**
	 * After a thread could not be started.
	 */
	private static final Duration AGAIN = Duration.ofSeconds(1);

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
	 * Judge by how old the oldest unconfirmed message is. If others are confirmed, or
	 * have to wait, a destination is to blame: the channel is to be set aside. If nothing
	 * is, the broker is asked. Time in which this process stood still does not count, as
	 * what came meanwhile is read only now, nor does the time of an alarm.
	 * @param channel the channel that is published on
	 * @param times how long confirms take
	 * @return whether the channel is to be set aside
	 */
	boolean judge(PublishChannel channel, ConfirmTimes times) {
		Publication oldest = channel.oldest();
		if (oldest == null) {
			return false;
		}
		if (this.source.isBlocked(channel.activation())) {
			this.resumedAt = System.nanoTime();
		}
		long age = age(oldest);
		if (age > LATE.toNanos()) {
			this.source.suspect(channel.activation());
		}
		return (times.isLate(age) && channel.isHeldUpBy(oldest)) || (age > AWAITED.toNanos() && channel.isAwaited())
				|| (isSilent(channel, oldest, AWAITED) && isOfSeveralDestinations(channel)) || isMute(channel, oldest);
	}

	private static boolean isOfSeveralDestinations(PublishChannel channel) {
		return channel.unconfirmed().stream().map(Destination::of).distinct().limit(2).count() == 2;
	}

	private long age(Publication publication) {
		long now = System.nanoTime();
		return Math.min(now - publication.writtenAt(), now - this.resumedAt);
	}

	private boolean isMute(PublishChannel channel, Publication oldest) {
		return isSilent(channel, oldest, this.confirmTimeout);
	}

	private boolean isSilent(PublishChannel channel, Publication oldest, Duration time) {
		return Math.min(age(oldest), System.nanoTime() - channel.confirmedAt()) > time.toNanos();
	}

	/**
	 * Give a broker up that confirms nothing and does not open a channel either, on
	 * whatever connection.
	 */
	void unanswered(PublishChannel channel) {
		Publication oldest = channel.oldest();
		if (oldest != null && isMute(channel, oldest)) {
			this.source.failed(channel.activation(),
					new TimeoutException("No confirm within %d ms".formatted(this.confirmTimeout.toMillis())));
		}
	}

	/**
	 * Whether a channel that was set aside confirms nothing for so long that its messages
	 * are tried on another one, which each of them is once.
	 */
	boolean isExhausted(PublishChannel channel) {
		Publication oldest = channel.oldest();
		return oldest != null && isSilent(channel, oldest, this.confirmTimeout.multipliedBy(PATIENCE)) && channel
			.unconfirmed()
			.stream()
			.allMatch(
					(publication) -> publication.isDone() || (publication.tries() == 1 && publication.isRepeatable()));
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
			logger.error("What may block is done with delay", ex);
			later(() -> aside(task), AGAIN);
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
			logger.error("Unconfirmed messages are looked after with delay", ex);
			LateStart.of(this.executor);
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
