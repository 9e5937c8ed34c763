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

import java.io.IOException;
import java.net.URI;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.MessageProperties;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.springframework.amqp.core.MessageListenerContainer;

import dev.failover.benchmarks.support.BenchmarkOptions;
import dev.failover.benchmarks.support.BenchmarkQueue;
import dev.failover.benchmarks.support.Machine;
import dev.failover.benchmarks.support.NodePair;
import dev.failover.benchmarks.support.Report;
import dev.failover.benchmarks.support.Statistics;
import dev.failover.test.RabbitNode;

/**
 * Measures what it costs to consume with a listener that does nothing, with failover and
 * with Spring Boot alone, in rounds in which they take turns: how fast a full queue is
 * emptied, what that allocates, and how long a single message takes.
 */
public final class ConsumingBenchmark {

	private static final Log logger = LogFactory.getLog(ConsumingBenchmark.class);

	private static final int WARM_UP = 3;

	private static final String FAILOVER = "failover";

	private static final String SPRING = "spring";

	private final Report report = new Report("consuming", "container", "application", "round", "messages-per-second",
			"bytes-per-message", "microseconds");

	private final Allocation allocation = new Allocation();

	private final NodePair nodes;

	private final int messages;

	private final int singles;

	private ConsumingBenchmark(NodePair nodes, int messages, int singles) {
		this.nodes = nodes;
		this.messages = messages;
		this.singles = singles;
	}

	/**
	 * Run the benchmark.
	 * @param arguments its options
	 * @throws Exception if messages cannot be published
	 */
	public static void run(String... arguments) throws Exception {
		BenchmarkOptions options = BenchmarkOptions
			.parse(List.of("rounds", "messages", "singles", "applications", BenchmarkOptions.RABBIT), arguments);
		List<String> applications = options.selection("applications", List.of(FAILOVER, SPRING));
		try (NodePair nodes = NodePair.start(options.rabbit())) {
			new ConsumingBenchmark(nodes, options.number("messages", 50_000), options.number("singles", 1000))
				.run(applications, options.number("rounds", 15));
		}
	}

	private void run(List<String> applications, int rounds) throws Exception {
		List<URI> uris = this.nodes.all().stream().map(RabbitNode::uri).toList();
		try (ConsumingApplication failover = ConsumingApplication.failover(uris);
				ConsumingApplication spring = ConsumingApplication.spring(uris)) {
			this.report
				.paragraph(("%s A listener that does nothing, prefetch count 250. Rounds: %d, in each a queue of "
						+ "%d messages and then %d single ones; medians.")
					.formatted(Machine.describe(this.nodes), rounds, this.messages, this.singles));
			this.report.head("container, consumers", "application", "messages per second", "bytes allocated for each",
					"microseconds of a single one");
			for (ContainerKind kind : ContainerKind.ALL) {
				List<Contender> contenders = applications.stream()
					.map((key) -> new Contender(key, key.equals(FAILOVER) ? failover : spring, kind))
					.toList();
				compete(contenders, rounds);
				contenders.forEach(this::row);
				this.report.write();
			}
		}
	}

	private void compete(List<Contender> contenders, int rounds) throws Exception {
		List<Contender> order = new ArrayList<>(contenders);
		for (int round = 1 - WARM_UP; round <= rounds; round++) {
			for (Contender contender : order) {
				Contender.Cost cost = measure(contender);
				logger.info("%s, %s, round %d: %s".formatted(contender.kind().title(), contender.key(), round, cost));
				if (round > 0) {
					contender.costs().add(cost);
					this.report.figures(contender.kind().title(), contender.key(), round, "%.0f".formatted(cost.rate()),
							"%.0f".formatted(cost.bytes()), "%.1f".formatted(cost.micros()));
				}
			}
			Collections.reverse(order);
		}
	}

	private Contender.Cost measure(Contender contender) throws Exception {
		BenchmarkQueue queue = new BenchmarkQueue(this.nodes.first());
		queue.purge();
		queue.publish(Collections.nCopies(this.messages, new byte[100]));
		Counter counter = contender.application().counter();
		MessageListenerContainer container = contender.application().container(contender.kind());
		counter.expect(this.messages);
		long allocated = this.allocation.bytes();
		container.start();
		try {
			counter.await();
			allocated = this.allocation.bytes() - allocated;
			double rate = this.messages * (double) TimeUnit.SECONDS.toNanos(1) / counter.nanos();
			return new Contender.Cost(rate, allocated / (double) this.messages, micros(counter, queue));
		}
		finally {
			container.stop();
		}
	}

	private double micros(Counter counter, BenchmarkQueue queue)
			throws IOException, TimeoutException, InterruptedException {
		List<Double> micros = new ArrayList<>();
		try (Connection connection = queue.connect(); Channel channel = connection.createChannel()) {
			for (int i = 0; i < this.singles; i++) {
				counter.expect(1);
				channel.basicPublish("", queue.name(), MessageProperties.MINIMAL_PERSISTENT_BASIC, Counter.body());
				counter.await();
				micros.add(counter.underWay() / (double) TimeUnit.MICROSECONDS.toNanos(1));
			}
		}
		return Statistics.median(micros);
	}

	private void row(Contender contender) {
		this.report.row(contender.kind().title(), contender.key(),
				"%.0f".formatted(contender.median(Contender.Cost::rate)),
				"%.0f".formatted(contender.median(Contender.Cost::bytes)),
				"%.0f".formatted(contender.median(Contender.Cost::micros)));
	}

}
