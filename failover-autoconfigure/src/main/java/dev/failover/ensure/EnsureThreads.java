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

package dev.failover.ensure;

import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

import org.springframework.scheduling.concurrent.CustomizableThreadFactory;

/**
 * The threads on which asynchronous work waits between its tries. There are none until
 * something fails, and none some seconds after it was cured.
 */
final class EnsureThreads implements AutoCloseable {

	private static final int MAX_THREADS = 32;

	private static final int KEEP_ALIVE_SECONDS = 10;

	private final ThreadPoolExecutor executor;

	EnsureThreads() {
		CustomizableThreadFactory threads = new CustomizableThreadFactory("failover-ensure-");
		threads.setDaemon(true);
		this.executor = new ThreadPoolExecutor(MAX_THREADS, MAX_THREADS, KEEP_ALIVE_SECONDS, TimeUnit.SECONDS,
				new LinkedBlockingQueue<>(), threads);
		this.executor.allowCoreThreadTimeOut(true);
	}

	/**
	 * Run a task.
	 * @throws java.util.concurrent.RejectedExecutionException if the threads have ended
	 */
	void execute(Task task) {
		this.executor.execute(task);
	}

	@Override
	public void close() {
		for (Runnable task : this.executor.shutdownNow()) {
			((Task) task).abandon();
		}
	}

	/**
	 * A task that can end without having been run.
	 */
	interface Task extends Runnable {

		void abandon();

	}

}
