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

import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;
import java.util.stream.Collectors;

import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;

import dev.failover.broker.Broker;
import dev.failover.broker.BrokerState;
import dev.failover.broker.BrokerStatus;
import dev.failover.broker.Brokers;
import dev.failover.strategy.FailoverStrategy;

/**
 * The order of the next pass over the brokers: the strategy's, with those that are
 * unhealthy by their health checks behind the others, those that are down behind these,
 * and the one that was active last behind all. What was peeked at is what is taken,
 * unless the state of a broker that has not been active has changed since: what is
 * prepared for while a broker is active holds when that broker is lost.
 */
final class ConnectPlan {

	private static final Log logger = LogFactory.getLog(ConnectPlan.class);

	private final Brokers brokers;

	private final FailoverStrategy strategy;

	private final ReentrantLock lock = new ReentrantLock();

	private @Nullable Plan planned;

	private boolean reported;

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
		Map<String, BrokerState> states = states(enabled());
		return plan(false).stream()
			.filter((broker) -> !broker.name().equals(active.name()) && isUsable(states.get(broker.name())))
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
			String last = (previous != null) ? previous.name() : null;
			List<BrokerStatus> enabled = enabled();
			Map<Broker, BrokerState> others = enabled.stream()
				.filter((status) -> !status.broker().name().equals(last))
				.collect(Collectors.toMap(BrokerStatus::broker, BrokerStatus::state));
			Plan plan = this.planned;
			if (plan == null || !plan.others().equals(others) || !Objects.equals(plan.previous(), last)) {
				plan = new Plan(order(enabled, previous), last, others);
			}
			this.planned = take ? null : plan;
			return sorted(plan.order(), last, enabled);
		}
		finally {
			this.lock.unlock();
		}
	}

	/**
	 * Ask the strategy, which may be one of the application.
	 */
	private List<Broker> order(List<BrokerStatus> enabled, @Nullable Broker previous) {
		try {
			List<Broker> order = List.copyOf(this.strategy.order(enabled, previous));
			this.reported = false;
			return order;
		}
		catch (Throwable ex) {
			if (!this.reported) {
				this.reported = true;
				logger.error("Failover strategy %s failed, brokers are used in their configured order"
					.formatted(this.strategy.getClass().getName()), ex);
			}
			return enabled.stream().map(BrokerStatus::broker).toList();
		}
	}

	private List<BrokerStatus> enabled() {
		return this.brokers.getStatuses().stream().filter((status) -> status.state() != BrokerState.DISABLED).toList();
	}

	private static Map<String, BrokerState> states(List<BrokerStatus> statuses) {
		return statuses.stream().collect(Collectors.toMap((status) -> status.broker().name(), BrokerStatus::state));
	}

	/**
	 * Return the brokers of an order as they are now, which may have another priority or
	 * weight than when it was made.
	 */
	private static List<Broker> sorted(List<Broker> planned, @Nullable String previous, List<BrokerStatus> enabled) {
		Map<String, BrokerStatus> current = enabled.stream()
			.collect(Collectors.toMap((status) -> status.broker().name(), Function.identity()));
		return planned.stream()
			.map((broker) -> current.get(broker.name()))
			.filter(Objects::nonNull)
			.sorted(Comparator.comparingInt((status) -> {
				if (isUsable(status.state())) {
					return status.isHealthy() ? 0 : 1;
				}
				return status.broker().name().equals(previous) ? 3 : 2;
			}))
			.map(BrokerStatus::broker)
			.toList();
	}

	private static boolean isUsable(@Nullable BrokerState state) {
		return state != null && state.isUsable();
	}

	/**
	 * An order and what it was made for.
	 *
	 * @param order the order of the strategy
	 * @param previous the name of the broker that was active last
	 * @param others the states of the others
	 */
	private record Plan(List<Broker> order, @Nullable String previous, Map<Broker, BrokerState> others) {
	}

}
