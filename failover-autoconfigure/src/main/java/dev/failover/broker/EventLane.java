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

import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;

import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;

/**
 * Listeners of one stage, and what they have not been notified of yet. Notifies them in
 * order, one at a time, without a lock: whoever comes first delivers also what the others
 * add meanwhile. Whatever a listener throws, an {@link Error} included, keeps neither
 * other listeners nor later events.
 */
final class EventLane {

	private static final Log logger = LogFactory.getLog(Brokers.class);

	private final List<BrokerListener> listeners = new CopyOnWriteArrayList<>();

	private final Queue<Notice> waiting = new ConcurrentLinkedQueue<>();

	private final AtomicBoolean delivering = new AtomicBoolean();

	void add(BrokerListener listener) {
		this.listeners.add(listener);
	}

	void remove(BrokerListener listener) {
		this.listeners.remove(listener);
	}

	boolean isEmpty() {
		return this.listeners.isEmpty();
	}

	/**
	 * Add something that the listeners are notified of by the next delivery.
	 */
	void enqueue(Notice notice) {
		if (!this.listeners.isEmpty()) {
			this.waiting.add(notice);
		}
	}

	/**
	 * Deliver what waits.
	 * @return whether all is delivered; if not, another call is about to do so
	 */
	boolean deliver() {
		while (!this.waiting.isEmpty() && this.delivering.compareAndSet(false, true)) {
			try {
				for (Notice next = this.waiting.poll(); next != null; next = this.waiting.poll()) {
					notify(next);
				}
			}
			finally {
				this.delivering.set(false);
			}
		}
		return !this.delivering.get();
	}

	/**
	 * Notify the listeners at once, whatever waits.
	 */
	void notify(Notice notice) {
		for (BrokerListener listener : this.listeners) {
			try {
				notice.call().accept(listener);
			}
			catch (Throwable ex) {
				report(listener, notice, ex);
			}
		}
	}

	private static void report(BrokerListener listener, Notice notice, Throwable failure) {
		try {
			logger.error("Listener %s failed on %s".formatted(listener.getClass().getName(), notice.occasion()),
					failure);
		}
		catch (Throwable ex) {
			// logged or not, the other listeners come next
		}
	}

	/**
	 * Something that listeners are notified of.
	 *
	 * @param occasion what has happened
	 * @param call how a listener is notified
	 */
	record Notice(Object occasion, Consumer<BrokerListener> call) {
	}

}
