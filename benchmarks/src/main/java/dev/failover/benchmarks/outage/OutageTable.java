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

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.function.ToIntFunction;
import java.util.stream.Collectors;

import dev.failover.benchmarks.application.PublisherKind;
import dev.failover.benchmarks.support.Statistics;

/**
 * The table of outages: a column for the time of each application, and one for each
 * count, with the applications' totals in the same order.
 */
final class OutageTable {

	private OutageTable() {
	}

	static String[] head(List<PublisherKind> kinds) {
		List<String> head = new ArrayList<>();
		head.add("fault");
		kinds.forEach((kind) -> head.add(kind.title()));
		head.addAll(List.of("errors to the caller", "confirmed, but missing", "duplicates, most in a run"));
		return head.toArray(String[]::new);
	}

	static Object[] row(OutageCase outage, Collection<List<Measurement>> measured) {
		List<Object> row = new ArrayList<>();
		row.add(outage.title());
		measured.forEach((measurements) -> row.add(time(measurements)));
		row.add(each(measured, (measurements) -> sum(measurements, Measurement::errors)));
		row.add(each(measured, (measurements) -> sum(measurements, Measurement::missing)));
		row.add(each(measured,
				(measurements) -> measurements.stream().mapToInt(Measurement::duplicates).max().orElse(0)));
		return row.toArray();
	}

	private static String time(List<Measurement> measurements) {
		List<Double> millis = measurements.stream().map(Measurement::millis).toList();
		long capped = measurements.stream().filter(Measurement::capped).count();
		String median = (capped * 2 > measurements.size()) ? "> " : "";
		String max = (capped > 0) ? "> " : "";
		return "%s%.0f (%s%.0f)".formatted(median, Statistics.median(millis), max, Statistics.max(millis));
	}

	private static int sum(List<Measurement> measurements, ToIntFunction<Measurement> count) {
		return measurements.stream().mapToInt(count).sum();
	}

	private static String each(Collection<List<Measurement>> measured, ToIntFunction<List<Measurement>> count) {
		return measured.stream()
			.map((measurements) -> Integer.toString(count.applyAsInt(measurements)))
			.collect(Collectors.joining(" / "));
	}

}
