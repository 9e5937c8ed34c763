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

package dev.failover.ensure;

import java.time.Duration;

import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

class EnsurePolicyTests {

	private static EnsureInterval interval(long start, long step, long max, double multiplier, double jitter) {
		return new EnsureInterval(Duration.ofMillis(start), Duration.ofMillis(step), Duration.ofMillis(max), multiplier,
				jitter);
	}

	@Test
	void jitterIsOnByDefault() {
		assertThat(EnsurePolicy.DEFAULT.interval().jitter()).isEqualTo(0.2);
	}

	@Test
	void waitThatGrowsByAFactorBeginsWithTheStepAfterOneOfZero() {
		EnsureInterval interval = interval(0, 100, 1000, 2, 0);
		assertThat(interval.nanos(0, 0.5)).isZero();
		assertThat(interval.nanos(1, 0.5)).isEqualTo(100_000_000);
		assertThat(interval.nanos(3, 0.5)).isEqualTo(400_000_000);
	}

	@Test
	void wrongValuesAreRefused() {
		assertThatIllegalArgumentException().isThrownBy(() -> interval(0, 0, 0, 0.5, 0))
			.withMessageContaining("multiplier");
		assertThatIllegalArgumentException().isThrownBy(() -> interval(0, 0, 0, 1, 2)).withMessageContaining("jitter");
		assertThatIllegalArgumentException().isThrownBy(() -> interval(-1, 0, 0, 1, 0)).withMessageContaining("start");
		assertThatIllegalArgumentException().isThrownBy(() -> EnsurePolicy.DEFAULT.withMaxRetries(-1));
		assertThatIllegalArgumentException().isThrownBy(() -> EnsurePolicy.DEFAULT.withTimeout(Duration.ZERO));
		assertThatIllegalArgumentException()
			.isThrownBy(() -> EnsurePolicy.DEFAULT.withTimeout(Duration.ofDays(200_000)));
	}

}
