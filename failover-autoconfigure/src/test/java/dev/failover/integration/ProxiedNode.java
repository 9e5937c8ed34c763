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

package dev.failover.integration;

import java.net.URI;

import dev.failover.broker.Brokers;
import dev.failover.test.FaultProxy;
import dev.failover.test.RabbitNode;

/**
 * A node behind a proxy.
 *
 * @param node the node
 * @param proxy the proxy
 * @param uri the URI through the proxy
 */
record ProxiedNode(RabbitNode node, FaultProxy proxy, URI uri) implements AutoCloseable {

	static ProxiedNode plain(RabbitNode node) {
		return of(node, node.port(), node.uri());
	}

	static ProxiedNode tls(RabbitNode node) {
		return of(node, node.tls().port(), node.tls().uri());
	}

	private static ProxiedNode of(RabbitNode node, int port, URI direct) {
		FaultProxy proxy = FaultProxy.to(node.host(), port);
		URI uri = URI.create("%s://%s@%s:%d%s".formatted(direct.getScheme(), direct.getRawUserInfo(), proxy.host(),
				proxy.port(), direct.getRawPath()));
		return new ProxiedNode(node, proxy, uri);
	}

	boolean isActive(Brokers brokers) {
		return brokers.getActive() != null && brokers.getActive().port() == this.proxy.port();
	}

	String name(Brokers brokers) {
		return brokers.getAll()
			.stream()
			.filter((broker) -> broker.port() == this.proxy.port())
			.findFirst()
			.orElseThrow()
			.name();
	}

	@Override
	public void close() {
		this.proxy.close();
	}

}
