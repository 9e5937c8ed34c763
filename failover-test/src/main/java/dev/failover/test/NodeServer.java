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
import java.util.List;
import java.util.Map;

import org.jspecify.annotations.Nullable;

/**
 * The server of a RabbitMQ node: its ports and files, and the process that comes and
 * goes.
 */
final class NodeServer {

	private static final Duration STOP_TIMEOUT = Duration.ofSeconds(30);

	private final ErlangRuntime runtime;

	private final PortReservation port = PortReservation.any();

	private final PortReservation distributionPort = PortReservation.any();

	private final @Nullable PortReservation tlsPort;

	private final @Nullable TlsFiles tlsFiles;

	private final @Nullable PortReservation managementPort;

	private final String name;

	private final NodeSettings settings;

	private final NodeFiles files;

	private final NodeCommands commands;

	private volatile @Nullable NodeProcess process;

	private boolean initialized;

	/**
	 * Prepare a server.
	 * @param name the name of the node within Erlang
	 * @param settings what the node is to be like
	 */
	NodeServer(String name, NodeSettings settings) {
		this.name = name;
		this.settings = settings;
		this.runtime = ErlangRuntime.of(RabbitInstallation.find(settings.version()));
		String tlsHost = settings.tlsHost();
		this.files = new NodeFiles(this.runtime.folder(), name,
				settings.management() ? List.of("rabbitmq_management") : List.of());
		this.tlsPort = (tlsHost != null) ? PortReservation.any() : null;
		this.tlsFiles = (tlsHost != null) ? this.files.createCertificates(tlsHost) : null;
		this.managementPort = settings.management() ? PortReservation.any() : null;
		this.commands = new NodeCommands(this.runtime, name);
	}

	String version() {
		return this.runtime.installation().version();
	}

	String name() {
		return this.name;
	}

	int port() {
		return this.port.port();
	}

	/**
	 * Return the port for TLS.
	 * @return the port, or 0 if there is none
	 */
	int tlsPort() {
		return (this.tlsPort != null) ? this.tlsPort.port() : 0;
	}

	/**
	 * Return the port for management.
	 * @return the port, or 0 if there is none
	 */
	int managementPort() {
		return (this.managementPort != null) ? this.managementPort.port() : 0;
	}

	@Nullable TlsFiles tlsFiles() {
		return this.tlsFiles;
	}

	boolean isRunning() {
		NodeProcess process = this.process;
		return process != null && process.isAlive();
	}

	boolean isFrozen() {
		NodeProcess process = this.process;
		return process != null && process.isAlive() && process.isFrozen();
	}

	NodeProcess process() {
		NodeProcess process = this.process;
		if (process == null || !process.isAlive()) {
			throw new IllegalStateException("Node '%s' is down".formatted(this.name));
		}
		return process;
	}

	void start() {
		start(lines(), this.initialized ? null : this.settings.definitions());
	}

	/**
	 * Start the server for the first time, as a member of a cluster, which it joins
	 * instead of having users and virtual hosts of its own.
	 * @param seed the name within Erlang of a running node of the cluster
	 */
	void startIn(String seed) {
		List<String> lines = lines();
		lines.add("cluster_formation.classic_config.nodes.1 = " + seed);
		lines.add("cluster_formation.classic_config.nodes.2 = " + this.name);
		start(lines, null);
		// should it be reset, it is to be alone
		this.files.writeConfiguration(lines(), null);
		evaluate("application:unset_env(rabbit, cluster_nodes).");
	}

	private List<String> lines() {
		return this.settings.lines(port(), tlsPort(), this.tlsFiles, managementPort());
	}

	private void start(List<String> lines, @Nullable Object definitions) {
		this.files.writeConfiguration(lines, definitions);
		Map<String, String> environment = this.files.environment(this.name, this.distributionPort.port());
		NodeProcess started = NodeProcess.launch(this.runtime, environment, this.files.console());
		this.process = started;
		boolean up = Waits.until(this.settings.startTimeout(), () -> !started.isAlive() || answers());
		if (!up || !started.isAlive()) {
			String what = started.isAlive() ? "did not start within " + this.settings.startTimeout()
					: "ended at its start";
			kill();
			throw new IllegalStateException("Node '%s' %s:%n%s".formatted(this.name, what, logTail()));
		}
		this.initialized = true;
	}

	void stop() {
		NodeProcess stopping = this.process;
		this.process = null;
		if (stopping != null && stopping.isAlive() && !stopping.terminate(STOP_TIMEOUT)) {
			stopping.kill();
		}
	}

	void kill() {
		NodeProcess killed = this.process;
		this.process = null;
		if (killed != null) {
			killed.kill();
		}
	}

	String evaluate(String expressions) {
		if (process().isFrozen()) {
			throw new IllegalStateException("Node '%s' is frozen".formatted(this.name));
		}
		return this.commands.evaluate(expressions);
	}

	/**
	 * Run one of RabbitMQ's programs against the node.
	 * @param tool the name of the program, such as {@code rabbitmqctl}
	 * @param arguments its arguments
	 * @return what it printed
	 */
	String run(String tool, List<String> arguments) {
		if (process().isFrozen()) {
			throw new IllegalStateException("Node '%s' is frozen".formatted(this.name));
		}
		return this.commands.run(tool, arguments);
	}

	String logTail() {
		return this.files.logTail();
	}

	void close() {
		kill();
		this.files.delete();
		this.port.close();
		this.distributionPort.close();
		if (this.tlsPort != null) {
			this.tlsPort.close();
		}
		if (this.managementPort != null) {
			this.managementPort.close();
		}
	}

	private boolean answers() {
		return AmqpProbe.answers(port()) && (this.tlsPort == null || AmqpProbe.accepts(tlsPort()))
				&& (this.managementPort == null || AmqpProbe.accepts(managementPort()));
	}

}
