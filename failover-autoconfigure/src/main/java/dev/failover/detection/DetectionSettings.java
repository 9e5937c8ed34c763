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

package dev.failover.detection;

import java.time.Duration;

import org.jspecify.annotations.Nullable;
import org.springframework.util.Assert;

/**
 * How brokers are watched.
 *
 * @param probeInterval how often a connection is probed
 * @param probeTimeout how long to wait for the answer to a probe
 * @param failureThreshold how many probes in a row must fail until the broker is given up
 * @param blockedGrace how long a broker may be blocked by a resource alarm until it is
 * left, or {@code null} to wait until the alarm ends
 */
public record DetectionSettings(Duration probeInterval, Duration probeTimeout, int failureThreshold,
		@Nullable Duration blockedGrace) {

	public DetectionSettings {
		Assert.isTrue(probeInterval.toMillis() > 0,
				() -> "'probeInterval' must be at least 1 ms, not " + probeInterval.toMillis() + " ms");
		Assert.isTrue(probeTimeout.toMillis() > 0,
				() -> "'probeTimeout' must be at least 1 ms, not " + probeTimeout.toMillis() + " ms");
		Assert.isTrue(failureThreshold > 0, () -> "'failureThreshold' must be at least 1, not " + failureThreshold);
	}

}
