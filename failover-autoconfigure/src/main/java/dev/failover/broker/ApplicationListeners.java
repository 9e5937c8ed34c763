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
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.springframework.scheduling.concurrent.CustomizableThreadFactory;

/**
 * Notifies the listeners of the application on a thread of its own, which is there while
 * something is to be delivered, and some seconds longer.
 */
final class ApplicationListeners implements BrokerListener, AutoCloseable {

	private static final Log logger = LogFactory.getLog(Brokers.class);

	private static final int CAPACITY = 1000;

	private static final long IDLE_SECONDS = 10;

	private static final Duration END = Duration.ofSeconds(1);

	private final EventLane listeners = new EventLane();

	private final ThreadPoolExecutor executor;

	ApplicationListeners() {
		CustomizableThreadFactory threads = new CustomizableThreadFactory("failover-listeners-");
		threads.setDaemon(true);
		this.executor = new ThreadPoolExecutor(1, 1, IDLE_SECONDS, TimeUnit.SECONDS,
				new LinkedBlockingQueue<>(CAPACITY), threads);
		this.executor.allowCoreThreadTimeOut(true);
	}

	void add(BrokerListener listener) {
		this.listeners.add(listener);
	}

	void remove(BrokerListener listener) {
		this.listeners.remove(listener);
	}

	@Override
	public void onEvent(BrokerEvent event) {
		deliver(new EventLane.Notice(event, (listener) -> listener.onEvent(event)));
	}

	@Override
	public void onSuspicion(Activation suspect) {
		deliver(new EventLane.Notice(suspect, (listener) -> listener.onSuspicion(suspect)));
	}

	private void deliver(EventLane.Notice notice) {
		if (this.listeners.isEmpty()) {
			return;
		}
		try {
			this.executor.execute(() -> this.listeners.notify(notice));
		}
		catch (RejectedExecutionException ex) {
			if (!this.executor.isShutdown()) {
				logger.warn("%d events are waiting for a listener that does not return, dropped %s".formatted(CAPACITY,
						notice.occasion()));
			}
		}
	}

	/**
	 * Deliver what is there already, for a second at most, and end the thread.
	 */
	@Override
	public void close() {
		this.executor.shutdown();
		try {
			this.executor.awaitTermination(END.toMillis(), TimeUnit.MILLISECONDS);
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
		}
		this.executor.shutdownNow();
	}

}
