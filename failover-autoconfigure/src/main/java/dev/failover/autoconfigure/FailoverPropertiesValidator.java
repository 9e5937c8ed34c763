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

package dev.failover.autoconfigure;

import java.time.Duration;
import java.util.List;
import java.util.Set;

import org.jspecify.annotations.Nullable;
import org.springframework.util.StringUtils;

/**
 * Checks the values of {@link FailoverProperties} that need no other bean.
 */
final class FailoverPropertiesValidator {

	private static final Duration SHORTEST = Duration.ofMillis(1);

	private static final Duration LONGEST = Duration.ofMillis(Integer.MAX_VALUE);

	private FailoverPropertiesValidator() {
	}

	static void validate(FailoverProperties properties) {
		List<BrokerProperties> brokers = properties.getBrokers();
		check(brokers == null || !brokers.isEmpty(), "failover.brokers", "", "it is set, but lists no broker",
				"List at least one broker, for example amqp://user:password@host, or remove the property");
		check(StringUtils.hasText(properties.getStrategy()), "failover.strategy", "", "it is empty",
				"Name a strategy, or remove the property");
		positive("failover.shutdown-timeout", properties.getShutdownTimeout());
		validate(properties.getConnect());
		positive("failover.move.timeout", properties.getMove().getTimeout());
		positive("failover.health-check.interval", properties.getHealthCheck().getInterval());
		positive("failover.health-check.timeout", properties.getHealthCheck().getTimeout());
		notNegative("failover.failback.grace", properties.getFailback().getGrace());
		validate(properties.getRebalance(), properties.getStrategy());
		validate(properties.getDetection());
		validate(properties.getEnsure());
		validate(properties.getEnsure().getInterval());
		positive("failover.publish.confirm-timeout", properties.getPublish().getConfirmTimeout());
		atLeast("failover.publish.max-in-flight", properties.getPublish().getMaxInFlight(), 1);
		validate(properties.getListener().getDeduplication());
		positive("failover.topology.declare-timeout", properties.getTopology().getDeclareTimeout());
	}

	private static void validate(FailoverProperties.Connect connect) {
		positive("failover.connect.timeout", connect.getTimeout());
		notNegative("failover.connect.race-delay", connect.getRaceDelay());
	}

	private static void validate(FailoverProperties.Rebalance rebalance, String strategy) {
		positive("failover.rebalance.window", rebalance.getWindow());
		check(!rebalance.isEnabled() || !Set.of("priority", "weighted").contains(strategy),
				"failover.rebalance.enabled", rebalance.isEnabled(),
				"the strategy '%s' has a preference, and goes back by itself".formatted(strategy),
				"Remove the property, or set failover.strategy to round-robin or shuffle");
	}

	private static void validate(FailoverProperties.Detection detection) {
		positive("failover.detection.probe-interval", detection.getProbeInterval());
		positive("failover.detection.probe-timeout", detection.getProbeTimeout());
		atLeast("failover.detection.failure-threshold", detection.getFailureThreshold(), 1);
		atLeast("failover.detection.success-threshold", detection.getSuccessThreshold(), 1);
		notNegative("failover.detection.blocked-grace", detection.getBlockedGrace());
		notNegative("failover.detection.queue-interval", detection.getQueueInterval());
	}

	private static void validate(FailoverProperties.Listener.Deduplication deduplication) {
		atLeast("failover.listener.deduplication.max-size", deduplication.getMaxSize(), 1);
		positive("failover.listener.deduplication.expire-after", deduplication.getExpireAfter());
	}

	private static void validate(FailoverProperties.Ensure ensure) {
		if (ensure.getMaxRetries() != null) {
			atLeast("failover.ensure.max-retries", ensure.getMaxRetries(), 0);
		}
		positive("failover.ensure.timeout", ensure.getTimeout());
	}

	private static void validate(FailoverProperties.Ensure.Interval interval) {
		notNegative("failover.ensure.interval.start", interval.getStart());
		notNegative("failover.ensure.interval.step", interval.getStep());
		notNegative("failover.ensure.interval.max", interval.getMax());
		check(interval.getMax().compareTo(interval.getStart()) >= 0, "failover.ensure.interval.max", interval.getMax(),
				"it is shorter than failover.ensure.interval.start", "Raise it, or lower the start");
		check(interval.getJitter() >= 0 && interval.getJitter() <= 1, "failover.ensure.interval.jitter",
				interval.getJitter(), "it is not a share", "Use a number from 0 to 1, for example 0.2");
		Double multiplier = interval.getMultiplier();
		check(multiplier == null || (multiplier >= 1 && Double.isFinite(multiplier)),
				"failover.ensure.interval.multiplier", multiplier, "waits must not get shorter",
				"Use a number of at least 1, for example 2, or remove the property");
	}

	private static void positive(String property, Duration value) {
		check(value.compareTo(SHORTEST) >= 0 && value.compareTo(LONGEST) <= 0, property, value,
				"it must be at least one millisecond, and at most 24 days", "Use a positive duration, for example 3s");
	}

	private static void notNegative(String property, Duration value) {
		check(!value.isNegative() && value.compareTo(LONGEST) <= 0, property, value,
				"it must not be negative, nor longer than 24 days", "Use a duration such as 200ms, or 0");
	}

	private static void atLeast(String property, int value, int least) {
		check(value >= least, property, value, "it must be at least " + least,
				"Use a number of at least %d".formatted(least));
	}

	/**
	 * Durations are written as in the properties.
	 */
	private static String text(@Nullable Object value) {
		if (!(value instanceof Duration duration) || duration.getNano() % 1_000_000 != 0) {
			return String.valueOf(value);
		}
		if (duration.getNano() != 0) {
			return duration.toMillis() + "ms";
		}
		long seconds = duration.toSeconds();
		return (seconds != 0 && seconds % 86_400 == 0) ? duration.toDays() + "d" : seconds + "s";
	}

	private static void check(boolean valid, String property, @Nullable Object value, String reason, String action) {
		if (!valid) {
			throw new InvalidFailoverPropertyException(property, text(value), reason, action);
		}
	}

}
