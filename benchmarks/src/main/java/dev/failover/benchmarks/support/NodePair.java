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

package dev.failover.benchmarks.support;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;

import dev.failover.test.RabbitAvailability;
import dev.failover.test.RabbitNode;

/**
 * Two RabbitMQ nodes that know nothing of each other, each with the queue to which the
 * benchmarks publish.
 */
public final class NodePair implements AutoCloseable {

	/**
	 * The name of the queue, durable and classic.
	 */
	public static final String QUEUE = "benchmark";

	private final RabbitNode first;

	private final RabbitNode second;

	private NodePair(RabbitNode first, RabbitNode second) {
		this.first = first;
		this.second = second;
	}

	/**
	 * Start two nodes.
	 * @param version the beginning of the version of RabbitMQ, such as {@code 3.10}, or
	 * empty for the newest that is installed
	 * @return the nodes
	 */
	public static NodePair start(String version) {
		RabbitAvailability availability = version.isEmpty() ? RabbitNode.available() : RabbitNode.available(version);
		if (!availability.available()) {
			throw new BenchmarkException(
					"This benchmark needs RabbitMQ on this machine: %s. Install the package rabbitmq-server"
						.formatted(availability.description()));
		}
		String installed = RabbitNode.newestVersion(version).orElseThrow();
		NodePair nodes = new NodePair(start("first", installed), start("second", installed));
		nodes.all().forEach((node) -> {
			new BenchmarkQueue(node).declare();
			// What is not written yet is not there after a kill
			node.administration().flush();
		});
		return nodes;
	}

	private static RabbitNode start(String name, String version) {
		return RabbitNode.builder().version(version).name(name).tls().start();
	}

	/**
	 * Return the first node.
	 * @return the node
	 */
	public RabbitNode first() {
		return this.first;
	}

	/**
	 * Return both nodes.
	 * @return the nodes in the order in which applications list them
	 */
	public List<RabbitNode> all() {
		return List.of(this.first, this.second);
	}

	/**
	 * Return the certificates of the authorities of both nodes, which a client must trust
	 * to connect to them over TLS.
	 * @return the certificates, PEM
	 */
	public String authorities() {
		return all().stream().map(NodePair::authority).collect(Collectors.joining());
	}

	private static String authority(RabbitNode node) {
		try {
			return Files.readString(node.tls().files().caCertificate());
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

	/**
	 * Mend whatever is broken.
	 */
	public void mend() {
		all().forEach((node) -> {
			node.start();
			node.thaw();
			node.clearMemoryAlarm();
		});
	}

	/**
	 * Return the queues.
	 * @return the queue of each node
	 */
	public Stream<BenchmarkQueue> queues() {
		return all().stream().map(BenchmarkQueue::new);
	}

	@Override
	public void close() {
		this.first.close();
		this.second.close();
	}

}
