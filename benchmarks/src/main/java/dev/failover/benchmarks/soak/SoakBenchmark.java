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

package dev.failover.benchmarks.soak;

import java.util.List;
import java.util.function.ToIntFunction;

import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;

import dev.failover.benchmarks.support.BenchmarkException;
import dev.failover.benchmarks.support.BenchmarkOptions;
import dev.failover.benchmarks.support.Machine;
import dev.failover.benchmarks.support.NodePair;
import dev.failover.benchmarks.support.Report;
import dev.failover.benchmarks.support.Statistics;

/**
 * Kills and freezes active brokers in a row, and fails if anything of it is left behind.
 */
public final class SoakBenchmark {

	private static final Log logger = LogFactory.getLog(SoakBenchmark.class);

	private SoakBenchmark() {
	}

	/**
	 * Run the benchmark.
	 * @param arguments its options
	 */
	public static void run(String... arguments) {
		BenchmarkOptions options = BenchmarkOptions.parse(List.of("rounds", BenchmarkOptions.RABBIT), arguments);
		int rounds = options.number("rounds", 200);
		if (rounds < 2) {
			throw new BenchmarkException("--rounds must be at least 2: one kill and one freeze");
		}
		Report report = new Report("soak", "fault", "round", "gap-milliseconds", "threads", "sockets", "connections",
				"channels", "heap-megabytes", "settled");
		try (NodePair nodes = NodePair.start(options.rabbit())) {
			report.paragraph(Machine.describe(nodes));
			SoakResult result = new Soak(nodes).run(rounds, (round) -> record(report, round));
			report(report, result);
			List<String> complaints = result.complaints();
			if (!complaints.isEmpty()) {
				throw new BenchmarkException(String.join("\n", complaints));
			}
		}
	}

	private static void record(Report report, SoakRound round) {
		Footprint footprint = round.footprint();
		report.figures(round.fault(), round.number(), "%.1f".formatted(round.gapMillis()), footprint.threads(),
				footprint.sockets(), footprint.connections(), footprint.channels(), "%.1f".formatted(round.heap()),
				round.settled());
		logger.info("Round %d, %s: gap %.0f ms; %s, %.1f MB%s".formatted(round.number(), round.fault(),
				round.gapMillis(), footprint, round.heap(), round.settled() ? "" : " NOT SETTLED"));
	}

	private static void report(Report report, SoakResult result) {
		report.head("kills and freezes: " + result.rounds().size(), "before", "after the last", "most");
		row(report, "threads", result, Footprint::threads);
		row(report, "sockets", result, Footprint::sockets);
		row(report, "connections", result, Footprint::connections);
		row(report, "channels", result, Footprint::channels);
		report.row("heap after GC, MB, median of a quarter of the rounds", "%.1f".formatted(result.heapAtStart()),
				"%.1f".formatted(result.heapAtEnd()),
				"%.1f".formatted(Statistics.max(result.rounds().stream().map(SoakRound::heap).toList())));
		report.paragraph(("Longest gap, median (maximum): kill %s, freeze %s. Messages confirmed: %d, errors to the "
				+ "caller: %d, missing: %d, duplicates: %d.")
			.formatted(gap(result, SoakFault.KILL), gap(result, SoakFault.FREEZE), result.tally().confirmedCount(),
					result.tally().errorCount(), result.tally().missingCount(), result.tally().duplicateCount()));
		report.write();
	}

	private static void row(Report report, String title, SoakResult result, ToIntFunction<Footprint> value) {
		List<SoakRound> rounds = result.rounds();
		report.row(title, value.applyAsInt(result.level()), value.applyAsInt(rounds.get(rounds.size() - 1).footprint()),
				rounds.stream().map(SoakRound::footprint).mapToInt(value).max().orElse(0));
	}

	private static String gap(SoakResult result, SoakFault fault) {
		List<Double> gaps = result.gaps(fault);
		return "%.0f (%.0f) ms".formatted(Statistics.median(gaps), Statistics.max(gaps));
	}

}
