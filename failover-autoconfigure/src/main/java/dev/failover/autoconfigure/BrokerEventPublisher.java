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

package dev.failover.autoconfigure;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;

import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.DisposableBean;
import org.springframework.context.ApplicationEventPublisher;
import org.springframework.context.SmartLifecycle;
import org.springframework.scheduling.concurrent.CustomizableThreadFactory;

import dev.failover.broker.BrokerEvent;
import dev.failover.broker.BrokerListener;

/**
 * Publishes each {@link BrokerEvent} as an application event, in order, on a thread of
 * its own. Events from before the application's listeners are known wait for them.
 */
final class BrokerEventPublisher implements BrokerListener, SmartLifecycle, DisposableBean {

	private static final Log logger = LogFactory.getLog(BrokerEventPublisher.class);

	private static final int CAPACITY = 1000;

	private static final long IDLE_SECONDS = 10;

	private final ApplicationEventPublisher publisher;

	private final ReentrantLock lock = new ReentrantLock();

	private final Deque<BrokerEvent> waiting = new ArrayDeque<>();

	private @Nullable ThreadPoolExecutor executor;

	BrokerEventPublisher(ApplicationEventPublisher publisher) {
		this.publisher = publisher;
	}

	@Override
	public void onEvent(BrokerEvent event) {
		this.lock.lock();
		try {
			if (this.executor != null) {
				execute(this.executor, event);
			}
			else if (this.waiting.size() < CAPACITY) {
				this.waiting.add(event);
			}
		}
		finally {
			this.lock.unlock();
		}
	}

	private void execute(ThreadPoolExecutor executor, BrokerEvent event) {
		try {
			executor.execute(() -> publish(event));
		}
		catch (RejectedExecutionException ex) {
			logger.warn("%d events are waiting for their listeners, dropped %s".formatted(CAPACITY, event));
		}
	}

	private void publish(BrokerEvent event) {
		try {
			this.publisher.publishEvent(event);
		}
		catch (Throwable ex) {
			logger.error("An application listener failed on %s".formatted(event), ex);
		}
	}

	@Override
	public void start() {
		this.lock.lock();
		try {
			if (this.executor == null) {
				ThreadPoolExecutor started = executor();
				this.waiting.forEach((event) -> execute(started, event));
				this.waiting.clear();
				this.executor = started;
			}
		}
		finally {
			this.lock.unlock();
		}
	}

	private static ThreadPoolExecutor executor() {
		CustomizableThreadFactory threads = new CustomizableThreadFactory("failover-events-");
		threads.setDaemon(true);
		ThreadPoolExecutor executor = new ThreadPoolExecutor(1, 1, IDLE_SECONDS, TimeUnit.SECONDS,
				new LinkedBlockingQueue<>(CAPACITY), threads);
		executor.allowCoreThreadTimeOut(true);
		return executor;
	}

	/**
	 * Deliver what is there already, for a second at most, and end the thread.
	 */
	@Override
	public void stop() {
		ThreadPoolExecutor stopped = takeExecutor();
		if (stopped == null) {
			return;
		}
		stopped.shutdown();
		try {
			stopped.awaitTermination(1, TimeUnit.SECONDS);
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
		}
		stopped.shutdownNow();
	}

	private @Nullable ThreadPoolExecutor takeExecutor() {
		this.lock.lock();
		try {
			ThreadPoolExecutor taken = this.executor;
			this.executor = null;
			return taken;
		}
		finally {
			this.lock.unlock();
		}
	}

	@Override
	public boolean isRunning() {
		this.lock.lock();
		try {
			return this.executor != null;
		}
		finally {
			this.lock.unlock();
		}
	}

	/**
	 * Before all that may cause events, and until all of it has stopped.
	 */
	@Override
	public int getPhase() {
		return Integer.MIN_VALUE;
	}

	@Override
	public void destroy() {
		stop();
	}

}
