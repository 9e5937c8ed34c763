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

import java.net.URI;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.TimeUnit;

import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.springframework.amqp.rabbit.core.RabbitTemplate;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Configuration;

import dev.failover.benchmarks.application.FailoverPublisher;
import dev.failover.benchmarks.application.SpringPublisher;
import dev.failover.benchmarks.support.BenchmarkOptions;
import dev.failover.benchmarks.support.BenchmarkQueue;
import dev.failover.benchmarks.support.Machine;
import dev.failover.benchmarks.support.NodePair;
import dev.failover.benchmarks.support.Report;
import dev.failover.template.FailoverTemplate;
import dev.failover.test.RabbitNode;

/**
 * Measures how fast messages are published, in rounds in which all ways of publishing
 * take turns.
 */
public final class ThroughputBenchmark {

	private static final Log logger = LogFactory.getLog(ThroughputBenchmark.class);

	private static final List<Integer> SIZES = List.of(100, 1024);

	private static final int WINDOW = 1000;

	private static final int WARM_UP = 3;

	private final Report report = new Report("throughput", "bytes", "way", "round", "messages-per-second");

	private final NodePair nodes;

	private ThroughputBenchmark(NodePair nodes) {
		this.nodes = nodes;
	}

	/**
	 * Run the benchmark.
	 * @param arguments its options
	 * @throws Exception if a message was not confirmed
	 */
	public static void run(String... arguments) throws Exception {
		BenchmarkOptions options = BenchmarkOptions.parse(List.of("rounds", "messages", BenchmarkOptions.RABBIT),
				arguments);
		int rounds = options.number("rounds", 21);
		int messages = options.number("messages", 20_000);
		try (NodePair nodes = NodePair.start(options.rabbit())) {
			new ThroughputBenchmark(nodes).run(rounds, messages);
		}
	}

	private void run(int rounds, int messages) throws Exception {
		List<URI> uris = this.nodes.all().stream().map(RabbitNode::uri).toList();
		String authorities = this.nodes.authorities();
		this.report.paragraph(("%s Persistent messages to one durable classic queue over one connection, at most %d "
				+ "unconfirmed. Rounds: %d, medians.")
			.formatted(Machine.describe(this.nodes), WINDOW, rounds));
		this.report.head("way", "bytes", "messages per second", "ratio", "to");
		try (ConfigurableApplicationContext failover = FailoverPublisher.run(Sender.class, uris, authorities);
				ConfigurableApplicationContext spring = SpringPublisher.run(uris, authorities)) {
			List<Contender> contenders = new ArrayList<>();
			try {
				contenders.addAll(contenders(failover.getBean(FailoverTemplate.class),
						spring.getBean(RabbitTemplate.class), messages));
				compete(contenders, 0, SIZES.get(0), WARM_UP);
				for (int size : SIZES) {
					contenders.forEach((contender) -> contender.rates().clear());
					compete(contenders, rounds, size, 1);
				}
			}
			finally {
				for (Contender contender : contenders) {
					contender.load().close();
				}
			}
		}
	}

	private List<Contender> contenders(FailoverTemplate failover, RabbitTemplate spring, int messages)
			throws Exception {
		String raw = "amqp-client, asynchronous confirms";
		String rawEach = "amqp-client, `waitForConfirms` after each";
		int each = Math.max(messages / 10, 1);
		return List.of(new Contender(raw, new RawAsyncLoad(this.nodes, WINDOW, false), messages, raw),
				new Contender(raw + ", `mandatory`", new RawAsyncLoad(this.nodes, WINDOW, true), messages, raw),
				new Contender("`FailoverTemplate.sendAsync`, `mandatory` as by default",
						new FailoverAsyncLoad(failover, true), messages, raw),
				new Contender("`FailoverTemplate.sendAsync`, not `mandatory`", new FailoverAsyncLoad(failover, false),
						messages, raw),
				new Contender("Spring `CorrelationData`, futures awaited later", new SpringLoad(spring, WINDOW),
						messages, raw),
				new Contender(rawEach, new RawLoad(this.nodes), each, rawEach),
				new Contender("`FailoverTemplate.convertAndSend`, 1 thread", new FailoverLoad(failover, 1), each,
						rawEach),
				new Contender("`FailoverTemplate.convertAndSend`, 16 threads", new FailoverLoad(failover, 16), messages,
						rawEach),
				new Contender("Spring `CorrelationData`, future awaited after each", new SpringLoad(spring, 1), each,
						rawEach));
	}

	private void compete(List<Contender> contenders, int rounds, int size, int warmUp) throws Exception {
		List<Contender> order = new ArrayList<>(contenders);
		for (int round = 1 - warmUp; round <= rounds; round++) {
			for (Contender contender : order) {
				double rate = rate(contender, size);
				logger.info("%d bytes, %s, round %d: %.0f messages per second".formatted(size, contender.title(), round,
						rate));
				if (round > 0) {
					contender.rates().add(rate);
					this.report.figures(size, contender.title().replace(",", ""), round, "%.0f".formatted(rate));
				}
			}
			Collections.reverse(order);
		}
		if (rounds > 0) {
			contenders.forEach((contender) -> row(contenders, contender, size));
			this.report.write();
		}
	}

	private double rate(Contender contender, int size) throws Exception {
		this.nodes.queues().forEach(BenchmarkQueue::purge);
		byte[] body = new byte[size];
		long began = System.nanoTime();
		contender.load().publish(body, contender.messages());
		return contender.messages() * (double) TimeUnit.SECONDS.toNanos(1) / (System.nanoTime() - began);
	}

	private void row(List<Contender> contenders, Contender contender, int size) {
		double reference = contenders.stream()
			.filter((other) -> other.title().equals(contender.reference()))
			.findFirst()
			.orElseThrow()
			.median();
		this.report.row(contender.title(), size, "%.0f".formatted(contender.median()),
				"%.2f".formatted(contender.median() / reference), contender.reference());
	}

	@Configuration(proxyBeanMethods = false)
	@EnableAutoConfiguration
	static class Sender {

	}

}
