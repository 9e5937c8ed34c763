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

import java.util.List;
import java.util.Objects;
import java.util.stream.Collectors;

import dev.failover.broker.BrokerHealth;

/**
 * How the results of several health checks of a broker become one.
 */
public enum HealthCheckPolicy {

	/**
	 * A broker is healthy if all checks say so.
	 */
	ALL,

	/**
	 * A broker is healthy if any check says so.
	 */
	ANY;

	/**
	 * Combine results.
	 * @param results the results, at least one
	 * @return healthy, or unhealthy for the reasons of all checks that say so
	 */
	BrokerHealth combine(List<BrokerHealth> results) {
		boolean healthy = (this == ALL) ? results.stream().allMatch(BrokerHealth::isHealthy)
				: results.stream().anyMatch(BrokerHealth::isHealthy);
		return healthy ? BrokerHealth.healthy() : BrokerHealth.unhealthy(
				results.stream().map(BrokerHealth::reason).filter(Objects::nonNull).collect(Collectors.joining("; ")));
	}

}
