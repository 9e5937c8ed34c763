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

package dev.failover.connection;

import java.io.IOException;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.ReentrantLock;

import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;
import org.springframework.scheduling.concurrent.CustomizableThreadFactory;

import dev.failover.broker.Broker;
import dev.failover.broker.BrokerFailure;
import dev.failover.broker.BrokerStatus;
import dev.failover.broker.Brokers;
import dev.failover.broker.BrokersUnavailableException;
import dev.failover.broker.Reconnector;

/**
 * {@link Reconnector} that opens Spring's own publisher connection, so that Spring's
 * connection listeners, among them the declaration of the topology, have done their work
 * when it returns. All passes run on one thread of its own; passes follow each other at a
 * steady pace for as long as anybody waits.
 */
public final class SpringReconnector implements Reconnector, AutoCloseable {

	private static final Log logger = LogFactory.getLog(SpringReconnector.class);

	/**
	 * From the end of a pass that failed to the next one.
	 */
	private static final long PACE_MILLIS = 150;

	private static final long CLOSING_MILLIS = 5;

	private static final int CLOSING_TRIES = 200;

	private final Brokers brokers;

	private final FailoverConnectionFactory failover;

	private final Runnable opener;

	private final ScheduledThreadPoolExecutor executor;

	private final ReentrantLock lock = new ReentrantLock();

	private final CountDownLatch closed = new CountDownLatch(1);

	private final AtomicInteger waiting = new AtomicInteger();

	private @Nullable CompletableFuture<@Nullable Void> pass;

	private volatile long notBefore = System.nanoTime();

	/**
	 * Create a reconnector.
	 * @param brokers the brokers
	 * @param failover the native connection factory
	 * @param opener opens Spring's connection on top of it and gives it back at once: the
	 * one of {@code getPublisherConnectionFactory()} where there is such a factory, else
	 * the connection factory's own; throws if there is no broker
	 */
	public SpringReconnector(Brokers brokers, FailoverConnectionFactory failover, Runnable opener) {
		this.brokers = brokers;
		this.failover = failover;
		this.opener = opener;
		CustomizableThreadFactory threads = new CustomizableThreadFactory("failover-reconnect-");
		threads.setDaemon(true);
		this.executor = new ScheduledThreadPoolExecutor(1, threads);
		this.executor.setKeepAliveTime(10, TimeUnit.SECONDS);
		this.executor.allowCoreThreadTimeOut(true);
		this.executor.setExecuteExistingDelayedTasksAfterShutdownPolicy(false);
		failover.getBrokerAccess().onClose(this::close);
	}

	@Override
	public void reconnect(Duration timeout) throws IOException, InterruptedException {
		if (this.brokers.getActivation() != null) {
			return;
		}
		this.waiting.incrementAndGet();
		try {
			join().get(timeout.toNanos(), TimeUnit.NANOSECONDS);
		}
		catch (ExecutionException ex) {
			throw failureOf(ex.getCause());
		}
		catch (TimeoutException ex) {
			throw unavailable("No broker could be connected to within %d ms".formatted(timeout.toMillis()), ex);
		}
		finally {
			this.waiting.decrementAndGet();
		}
	}

	@Override
	public boolean awaitActive(Duration timeout) throws InterruptedException {
		this.waiting.incrementAndGet();
		try {
			return awaitActiveCounted(timeout);
		}
		finally {
			this.waiting.decrementAndGet();
		}
	}

	private boolean awaitActiveCounted(Duration timeout) throws InterruptedException {
		long deadline = System.nanoTime() + timeout.toNanos();
		while (this.brokers.getActivation() == null) {
			long remaining = deadline - System.nanoTime();
			if (remaining <= 0 || isClosed()) {
				return false;
			}
			CompletableFuture<@Nullable Void> running = join();
			awaitEnd(running, remaining);
			if (running.isCompletedExceptionally()) {
				this.closed.await(Math.min(remaining, this.notBefore - System.nanoTime()), TimeUnit.NANOSECONDS);
			}
		}
		return true;
	}

	private void awaitEnd(CompletableFuture<@Nullable Void> running, long nanos) throws InterruptedException {
		try {
			running.get(nanos, TimeUnit.NANOSECONDS);
		}
		catch (ExecutionException | TimeoutException ex) {
			logger.trace("Still no broker", ex);
		}
	}

	@Override
	public boolean isClosed() {
		return this.executor.isShutdown();
	}

	@Override
	public int getWaiting() {
		return this.waiting.get();
	}

	@Override
	public @Nullable Broker getNext() {
		return this.failover.getNext();
	}

	private CompletableFuture<@Nullable Void> join() {
		this.lock.lock();
		try {
			if (this.pass == null || this.pass.isDone()) {
				this.pass = schedule();
			}
			return this.pass;
		}
		finally {
			this.lock.unlock();
		}
	}

	private CompletableFuture<@Nullable Void> schedule() {
		CompletableFuture<@Nullable Void> scheduled = new CompletableFuture<>();
		try {
			long delay = Math.max(0, this.notBefore - System.nanoTime());
			this.executor.schedule(() -> run(scheduled, CLOSING_TRIES), delay, TimeUnit.NANOSECONDS);
		}
		catch (RejectedExecutionException ex) {
			scheduled.completeExceptionally(new IOException("The reconnector is closed"));
		}
		catch (Throwable ex) {
			failed(scheduled, ex);
		}
		return scheduled;
	}

	private void failed(CompletableFuture<@Nullable Void> scheduled, Throwable failure) {
		this.notBefore = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(PACE_MILLIS);
		scheduled.completeExceptionally(failure);
	}

	private void run(CompletableFuture<@Nullable Void> scheduled, int tries) {
		try {
			this.opener.run();
			if (this.brokers.getActivation() != null) {
				scheduled.complete(null);
			}
			else if (tries > 0) {
				// the connection that was given up has not noticed yet that it is closed
				this.executor.schedule(() -> run(scheduled, tries - 1), CLOSING_MILLIS, TimeUnit.MILLISECONDS);
			}
			else {
				throw new IllegalStateException("The connection that was given up does not end");
			}
		}
		catch (Throwable ex) {
			failed(scheduled, ex);
		}
	}

	private IOException failureOf(@Nullable Throwable failure) {
		for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
			if (cause instanceof BrokersUnavailableException unavailable) {
				return new BrokersUnavailableException(unavailable);
			}
		}
		return (failure instanceof IOException io) ? io : new IOException("Failed to reconnect", failure);
	}

	private BrokersUnavailableException unavailable(String message, Exception cause) {
		Map<Broker, BrokerFailure> failures = new LinkedHashMap<>();
		for (BrokerStatus status : this.brokers.getStatuses()) {
			BrokerFailure failure = status.lastFailure();
			if (failure != null) {
				failures.put(status.broker(), failure);
			}
		}
		return new BrokersUnavailableException(message, failures, cause);
	}

	/**
	 * End the thread. Whoever waits is released with an exception.
	 */
	@Override
	public void close() {
		this.executor.shutdownNow();
		this.closed.countDown();
		this.lock.lock();
		try {
			if (this.pass != null) {
				this.pass.completeExceptionally(new IOException("The reconnector is closed"));
			}
		}
		finally {
			this.lock.unlock();
		}
	}

}
