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
import java.util.random.RandomGenerator;

import org.jspecify.annotations.Nullable;
import org.springframework.util.Assert;

import dev.failover.broker.Broker;
import dev.failover.broker.BrokerStatus;

/**
 * A random order without replacement, from the very first connect on, so that many
 * instances of an application spread over the brokers. The broker that was active last is
 * not the first one, unless it is the only one.
 */
public final class ShuffleStrategy implements FailoverStrategy {

	private final RandomGenerator random;

	/**
	 * Create a strategy.
	 * @param random the source of randomness
	 */
	public ShuffleStrategy(RandomGenerator random) {
		Assert.notNull(random, "'random' must not be null");
		this.random = random;
	}

	@Override
	public List<Broker> order(List<BrokerStatus> brokers, @Nullable Broker previous) {
		List<Broker> order = new ArrayList<>(brokers.stream().map(BrokerStatus::broker).toList());
		shuffle(order, this.random);
		if (order.size() > 1 && previous != null && order.get(0).name().equals(previous.name())) {
			Collections.swap(order, 0, 1 + this.random.nextInt(order.size() - 1));
		}
		return order;
	}

	static void shuffle(List<Broker> brokers, RandomGenerator random) {
		for (int remaining = brokers.size(); remaining > 1; remaining--) {
			Collections.swap(brokers, remaining - 1, random.nextInt(remaining));
		}
	}

}
