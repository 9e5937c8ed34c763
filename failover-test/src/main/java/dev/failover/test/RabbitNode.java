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

import java.net.URI;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.ReentrantLock;

/**
 * A real RabbitMQ node: a process of its own on this machine, with its own data, ports,
 * users and virtual hosts. It is started from the installed {@code rabbitmq-server} and
 * independent of any RabbitMQ that runs as a service.
 * <p>
 * A node can be treated as badly as a process can be: killed with {@code SIGKILL}, frozen
 * with {@code SIGSTOP}, blocked by a memory or disk alarm. Its data stays until it is
 * closed. Should the JVM end before that, even by {@code SIGKILL}, a watchdog ends all
 * nodes and deletes their data.
 * <p>
 * Starting takes some seconds.
 *
 * @see #available()
 */
public final class RabbitNode implements TestBroker {

	/**
	 * Asks for the alarms, which is answered when all connections have been told of them.
	 */
	private static final String ALARMS_KNOWN = "rabbit_alarm:get_alarms()";

	private static final String CLEAR_MEMORY_ALARM = "rabbit_alarm:clear_alarm({resource_limit, memory, node()})";

	private static final String CLEAR_DISK_ALARM = limitingFreeDisk(NodeSettings.FREE_DISK);

	/**
	 * Expressions that clear the alarms.
	 */
	static final List<String> CLEAR_ALARMS = List.of(CLEAR_MEMORY_ALARM, CLEAR_DISK_ALARM);

	private static final AtomicInteger COUNTER = new AtomicInteger();

	private final ReentrantLock lock = new ReentrantLock();

	private final NodeSettings settings;

	private final String name;

	private final NodeServer server;

	private boolean closed;

	RabbitNode(NodeSettings settings) {
		int number = COUNTER.incrementAndGet();
		this.settings = settings;
		this.name = (settings.name() != null) ? settings.name() : "rabbit-" + number;
		this.server = new NodeServer("%s-%d-%d@localhost".formatted(this.name, ProcessHandle.current().pid(), number),
				settings);
	}

	/**
	 * Tell whether nodes can be run on this machine.
	 * @return whether, and if not, why
	 */
	public static RabbitAvailability available() {
		return RabbitInstallation.availability(null);
	}

	/**
	 * Tell whether nodes of a version of RabbitMQ can be run on this machine.
	 * @param version the beginning of the version, such as {@code 4} or {@code 3.10}
	 * @return whether, and if not, why
	 */
	public static RabbitAvailability available(String version) {
		return RabbitInstallation.availability(version);
	}

	/**
	 * Return the versions of RabbitMQ that are installed on this machine.
	 * @return the versions, the newest first
	 */
	public static List<String> versions() {
		return RabbitInstallation.all().stream().map(RabbitInstallation::version).toList();
	}

	/**
	 * Return the newest version of RabbitMQ that is installed on this machine and begins
	 * so.
	 * @param version the beginning of the version, such as {@code 4} or {@code 3.10}, or
	 * empty for the version of nodes for which none is named
	 * @return the version, empty if there is none
	 */
	public static Optional<String> newestVersion(String version) {
		return RabbitInstallation.newest(version.isEmpty() ? null : version).map(RabbitInstallation::version);
	}

	/**
	 * Return a builder of a node with user {@code guest}, password {@code guest} and
	 * virtual host {@code /}.
	 * @return the builder
	 */
	public static RabbitNodeBuilder builder() {
		return new RabbitNodeBuilder();
	}

	/**
	 * Return the version of RabbitMQ that the node runs.
	 * @return the version, such as {@code 4.3.6}
	 */
	public String version() {
		return this.server.version();
	}

	@Override
	public String name() {
		return this.name;
	}

	@Override
	public String host() {
		return PortReservation.loopback().getHostAddress();
	}

	@Override
	public int port() {
		return this.server.port();
	}

	@Override
	public String username() {
		return this.settings.users().get(0).name();
	}

	@Override
	public String password() {
		return this.settings.users().get(0).password();
	}

	@Override
	public String virtualHost() {
		return this.settings.virtualHosts().get(0);
	}

	/**
	 * Return the listener for AMQP over TLS.
	 * @return the listener
	 * @throws IllegalStateException if the node was built without TLS
	 */
	public RabbitTls tls() {
		int port = this.server.tlsPort();
		TlsFiles files = this.server.tlsFiles();
		if (files == null) {
			throw new IllegalStateException("Node '%s' has no TLS listener".formatted(this.name));
		}
		return new RabbitTls(port, AmqpUris.create("amqps", username(), password(), "localhost", port, virtualHost()),
				files);
	}

	/**
	 * Return the address of the HTTP API of RabbitMQ's management plugin: one of HTTPS,
	 * with the certificate of the TLS listener, if the node has that.
	 * @return the URI, user and password included
	 * @throws IllegalStateException if the node was built without management
	 */
	public URI management() {
		int port = this.server.managementPort();
		if (port == 0) {
			throw new IllegalStateException("Node '%s' has no management listener".formatted(this.name));
		}
		return (this.server.tlsFiles() != null)
				? AmqpUris.create("https", username(), password(), "localhost", port, "/")
				: AmqpUris.create("http", username(), password(), host(), port, "/");
	}

