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

package dev.failover.benchmarks.stream;

/**
 * The longest time without a confirm.
 *
 * @param start the last confirm before it, in nanoseconds
 * @param end the first confirm after it, or the end of the measurement if there was none
 */
public record Gap(long start, long end) {

	/**
	 * Find the longest gap around and after a fault.
	 * @param confirms the times of all confirms, sorted
	 * @param fault when the fault struck
	 * @param latest the latest time at which the gap may begin
	 * @param end when the measurement ended
	 * @return the gap
	 */
	static Gap longest(long[] confirms, long fault, long latest, long end) {
		Gap longest = new Gap(fault, fault);
		long previous = fault;
		for (long confirm : confirms) {
			if (confirm > fault && confirm <= end && previous <= latest) {
				longest = longest.orLonger(new Gap(previous, confirm));
			}
			if (confirm <= end) {
				previous = confirm;
			}
		}
		return (previous <= latest) ? longest.orLonger(new Gap(previous, end)) : longest;
	}

	private Gap orLonger(Gap other) {
		return (other.nanos() > nanos()) ? other : this;
	}

	/**
	 * Return how long the gap is.
	 * @return nanoseconds
	 */
	public long nanos() {
		return this.end - this.start;
	}

}
