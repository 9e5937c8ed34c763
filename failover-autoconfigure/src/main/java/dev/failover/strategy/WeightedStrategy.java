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
import java.util.Comparator;
import java.util.List;
import java.util.TreeMap;
import java.util.random.RandomGenerator;
import java.util.stream.Collectors;

import org.jspecify.annotations.Nullable;
import org.springframework.util.Assert;

import dev.failover.broker.Broker;
import dev.failover.broker.BrokerStatus;

/**
 * A random order in proportion to the {@link Broker#weight() weights}, as in RFC 2782: a
 * broker of weight 3 comes first three times as often as one of weight 1; one of weight 0
 * has a very small chance beside others of a greater weight. Weights count among brokers
 * of the same {@link Broker#priority() priority}; lower priority values come first.
 */
public final class WeightedStrategy implements FailoverStrategy {

	private final RandomGenerator random;

	/**
	 * Create a strategy.
	 * @param random the source of randomness
	 */
	public WeightedStrategy(RandomGenerator random) {
		Assert.notNull(random, "'random' must not be null");
		this.random = random;
	}

	@Override
	public List<Broker> order(List<BrokerStatus> brokers, @Nullable Broker previous) {
		List<Broker> order = new ArrayList<>(brokers.size());
		brokers.stream()
			.map(BrokerStatus::broker)
			.collect(Collectors.groupingBy(Broker::priority, TreeMap::new, Collectors.toCollection(ArrayList::new)))
			.values()
			.forEach((equals) -> drawAll(equals, order));
		return order;
	}

	private void drawAll(List<Broker> candidates, List<Broker> order) {
		ShuffleStrategy.shuffle(candidates, this.random);
		candidates.sort(Comparator.comparing((broker) -> broker.weight() > 0));
		while (!candidates.isEmpty()) {
			order.add(candidates.remove(draw(candidates)));
		}
	}

	/**
	 * Draw from candidates of which those of weight 0 come first: only with these is 0
	 * among the numbers that are drawn.
	 */
	private int draw(List<Broker> candidates) {
		long sum = candidates.stream().mapToLong(Broker::weight).sum();
		long lowest = (candidates.get(0).weight() == 0) ? 0 : 1;
		long drawn = this.random.nextLong(lowest, sum + 1);
		int index = 0;
		for (long running = candidates.get(0).weight(); running < drawn; running += candidates.get(index).weight()) {
			index++;
		}
		return index;
	}

	/**
	 * Return whether the candidate has the lower priority value. Weights are no reason to
	 * leave a broker: they are the share of each in a choice.
	 */
	@Override
	public boolean isPreferred(Broker candidate, Broker active) {
		return candidate.priority() < active.priority();
	}

}
