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

import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;

import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;

import dev.failover.broker.BrokerStatus;
import dev.failover.broker.Brokers;

/**
 * Warns once if every broker is to be consumed from although two of them have the same
 * queues: nodes of one cluster, or one node that is listed twice. Only one of them is
 * consumed from then, which would be wrong if they had the same name by accident.
 */
final class SuperfluousConsumers {

	private static final Log logger = LogFactory.getLog(BrokerDrains.class);

	private final Brokers brokers;

	private final AtomicBoolean checking;

	SuperfluousConsumers(Brokers brokers, ConsumedBrokers consumed) {
		this.brokers = brokers;
		this.checking = new AtomicBoolean(consumed == ConsumedBrokers.ALL);
	}

	void check() {
		if (!this.checking.get()) {
			return;
		}
		List<BrokerStatus> statuses = this.brokers.getStatuses();
		for (int i = 0; i < statuses.size(); i++) {
			for (BrokerStatus other : statuses.subList(i + 1, statuses.size())) {
				if (statuses.get(i).hasQueuesOf(other) && this.checking.compareAndSet(true, false)) {
					warn(statuses.get(i), other);
				}
			}
		}
	}

	private static void warn(BrokerStatus one, BrokerStatus other) {
		logger.warn(("Brokers %s and %s report the same cluster, '%s', and so have the same queues: also with "
				+ "'failover.listener.brokers=all' only one of them is consumed from. If they are independent of each "
				+ "other, give them cluster names that differ ('rabbitmqctl set_cluster_name')")
			.formatted(one.broker(), other.broker(), one.cluster()));
	}

}
