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

package dev.failover.broker;

import java.time.Duration;

import org.springframework.util.Assert;

/**
 * When a broker that failed is trusted again. It must answer several times in a row, and
 * not before it has been held back: after each further failure for twice as long, until
 * it has been up for long enough to be forgiven. Nothing of that holds while no broker is
 * usable: then the first one that answers will do.
 *
 * @param successThreshold how many answers in a row are needed
 * @param holdBack how long a broker is held back after its first failure
 * @param maxHoldBack how long a broker is held back at most
 * @param forgivenAfter how long a broker must have been up for its earlier failures to be
 * forgotten
 */
public record RecoveryPolicy(int successThreshold, Duration holdBack, Duration maxHoldBack, Duration forgivenAfter) {

	/**
	 * A policy that suits most applications: 3 answers in a row, held back for 5 seconds
	 * to 5 minutes, forgiven after 10 minutes.
	 */
	public static final RecoveryPolicy DEFAULTS = withSuccessThreshold(3);

	public RecoveryPolicy {
		Assert.isTrue(successThreshold > 0, () -> "'successThreshold' must be at least 1, not " + successThreshold);
		Assert.isTrue(!holdBack.isNegative(),
				() -> "'holdBack' must not be negative, but is " + holdBack.toMillis() + " ms");
		Assert.isTrue(maxHoldBack.compareTo(holdBack) >= 0, () -> "'maxHoldBack' must be at least %d ms, not %d ms"
			.formatted(holdBack.toMillis(), maxHoldBack.toMillis()));
		Assert.isTrue(!forgivenAfter.isNegative(),
				() -> "'forgivenAfter' must not be negative, but is " + forgivenAfter.toMillis() + " ms");
	}

	/**
	 * Return the default policy with another number of answers.
	 * @param successThreshold how many answers in a row are needed
	 * @return the policy
	 */
	public static RecoveryPolicy withSuccessThreshold(int successThreshold) {
		return new RecoveryPolicy(successThreshold, Duration.ofSeconds(5), Duration.ofMinutes(5),
				Duration.ofMinutes(10));
	}

	/**
	 * Return how long a broker is held back that failed again.
	 */
	Duration next(Duration last, Duration upFor) {
		if (last.isZero() || upFor.compareTo(this.forgivenAfter) >= 0) {
			return this.holdBack;
		}
		Duration doubled = last.multipliedBy(2);
		return (doubled.compareTo(this.maxHoldBack) < 0) ? doubled : this.maxHoldBack;
	}

}
