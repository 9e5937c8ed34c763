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

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;

import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;

import dev.failover.benchmarks.Benchmarks;
import dev.failover.benchmarks.support.BenchmarkException;
import dev.failover.benchmarks.support.BenchmarkOptions;
import dev.failover.benchmarks.support.Machine;
import dev.failover.benchmarks.support.Report;
import dev.failover.benchmarks.support.Statistics;

/**
 * Runs a benchmark with this build and with another one, in turns and in a process each,
 * and puts the medians of all turns beside each other.
 */
public final class Comparison {

	private static final Log logger = LogFactory.getLog(Comparison.class);

	private static final String AGAINST = "against";

	private static final String TURNS = "turns";

	private static final List<String> OWN = List.of("--" + AGAINST, "--" + TURNS);

	private static final long PATIENCE_HOURS = 12;

	private final String benchmark;

	private final List<String> options;

	private final Map<Build, Figures> figures = new HashMap<>();

	private Comparison(String benchmark, List<String> options) {
		this.benchmark = benchmark;
		this.options = options;
	}

	/**
	 * Return whether a comparison is asked for.
	 * @param arguments the name of a benchmark, and its options
	 * @return whether another build is named
	 */
	public static boolean isAsked(String... arguments) {
		return Arrays.stream(arguments).anyMatch((argument) -> argument.startsWith("--" + AGAINST + "="));
	}

	/**
	 * Run a benchmark with both builds.
	 * @param arguments its name, and its options
	 * @throws IOException if a process cannot be started, or its figures cannot be read
	 * @throws InterruptedException if the thread is interrupted
	 */
	public static void run(String... arguments) throws IOException, InterruptedException {
		List<String> own = new ArrayList<>();
		List<String> others = new ArrayList<>();
		for (String argument : Arrays.asList(arguments).subList(1, arguments.length)) {
			String name = argument.split("=", 2)[0];
			List<String> target = OWN.contains(name) ? own : others;
			target.add(argument);
		}
		BenchmarkOptions options = BenchmarkOptions.parse(List.of(AGAINST, TURNS), own.toArray(String[]::new));
		Build other = Build.of(Path.of(options.text(AGAINST)));
		new Comparison(arguments[0], others).run(List.of(other, Build.own()), options.number(TURNS, 4));
	}

	private void run(List<Build> builds, int turns) throws IOException, InterruptedException {
		List<Build> order = new ArrayList<>(builds);
		for (int turn = 1; turn <= turns; turn++) {
			for (Build build : order) {
				logger.info("Turn %d of %d: %s".formatted(turn, turns, build.title()));
				this.figures.computeIfAbsent(build, (key) -> new Figures()).add(turn(build, turn));
			}
			Collections.reverse(order);
		}
		report(builds.get(0), builds.get(1), turns);
	}

	private List<String> turn(Build build, int turn) throws IOException, InterruptedException {
		Path results = Report.folder().resolve("%s-%s-%d".formatted(this.benchmark, build.key(), turn));
		List<String> command = new ArrayList<>();
		command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
		command.addAll(ManagementFactory.getRuntimeMXBean().getInputArguments());
		command.addAll(List.of("-Dbenchmarks.results=" + results, "-cp", build.classPath(), Benchmarks.class.getName(),
				this.benchmark));
		command.addAll(this.options);
		Process process = new ProcessBuilder(command).inheritIO().start();
		try {
			if (!process.waitFor(PATIENCE_HOURS, TimeUnit.HOURS) || process.exitValue() != 0) {
				throw new BenchmarkException("The benchmark failed with %s".formatted(build.title()));
			}
		}
		finally {
			process.destroy();
		}
		return Files.readAllLines(results.resolve(this.benchmark + ".csv"));
	}

	private void report(Build other, Build own, int turns) {
		Report report = new Report(this.benchmark, "case", "figure", "round", "other", "own");
		report.paragraph("%s. Turns of each build: %d, medians of all rounds.".formatted(Machine.describe(), turns));
		report.head("case", "figure", other.title(), own.title(), "ratio");
		required(own).values().forEach((key, values) -> {
			List<Double> others = required(other).get(key);
			if (others != null) {
				double before = Statistics.median(others);
				double after = Statistics.median(values);
				report.row(key.name(), key.column(), "%.1f".formatted(before), "%.1f".formatted(after),
						(before != 0) ? "%.2f".formatted(after / before) : "");
				report.figures(key.name().replace(",", ""), key.column(), turns, before, after);
			}
		});
		report.write();
	}

	private Figures required(Build build) {
		return Objects.requireNonNull(this.figures.get(build));
	}

}
