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

/**
 * Delivers events in the order of their changes, to the listeners of one stage after
 * those of the stage before.
 */
final class BrokerEvents {

	private final EventLane connections = new EventLane();

	private final EventLane reports = new EventLane();

	private final ApplicationListeners application = new ApplicationListeners();

	BrokerEvents() {
		this.reports.add(this.application);
	}

	void add(BrokerListener listener, EventStage stage) {
		switch (stage) {
			case CONNECTIONS -> this.connections.add(listener);
			case REPORTS -> this.reports.add(listener);
			case APPLICATION -> this.application.add(listener);
		}
	}

	void remove(BrokerListener listener) {
		this.connections.remove(listener);
		this.reports.remove(listener);
		this.application.remove(listener);
	}

	void enqueue(BrokerEvent event) {
		EventLane.Notice notice = new EventLane.Notice(event, (listener) -> listener.onEvent(event));
		this.connections.enqueue(notice);
		this.reports.enqueue(notice);
	}

	/**
	 * Deliver what was enqueued, unless another call is about to do so.
	 */
	void deliver() {
		if (this.connections.deliver()) {
			this.reports.deliver();
		}
	}

	/**
	 * Notify of a suspicion at once: it is no change, and has no order.
	 */
	void suspect(Activation suspect) {
		EventLane.Notice notice = new EventLane.Notice(suspect, (listener) -> listener.onSuspicion(suspect));
		this.connections.notify(notice);
		this.reports.notify(notice);
	}

	void close() {
		this.application.close();
	}

}
