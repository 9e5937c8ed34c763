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

package dev.failover.benchmarks.comparison;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

import org.jspecify.annotations.Nullable;

/**
 * What a build has shown: the figures of all turns, by what they are figures of.
 *
 * @param values the values by their case and column
 */
record Figures(Map<Key, List<Double>> values) {

	private static final String ROUND = "round";

	private static final Pattern NUMBER = Pattern.compile("-?\\d+(\\.\\d+)?");

	Figures() {
		this(new LinkedHashMap<>());
	}

	/**
	 * Add what was written by a {@link dev.failover.benchmarks.support.Report}.
	 * @param lines the head, and a line for each single run
	 */
	void add(List<String> lines) {
		List<String> head = List.of(lines.get(0).split(","));
		int round = head.indexOf(ROUND);
		for (String line : lines.subList(1, lines.size())) {
			String[] cells = line.split(",");
			String name = String.join(", ", Arrays.asList(cells).subList(0, round));
			for (int i = round + 1; i < cells.length; i++) {
				if (NUMBER.matcher(cells[i]).matches()) {
					this.values.computeIfAbsent(new Key(name, head.get(i)), (key) -> new ArrayList<>())
						.add(Double.valueOf(cells[i]));
				}
			}
		}
	}

	@Nullable List<Double> get(Key key) {
		return this.values.get(key);
	}

	/**
	 * What something is a figure of.
	 *
	 * @param name the case
	 * @param column what was measured
	 */
	record Key(String name, String column) {
	}

}
