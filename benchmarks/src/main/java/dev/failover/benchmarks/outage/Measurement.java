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

package dev.failover.benchmarks.outage;

import java.util.Map;
import java.util.concurrent.TimeUnit;

import dev.failover.benchmarks.stream.Tally;

/**
 * What one run of a fault has shown.
 *
 * @param millis the time that the fault cost
 * @param capped whether the fault had not been overcome by then
 * @param confirmed the number of messages that were confirmed
 * @param errors how many exceptions reached the application
 * @param missing how many confirmed messages are on no broker
 * @param duplicates how many messages are there more than once
 * @param kinds the exceptions and their numbers
 */
record Measurement(double millis, boolean capped, int confirmed, int errors, int missing, int duplicates,
		Map<String, ?> kinds) {

	static Measurement of(long nanos, boolean capped, Tally tally) {
		return new Measurement(nanos / (double) TimeUnit.MILLISECONDS.toNanos(1), capped, tally.confirmedCount(),
				tally.errorCount(), tally.missingCount(), tally.duplicateCount(), tally.errors());
	}

}
