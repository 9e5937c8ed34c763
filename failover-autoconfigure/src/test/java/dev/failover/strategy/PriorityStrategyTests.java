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

import org.junit.jupiter.api.Test;

import dev.failover.broker.Broker;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests for {@link PriorityStrategy}.
 */
class PriorityStrategyTests extends AbstractStrategyTests {

	private final PriorityStrategy strategy = new PriorityStrategy();

	@Test
	void lowerValueComesFirstAndTiesKeepTheConfiguredOrder() {
		Broker a = broker("a", 2, 1);
		Broker b = broker("b", 1, 1);
		Broker c = broker("c", 1, 9);
		Broker d = broker("d", -1, 1);
		assertThat(this.strategy.order(statuses(a, b, c, d), null)).containsExactly(d, b, c, a);
	}

	@Test
	void lowerPriorityValueIsPreferred() {
		assertThat(this.strategy.isPreferred(broker("a", 0, 1), broker("b", 1, 9))).isTrue();
		assertThat(this.strategy.isPreferred(broker("b", 1, 9), broker("a", 0, 1))).isFalse();
		assertThat(this.strategy.isPreferred(broker("a", 0, 9), broker("b", 0, 1))).isFalse();
	}

	@Test
	void previousBrokerMakesNoDifference() {
		Broker a = broker("a", 0, 1);
		Broker b = broker("b", 1, 1);
		assertThat(this.strategy.order(statuses(b, a), a)).containsExactly(a, b);
	}

}
