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

package dev.failover.detection;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.springframework.scheduling.concurrent.CustomizableThreadFactory;

import dev.failover.broker.LateStart;

/**
 * The threads of detection: one that keeps time and never blocks, and a few that do what
 * may block on a broker.
 */
final class DetectionThreads implements DetectionScheduler, AutoCloseable {

	private static final Log logger = LogFactory.getLog(BrokerDetector.class);

	private static final int MAX_WORKERS = 32;

	private final ScheduledThreadPoolExecutor timer;

	private final ThreadPoolExecutor workers;

	DetectionThreads() {
		this.timer = new ScheduledThreadPoolExecutor(1, threads("failover-detection-"));
		this.timer.setKeepAliveTime(10, TimeUnit.SECONDS);
		this.timer.allowCoreThreadTimeOut(true);
		this.timer.setExecuteExistingDelayedTasksAfterShutdownPolicy(false);
		this.timer.setRemoveOnCancelPolicy(true);
		this.workers = new ThreadPoolExecutor(0, MAX_WORKERS, 10, TimeUnit.SECONDS, new SynchronousQueue<>(),
				threads("failover-probe-"));
	}

	private static CustomizableThreadFactory threads(String prefix) {
		CustomizableThreadFactory threads = new CustomizableThreadFactory(prefix);
		threads.setDaemon(true);
		return threads;
	}

	@Override
	public long nanoTime() {
		return System.nanoTime();
	}

	@Override
	public Future<?> later(Duration delay, Runnable task) {
		try {
			return this.timer.schedule(() -> run(task), delay.toNanos(), TimeUnit.NANOSECONDS);
		}
		catch (RejectedExecutionException ex) {
			logger.trace("Detection has ended", ex);
			return CompletableFuture.completedFuture(null);
		}
		catch (Throwable ex) {
			logger.error("Detection is late", ex);
			LateStart.of(this.timer);
			return CompletableFuture.completedFuture(null);
		}
	}

	private static void run(Runnable task) {
		try {
			task.run();
		}
		catch (Throwable ex) {
			logger.error("Detection failed, and goes on", ex);
		}
	}

	@Override
	public boolean work(Runnable task) {
		try {
			this.workers.execute(() -> run(task));
			return true;
		}
		catch (RejectedExecutionException ex) {
			logger.trace("No worker is free", ex);
			return false;
		}
		catch (Throwable ex) {
			logger.error("A worker cannot be started", ex);
			return false;
		}
	}

	@Override
	public void close() {
		this.timer.shutdownNow();
		this.workers.shutdownNow();
	}

}
