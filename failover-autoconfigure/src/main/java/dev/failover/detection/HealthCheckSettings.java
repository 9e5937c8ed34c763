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

import org.springframework.util.Assert;

/**
 * How brokers are checked for their health.
 *
 * @param policy what the results of several checks come to
 * @param interval how long to wait from the end of the checks of a broker to the next
 * ones
 * @param timeout how long a check may take
 */
public record HealthCheckSettings(HealthCheckPolicy policy, Duration interval, Duration timeout) {

	public HealthCheckSettings {
		Assert.notNull(policy, "'policy' must not be null");
		Assert.isTrue(interval.toMillis() > 0,
				() -> "'interval' must be at least 1 ms, not " + interval.toMillis() + " ms");
		Assert.isTrue(timeout.toMillis() > 0,
				() -> "'timeout' must be at least 1 ms, not " + timeout.toMillis() + " ms");
	}

}
