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

import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.springframework.core.task.TaskRejectedException;
import org.springframework.scheduling.concurrent.ThreadPoolTaskScheduler;

/**
 * Runs the monitors of direct containers, which restart their consumers: each at its
 * interval, and all of them when they are woken. There are as many threads as monitors,
 * as one that restarts consumers waits for the broker.
 * <p>
 * The threads keep the JVM running as long as there is a monitor, as those that each
 * container has by itself do: in an outage there may be no other thread that does.
 */
final class MonitorScheduler extends ThreadPoolTaskScheduler {

	private static final Log logger = LogFactory.getLog(MonitorScheduler.class);

	/**
	 * How long a thread outlives the last monitor.
	 */
	private static final Duration IDLE = Duration.ofSeconds(1);

	private final Map<Monitor, Future<?>> monitors = new ConcurrentHashMap<>();

	MonitorScheduler() {
		setThreadNamePrefix("failover-listener-monitor-");
		setRemoveOnCancelPolicy(true);
		initialize();
		ScheduledThreadPoolExecutor executor = getScheduledThreadPoolExecutor();
		executor.setKeepAliveTime(IDLE.toMillis(), TimeUnit.MILLISECONDS);
		executor.allowCoreThreadTimeOut(true);
	}

	/**
	 * What a container runs at an interval is its monitor.
	 */
	@Override
	public ScheduledFuture<?> scheduleAtFixedRate(Runnable task, Duration period) {
		setPoolSize(active().size() + 1);
		Monitor monitor = new Monitor(task);
		ScheduledFuture<?> future = super.scheduleAtFixedRate(monitor, period);
		this.monitors.put(monitor, future);
		return future;
	}

	/**
	 * Have every monitor look at once, and again after some time. Does not block.
	 */
	void wake(Duration again) {
		Instant later = Instant.now().plus(again);
		for (Monitor monitor : active()) {
			wake(monitor, later);
		}
	}

	/**
	 * A monitor that cannot be woken looks at its interval all the same.
	 */
	private void wake(Monitor monitor, Instant again) {
		try {
			execute(monitor);
			schedule(monitor, again);
		}
		catch (TaskRejectedException ex) {
			logger.debug("Shut down, no monitor is woken", ex);
		}
		catch (Throwable ex) {
			logger.error("A listener container cannot be woken, and restarts its consumers later", ex);
		}
	}

	private Set<Monitor> active() {
		this.monitors.values().removeIf(Future::isDone);
		return this.monitors.keySet();
	}

	/**
	 * Runs on one thread at a time, and once more if it was to be run meanwhile.
	 */
	private static final class Monitor implements Runnable {

		private final Runnable task;

		private final AtomicInteger pending = new AtomicInteger();

		Monitor(Runnable task) {
			this.task = task;
		}

		@Override
		public void run() {
			if (this.pending.getAndIncrement() != 0) {
				return;
			}
			int handled = 1;
			boolean done = false;
			try {
				do {
					this.task.run();
					handled = this.pending.addAndGet(-handled);
				}
				while (handled != 0);
				done = true;
			}
			finally {
				if (!done) {
					this.pending.set(0);
				}
			}
		}

	}

}
