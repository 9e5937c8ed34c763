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

import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;

import dev.failover.benchmarks.application.PublisherKind;
import dev.failover.benchmarks.stream.StreamSettings;
import dev.failover.benchmarks.support.BenchmarkOptions;
import dev.failover.benchmarks.support.BenchmarkQueue;
import dev.failover.benchmarks.support.Machine;
import dev.failover.benchmarks.support.NodePair;
import dev.failover.benchmarks.support.Report;

/**
 * Measures what outages cost a steady stream of messages, with failover and with Spring
 * Boot alone, alternately.
 */
public final class OutageBenchmark {

	private static final Log logger = LogFactory.getLog(OutageBenchmark.class);

	private final Report report = new Report("outage", "fault", "application", "round", "milliseconds", "capped",
			"confirmed", "errors", "missing", "duplicates");

	private final NodePair nodes;

	private final StreamSettings settings;

	private final List<PublisherKind> kinds;

	private OutageBenchmark(NodePair nodes, StreamSettings settings, List<PublisherKind> kinds) {
		this.nodes = nodes;
		this.settings = settings;
		this.kinds = kinds;
	}

	/**
	 * Run the benchmark.
	 * @param arguments its options
	 */
	public static void run(String... arguments) {
		BenchmarkOptions options = BenchmarkOptions.parse(
				List.of("faults", "applications", "runs", "rate", "threads", "cap", BenchmarkOptions.RABBIT),
				arguments);
		List<OutageCase> cases = options.selection("faults", OutageCase.keys()).stream().map(OutageCase::of).toList();
		List<PublisherKind> kinds = options.selection("applications", PublisherKind.keys())
			.stream()
			.map(PublisherKind::of)
			.toList();
		int runs = options.number("runs", 5);
		StreamSettings settings = new StreamSettings(options.number("rate", 500), options.number("threads", 16),
				options.seconds("cap", Duration.ofSeconds(30)));
		try (NodePair nodes = NodePair.start(options.rabbit())) {
			new OutageBenchmark(nodes, settings, kinds).run(cases, runs);
		}
	}

	private void run(List<OutageCase> cases, int runs) {
		logger.info("Warming up");
		this.kinds.forEach((kind) -> measure(OutageCase.KILL, kind));
		this.report.paragraph(("%s Messages per second: %d, from %d threads, persistent. Runs of each: %d. "
				+ "Milliseconds: median (maximum).")
			.formatted(Machine.describe(this.nodes), this.settings.perSecond(), this.settings.threads(), runs));
		this.report.head(OutageTable.head(this.kinds));
		for (OutageCase outage : cases) {
			Map<PublisherKind, List<Measurement>> measured = new EnumMap<>(PublisherKind.class);
			for (int run = 1; run <= runs; run++) {
				for (PublisherKind kind : this.kinds) {
					Measurement measurement = measure(outage, kind);
					measured.computeIfAbsent(kind, (key) -> new ArrayList<>()).add(measurement);
					record(outage, kind, run, measurement);
				}
			}
			this.report.row(OutageTable.row(outage, measured.values()));
			this.report.write();
		}
	}

	private Measurement measure(OutageCase outage, PublisherKind kind) {
		try (BrokerRoutes routes = new BrokerRoutes(this.nodes, outage.network())) {
			this.nodes.queues().forEach(BenchmarkQueue::purge);
			return outage.scenario().run(routes, kind, this.settings);
		}
		finally {
			this.nodes.mend();
		}
	}

	private void record(OutageCase outage, PublisherKind kind, int run, Measurement measurement) {
		logger.info("%s, %s, run %d: %.0f ms%s; %d confirmed, %d errors %s, %d missing, %d duplicates".formatted(
				outage.key(), kind.key(), run, measurement.millis(), measurement.capped() ? " and more" : "",
				measurement.confirmed(), measurement.errors(), measurement.kinds(), measurement.missing(),
				measurement.duplicates()));
		this.report.figures(outage.key(), kind.key(), run, "%.1f".formatted(measurement.millis()), measurement.capped(),
				measurement.confirmed(), measurement.errors(), measurement.missing(), measurement.duplicates());
	}

}
