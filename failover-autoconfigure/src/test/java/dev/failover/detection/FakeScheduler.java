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
import java.util.Comparator;
import java.util.PriorityQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;

import org.jspecify.annotations.Nullable;

/**
 * A scheduler whose time passes when a test says so.
 */
final class FakeScheduler implements DetectionScheduler {

	private final PriorityQueue<Task> tasks = new PriorityQueue<>(
			Comparator.comparingLong(Task::due).thenComparingLong(Task::number));

	boolean busy;

	/**
	 * Thrown once instead of any work.
	 */
	@Nullable Error error;

	private long now;

	private long number;

	@Override
	public long nanoTime() {
		return this.now;
	}

	@Override
	public Future<?> later(Duration delay, Runnable action) {
		Task task = new Task(this.now + delay.toNanos(), this.number++, action, new CompletableFuture<>());
		this.tasks.add(task);
		return task.handle();
	}

	@Override
	public boolean work(Runnable task) {
		Error thrown = this.error;
		this.error = null;
		if (thrown != null) {
			throw thrown;
		}
		if (!this.busy) {
			task.run();
		}
		return !this.busy;
	}

	long millis() {
		return Duration.ofNanos(this.now).toMillis();
	}

	/**
	 * Let time pass, with everything done when it is due.
	 */
	void pass(long millis) {
		long end = this.now + Duration.ofMillis(millis).toNanos();
		for (Task next = this.tasks.peek(); next != null && next.due() <= end; next = this.tasks.peek()) {
			this.now = Math.max(this.now, next.due());
			run(this.tasks.remove());
		}
		this.now = end;
	}

	/**
	 * Let time pass in which this process stands still.
	 */
	void standStill(long millis) {
		this.now += Duration.ofMillis(millis).toNanos();
	}

	private static void run(Task task) {
		if (task.handle().complete(null)) {
			try {
				task.action().run();
			}
			catch (Error ex) {
				// as the real threads, it goes on
			}
		}
	}

	private record Task(long due, long number, Runnable action, CompletableFuture<Object> handle) {
	}

}
