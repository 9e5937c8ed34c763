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

package dev.failover.benchmarks.stream;

import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;

class GapTests {

	private static final long[] CONFIRMS = { 10, 20, 30, 70, 80, 200 };

	@Test
	void theLongestCounts() {
		assertThat(Gap.longest(CONFIRMS, 25, 210, 210)).isEqualTo(new Gap(80, 200));
	}

	@Test
	void oneThatBeginsLaterIsNoneOfTheFault() {
		assertThat(Gap.longest(CONFIRMS, 25, 40, 210)).isEqualTo(new Gap(30, 70));
	}

	@Test
	void confirmsUnderWayDoNotEndIt() {
		assertThat(Gap.longest(CONFIRMS, 15, 40, 210)).isEqualTo(new Gap(30, 70));
	}

	@Test
	void oneThatLastsIsAsLongAsTheMeasurement() {
		assertThat(Gap.longest(CONFIRMS, 205, 206, 900)).isEqualTo(new Gap(200, 900));
	}

	@Test
	void withoutAnyConfirmItBeginsWithTheFault() {
		assertThat(Gap.longest(new long[0], 25, 40, 210)).isEqualTo(new Gap(25, 210));
	}

}
