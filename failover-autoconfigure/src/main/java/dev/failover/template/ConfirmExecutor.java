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
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;

import org.jspecify.annotations.Nullable;
import org.springframework.scheduling.concurrent.CustomizableThreadFactory;

/**
 * Runs what depends on confirms, so that it cannot hold the connection's thread up. One
 * task of the thread pool completes all futures whose confirms have come meanwhile.
 */
final class ConfirmExecutor {

	private final ThreadGroup group = new ThreadGroup("failover-confirms");

	private final ThreadPoolExecutor executor;

	private final ThreadPoolExecutor nested;

	private final Queue<Runnable> completions = new ConcurrentLinkedQueue<>();

	private final AtomicBoolean draining = new AtomicBoolean();

	ConfirmExecutor() {
		CustomizableThreadFactory threads = new CustomizableThreadFactory("failover-confirms-");
		threads.setDaemon(true);
		threads.setThreadGroup(this.group);
		this.executor = new ThreadPoolExecutor(1, 1, 10, TimeUnit.SECONDS, new LinkedBlockingQueue<>(), threads);
		this.executor.allowCoreThreadTimeOut(true);
		this.nested = new ThreadPoolExecutor(0, Integer.MAX_VALUE, 10, TimeUnit.SECONDS, new SynchronousQueue<>(),
				threads);
	}

	/**
	 * Relay a future. What is published by something that depends on a confirm may be
	 * waited for there, and so does not need the same thread.
	 */
	<T> CompletableFuture<T> relay(CompletableFuture<T> source) {
		CompletableFuture<T> relayed = new CompletableFuture<>();
		boolean isNested = Thread.currentThread().getThreadGroup() == this.group;
		source.whenComplete((value, failure) -> {
			Runnable completion = () -> complete(relayed, value, failure);
			if (isNested) {
				execute(this.nested, completion);
				return;
			}
			this.completions.add(completion);
			if (!this.draining.get() && this.draining.compareAndSet(false, true)) {
				execute(this.executor, this::drain);
			}
		});
		return relayed;
	}

	private void drain() {
		do {
			for (Runnable next = this.completions.poll(); next != null; next = this.completions.poll()) {
				next.run();
			}
			this.draining.set(false);
		}
		while (!this.completions.isEmpty() && this.draining.compareAndSet(false, true));
	}

	private static <T> void complete(CompletableFuture<T> relayed, T value, @Nullable Throwable failure) {
		if (failure != null) {
			relayed.completeExceptionally(failure);
		}
		else {
			relayed.complete(value);
		}
	}

	private static void execute(ThreadPoolExecutor target, Runnable task) {
		try {
			target.execute(task);
		}
		catch (RejectedExecutionException ex) {
			task.run();
		}
	}

	void close(Duration timeout) {
		this.executor.shutdown();
		this.nested.shutdown();
		try {
			this.executor.awaitTermination(timeout.toNanos(), TimeUnit.NANOSECONDS);
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
		}
	}

}
