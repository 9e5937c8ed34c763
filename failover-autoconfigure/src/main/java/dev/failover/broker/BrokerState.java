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
 * What is known of a broker.
 */
public enum BrokerState {

	/**
	 * Not tried yet.
	 */
	UNKNOWN,

	/**
	 * Answered last time.
	 */
	UP,

	/**
	 * Connected, but it does not accept messages because of a resource alarm.
	 */
	BLOCKED,

	/**
	 * Failed last time.
	 */
	DOWN,

	/**
	 * Out of use because an operator says so, whatever it answers.
	 */
	DISABLED;

	/**
	 * Return whether a broker in this state may be used without further ado.
	 * @return {@code true} unless the broker is known to be unable to serve
	 */
	public boolean isUsable() {
		return this == UNKNOWN || this == UP;
	}

}
