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

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;

import dev.failover.broker.Broker;
import dev.failover.broker.BrokerState;
import dev.failover.broker.BrokerStatus;

/**
 * Tells why a search for a broker has ended with another one than those that were to be
 * used rather: an operator who finds the application on an unexpected broker sees why.
 */
final class PassedOver {

	private static final Log logger = LogFactory.getLog(PassedOver.class);

	private final List<BrokerStatus> before;

	private final @Nullable Broker lost;

	/**
	 * Create it at the begin of a search.
	 * @param before the state of all brokers
	 * @param lost the broker that was active before, the loss of which is told elsewhere
	 */
	PassedOver(List<BrokerStatus> before, @Nullable Broker lost) {
		this.before = before;
		this.lost = lost;
	}

	/**
	 * Tell it.
	 * @param winner the broker that is active now
	 * @param order the order in which brokers were to be tried
	 * @param tried what was found of those that were tried without success
	 */
	void log(Broker winner, List<Broker> order, Map<Broker, String> tried) {
		reasons(winner, order, tried).forEach((broker, reason) -> logger
			.info("Broker %s was passed over, %s is used: %s".formatted(broker.name(), winner.name(), reason)));
	}

	private Map<Broker, String> reasons(Broker winner, List<Broker> order, Map<Broker, String> tried) {
		Map<Broker, String> reasons = new LinkedHashMap<>(tried);
		reasons.keySet().removeIf((broker) -> order.indexOf(broker) > order.indexOf(winner));
		for (BrokerStatus status : this.before) {
			Broker broker = status.broker();
			if (!broker.isSameAs(winner) && !broker.equals(this.lost) && !reasons.containsKey(broker)) {
				String reason = untried(status, order.contains(broker));
				if (reason != null) {
					reasons.put(broker, reason);
				}
			}
		}
		return reasons;
	}

	/**
	 * Those that are usable and healthy, and were not tried, just come later.
	 */
	private static @Nullable String untried(BrokerStatus status, boolean ordered) {
		if (status.state() == BrokerState.DISABLED) {
			return "it is disabled";
		}
		if (!ordered) {
			return "the strategy leaves it out";
		}
		if (status.state().isUsable()) {
			return (status.health() != null && !status.isHealthy()) ? "it is " + status.health() : null;
		}
		String what = (status.state() == BrokerState.BLOCKED) ? "it has been blocked since "
				: "it has been down since ";
		return what + status.since() + ((status.lastFailure() != null) ? ", " + status.lastFailure() : "");
	}

}
