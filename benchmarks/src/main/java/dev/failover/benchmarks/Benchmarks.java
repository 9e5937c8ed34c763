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

package dev.failover.benchmarks;

import java.util.Arrays;
import java.util.Locale;
import java.util.Map;

import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;

import dev.failover.benchmarks.comparison.Comparison;
import dev.failover.benchmarks.consuming.ConsumingBenchmark;
import dev.failover.benchmarks.ensure.EnsureComparison;
import dev.failover.benchmarks.idle.IdleBenchmark;
import dev.failover.benchmarks.outage.OutageBenchmark;
import dev.failover.benchmarks.soak.SoakBenchmark;
import dev.failover.benchmarks.support.BenchmarkException;
import dev.failover.benchmarks.takeover.TakeoverBenchmark;
import dev.failover.benchmarks.throughput.ThroughputBenchmark;

/**
 * Runs a benchmark, with this build alone or with another one in turns. Its report is
 * written to the folder {@code benchmarks.results}.
 */
public final class Benchmarks {

	private static final Log logger = LogFactory.getLog(Benchmarks.class);

	private static final Map<String, Benchmark> BENCHMARKS = Map.of("outage", OutageBenchmark::run, "throughput",
			ThroughputBenchmark::run, "ensure", EnsureComparison::run, "soak", SoakBenchmark::run, "idle",
			IdleBenchmark::run, "takeover", TakeoverBenchmark::run, "consuming", ConsumingBenchmark::run);

	private Benchmarks() {
	}

	/**
	 * Run a benchmark.
	 * @param args its name and its options
	 * @throws Exception if it cannot be run
	 */
	public static void main(String[] args) throws Exception {
		Locale.setDefault(Locale.ROOT);
		Benchmark benchmark = (args.length > 0) ? BENCHMARKS.get(args[0]) : null;
		try {
			if (benchmark == null) {
				throw new BenchmarkException(
						"Name a benchmark: one of " + BENCHMARKS.keySet().stream().sorted().toList());
			}
			if (Comparison.isAsked(args)) {
				Comparison.run(args);
			}
			else {
				benchmark.run(Arrays.copyOfRange(args, 1, args.length));
			}
		}
		catch (BenchmarkException ex) {
			logger.error(ex.getMessage());
			System.exit(1);
		}
	}

	private interface Benchmark {

		void run(String... options) throws Exception;

	}

}
