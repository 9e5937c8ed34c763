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

package dev.failover.benchmarks.throughput;

import java.util.ArrayList;
import java.util.List;

import dev.failover.benchmarks.support.Statistics;

/**
 * A way of publishing that is compared with others.
 *
 * @param title its name
 * @param load what it does
 * @param messages how many messages it publishes in a round
 * @param reference the title of what it is compared with, which may be itself
 * @param rates the messages per second of each round that counts
 */
record Contender(String title, Load load, int messages, String reference, List<Double> rates) {

	Contender(String title, Load load, int messages, String reference) {
		this(title, load, messages, reference, new ArrayList<>());
	}

	double median() {
		return Statistics.median(this.rates);
	}

}
