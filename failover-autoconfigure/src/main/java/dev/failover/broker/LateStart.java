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

package dev.failover.broker;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.springframework.util.Assert;

/**
 * Starts the thread of a timer that could not be started when a task came, for a lack of
 * memory or threads. The task waits in the queue of the timer, and nothing else would
 * start the thread before a further task comes, which may be never.
 */
public final class LateStart {

	private static final Log logger = LogFactory.getLog(LateStart.class);

	private static final Duration PAUSE = Duration.ofSeconds(1);

	private LateStart() {
	}

	/**
	 * Try to start the thread a second later, and again until that succeeds, the queue is
	 * empty or the timer is shut down. Does not block, and throws nothing.
	 * @param timer the timer, which has one thread at most
	 */
	public static void of(ScheduledThreadPoolExecutor timer) {
		Assert.notNull(timer, "'timer' must not be null");
		try {
			CompletableFuture.delayedExecutor(PAUSE.toMillis(), TimeUnit.MILLISECONDS, Runnable::run)
				.execute(() -> start(timer));
		}
		catch (Throwable ex) {
			logger.error("What has been put off waits for something else that is", ex);
		}
	}

	private static void start(ScheduledThreadPoolExecutor timer) {
		if (timer.isShutdown() || timer.getQueue().isEmpty()) {
			return;
		}
		try {
			timer.prestartCoreThread();
		}
		catch (Throwable ex) {
			logger.debug("Still no thread", ex);
			of(timer);
		}
	}

}
