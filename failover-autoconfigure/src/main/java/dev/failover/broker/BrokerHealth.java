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

import org.jspecify.annotations.Nullable;
import org.springframework.util.Assert;

/**
 * What health checks say of a broker that answers.
 *
 * @param reason why the broker is unhealthy, in words for people and free of secrets, or
 * {@code null} if it is healthy
 */
public record BrokerHealth(@Nullable String reason) {

	private static final BrokerHealth HEALTHY = new BrokerHealth(null);

	/**
	 * Return that a broker is healthy.
	 * @return that it is healthy
	 */
	public static BrokerHealth healthy() {
		return HEALTHY;
	}

	/**
	 * Return that a broker is unhealthy.
	 * @param reason why, in words that become a part of sentences; passwords of the
	 * brokers are masked before it is shown to anybody
	 * @return that it is unhealthy
	 */
	public static BrokerHealth unhealthy(String reason) {
		Assert.hasText(reason, "'reason' must not be empty");
		return new BrokerHealth(reason);
	}

	/**
	 * Return whether the broker is healthy.
	 * @return whether there is no reason against it
	 */
	public boolean isHealthy() {
		return this.reason == null;
	}

	@Override
	public String toString() {
		return (this.reason != null) ? "unhealthy: " + this.reason : "healthy";
	}

}
