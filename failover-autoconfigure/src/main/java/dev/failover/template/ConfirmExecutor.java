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
import java.util.concurrent.Executor;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;

import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;
import org.springframework.scheduling.concurrent.CustomizableThreadFactory;

import dev.failover.broker.LateStart;

/**
 * Runs what depends on confirms, so that it cannot hold the connection's thread up. One
 * task of the thread pool completes all futures whose confirms have come meanwhile. If it
 * stands still on one of them, as what depends on it waits for another one, a further
 * thread completes the others.
 */
final class ConfirmExecutor {

	private static final Log logger = LogFactory.getLog(ConfirmExecutor.class);

	private static final long IDLE_SECONDS = 10;

	/**
	 * How many checks in a row find a completion standing still before others overtake
	 * it. Several make up the time, as one may come at once after a pause of the JVM.
	 */
	private static final int CHECKS = 4;

	private final Duration checkInterval;

	private final ThreadGroup group = new ThreadGroup("failover-confirms");

	private final ThreadPoolExecutor executor;

	private final ThreadPoolExecutor nested;

	private final ScheduledThreadPoolExecutor guard;

	private final Queue<Runnable> completions = new ConcurrentLinkedQueue<>();

	private final AtomicReference<@Nullable Drain> current = new AtomicReference<>();

	private final AtomicInteger left = new AtomicInteger();

	private final AtomicBoolean guarded = new AtomicBoolean();

	private boolean warned;

	ConfirmExecutor() {
		this(Duration.ofMillis(250));
	}

	ConfirmExecutor(Duration checkInterval) {
		this.checkInterval = checkInterval;
		CustomizableThreadFactory threads = threads("failover-confirms-");
		threads.setThreadGroup(this.group);
		this.executor = new ThreadPoolExecutor(1, 1, IDLE_SECONDS, TimeUnit.SECONDS, new LinkedBlockingQueue<>(),
				threads);
		this.executor.allowCoreThreadTimeOut(true);
		this.nested = new ThreadPoolExecutor(0, Integer.MAX_VALUE, IDLE_SECONDS, TimeUnit.SECONDS,
				new SynchronousQueue<>(), threads);
		this.guard = new ScheduledThreadPoolExecutor(1, threads("failover-confirms-guard-"));
		this.guard.setKeepAliveTime(IDLE_SECONDS, TimeUnit.SECONDS);
		this.guard.allowCoreThreadTimeOut(true);
	}

	private static CustomizableThreadFactory threads(String prefix) {
		CustomizableThreadFactory threads = new CustomizableThreadFactory(prefix);
		threads.setDaemon(true);
		return threads;
	}

	/**
	 * Relay a future. What is published by something that depends on a confirm may be
	 * waited for there, and so does not need the same thread.
	 */
	<T> CompletableFuture<T> relay(CompletableFuture<T> source) {
		return relay(source, new CompletableFuture<>());
	}

	/**
	 * Relay a future to another one.
	 */
	<T> CompletableFuture<T> relay(CompletableFuture<T> source, CompletableFuture<T> relayed) {
		boolean isNested = Thread.currentThread().getThreadGroup() == this.group;
		source.whenComplete((value, failure) -> {
			Runnable completion = () -> end(relayed, value, failure);
			if (isNested || this.executor.isShutdown()) {
				execute(this.nested, completion);
			}
			else {
				completeInOrder(completion);
			}
		});
		return relayed;
	}

	/**
	 * Run something after what was handed over before and has not stood still.
	 */
	void completeInOrder(Runnable completion) {
		this.completions.add(completion);
		drain();
	}

	private static <T> void end(CompletableFuture<T> relayed, T value, @Nullable Throwable failure) {
		if (relayed instanceof TracedFuture<T> traced) {
			traced.end(() -> complete(relayed, value, failure), failure);
		}
		else {
			complete(relayed, value, failure);
		}
	}

	private static <T> void complete(CompletableFuture<T> relayed, T value, @Nullable Throwable failure) {
		if (failure != null) {
			relayed.completeExceptionally(failure);
		}
		else {
			relayed.complete(value);
		}
	}

