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

import org.jspecify.annotations.Nullable;

/**
 * Builds embedded brokers.
 *
 * @see EmbeddedBroker#builder()
 */
public final class EmbeddedBrokerBuilder {

	private @Nullable String name;

	private int port;

	private final List<BrokerUser> users = new ArrayList<>();

	private final List<String> virtualHosts = new ArrayList<>();

	EmbeddedBrokerBuilder() {
	}

	/**
	 * Set the broker's name, which is only for people.
	 * @param name the name
	 * @return this builder
	 */
	public EmbeddedBrokerBuilder name(String name) {
		this.name = name;
		return this;
	}

	/**
	 * Set the port to listen on. Without it a free port is chosen.
	 * @param port the port
	 * @return this builder
	 */
	public EmbeddedBrokerBuilder port(int port) {
		this.port = port;
		return this;
	}

	/**
	 * Add a user. The first one replaces {@code guest}.
	 * @param name the user's name
	 * @param password the user's password
	 * @return this builder
	 */
	public EmbeddedBrokerBuilder user(String name, String password) {
		this.users.add(new BrokerUser(name, password, List.of()));
		return this;
	}

	/**
	 * Add virtual hosts. The first one replaces {@code /}.
	 * @param names the names of the virtual hosts
	 * @return this builder
	 */
	public EmbeddedBrokerBuilder virtualHost(String... names) {
		this.virtualHosts.addAll(List.of(names));
		return this;
	}

	/**
	 * Build a broker that is down.
	 * @return the broker
	 */
	public EmbeddedBroker build() {
		return new EmbeddedBroker(this.name, (this.port != 0) ? PortReservation.of(this.port) : PortReservation.any(),
				this.users.isEmpty() ? List.of(new BrokerUser("guest", "guest", List.of())) : this.users,
				this.virtualHosts.isEmpty() ? List.of("/") : this.virtualHosts);
	}

	/**
	 * Build a broker, and start it.
	 * @return the broker
	 */
	public EmbeddedBroker start() {
		EmbeddedBroker broker = build();
		broker.start();
		return broker;
	}

}
