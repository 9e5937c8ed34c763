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

package dev.failover.samples.orders;

import java.util.Locale;

import org.springframework.util.StringUtils;

/**
 * What the page has a button for, on each broker.
 */
enum BrokerAction {

	/**
	 * End it without warning.
	 */
	KILL(true),

	/**
	 * Stop it if it runs, and start it, free of all faults.
	 */
	RESTART(false),

	/**
	 * Have it stand still with all its connections open.
	 */
	FREEZE(true),

	/**
	 * Let it go on.
	 */
	THAW(false),

	/**
	 * Raise an alarm, by which it takes no messages.
	 */
	BLOCK(true),

	/**
	 * Clear the alarm.
	 */
	UNBLOCK(false),

	/**
	 * Let the network between the shop and the broker swallow everything.
	 */
	CUT(true),

	/**
	 * Mend the network.
	 */
	MEND(false),

	/**
	 * Make it the active one by a planned move.
	 */
	ACTIVATE(false),

	/**
	 * Take it out of use, after a planned move if it is active.
	 */
	DISABLE(false),

	/**
	 * Let it be used again.
	 */
	ENABLE(false);

	private final boolean fault;

	BrokerAction(boolean fault) {
		this.fault = fault;
	}

	/**
	 * Whether the broker is not in order after that.
	 */
	boolean isFault() {
		return this.fault;
	}

	/**
	 * The name in URLs.
	 */
	String path() {
		return name().toLowerCase(Locale.ROOT);
	}

	/**
	 * What the button says.
	 */
	String label() {
		return StringUtils.capitalize(path());
	}

}