	/**
	 * Have the completions run, unless somebody does so already.
	 */
	private void drain() {
		if (this.current.get() == null) {
			Drain drain = new Drain();
			if (this.current.compareAndSet(null, drain)) {
				start(drain);
			}
		}
	}

	private void start(Drain drain) {
		boolean started = false;
		try {
			startGuard();
			boolean free = this.left.get() == 0 && !this.executor.isShutdown();
			execute(free ? this.executor : this.nested, drain);
			started = true;
		}
		catch (Throwable ex) {
			logger.error("Confirms are passed on with delay, as no thread can be started", ex);
			startGuard();
		}
		finally {
			if (!started) {
				this.current.compareAndSet(drain, null);
			}
		}
	}

	private static void execute(Executor target, Runnable task) {
		try {
			target.execute(task);
		}
		catch (RejectedExecutionException ex) {
			task.run();
		}
	}

	private void startGuard() {
		if (!this.guarded.get() && this.guarded.compareAndSet(false, true)) {
			scheduleCheck();
		}
	}

	private void scheduleCheck() {
		try {
			this.guard.schedule(this::check, this.checkInterval.toMillis(), TimeUnit.MILLISECONDS);
		}
		catch (RejectedExecutionException ex) {
			logger.trace("Closed, and nothing was under way", ex);
		}
		catch (Throwable ex) {
			logger.error("Completions of confirms are not guarded yet", ex);
			LateStart.of(this.guard);
			this.guarded.set(false);
		}
	}

	private void check() {
		Drain drain = this.current.get();
		if (drain != null) {
			try {
				overtakeIfStandingStill(drain);
			}
			finally {
				scheduleCheck();
			}
			return;
		}
		this.guarded.set(false);
		if (!this.completions.isEmpty()) {
			drain();
		}
		if (this.current.get() != null) {
			startGuard();
		}
		else if (this.executor.isShutdown()) {
			end();
		}
	}

	/**
	 * After the end nobody is held up any more, and the guard need not stay for it.
	 */
	private void overtakeIfStandingStill(Drain drain) {
		boolean needed = !this.completions.isEmpty() || this.executor.isShutdown();
		if (drain.standsStill() && needed && leave(drain) && !this.completions.isEmpty()) {
			if (!this.warned) {
				logger.warn("What depends on a confirm stands still; others are completed on a further thread. "
						+ "It is logged only once");
			}
			this.warned = true;
			drain();
		}
	}

	private boolean leave(Drain drain) {
		this.left.incrementAndGet();
		if (this.current.compareAndSet(drain, null)) {
			return true;
		}
		this.left.decrementAndGet();
		return false;
	}

	/**
	 * Wait for what is under way. If that takes longer than the time-out, the guard ends
	 * the threads when all futures whose confirms have come are completed.
	 */
	void close(Duration timeout) {
		this.executor.shutdown();
		try {
			this.executor.awaitTermination(timeout.toNanos(), TimeUnit.NANOSECONDS);
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
		}
		if (this.current.get() == null) {
			end();
		}
	}

	private void end() {
		this.guard.shutdownNow();
		this.nested.shutdown();
	}

	/**
	 * Runs completions in order until there are none, or it has been left.
	 */
	private final class Drain implements Runnable {

		private final AtomicLong completed = new AtomicLong();

		private long seen = -1;

		private int checks;

		@Override
		public void run() {
			try {
				Runnable next = next();
				for (long count = 1; next != null; count++) {
					next.run();
					this.completed.lazySet(count);
					next = next();
				}
			}
			finally {
				if (!ConfirmExecutor.this.current.compareAndSet(this, null)) {
					ConfirmExecutor.this.left.decrementAndGet();
				}
				if (!ConfirmExecutor.this.completions.isEmpty()) {
					drain();
				}
			}
		}

		private @Nullable Runnable next() {
			return (ConfirmExecutor.this.current.get() == this) ? ConfirmExecutor.this.completions.poll() : null;
		}

		private boolean standsStill() {
			long now = this.completed.get();
			this.checks = (now == this.seen) ? this.checks + 1 : 0;
			this.seen = now;
			return this.checks >= CHECKS;
		}

	}

}
