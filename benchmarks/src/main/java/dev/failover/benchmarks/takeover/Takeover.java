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

package dev.failover.benchmarks.takeover;

import java.util.Collection;
import java.util.concurrent.TimeUnit;

/**
 * How soon consumers consume again, in milliseconds.
 *
 * @param toSwitch from the fault to the switch
 * @param first from the switch to the first message
 * @param half from the switch until half of the consumers have one
 * @param last from the switch until all have
 */
record Takeover(double toSwitch, double first, double half, double last) {

	static Takeover of(long struck, long switched, Collection<Long> arrivals) {
		double[] millis = arrivals.stream().mapToDouble((arrival) -> millis(arrival - switched)).sorted().toArray();
		return new Takeover(millis(switched - struck), millis[0], millis[millis.length / 2], millis[millis.length - 1]);
	}

	private static double millis(long nanos) {
		return nanos / (double) TimeUnit.MILLISECONDS.toNanos(1);
	}

}
