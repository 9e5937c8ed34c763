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
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;

/**
 * The publisher's own thread. It is started when it is woken for the first time, sleeps
 * while there is no work, and ends when it is closed.
 */
final class PublishThread {

	private static final Log logger = LogFactory.getLog(PublishThread.class);

	/**
	 * After a failure that may be one of every time.
	 */
	private static final Duration PAUSE = Duration.ofMillis(50);

	private final BooleanSupplier hasWork;

	private final Work work;

	private final Runnable atEnd;

	private final AtomicReference<@Nullable Thread> thread = new AtomicReference<>();

	private volatile boolean closed;

	/**
	 * Create the thread, but do not start it.
	 * @param hasWork whether there is work
	 * @param work what is to be done then
	 * @param atEnd called by the thread when it ends
	 */
	PublishThread(BooleanSupplier hasWork, Work work, Runnable atEnd) {
		this.hasWork = hasWork;
		this.work = work;
		this.atEnd = atEnd;
	}

	boolean isClosed() {
		return this.closed;
	}

	void wake() {
		Thread current = this.thread.get();
		if (current == null) {
			current = new Thread(this::run, "failover-publisher");
			current.setDaemon(true);
			if (this.thread.compareAndSet(null, current)) {
				start(current);
				return;
			}
			current = this.thread.get();
		}
		LockSupport.unpark(current);
	}

	private void start(Thread created) {
		try {
			created.start();
		}
		catch (Throwable ex) {
			this.thread.set(null);
			logger.error("The publisher's thread cannot be started yet", ex);
		}
	}

	private void run() {
		try {
			runUntilClosed();
		}
		finally {
			this.atEnd.run();
		}
	}

	private void runUntilClosed() {
		while (!this.closed) {
			try {
				awaitWork();
				this.work.run();
			}
			catch (InterruptedException ex) {
				logger.debug("Publisher is interrupted, closed: " + this.closed);
			}
			catch (Throwable ex) {
				report(ex);
				LockSupport.parkNanos(this, PAUSE.toNanos());
			}
		}
	}

	private static void report(Throwable failure) {
		try {
			logger.error("Publisher failed, and goes on", failure);
		}
		catch (Throwable ex) {
			// logged or not, the thread goes on
		}
	}

	private void awaitWork() throws InterruptedException {
		while (!this.hasWork.getAsBoolean()) {
			LockSupport.parkNanos(this, TimeUnit.MINUTES.toNanos(1));
			if (Thread.interrupted()) {
				throw new InterruptedException();
			}
		}
	}

	/**
	 * Interrupt the thread, and let it end.
	 */
	void close() {
		this.closed = true;
		Thread current = this.thread.get();
		if (current != null) {
			current.interrupt();
		}
	}

	/**
	 * Work that may be interrupted.
	 */
	interface Work {

		void run() throws InterruptedException;

	}

}
