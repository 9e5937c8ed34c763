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

package dev.failover.benchmarks.takeover;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;

import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;

import dev.failover.benchmarks.support.BenchmarkOptions;
import dev.failover.benchmarks.support.BenchmarkQueue;
import dev.failover.benchmarks.support.Machine;
import dev.failover.benchmarks.support.NodePair;
import dev.failover.benchmarks.support.Report;
import dev.failover.benchmarks.support.Statistics;
import dev.failover.benchmarks.support.Waits;
import dev.failover.test.RabbitNode;

/**
 * Kills the active broker of an application with many consumers. A message for each of
 * them waits on the other broker, and a consumer takes no more than one: it is over when
 * all messages are taken.
 */
public final class TakeoverBenchmark {

	private static final Log logger = LogFactory.getLog(TakeoverBenchmark.class);

	private static final List<String> TYPES = List.of("simple", "direct");

	private static final Duration SETTLE = Duration.ofSeconds(2);

	private static final Duration PATIENCE = Duration.ofMinutes(1);

	private final Report report = new Report("takeover", "container", "round", "milliseconds-to-switch", "first",
			"half", "last");

	private final NodePair nodes;

	private TakeoverBenchmark(NodePair nodes) {
		this.nodes = nodes;
	}

	/**
	 * Run the benchmark.
	 * @param arguments its options
	 */
	public static void run(String... arguments) {
		BenchmarkOptions options = BenchmarkOptions.parse(List.of("rounds", "containers", BenchmarkOptions.RABBIT),
				arguments);
		List<String> types = options.selection("containers", TYPES);
		int rounds = options.number("rounds", 20);
		try (NodePair nodes = NodePair.start(options.rabbit())) {
			new TakeoverBenchmark(nodes).run(types, rounds);
		}
	}

	private void run(List<String> types, int rounds) {
		this.report.paragraph(("%s Listener containers: %d, consumers: %d, one broker consumed from. Kills of the "
				+ "active broker with each type: %d. Milliseconds: median (maximum).")
			.formatted(Machine.describe(this.nodes), TakeoverApplication.QUEUES.size(), TakeoverApplication.CONSUMERS,
					rounds));
		this.report.head("containers", "from the kill to the switch", "from there to the first message",
				"half of the consumers", "all consumers");
		types.forEach(this::measure);
		Map<String, List<Takeover>> measured = new TreeMap<>();
		for (int round = 1; round <= rounds; round++) {
			for (String type : types) {
				Takeover takeover = measure(type);
				measured.computeIfAbsent(type, (key) -> new ArrayList<>()).add(takeover);
				logger.info("%s, round %d: %s".formatted(type, round, takeover));
				this.report.figures(type, round, "%.1f".formatted(takeover.toSwitch()),
						"%.1f".formatted(takeover.first()), "%.1f".formatted(takeover.half()),
						"%.1f".formatted(takeover.last()));
			}
		}
		measured.forEach(this::row);
		this.report.write();
	}

	private Takeover measure(String type) {
		this.nodes.all().forEach(TakeoverBenchmark::prepare);
		List<RabbitNode> all = this.nodes.all();
		try (TakeoverApplication application = TakeoverApplication.start(type,
				all.stream().map(RabbitNode::uri).toList())) {
			RabbitNode active = all.stream()
				.filter((node) -> node.port() == application.activePort())
				.findFirst()
				.orElseThrow();
			Waits.until(() -> consumers(active) == TakeoverApplication.CONSUMERS, "that all consume");
			all.stream().filter((node) -> node != active).forEach(TakeoverBenchmark::fill);
			Waits.pass(SETTLE);
			long struck = System.nanoTime();
			active.kill();
			return application.await(struck, PATIENCE);
		}
		finally {
			this.nodes.mend();
		}
	}

	private static void prepare(RabbitNode node) {
		for (String name : TakeoverApplication.QUEUES) {
			BenchmarkQueue queue = new BenchmarkQueue(node, name);
			queue.declare();
			queue.purge();
		}
		node.administration().flush();
	}

	private static void fill(RabbitNode node) {
		for (int i = 0; i < TakeoverApplication.QUEUES.size(); i++) {
			String name = TakeoverApplication.QUEUES.get(i);
			new BenchmarkQueue(node, name).publish(IntStream.range(0, TakeoverApplication.consumers(i))
				.mapToObj((number) -> (name + ":" + number).getBytes(StandardCharsets.UTF_8))
				.toList());
		}
	}

	private static int consumers(RabbitNode node) {
		return TakeoverApplication.QUEUES.stream().mapToInt((name) -> new BenchmarkQueue(node, name).consumers()).sum();
	}

	private void row(String type, List<Takeover> takeovers) {
		this.report.row(type, cell(takeovers, Takeover::toSwitch), cell(takeovers, Takeover::first),
				cell(takeovers, Takeover::half), cell(takeovers, Takeover::last));
	}

	private static String cell(List<Takeover> takeovers, ToDoubleFunction<Takeover> value) {
		List<Double> values = takeovers.stream().mapToDouble(value).boxed().toList();
		return "%.0f (%.0f)".formatted(Statistics.median(values), Statistics.max(values));
	}

}
