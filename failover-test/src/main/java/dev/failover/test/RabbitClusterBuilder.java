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

package dev.failover.test;

import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;

/**
 * Builder of a {@link RabbitCluster}.
 */
public final class RabbitClusterBuilder {

	private int size = 3;

	private String name = "node";

	private UnaryOperator<RabbitNodeBuilder> customizer = UnaryOperator.identity();

	RabbitClusterBuilder() {
	}

	/**
	 * Set how many nodes there are, 3 by default.
	 * @param size the number of nodes, at least 1
	 * @return this builder
	 */
	public RabbitClusterBuilder size(int size) {
		if (size < 1) {
			throw new IllegalArgumentException("'size' must be at least 1, not " + size);
		}
		this.size = size;
		return this;
	}

	/**
	 * Set the name of the nodes, to which their number is appended: {@code node-1} and so
	 * on by default.
	 * @param name the name, of letters, digits, hyphens and underscores
	 * @return this builder
	 */
	public RabbitClusterBuilder name(String name) {
		this.name = name;
		return this;
	}

	/**
	 * Set what each node is like: version, users, virtual hosts, configuration. Their
	 * names are set by the cluster.
	 * @param customizer is given the builder of each node
	 * @return this builder
	 */
	public RabbitClusterBuilder nodes(UnaryOperator<RabbitNodeBuilder> customizer) {
		this.customizer = customizer;
		return this;
	}

	/**
	 * Build the nodes and start them: the first one alone, then all others, which join it
	 * as they start.
	 * @return the cluster
	 * @throws IllegalStateException if RabbitMQ is not installed, or does not start
	 */
	public RabbitCluster start() {
		List<RabbitNode> nodes = new ArrayList<>();
		RabbitCluster cluster;
		try {
			for (int i = 1; i <= this.size; i++) {
				nodes.add(this.customizer.apply(RabbitNode.builder()).name(this.name + "-" + i).build());
			}
			cluster = new RabbitCluster(nodes);
			RabbitNode seed = nodes.get(0);
			seed.start();
			nodes.subList(1, nodes.size()).parallelStream().forEach((node) -> node.startIn(seed));
			cluster.checkMembers();
			return cluster;
		}
		catch (RuntimeException ex) {
			nodes.forEach(RabbitNode::close);
			throw ex;
		}
	}

}
