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
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BooleanSupplier;

import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.springframework.scheduling.concurrent.CustomizableThreadFactory;

/**
 * Looks after messages at regular intervals while there are any, and sleeps otherwise.
 */
final class PublishWatch implements AutoCloseable {

	private static final Log logger = LogFactory.getLog(PublishWatch.class);

	private static final long INTERVAL_MILLIS = 50;

	private final BooleanSupplier inspection;

	private final AtomicBoolean running = new AtomicBoolean();

	private final ScheduledThreadPoolExecutor executor;

	PublishWatch(BooleanSupplier inspection) {
		this.inspection = inspection;
		CustomizableThreadFactory threads = new CustomizableThreadFactory("failover-publish-watch-");
		threads.setDaemon(true);
		this.executor = new ScheduledThreadPoolExecutor(1, threads);
		this.executor.setExecuteExistingDelayedTasksAfterShutdownPolicy(false);
	}

	void start() {
		if (!this.running.get() && this.running.compareAndSet(false, true)) {
			later(this::inspect, Duration.ofMillis(INTERVAL_MILLIS));
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
