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

package dev.failover.benchmarks.support;

import java.util.Collection;

/**
 * Figures of several runs.
 */
public final class Statistics {

	private Statistics() {
	}

	/**
	 * Return the median.
	 * @param values the values, at least one
	 * @return the value in the middle, or the mean of the two there
	 */
	public static double median(Collection<Double> values) {
		double[] sorted = values.stream().mapToDouble(Double::doubleValue).sorted().toArray();
		int middle = sorted.length / 2;
		return (sorted.length % 2 == 1) ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
	}

	/**
	 * Return the greatest value.
	 * @param values the values, at least one
	 * @return the maximum
	 */
	public static double max(Collection<Double> values) {
		return values.stream().mapToDouble(Double::doubleValue).max().orElseThrow();
	}

}
