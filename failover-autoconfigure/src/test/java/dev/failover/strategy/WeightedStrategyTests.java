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

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

import org.junit.jupiter.api.Test;

import dev.failover.broker.Broker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

/**
 * Tests for {@link WeightedStrategy}.
 */
class WeightedStrategyTests extends AbstractStrategyTests {

	private static final int DRAWS = 60_000;

	private final WeightedStrategy strategy = new WeightedStrategy(new Random(42));

	@Test
	void firstBrokerIsDrawnInProportionToTheWeights() {
		Broker one = broker("one", 0, 1);
		Broker two = broker("two", 0, 2);
		Broker three = broker("three", 0, 3);
		Map<Broker, Integer> first = first(one, two, three);
		assertThat(first.get(one)).isCloseTo(10_000, within(500));
		assertThat(first.get(two)).isCloseTo(20_000, within(700));
		assertThat(first.get(three)).isCloseTo(30_000, within(900));
	}

	@Test
	void equalWeightsAreEquallyLikely() {
		assertThat(first(broker("a", 0, 1), broker("b", 0, 1)))
			.allSatisfy((broker, count) -> assertThat(count).isCloseTo(30_000, within(900)));
	}

	@Test
	void drawsWithoutReplacement() {
		Broker a = broker("a", 0, 1);
		Broker b = broker("b", 0, 5);
		Broker c = broker("c", 0, 0);
		for (int i = 0; i < 1000; i++) {
			assertThat(this.strategy.order(statuses(a, b, c), a)).containsExactlyInAnyOrder(a, b, c);
		}
	}

	@Test
	void weightZeroHasAVerySmallChance() {
		Broker zero = broker("zero", 0, 0);
		Broker heavy = broker("heavy", 0, 99);
		Map<Broker, Integer> first = first(heavy, zero);
		assertThat(first.get(zero)).isCloseTo(600, within(150));
	}

	@Test
	void brokersThatAllHaveWeightZeroAreEquallyLikely() {
		assertThat(first(broker("a", 0, 0), broker("b", 0, 0)))
			.allSatisfy((broker, count) -> assertThat(count).isCloseTo(30_000, within(900)));
	}

	@Test
	void weightsCountAmongBrokersOfTheSamePriority() {
		Broker preferred = broker("preferred", 0, 1);
		Broker reserve = broker("reserve", 1, 1000);
		List<Broker> expected = List.of(preferred, reserve);
		for (int i = 0; i < 1000; i++) {
			assertThat(this.strategy.order(statuses(reserve, preferred), null)).isEqualTo(expected);
		}
	}

	@Test
	void lowerPriorityValueIsPreferredAndWeightIsNot() {
		assertThat(this.strategy.isPreferred(broker("a", 0, 1), broker("b", 1, 9))).isTrue();
		assertThat(this.strategy.isPreferred(broker("a", 0, 9), broker("b", 0, 1))).isFalse();
	}

	private Map<Broker, Integer> first(Broker... brokers) {
		Map<Broker, Integer> counts = new HashMap<>();
		for (int i = 0; i < DRAWS; i++) {
			counts.merge(this.strategy.order(statuses(brokers), null).get(0), 1, Integer::sum);
		}
		return counts;
	}

}
