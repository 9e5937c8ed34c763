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

package dev.failover.benchmarks.soak;

import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

import dev.failover.benchmarks.support.NodePair;
import dev.failover.test.junit.BrokersExtension;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests that outages in a row leave nothing behind: a short run of the soak.
 */
class SoakIntegrationTests {

	private static final int ROUNDS = 6;

	@BeforeAll
	static void requireRabbit() {
		BrokersExtension.requireRabbit();
	}

	@Test
	void killsAndFreezesInARowLeaveNothingBehind() {
		try (NodePair nodes = NodePair.start("")) {
			SoakResult result = new Soak(nodes).run(ROUNDS, (round) -> {
			});
			assertThat(result.rounds()).hasSize(ROUNDS);
			assertThat(result.tally().confirmedCount()).isGreaterThan(ROUNDS * 500);
			assertThat(result.complaints()).isEmpty();
		}
	}

}
