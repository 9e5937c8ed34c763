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

import java.util.Comparator;
import java.util.List;

import org.jspecify.annotations.Nullable;

import dev.failover.broker.Broker;
import dev.failover.broker.BrokerStatus;

/**
 * The broker with the lowest {@link Broker#priority() priority} value first, as in RFC
 * 2782. Brokers of the same priority stay in their configured order.
 */
public final class PriorityStrategy implements FailoverStrategy {

	@Override
	public List<Broker> order(List<BrokerStatus> brokers, @Nullable Broker previous) {
		return brokers.stream().map(BrokerStatus::broker).sorted(Comparator.comparingInt(Broker::priority)).toList();
	}

	/**
	 * Return whether the candidate has the lower priority value.
	 */
	@Override
	public boolean isPreferred(Broker candidate, Broker active) {
		return candidate.priority() < active.priority();
	}

}
