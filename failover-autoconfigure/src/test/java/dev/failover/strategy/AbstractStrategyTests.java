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

import java.time.Instant;
import java.util.List;
import java.util.stream.Stream;

import dev.failover.broker.Broker;
import dev.failover.broker.BrokerState;
import dev.failover.broker.BrokerStatus;
import dev.failover.broker.TestBrokers;

/**
 * Brokers for tests of strategies.
 */
abstract class AbstractStrategyTests {

	static final Broker A = broker("a", 0, 1);

	static final Broker B = broker("b", 0, 1);

	static final Broker C = broker("c", 0, 1);

	static Broker broker(String name, int priority, int weight) {
		return TestBrokers.broker(name).withWeight(priority, weight);
	}

	static List<BrokerStatus> statuses(Broker... brokers) {
		return Stream.of(brokers)
			.map((broker) -> new BrokerStatus(broker, BrokerState.UNKNOWN, false, Instant.EPOCH, null))
			.toList();
	}

}
