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

package dev.failover.connection;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;
import java.util.stream.Collectors;

import org.jspecify.annotations.Nullable;

import dev.failover.broker.Broker;
import dev.failover.broker.BrokerState;
import dev.failover.broker.BrokerStatus;
import dev.failover.broker.Brokers;
import dev.failover.strategy.FailoverStrategy;

/**
 * The order of the next pass over the brokers: the strategy's, with those that are down
 * behind the others, and the one that was active last behind all. What was peeked at is
 * what is taken, unless the brokers' states have changed since.
 */
final class ConnectPlan {

	private final Brokers brokers;

	private final FailoverStrategy strategy;

	private final ReentrantLock lock = new ReentrantLock();

	private @Nullable Plan planned;

	ConnectPlan(Brokers brokers, FailoverStrategy strategy) {
		this.brokers = brokers;
		this.strategy = strategy;
	}

	@Nullable Broker peek() {
		List<Broker> order = plan(false);
		return order.isEmpty() ? null : order.get(0);
	}

	List<Broker> take() {
		return plan(true);
	}

	private List<Broker> plan(boolean take) {
		this.lock.lock();
		try {
			List<BrokerStatus> statuses = this.brokers.getStatuses();
			Map<Broker, BrokerState> states = statuses.stream()
				.collect(Collectors.toMap(BrokerStatus::broker, BrokerStatus::state));
			Plan plan = this.planned;
			if (plan == null || !plan.states().equals(states)) {
				plan = new Plan(order(statuses, states::get), states);
			}
			this.planned = take ? null : plan;
			return plan.order();
		}
		finally {
			this.lock.unlock();
		}
	}

	private List<Broker> order(List<BrokerStatus> statuses, Function<Broker, @Nullable BrokerState> states) {
		Broker previous = this.brokers.getPrevious();
		List<Broker> order = new ArrayList<>(this.strategy.order(statuses, previous));
		order.sort(Comparator.comparingInt((broker) -> {
			BrokerState state = states.apply(broker);
			if (state != null && state.isUsable()) {
				return 0;
			}
			return broker.equals(previous) ? 2 : 1;
		}));
		return order;
	}

	/**
	 * An order and the states that it was made for.
	 *
	 * @param order the order
	 * @param states the states
	 */
	private record Plan(List<Broker> order, Map<Broker, BrokerState> states) {
	}

}
