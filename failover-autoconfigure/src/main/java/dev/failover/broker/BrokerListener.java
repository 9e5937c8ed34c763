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
 * Told of every change in {@link Brokers}, in order.
 * <p>
 * Called by the thread that reported the change, which may be an I/O thread, without any
 * lock held: an implementation must not block. What it throws is logged and otherwise
 * ignored.
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
