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
 * Notified of every change in {@link Brokers}, in order, one event at a time.
 * <p>
 * A listener of the application is called on a thread of its own, shared with other such
 * listeners: it may take time, but keeps those from their events meanwhile. Failover does
 * not wait for it: the sockets of a broker that failed are closed before. If listeners
 * are more than 1000 events behind, further events are dropped with a warning. Other
 * {@link EventStage stages} are called by the thread that reported the change, which may
 * be an I/O thread, without any lock held, and must not block.
 * <p>
 * Whatever a listener throws, an {@link Error} included, is logged and otherwise ignored.
 */
@FunctionalInterface
public interface BrokerListener {

	/**
	 * Handle a change.
	 * @param event the change
	 */
	void onEvent(BrokerEvent event);

	/**
	 * Handle a suspicion: something with the active broker takes longer than it usually
	 * does. No state has changed, and the broker may be in order. By default, nothing is
	 * done.
	 * @param suspect the activation of the broker
	 */
	default void onSuspicion(Activation suspect) {
	}

}
