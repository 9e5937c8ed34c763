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

import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests for {@link RoundRobinStrategy}.
 */
class RoundRobinStrategyTests extends AbstractStrategyTests {

	private final RoundRobinStrategy strategy = new RoundRobinStrategy();

	@Test
	@DisplayName("Behaviour 7: round-robin starts at the first broker")
	void startsAtTheFirst() {
		assertThat(this.strategy.order(statuses(A, B, C), null)).containsExactly(A, B, C);
	}

	@Test
	@DisplayName("Behaviour 7: round-robin is an endless cycle in the order of the list")
	void cyclesEndlesslyAfterThePreviousBroker() {
		assertThat(this.strategy.order(statuses(A, B, C), A)).containsExactly(B, C, A);
		assertThat(this.strategy.order(statuses(A, B, C), B)).containsExactly(C, A, B);
		assertThat(this.strategy.order(statuses(A, B, C), C)).containsExactly(A, B, C);
	}

	@Test
	void onlyBrokerIsTriedAgain() {
		assertThat(this.strategy.order(statuses(A), A)).containsExactly(A);
	}

	@Test
	void startsAtTheFirstIfThePreviousBrokerIsGone() {
		assertThat(this.strategy.order(statuses(A, B), C)).containsExactly(A, B);
	}

}
