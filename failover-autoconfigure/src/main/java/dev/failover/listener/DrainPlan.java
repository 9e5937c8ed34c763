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

package dev.failover.listener;

import java.util.Comparator;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Predicate;

import org.jspecify.annotations.Nullable;

import dev.failover.broker.Broker;
import dev.failover.broker.BrokerEvent;
import dev.failover.broker.BrokerState;
import dev.failover.broker.BrokerStatus;
import dev.failover.broker.Brokers;
import dev.failover.broker.FailureReason;

/**
 * Decides which brokers are consumed from beside the active one: all that are healthy,
 * one healthy one of each other cluster, or only one that was left without a failure or
 * because of an alarm, until it is empty; and until it is empty, too, one that is about
 * to be taken out of use. What has the same queues as the active broker never is: they
 * are consumed from already, and would not become empty.
 */
final class DrainPlan {

	private final Brokers brokers;

	private final ConsumedBrokers consumed;

	private final Predicate<String> departing;

	private final Set<String> left = ConcurrentHashMap.newKeySet();

	private final Set<String> emptied = ConcurrentHashMap.newKeySet();

	DrainPlan(Brokers brokers, ConsumedBrokers consumed, Predicate<String> departing) {
		this.brokers = brokers;
		this.consumed = consumed;
		this.departing = departing;
	}

	/**
	 * Take a change into account.
	 */
	void on(BrokerEvent event) {
		if (event instanceof BrokerEvent.Lost lost && lost.failure().reason() == FailureReason.BLOCKED) {
			this.left.add(lost.broker().name());
		}
		else if (event instanceof BrokerEvent.Activated activated) {
			leave(activated);
		}
		else if (event instanceof BrokerEvent.StateChanged changed && !isAbleToDeliver(changed.to())) {
			this.left.remove(changed.broker().name());
		}
		else if (event instanceof BrokerEvent.Removed removed) {
			this.left.remove(removed.broker().name());
		}
	}

	private void leave(BrokerEvent.Activated activated) {
		Broker from = activated.from();
		if (activated.isPlanned() && from != null) {
			this.left.add(from.name());
		}
		this.left.remove(activated.to().name());
	}

	/**
	 * Take into account that a broker was found to be empty.
	 */
	void emptied(Broker broker) {
		this.left.remove(broker.name());
		this.emptied.add(broker.name());
	}

	/**
	 * Return whether a broker is about to be taken out of use, which may come to nothing
	 * without an event.
	 */
	boolean isDeparting(Broker broker) {
		return this.departing.test(broker.name());
	}

	Task task(Broker broker) {
		return this.brokers.getStatus(broker.name())
			.filter((status) -> status.broker().isSameAs(broker))
			.map(this::task)
			.orElse(Task.END);
	}

	private Task task(BrokerStatus status) {
		if (status.active()) {
			return Task.END;
		}
		boolean lasting = switch (this.consumed) {
			case ACTIVE -> false;
			case AUTO -> isChosen(status, DrainPlan::isKnown);
			case ALL -> isChosen(status, (other) -> true);
		};
		if (lasting && this.brokers.getPrevious() != null) {
			return ableTask(status.broker());
		}
		if (this.consumed == ConsumedBrokers.ALL) {
			return Task.END;
		}
		boolean drained = this.left.contains(status.broker().name()) && !isServedElsewhere(status);
		return drained ? Task.DRAIN_UNTIL_EMPTY : Task.END;
	}

	private Task ableTask(Broker broker) {
		if (isDeparting(broker)) {
			return this.emptied.contains(broker.name()) ? Task.END : Task.DRAIN_UNTIL_EMPTY;
		}
		this.emptied.remove(broker.name());
		return Task.DRAIN;
	}

	/**
	 * Whether a broker is the one of its cluster to be consumed from. There is none in
	 * the cluster of the active broker or, while there is none, of the one that was: the
	 * next one may be of that cluster, too.
	 */
	private boolean isChosen(BrokerStatus status, Predicate<BrokerStatus> eligible) {
		BrokerStatus previous = previous();
		boolean served = previous == null || previous.hasQueuesOf(status);
		return !served && this.brokers.getStatuses()
			.stream()
			.filter((other) -> other.hasQueuesOf(status) && eligible.test(other) && isAbleToDeliver(other.state()))
			.min(Comparator.comparing((other) -> isDeparting(other.broker())))
			.filter((first) -> first.broker().name().equals(status.broker().name()))
			.isPresent();
	}

	/**
	 * Whether the active broker is another one that has the same queues.
	 */
	private boolean isServedElsewhere(BrokerStatus status) {
		BrokerStatus previous = previous();
		return previous != null && !previous.broker().name().equals(status.broker().name())
				&& previous.hasQueuesOf(status);
	}

	private @Nullable BrokerStatus previous() {
		Broker previous = this.brokers.getPrevious();
		return (previous != null) ? this.brokers.getStatus(previous.name()).orElse(null) : null;
	}

	/**
	 * Whether a broker has been connected to, so that it could report its cluster.
	 */
	private static boolean isKnown(BrokerStatus status) {
		return status.cluster() != null || status.state() != BrokerState.UNKNOWN;
	}

	private static boolean isAbleToDeliver(BrokerState state) {
		return state != BrokerState.DOWN && state != BrokerState.DISABLED;
	}

	/**
	 * What to do with a broker.
	 */
	enum Task {

		/**
		 * Consume from it.
		 */
		DRAIN,

		/**
		 * Consume from it until there is nothing left.
		 */
		DRAIN_UNTIL_EMPTY,

		/**
		 * Consume nothing beside what consumers do that follow the active broker.
		 */
		END

	}

}
