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

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Nodes of RabbitMQ that form one cluster. Each can be killed, frozen, stopped and
 * started by itself; queues and their leaders are asked for and moved by name.
 * <p>
 * Safe for use by several threads, as far as they use different nodes.
 */
public final class RabbitCluster implements AutoCloseable {

	private static final Duration TIMEOUT = Duration.ofSeconds(30);

	/**
	 * The node of a process, as RabbitMQ prints it.
	 */
	private static final Pattern NODE_OF_PROCESS = Pattern.compile("<?(\\S+@localhost)\\b.*");

	private final List<RabbitNode> nodes;

	RabbitCluster(List<RabbitNode> nodes) {
		this.nodes = List.copyOf(nodes);
	}

	/**
	 * Return a builder of a cluster of three nodes of the newest version, with user
	 * {@code guest}, password {@code guest} and virtual host {@code /}.
	 * @return the builder
	 */
	public static RabbitClusterBuilder builder() {
		return new RabbitClusterBuilder();
	}

	/**
	 * Return the nodes, running or not.
	 * @return the nodes, the one first that the others have joined
	 */
	public List<RabbitNode> nodes() {
		return this.nodes;
	}

	/**
	 * Return one of the nodes.
	 * @param index its place in {@link #nodes()}
	 * @return the node
	 */
	public RabbitNode node(int index) {
		return this.nodes.get(index);
	}

	/**
	 * Return the version of RabbitMQ that the nodes run.
	 * @return the version, such as {@code 4.3.6}
	 */
	public String version() {
		return this.nodes.get(0).version();
	}

	/**
	 * Return the nodes other than one.
	 * @param node a node
	 * @return the others
	 */
	public List<RabbitNode> others(RabbitNode node) {
		return this.nodes.stream().filter((other) -> other != node).toList();
	}

	/**
	 * Return the node that leads a queue: the one with the leader of a quorum queue or a
	 * stream, or the home of a classic queue.
	 * @param queue the name of a queue of the first virtual host
	 * @return the node
	 * @throws IllegalStateException if there is no such queue, or it has no leader now
	 */
	public RabbitNode leader(String queue) {
		return findLeader(queue)
			.orElseThrow(() -> new IllegalStateException("Queue '%s' has no leader".formatted(queue)));
	}

	private Optional<RabbitNode> findLeader(String queue) {
		String output = running().run("rabbitmqctl", "list_queues", "-p", node(0).virtualHost(), "--no-table-headers",
				"name", "leader", "pid");
		for (String line : output.lines().toList()) {
			String[] columns = line.split("\t", -1);
			if (columns[0].equals(queue)) {
				for (int i = 1; i < columns.length; i++) {
					Matcher matcher = NODE_OF_PROCESS.matcher(columns[i]);
					if (matcher.matches()) {
						return this.nodes.stream()
							.filter((node) -> node.nodeName().equals(matcher.group(1)))
							.findFirst();
					}
				}
			}
		}
		return Optional.empty();
	}

	/**
	 * Have another node lead a quorum queue, and wait until it does.
	 * @param queue the name of a quorum queue of the first virtual host
	 * @param node a running node that has a member of the queue
	 */
	public void moveLeader(String queue, RabbitNode node) {
		RabbitNode asked = running();
		String leads = "[{leader, Leader}] = rabbit_amqqueue:info(Q, [leader]), Leader =:= '%s'."
			.formatted(node.nodeName());
		BooleanSupplier isLeader = () -> Boolean.parseBoolean(evaluate(asked, queue, leads));
		if (isLeader.getAsBoolean()) {
			return;
		}
		// RabbitMQ has no command for one queue
		evaluate(asked, queue, "rabbit_quorum_queue:transfer_leadership(Q, '%s').".formatted(node.nodeName()));
		if (!Waits.until(TIMEOUT, isLeader)) {
			throw new IllegalStateException("Node '%s' did not become the leader of queue '%s' within %s"
				.formatted(node.name(), queue, TIMEOUT));
		}
	}

	/**
	 * Stop the members of a quorum queue on every running node. The queue is there, and
	 * nothing can be done with it.
	 * @param queue the name of a quorum queue of the first virtual host
	 */
	public void stopMembers(String queue) {
		members("stop_server", queue);
	}

	/**
	 * Start the members of a quorum queue on every running node again.
	 * @param queue the name of a quorum queue of the first virtual host
	 */
	public void startMembers(String queue) {
		members("restart_server", queue);
	}

	// RabbitMQ has no command for it
	private void members(String function, String queue) {
		for (RabbitNode node : this.nodes) {
			if (node.isRunning()) {
				evaluate(node, queue, "{Name, _} = amqqueue:get_pid(Q), ok = ra:%s(quorum_queues, {Name, node()})."
					.formatted(function));
			}
		}
	}

	/**
	 * Evaluate Erlang expressions in which {@code Q} is a queue.
	 */
	private static String evaluate(RabbitNode node, String queue, String expressions) {
		return node.evaluate("{ok, Q} = rabbit_amqqueue:lookup(rabbit_misc:r(%s, queue, %s)), %s"
			.formatted(NodeCommands.binary(node.virtualHost()), NodeCommands.binary(queue), expressions));
	}

	/**
	 * Leave a minority of the cluster: kill nodes until those that are left have no
	 * majority. Does nothing if they have none already.
	 * @param survivor the last one to be killed
	 * @return the nodes that were killed
	 */
	public List<RabbitNode> leaveMinority(RabbitNode survivor) {
		List<RabbitNode> killed = new ArrayList<>();
		for (RabbitNode node : others(survivor)) {
			if (node.isRunning() && hasMajority()) {
				node.kill();
				killed.add(node);
			}
		}
		return killed;
	}

	/**
	 * Check that the nodes have formed one cluster.
	 */
	void checkMembers() {
		String members = running().evaluate("length(rabbit_nodes:all()).");
		if (!members.equals(Integer.toString(this.nodes.size()))) {
			throw new IllegalStateException(
					"The cluster has %s members, not %d:%n%s".formatted(members, this.nodes.size(), node(1).logTail()));
		}
	}

	private boolean hasMajority() {
		return 2 * this.nodes.stream().filter(RabbitNode::isRunning).count() > this.nodes.size();
	}

	private RabbitNode running() {
		return this.nodes.stream()
			.filter((node) -> node.isRunning() && !node.isFrozen())
			.findFirst()
			.orElseThrow(() -> new IllegalStateException("No node of the cluster answers"));
	}

	/**
	 * End all nodes, and delete what they hold.
	 */
	@Override
	public void close() {
		this.nodes.forEach(RabbitNode::close);
	}

	@Override
	public String toString() {
		return "RabbitCluster of " + this.nodes;
	}

}
