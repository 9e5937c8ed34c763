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

import org.springframework.util.Assert;

/**
 * How long to wait between passes over the brokers. The wait grows by a step each time,
 * or by a factor if there is a multiplier greater than 1, and never exceeds the maximum,
 * jitter included.
 *
 * @param start the first wait
 * @param step by how much the wait grows; with a multiplier, the first wait after one of
 * zero
 * @param max the longest wait
 * @param multiplier the factor of exponential growth, 1 for linear growth
 * @param jitter by which fraction a wait may deviate at random, between 0 and 1
 */
public record EnsureInterval(Duration start, Duration step, Duration max, double multiplier, double jitter) {

	/**
	 * The default: 0, 200 ms, 400 ms and so on up to 2 seconds, with a jitter of a fifth.
	 */
	public static final EnsureInterval DEFAULT = new EnsureInterval(Duration.ZERO, Duration.ofMillis(200),
			Duration.ofSeconds(2), 1, 0.2);

	public EnsureInterval {
		Assert.isTrue(!start.isNegative(), "'start' must not be negative");
		Assert.isTrue(!step.isNegative(), "'step' must not be negative");
		Assert.isTrue(!max.isNegative(), "'max' must not be negative");
		Assert.isTrue(multiplier >= 1, "'multiplier' must be at least 1");
		Assert.isTrue(jitter >= 0 && jitter <= 1, "'jitter' must be between 0 and 1");
	}

	/**
	 * Return the length of a wait.
	 * @param index how many waits there were before
	 * @param random a random number from 0 to 1, 0.5 for no jitter
	 * @return the length in nanoseconds
	 */
	long nanos(int index, double random) {
		double base = (this.multiplier > 1) ? exponential(index)
				: this.start.toNanos() + (double) this.step.toNanos() * index;
		double deviation = 1 + this.jitter * (2 * random - 1);
		long max = this.max.toNanos();
		return (long) Math.min(max, Math.min(max, base) * deviation);
	}

	private double exponential(int index) {
		if (!this.start.isZero()) {
			return this.start.toNanos() * Math.pow(this.multiplier, index);
		}
		return (index > 0) ? this.step.toNanos() * Math.pow(this.multiplier, index - 1) : 0;
	}

}
