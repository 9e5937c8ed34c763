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

package dev.failover.template;

import java.util.concurrent.TimeUnit;

import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests for {@link ConfirmTimes}.
 */
class ConfirmTimesTests {

	private final ConfirmTimes times = new ConfirmTimes();

	private long now = System.nanoTime();

	@Test
	void messagesAreBoundedBeforeAnyIsConfirmed() {
		assertThat(this.times.isSlow(0)).isTrue();
	}

	@Test
	void messagesAreBoundedHoweverBusyABrokerNearbyIs() {
		confirmed(2);
		for (int i = 0; i < 100; i++) {
			confirmed(200);
		}
		assertThat(this.times.isSlow(0)).isTrue();
	}

	@Test
	void moreMessagesAreOnTheirWayToABrokerThatIsFar() {
		confirmed(60);
		confirmed(20);
		confirmed(60);
		assertThat(this.times.isSlow(millis(39))).isFalse();
		assertThat(this.times.isSlow(millis(41))).isTrue();
	}

	@Test
	void newTimesReplaceThoseOfMinutesAgo() {
		confirmed(2);
		for (int i = 0; i < 3; i++) {
			this.now += TimeUnit.SECONDS.toNanos(6);
			confirmed(30);
		}
		assertThat(this.times.isSlow(millis(50))).isFalse();
	}

	@Test
	void confirmIsLateAfterTwiceTheUsualTimeWithinLimits() {
		assertThat(this.times.isLate(millis(101))).isTrue();
		for (int i = 0; i < 100; i++) {
			confirmed(10_000);
		}
		assertThat(this.times.isLate(millis(450))).isFalse();
		assertThat(this.times.isLate(millis(501))).isTrue();
	}

	private void confirmed(long millis) {
		this.times.confirmedAfter(millis(millis), this.now);
	}

	private static long millis(long millis) {
		return TimeUnit.MILLISECONDS.toNanos(millis);
	}

}
