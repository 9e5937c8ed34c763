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

package dev.failover.detection;

import dev.failover.broker.Broker;
import dev.failover.broker.BrokerHealth;

/**
 * A health check for a broker that answers. The application does not move to a broker
 * that is unhealthy, and when a broker is searched, healthy ones come first; the active
 * one is not left for a check. Each bean of this type is called for each broker that it
 * applies to, once in an interval as long as the broker is up or blocked.
 * <p>
 * Checks run on threads of their own, several at the same time, also of the same check
 * for different brokers, but never two of one check for one broker. They may block. One
 * that has not returned within the time-out counts as unhealthy, its thread is
 * interrupted, and it is not called again for that broker before it has returned. What it
 * throws counts as unhealthy, too, except for a {@link VirtualMachineError}, such as a
 * lack of memory, which says nothing about the broker: then the last result holds.
 */
@FunctionalInterface
public interface BrokerHealthCheck {

	/**
	 * Check a broker.
	 * @param broker the broker
	 * @return whether it is healthy, and if not, why
	 * @throws Exception if the broker cannot be checked, which counts as unhealthy
	 */
	BrokerHealth check(Broker broker) throws Exception;

	/**
	 * Return whether this check can say anything about a broker. Called before each
	 * check, on a thread that must not be blocked.
	 * @param broker the broker
	 * @return {@code true} unless it applies to other brokers only
	 */
	default boolean appliesTo(Broker broker) {
		return true;
	}

}
