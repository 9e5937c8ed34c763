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

package dev.failover.strategy;

import java.util.List;

import org.jspecify.annotations.Nullable;

import dev.failover.broker.Broker;
import dev.failover.broker.BrokerStatus;

/**
 * Orders the brokers for the next connect. Asked only when there is no usable active
 * broker; brokers that are known to be down are moved behind the others afterwards, the
 * one that was just lost to the very end.
 * <p>
 * Every bean of this type can be chosen by its name with the property
 * {@code failover.strategy}. Implementations are called by one thread at a time, and must
 * not block.
 */
@FunctionalInterface
public interface FailoverStrategy {

	/**
	 * Return the brokers in the order in which they are to be tried.
	 * @param brokers all brokers with what is known of them, in the configured order,
	 * never empty
	 * @param previous the broker that was active last, or {@code null} if none was
	 * @return the brokers in order of preference; a broker that is left out is not tried
	 * in this pass
	 */
	List<Broker> order(List<BrokerStatus> brokers, @Nullable Broker previous);

	/**
	 * Return whether to leave a broker that is in order for another one: this is what
	 * fail-back is for. A strategy without a preference stays where it is, which is the
	 * default.
	 * @param candidate a broker that is up
	 * @param active the active broker
	 * @return whether the candidate is preferred to the active broker; never {@code true}
	 * for two brokers in both directions
	 */
	default boolean isPreferred(Broker candidate, Broker active) {
		return false;
	}

}
