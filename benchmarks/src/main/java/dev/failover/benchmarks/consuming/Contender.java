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

package dev.failover.benchmarks.consuming;

import java.util.ArrayList;
import java.util.List;
import java.util.function.ToDoubleFunction;

import dev.failover.benchmarks.support.Statistics;

/**
 * A way of consuming, and what was measured.
 *
 * @param key names the application
 * @param application has the container
 * @param kind the kind of the container
 * @param costs what each round has shown
 */
record Contender(String key, ConsumingApplication application, ContainerKind kind, List<Cost> costs) {

	Contender(String key, ConsumingApplication application, ContainerKind kind) {
		this(key, application, kind, new ArrayList<>());
	}

	double median(ToDoubleFunction<Cost> figure) {
		return Statistics.median(this.costs.stream().mapToDouble(figure).boxed().toList());
	}

	/**
	 * What a round has shown.
	 *
	 * @param rate messages per second
	 * @param bytes what is allocated for each of them
	 * @param micros how long a single message is under way to its listener, median
	 */
	record Cost(double rate, double bytes, double micros) {

	}

}
