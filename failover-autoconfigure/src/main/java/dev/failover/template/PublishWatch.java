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
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BooleanSupplier;

import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;
import org.springframework.scheduling.concurrent.CustomizableThreadFactory;

import dev.failover.broker.Activation;

/**
 * Looks after messages at regular intervals while there are any, and sleeps otherwise.
 * Tells of a broker that takes long to confirm.
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

	private final ScheduledThreadPoolExecutor executor;

	private volatile long inspectedAt = System.nanoTime();

	private volatile long resumedAt = System.nanoTime();

	PublishWatch(BooleanSupplier inspection, PublishSource source, Duration confirmTimeout) {
		this.inspection = inspection;
		this.source = source;
		this.confirmTimeout = confirmTimeout;
		CustomizableThreadFactory threads = new CustomizableThreadFactory("failover-publish-watch-");
		threads.setDaemon(true);
		this.executor = new ScheduledThreadPoolExecutor(1, threads);
		this.executor.setExecuteExistingDelayedTasksAfterShutdownPolicy(false);
	}

	void start() {
		if (!this.running.get() && this.running.compareAndSet(false, true)) {
			this.inspectedAt = System.nanoTime();
			later(this::inspect, Duration.ofMillis(INTERVAL_MILLIS));
		}
	}

	/**
	 * Judge the broker by how long its oldest confirm is outstanding. Time in which this
	 * process stood still does not count, as what came meanwhile is read only now, nor
	 * does the time of an alarm. What others have not confirmed either is waited for
	 * longer on each, up to a limit: it may be the queue that takes nothing, as it is on
	 * all nodes of a cluster while the queue has no leader.
	 */
	void judge(@Nullable Activation activation, Publication oldest) {
		long now = System.nanoTime();
		if (this.source.isBlocked(activation)) {
			this.resumedAt = now;
		}
		long nanos = Math.min(now - oldest.writtenAt(), now - this.resumedAt);
		Duration patience = this.confirmTimeout.multipliedBy(Math.max(1, Math.min(oldest.tries(), MAX_PATIENCE)));
		if (nanos > patience.toNanos()) {
			this.source.failed(activation,
					new TimeoutException("No confirm within %d ms".formatted(patience.toMillis())));
		}
		else if (nanos > LATE.toNanos()) {
			this.source.suspect(activation);
		}
	}

	void later(Runnable task, Duration delay) {
		try {
			this.executor.schedule(task, delay.toMillis(), TimeUnit.MILLISECONDS);
		}
		catch (RejectedExecutionException ex) {
			logger.debug("Nothing is watched any more", ex);
		}
	}

	private void inspect() {
		boolean more = true;
		long now = System.nanoTime();
		if (now - this.inspectedAt > STANDSTILL.toNanos()) {
			this.resumedAt = now;
		}
		this.inspectedAt = now;
		try {
			more = this.inspection.getAsBoolean();
		}
		catch (RuntimeException ex) {
			logger.error("Inspection of unconfirmed messages failed, and goes on", ex);
		}
		if (more) {
			later(this::inspect, Duration.ofMillis(INTERVAL_MILLIS));
			return;
		}
		this.running.set(false);
		if (this.inspection.getAsBoolean()) {
			start();
		}
	}

	@Override
	public void close() {
		this.executor.shutdownNow();
	}

}
