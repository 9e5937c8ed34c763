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

/**
 * Changes and reads what a running RabbitMQ node holds. All methods throw
 * {@link IllegalStateException} if the node is down or frozen, or refuses.
 */
public final class RabbitAdministration {

	private static final String ACTOR = NodeCommands.binary("failover-test");

	private static final int DRAINS = 5;

	/**
	 * What Erlang says of the call that was to close a connection.
	 */
	private static final String CONNECTION_IS_GONE = "{:shutdown, 'Node was put into maintenance mode'}";

	private final RabbitNode node;

	private final NodeSettings settings;

	RabbitAdministration(RabbitNode node, NodeSettings settings) {
		this.node = node;
		this.settings = settings;
	}

	/**
	 * Add a user without permissions.
	 * @param name the user's name
	 * @param password the user's password
	 */
	public void addUser(String name, String password) {
		this.node.evaluate(addingUser(name, password) + ".");
	}

	private static String addingUser(String name, String password) {
		return "ok = rabbit_auth_backend_internal:add_user(%s, %s, %s)".formatted(NodeCommands.binary(name),
				NodeCommands.binary(password), ACTOR);
	}

	/**
	 * Change a user's password. Open connections are not touched.
	 * @param name the user's name
	 * @param password the new password
	 */
	public void changePassword(String name, String password) {
		this.node.evaluate("ok = rabbit_auth_backend_internal:change_password(%s, %s, %s)."
			.formatted(NodeCommands.binary(name), NodeCommands.binary(password), ACTOR));
	}

	/**
	 * Delete a user.
	 * @param name the user's name
	 */
	public void deleteUser(String name) {
		this.node
			.evaluate("rabbit_auth_backend_internal:delete_user(%s, %s).".formatted(NodeCommands.binary(name), ACTOR));
	}

	/**
	 * Give a user all permissions on a virtual host.
	 * @param user the user's name
	 * @param virtualHost the virtual host
	 */
	public void permit(String user, String virtualHost) {
		this.node.evaluate(permitting(user, virtualHost) + ".");
	}

	private static String permitting(String user, String virtualHost) {
		String all = NodeCommands.binary(".*");
		return "ok = rabbit_auth_backend_internal:set_permissions(%s, %s, %s, %s, %s, %s)"
			.formatted(NodeCommands.binary(user), NodeCommands.binary(virtualHost), all, all, all, ACTOR);
	}

	/**
	 * Add a virtual host. Nobody may use it until {@link #permit permitted}.
	 * @param name the name of the virtual host
	 */
	public void addVirtualHost(String name) {
		this.node.evaluate(addingVirtualHost(name) + ".");
	}

	private static String addingVirtualHost(String name) {
		return "ok = rabbit_vhost:add(%s, %s)".formatted(NodeCommands.binary(name), ACTOR);
	}

	/**
	 * Delete a virtual host with all that is in it. Its connections are closed.
	 * @param name the name of the virtual host
	 */
	public void deleteVirtualHost(String name) {
		this.node.evaluate("rabbit_vhost:delete(%s, %s).".formatted(NodeCommands.binary(name), ACTOR));
	}

	/**
	 * Return how many messages a queue holds, those that are delivered but not
	 * acknowledged included.
	 * @param queue the name of a queue of the node's first virtual host
	 * @return the number of messages, 0 if there is no such queue
	 */
	public long messageCount(String queue) {
		return messageCount(this.node.virtualHost(), queue);
	}

	/**
	 * Return how many messages a queue holds, those that are delivered but not
	 * acknowledged included.
	 * @param virtualHost the virtual host
	 * @param queue the name of the queue
	 * @return the number of messages, 0 if there is no such queue
	 */
	public long messageCount(String virtualHost, String queue) {
		return Long.parseLong(this.node.evaluate("""
				case rabbit_amqqueue:lookup(rabbit_misc:r(%s, queue, %s)) of
					{ok, Q} -> [{messages, N}] = rabbit_amqqueue:info(Q, [messages]), N;
					_ -> 0
				end.""".formatted(NodeCommands.binary(virtualHost), NodeCommands.binary(queue))));
	}

	/**
	 * Return how many AMQP connections are open.
	 * @return the number of connections
	 */
	public int connectionCount() {
		return Integer.parseInt(this.node.evaluate("length(rabbit_networking:connections())."));
	}

	/**
	 * Return how many channels are open on AMQP connections.
	 * @return the number of channels
	 */
	public int channelCount() {
		return Integer.parseInt(this.node.evaluate("length(rabbit_channel:list())."));
	}

	/**
	 * Close all AMQP connections, as an operator may do: clients are told, with reply
	 * code 320.
	 */
	public void closeConnections() {
		this.node.evaluate("[rabbit_networking:close_connection(Pid, \"closed by the test\")"
				+ " || Pid <- rabbit_networking:connections()], ok.");
	}

	/**
	 * Make the node as it was after its first start: alarms cleared, virtual hosts empty,
	 * connections closed, users and permissions as built. A node that is a member of a
	 * cluster refuses.
	 */
	public void reset() {
		List<String> steps = new ArrayList<>();
		steps.add("[_] = rabbit_nodes:all()");
		steps.addAll(RabbitNode.CLEAR_ALARMS);
		steps.add("[rabbit_vhost:delete(V, %s) || V <- rabbit_vhost:list_names()]".formatted(ACTOR));
		steps.add("[rabbit_auth_backend_internal:delete_user(proplists:get_value(user, U), %s)".formatted(ACTOR)
				+ " || U <- rabbit_auth_backend_internal:list_users()]");
		this.settings.virtualHosts().forEach((name) -> steps.add(addingVirtualHost(name)));
		for (BrokerUser user : this.settings.users()) {
			steps.add(addingUser(user.name(), user.password()));
			this.settings.virtualHosts()
				.stream()
				.filter(user::mayUse)
				.forEach((virtualHost) -> steps.add(permitting(user.name(), virtualHost)));
		}
		this.node.evaluate(String.join(", ", steps) + ".");
	}

	/**
	 * Make the node a member of another node's cluster. It loses all that it holds, and
	 * takes over the other's users, virtual hosts and queues.
	 * @param other a running node of the same version
	 */
	public void join(RabbitNode other) {
		this.node.run("rabbitmqctl", "stop_app");
		this.node.run("rabbitmqctl", "join_cluster", other.nodeName());
		this.node.run("rabbitmqctl", "start_app");
	}

	/**
	 * Put the node into maintenance mode: clients are disconnected with reply code 320,
	 * leaders of quorum queues move to other nodes, and no connections are accepted until
	 * {@link #revive()} or a restart. RabbitMQ's program gives up in the middle if a
	 * client closes its connection at the same moment; it is run again then.
	 */
	public void drain() {
		for (int tries = 1;; tries++) {
			try {
				this.node.run("rabbitmq-upgrade", "drain");
				return;
			}
			catch (IllegalStateException ex) {
				if (tries == DRAINS || !String.valueOf(ex.getMessage()).contains(CONNECTION_IS_GONE)) {
					throw ex;
				}
			}
		}
	}

	/**
	 * End the maintenance mode of {@link #drain()}.
	 */
	public void revive() {
		this.node.run("rabbitmq-upgrade", "revive");
	}

	/**
	 * Wait until what was declared is on the node's disk, so that it survives
	 * {@link RabbitNode#kill()}. RabbitMQ 3 answers a declaration before that is so.
	 */
	public void flush() {
		this.node.evaluate("catch mnesia:sync_log(), ok.");
	}

}