	/**
	 * Return the id of the operating system's process.
	 * @return the process id
	 * @throws IllegalStateException if the node is down
	 */
	public long pid() {
		return this.server.process().pid();
	}

	@Override
	public boolean isRunning() {
		return this.server.isRunning();
	}

	/**
	 * Return whether the node is frozen.
	 * @return whether {@link #freeze()} was called and {@link #thaw()} was not
	 */
	public boolean isFrozen() {
		return this.server.isFrozen();
	}

	@Override
	public void start() {
		locked(() -> {
			if (this.closed) {
				throw new IllegalStateException("Node '%s' is closed".formatted(this.name));
			}
			if (!isRunning()) {
				this.server.start();
			}
		});
	}

	/**
	 * {@inheritDoc} A frozen node is thawed first; one that does not end within half a
	 * minute is killed.
	 */
	@Override
	public void stop() {
		locked(this.server::stop);
	}

	/**
	 * {@inheritDoc} This is {@code SIGKILL} to Erlang's virtual machine itself, and works
	 * for a frozen node, too.
	 */
	@Override
	public void kill() {
		locked(this.server::kill);
	}

	/**
	 * Freeze the node with {@code SIGSTOP}: its connections stay open, and the system
	 * still accepts new ones for it, but nothing is answered.
	 * @throws IllegalStateException if the node is down
	 */
	public void freeze() {
		locked(() -> this.server.process().freeze());
	}

	/**
	 * Let a frozen node go on. Does nothing if it is not frozen.
	 * @throws IllegalStateException if the node is down
	 */
	public void thaw() {
		locked(() -> this.server.process().thaw());
	}

	/**
	 * Raise the node's memory alarm: it blocks all connections that publish, until
	 * {@link #clearMemoryAlarm()} or a restart.
	 */
	public void raiseMemoryAlarm() {
		evaluate("rabbit_alarm:set_alarm({{resource_limit, memory, node()}, []}), %s.".formatted(ALARMS_KNOWN));
	}

	/**
	 * Clear the alarm of {@link #raiseMemoryAlarm()}.
	 */
	public void clearMemoryAlarm() {
		evaluate(CLEAR_MEMORY_ALARM + ".");
	}

	/**
	 * Raise the node's disk alarm, by asking for more free space than there can be: it
	 * blocks all connections that publish, until {@link #clearDiskAlarm()} or a restart.
	 */
	public void raiseDiskAlarm() {
		evaluate(limitingFreeDisk("1000000GB") + ".");
	}

	/**
	 * Clear the alarm of {@link #raiseDiskAlarm()}.
	 */
	public void clearDiskAlarm() {
		evaluate(CLEAR_DISK_ALARM + ".");
	}

	private static String limitingFreeDisk(String limit) {
		return "ok = rabbit_disk_monitor:set_disk_free_limit(\"%s\"), %s".formatted(limit, ALARMS_KNOWN);
	}

	/**
	 * Return what to do to the node beyond the life of its process: users, virtual hosts,
	 * queues, connections.
	 * @return the administration of this node
	 */
	public RabbitAdministration administration() {
		return new RabbitAdministration(this, this.settings);
	}

	/**
	 * Evaluate Erlang expressions within the node.
	 * @param expressions the expressions, separated by commas, with a full stop at the
	 * end
	 * @return the value of the last expression, as Erlang prints it
	 * @throws IllegalStateException if the node is down or frozen, or the expressions
	 * fail
	 */
	public String evaluate(String expressions) {
		return this.server.evaluate(expressions);
	}

	/**
	 * Run one of RabbitMQ's command line tools against the node.
	 * @param tool the name of the tool, such as {@code rabbitmqctl}
	 * @param arguments its arguments
	 * @return what it printed
	 * @throws IllegalStateException if the node is down or frozen, or the tool fails
	 */
	public String run(String tool, String... arguments) {
		return this.server.run(tool, List.of(arguments));
	}

	/**
	 * Return the last lines that the node has logged.
	 * @return up to a hundred lines of each of its logs
	 */
	public String logTail() {
		return this.server.logTail();
	}

	@Override
	public void close() {
		locked(() -> {
			if (!this.closed) {
				this.closed = true;
				this.server.close();
			}
		});
	}

	@Override
	public String toString() {
		return "RabbitNode '%s' at %s:%d".formatted(this.name, host(), port());
	}

	String nodeName() {
		return this.server.name();
	}

	/**
	 * Start the node for the first time, as a member of another node's cluster.
	 * @param seed a running node of the same version
	 */
	void startIn(RabbitNode seed) {
		locked(() -> this.server.startIn(seed.nodeName()));
	}

	private void locked(Runnable action) {
		this.lock.lock();
		try {
			action.run();
		}
		finally {
			this.lock.unlock();
		}
	}

}
