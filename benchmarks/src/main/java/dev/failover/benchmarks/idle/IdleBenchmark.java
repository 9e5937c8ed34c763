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

package dev.failover.benchmarks.idle;

import java.lang.management.ManagementFactory;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;

import com.sun.management.OperatingSystemMXBean;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.springframework.context.ConfigurableApplicationContext;

import dev.failover.benchmarks.support.BenchmarkOptions;
import dev.failover.benchmarks.support.Machine;
import dev.failover.benchmarks.support.NodePair;
import dev.failover.benchmarks.support.Report;
import dev.failover.benchmarks.support.Waits;
import dev.failover.test.FaultProxy;
import dev.failover.test.RabbitNode;

/**
 * Measures what an application costs that has nothing to do: the CPU time of its process,
 * and then, with proxies before the brokers, the bytes on all its connections.
 */
public final class IdleBenchmark {

	private static final Log logger = LogFactory.getLog(IdleBenchmark.class);

	private static final Duration SETTLE = Duration.ofSeconds(10);

	private final OperatingSystemMXBean process = ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class);

	private final Report report = new Report("idle", "application", "round", "cpu-milliseconds-per-second",
			"bytes-per-second", "connections");

	private final NodePair nodes;

	private final Duration time;

	private IdleBenchmark(NodePair nodes, Duration time) {
		this.nodes = nodes;
		this.time = time;
	}

	/**
	 * Run the benchmark.
	 * @param arguments its options
	 */
	public static void run(String... arguments) {
		BenchmarkOptions options = BenchmarkOptions.parse(List.of("seconds", BenchmarkOptions.RABBIT), arguments);
		Duration time = Duration.ofSeconds(options.number("seconds", 60));
		try (NodePair nodes = NodePair.start(options.rabbit())) {
			new IdleBenchmark(nodes, time).run();
		}
	}

	private void run() {
		this.report.paragraph(("%s An application with one listener that has published one message and does nothing, "
				+ "for %d seconds each.")
			.formatted(Machine.describe(this.nodes), this.time.toSeconds()));
		this.report.head("application", "CPU time, ms per second", "bytes per second, both ways", "connections");
		// the first one pays for what the JVM compiles
		cpu(IdleCase.FAILOVER, SETTLE);
		for (IdleCase idle : IdleCase.values()) {
			double cpu = cpu(idle, this.time);
			Traffic traffic = traffic(idle);
			logger.info("%s: %.2f ms per second, %s".formatted(idle.title(), cpu, traffic));
			this.report.row(idle.title(), "%.1f".formatted(cpu), "%.0f".formatted(traffic.bytesPerSecond()),
					traffic.connections());
			this.report.figures(idle.title().replace(",", ""), 1, "%.3f".formatted(cpu),
					"%.1f".formatted(traffic.bytesPerSecond()), traffic.connections());
		}
		this.report.write();
	}

	private double cpu(IdleCase idle, Duration duration) {
		ConfigurableApplicationContext context = idle.start(this.nodes.all().stream().map(RabbitNode::uri).toList());
		try {
			Waits.pass(SETTLE);
			long before = this.process.getProcessCpuTime();
			Waits.pass(duration);
			long nanos = this.process.getProcessCpuTime() - before;
			return nanos / (double) TimeUnit.MILLISECONDS.toNanos(1) / duration.toSeconds();
		}
		finally {
			context.close();
		}
	}

	private Traffic traffic(IdleCase idle) {
		List<FaultProxy> proxies = this.nodes.all().stream().map(FaultProxy::to).toList();
		ConfigurableApplicationContext context = idle.start(proxies.stream().map(IdleBenchmark::uri).toList());
		try {
			Waits.pass(SETTLE);
			proxies.forEach(FaultProxy::resetCounters);
			Waits.pass(this.time);
			long bytes = proxies.stream().mapToLong(FaultProxy::deliveredBytes).sum();
			return new Traffic(bytes / (double) this.time.toSeconds(),
					proxies.stream().mapToInt(FaultProxy::openConnections).sum());
		}
		finally {
			context.close();
			proxies.forEach(FaultProxy::close);
		}
	}

	private static URI uri(FaultProxy proxy) {
		return URI.create("amqp://%s:%d".formatted(proxy.host(), proxy.port()));
	}

	/**
	 * What goes over the network.
	 *
	 * @param bytesPerSecond payload of TCP, in both directions
	 * @param connections how many connections are open
	 */
	private record Traffic(double bytesPerSecond, int connections) {
	}

}
