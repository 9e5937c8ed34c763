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

import java.util.concurrent.ThreadLocalRandom;
import java.util.function.DoubleSupplier;
import java.util.function.LongSupplier;

import org.springframework.retry.backoff.Sleeper;
import org.springframework.retry.backoff.ThreadWaitSleeper;

/**
 * Time and chance as ensured work sees them.
 *
 * @param nanoTime the clock
 * @param sleeper how to wait
 * @param random numbers from 0 to 1
 */
record EnsureTime(LongSupplier nanoTime, Sleeper sleeper, DoubleSupplier random) {

	static final EnsureTime SYSTEM = new EnsureTime(System::nanoTime, new ThreadWaitSleeper(),
			() -> ThreadLocalRandom.current().nextDouble());

	long now() {
		return this.nanoTime.getAsLong();
	}

}
