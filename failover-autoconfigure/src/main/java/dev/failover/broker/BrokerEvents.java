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
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;

import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;

/**
 * Delivers events in the order of their changes, one at a time, without a lock: whoever
 * comes first delivers also what the others add meanwhile.
 */
final class BrokerEvents {

	private static final Log logger = LogFactory.getLog(Brokers.class);

	private final List<BrokerListener> listeners = new CopyOnWriteArrayList<>();

	private final Queue<BrokerEvent> queue = new ConcurrentLinkedQueue<>();

	private final AtomicInteger pending = new AtomicInteger();

	void add(BrokerListener listener) {
		this.listeners.add(listener);
	}

	void remove(BrokerListener listener) {
		this.listeners.remove(listener);
	}

	void enqueue(BrokerEvent event) {
		this.queue.add(event);
	}

	void deliver() {
		if (this.pending.getAndIncrement() != 0) {
			return;
		}
		int handled = 1;
		do {
			for (BrokerEvent event = this.queue.poll(); event != null; event = this.queue.poll()) {
				deliver(event);
			}
			handled = this.pending.addAndGet(-handled);
		}
		while (handled != 0);
	}

	private void deliver(BrokerEvent event) {
		each(event, (listener) -> listener.onEvent(event));
	}

	/**
	 * Tell of a suspicion at once: it is no change, and has no order.
	 */
	void suspect(Activation suspect) {
		each(suspect, (listener) -> listener.onSuspicion(suspect));
	}

	private void each(Object occasion, Consumer<BrokerListener> action) {
		for (BrokerListener listener : this.listeners) {
			try {
				action.accept(listener);
			}
			catch (RuntimeException ex) {
				logger.error("Listener %s failed on %s".formatted(listener, occasion), ex);
			}
		}
	}

}
