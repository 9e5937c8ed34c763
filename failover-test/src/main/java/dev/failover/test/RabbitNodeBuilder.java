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

import org.jspecify.annotations.Nullable;

/**
 * Builds RabbitMQ nodes.
 *
 * @see RabbitNode#builder()
 */
public final class RabbitNodeBuilder {

	private static final Duration DEFAULT_START_TIMEOUT = Duration.ofSeconds(90);

	private @Nullable String version;

	private @Nullable String name;

	private @Nullable String tlsHost;

	private boolean management;

	private Duration startTimeout = DEFAULT_START_TIMEOUT;

	private final List<BrokerUser> users = new ArrayList<>();

	private final List<String> virtualHosts = new ArrayList<>();

	private final List<String> configuration = new ArrayList<>();

	RabbitNodeBuilder() {
	}

	/**
	 * Set which RabbitMQ the node runs, where several are installed. The default is the
	 * one that the system property {@code failover.test.rabbitmq-version} names, or the
	 * newest.
	 * @param version the beginning of the version, in whole numbers, such as {@code 4} or
	 * {@code 3.10}
	 * @return this builder
	 * @see RabbitNode#versions()
	 */
	public RabbitNodeBuilder version(String version) {
		this.version = version;
		return this;
	}

	/**
	 * Set the node's name, which is only for people: the name within Erlang is unique
	 * anyway.
	 * @param name the name, of letters, digits, hyphens and underscores
	 * @return this builder
	 */
	public RabbitNodeBuilder name(String name) {
		if (!name.matches("[A-Za-z0-9_-]+")) {
			throw new IllegalArgumentException("'name' must consist of letters, digits, '-' and '_': " + name);
		}
		this.name = name;
		return this;
	}

	/**
	 * Add a user. The first one replaces {@code guest}.
	 * @param name the user's name
	 * @param password the user's password
	 * @param virtualHosts the virtual hosts on which the user has all permissions; all of
	 * the node's if there are none
	 * @return this builder
	 */
	public RabbitNodeBuilder user(String name, String password, String... virtualHosts) {
		this.users.add(new BrokerUser(name, password, List.of(virtualHosts)));
		return this;
	}

	/**
	 * Add virtual hosts. The first one replaces {@code /}.
	 * @param names the names of the virtual hosts
	 * @return this builder
	 */
	public RabbitNodeBuilder virtualHost(String... names) {
		this.virtualHosts.addAll(List.of(names));
		return this;
	}

	/**
	 * Add a listener for AMQP over TLS, with an authority of its own and certificates
	 * made for the purpose, valid for {@code localhost}. A client may show a certificate,
	 * and must if {@code ssl_options.fail_if_no_peer_cert = true} is
	 * {@linkplain #configuration(String...) configured}.
	 * @return this builder
	 * @see RabbitNode#tls()
	 */
	public RabbitNodeBuilder tls() {
		return tls(TestCertificates.LOCALHOST);
	}

	/**
	 * Add a listener for AMQP over TLS, with a certificate that is valid for another host
	 * than the one that the node listens on.
	 * @param host the name of the host in the certificate
	 * @return this builder
	 * @see #tls()
	 */
	public RabbitNodeBuilder tls(String host) {
		this.tlsHost = host;
		return this;
	}

	/**
	 * Enable RabbitMQ's management plugin, whose HTTP API listens on a port of its own,
	 * over TLS if the node has a listener for that.
	 * @return this builder
	 * @see RabbitNode#management()
	 */
	public RabbitNodeBuilder management() {
		this.management = true;
		return this;
	}

	/**
	 * Add lines to the node's {@code rabbitmq.conf}.
	 * @param lines settings such as {@code heartbeat = 5}
	 * @return this builder
	 */
	public RabbitNodeBuilder configuration(String... lines) {
		this.configuration.addAll(List.of(lines));
		return this;
	}

	/**
	 * Set how long a start may take before it counts as failed, 90 seconds by default.
	 * @param timeout the time-out
	 * @return this builder
	 */
	public RabbitNodeBuilder startTimeout(Duration timeout) {
		this.startTimeout = timeout;
		return this;
	}

	/**
	 * Build a node that is down.
	 * @return the node
	 * @throws IllegalStateException if RabbitMQ is not installed in that version
	 */
	public RabbitNode build() {
		return new RabbitNode(settings());
	}

	/**
	 * Build a node, and start it.
	 * @return the node
	 * @throws IllegalStateException if RabbitMQ is not installed, or does not start
	 */
	public RabbitNode start() {
		RabbitNode node = build();
		try {
			node.start();
			return node;
		}
		catch (RuntimeException ex) {
			node.close();
			throw ex;
		}
	}

	private NodeSettings settings() {
		return new NodeSettings(this.version, this.name,
				this.users.isEmpty() ? List.of(new BrokerUser("guest", "guest", List.of())) : this.users,
				this.virtualHosts.isEmpty() ? List.of("/") : this.virtualHosts, this.tlsHost, this.management,
				this.configuration, this.startTimeout);
	}

}
