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

package dev.failover.benchmarks.ensure;

import java.util.Collection;
import java.util.List;

import org.openjdk.jmh.results.Result;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;

import dev.failover.benchmarks.support.BenchmarkOptions;
import dev.failover.benchmarks.support.Machine;
import dev.failover.benchmarks.support.Report;

/**
 * Runs {@link EnsureBenchmark}, and compares an ensured call with the others.
 */
public final class EnsureComparison {

	private static final List<Row> ROWS = List.of(new Row("bare", "plain object"),
			new Row("intercepted", "bean with an interceptor that does nothing"),
			new Row("ensured", "bean with `@Ensure`"), new Row("retried", "bean with `@Retryable` of spring-retry"));

	private EnsureComparison() {
	}

	/**
	 * Run the benchmark.
	 * @param arguments its options
	 * @throws RunnerException if JMH fails
	 */
	public static void run(String... arguments) throws RunnerException {
		BenchmarkOptions options = BenchmarkOptions.parse(List.of("forks", "iterations"), arguments);
		int iterations = options.number("iterations", 5);
		int forks = options.number("forks", 3);
		Collection<RunResult> results = new Runner(
				new OptionsBuilder().include(EnsureBenchmark.class.getName().replace(".", "\\."))
					.forks(forks)
					.warmupIterations(iterations)
					.warmupTime(TimeValue.seconds(1))
					.measurementIterations(iterations)
					.measurementTime(TimeValue.seconds(1))
					.build())
			.run();
		report(results.stream().<Result<?>>map(RunResult::getPrimaryResult).toList(), forks * iterations);
	}

	private static void report(List<Result<?>> results, int iterations) {
		Report report = new Report("ensure", "call", "round", "nanoseconds", "error");
		report.paragraph(
				"%s. JMH, iterations of a second: %d, error at 99.9 %%.".formatted(Machine.describe(), iterations));
		report.head("call that succeeds", "ns", "error", "more than the interceptor that does nothing");
		double reference = find(results, "intercepted").getScore();
		for (Row row : ROWS) {
			Result<?> result = find(results, row.name());
			report.row(row.title(), "%.1f".formatted(result.getScore()), "± %.1f".formatted(result.getScoreError()),
					"%.1f".formatted(result.getScore() - reference));
			report.figures(row.name(), 1, "%.2f".formatted(result.getScore()),
					"%.2f".formatted(result.getScoreError()));
		}
		report.write();
	}

	private static Result<?> find(List<Result<?>> results, String name) {
		return results.stream()
			.filter((result) -> result.getLabel().equals(name))
			.findFirst()
			.orElseThrow(() -> new IllegalStateException("JMH has not measured " + name));
	}

	private record Row(String name, String title) {
	}

}
