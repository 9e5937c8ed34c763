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

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

import org.jspecify.annotations.Nullable;

import dev.failover.broker.Broker;
import dev.failover.broker.BrokerStatus;

/**
 * An endless cycle over the brokers in their configured order: it begins with the first
 * one, and goes on with the one after the broker that was active last.
 */
public final class RoundRobinStrategy implements FailoverStrategy {

	@Override
	public List<Broker> order(List<BrokerStatus> brokers, @Nullable Broker previous) {
		List<Broker> order = new ArrayList<>(brokers.stream().map(BrokerStatus::broker).toList());
		List<String> names = order.stream().map(Broker::name).toList();
		int last = (previous != null) ? names.indexOf(previous.name()) : -1;
		Collections.rotate(order, -(last + 1));
		return order;
	}

}
