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
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.locks.ReentrantLock;
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
 * what is taken, unless the state of a broker that has not been active has changed since:
 * what is prepared for while a broker is active holds when that broker is lost.
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

	/**
	 * Return the usable broker that comes next when the active one is lost.
	 */
	@Nullable Broker peekBeside(Broker active) {
		Map<Broker, BrokerState> states = states(enabled());
		return plan(false).stream()
			.filter((broker) -> !broker.equals(active) && isUsable(states.get(broker)))
			.findFirst()
			.orElse(null);
	}

	List<Broker> take() {
		return plan(true);
	}

	private List<Broker> plan(boolean take) {
		this.lock.lock();
		try {
			Broker previous = this.brokers.getPrevious();
			List<BrokerStatus> enabled = enabled();
			Map<Broker, BrokerState> states = states(enabled);
			Map<Broker, BrokerState> others = new HashMap<>(states);
			others.remove(previous);
			Plan plan = this.planned;
			if (plan == null || !plan.others().equals(others) || !Objects.equals(plan.previous(), previous)) {
				plan = new Plan(this.strategy.order(enabled, previous), previous, others);
			}
			this.planned = take ? null : plan;
			return sorted(plan.order(), previous, states);
		}
		finally {
			this.lock.unlock();
		}
	}

	private List<BrokerStatus> enabled() {
		return this.brokers.getStatuses().stream().filter((status) -> status.state() != BrokerState.DISABLED).toList();
	}

	private static Map<Broker, BrokerState> states(List<BrokerStatus> statuses) {
		return statuses.stream().collect(Collectors.toMap(BrokerStatus::broker, BrokerStatus::state));
	}

	private static List<Broker> sorted(List<Broker> planned, @Nullable Broker previous,
			Map<Broker, BrokerState> states) {
		List<Broker> order = new ArrayList<>(planned);
		order.sort(Comparator.comparingInt((broker) -> {
			if (isUsable(states.get(broker))) {
				return 0;
			}
			return broker.equals(previous) ? 2 : 1;
		}));
		return order;
	}

	private static boolean isUsable(@Nullable BrokerState state) {
		return state != null && state.isUsable();
	}

	/**
	 * An order and what it was made for.
	 *
	 * @param order the order of the strategy
	 * @param previous the broker that was active last
	 * @param others the states of the others
	 */
	private record Plan(List<Broker> order, @Nullable Broker previous, Map<Broker, BrokerState> others) {
	}

}
