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

import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

import dev.failover.broker.Broker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

/**
 * Tests for {@link ShuffleStrategy}.
 */
class ShuffleStrategyTests extends AbstractStrategyTests {

	private static final int DRAWS = 60_000;

	private final ShuffleStrategy strategy = new ShuffleStrategy(new Random(42));

	@Test
	@DisplayName("Behaviour 8: shuffle draws without replacement")
	void drawsWithoutReplacementAndEveryOrderIsEquallyLikely() {
		Map<List<Broker>, Integer> counts = new HashMap<>();
		for (int i = 0; i < DRAWS; i++) {
			List<Broker> order = this.strategy.order(statuses(A, B, C), null);
			assertThat(order).containsExactlyInAnyOrder(A, B, C);
			counts.merge(order, 1, Integer::sum);
		}
		assertThat(counts).hasSize(6).allSatisfy((order, count) -> assertThat(count).isCloseTo(10_000, within(500)));
	}

	@Test
	@DisplayName("Behaviour 8: shuffle draws the first pick, too")
	void firstPickIsShuffledToo() {
		assertThat(first(null)).containsOnlyKeys(A, B, C)
			.allSatisfy((broker, count) -> assertThat(count).isCloseTo(20_000, within(700)));
	}

	@Test
	@DisplayName("Behaviour 8: shuffle does not draw the broker next that just failed")
	void brokerThatJustFailedIsNotNext() {
		assertThat(first(B)).containsOnlyKeys(A, C)
			.allSatisfy((broker, count) -> assertThat(count).isCloseTo(30_000, within(900)));
	}

	@Test
	void onlyBrokerIsTriedAgain() {
		assertThat(this.strategy.order(statuses(A), A)).containsExactly(A);
	}

	private Map<Broker, Integer> first(Broker previous) {
		Map<Broker, Integer> counts = new HashMap<>();
		for (int i = 0; i < DRAWS; i++) {
			counts.merge(this.strategy.order(statuses(A, B, C), previous).get(0), 1, Integer::sum);
		}
		return counts;
	}

}
