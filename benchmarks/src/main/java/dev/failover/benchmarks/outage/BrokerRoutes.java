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

package dev.failover.benchmarks.outage;

import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;

import org.jspecify.annotations.Nullable;

import dev.failover.benchmarks.support.NodePair;
import dev.failover.test.FaultProxy;
import dev.failover.test.RabbitNode;

/**
 * The ways from an application to the brokers.
 */
final class BrokerRoutes implements AutoCloseable {

	private static final Duration ONE_WAY = Duration.ofMillis(10);

	private final NodePair nodes;

	private final List<Route> routes = new ArrayList<>();

	BrokerRoutes(NodePair nodes, Network network) {
		this.nodes = nodes;
		for (RabbitNode node : nodes.all()) {
			URI uri = (network == Network.TLS_PROXY) ? node.tls().uri() : node.uri();
			if (network == Network.DIRECT) {
				this.routes.add(new Route(node, null, uri));
				continue;
			}
			FaultProxy proxy = FaultProxy.to(node.host(), uri.getPort());
			if (network == Network.DISTANT) {
				proxy.delay(ONE_WAY);
			}
			this.routes.add(new Route(node, proxy,
					URI.create(uri.toString().replace(":" + uri.getPort(), ":" + proxy.port()))));
		}
	}

	NodePair nodes() {
		return this.nodes;
	}

	String authorities() {
		return this.nodes.authorities();
	}

	List<URI> uris() {
		return this.routes.stream().map(Route::uri).toList();
	}

	List<Route> all() {
		return this.routes;
	}

	Route at(int port) {
		return this.routes.stream()
			.filter((route) -> route.uri().getPort() == port)
			.findFirst()
			.orElseThrow(() -> new IllegalStateException("No broker at port " + port));
	}

	Collection<String> drain() {
		return this.nodes.queues().flatMap((queue) -> queue.drain().stream()).toList();
	}

	/**
	 * Mend the network and the brokers.
	 */
	void mend() {
		this.routes.forEach((route) -> {
			if (route.proxy() != null) {
				route.proxy().pass();
			}
		});
		this.nodes.mend();
	}

	@Override
	public void close() {
		this.routes.forEach((route) -> {
			if (route.proxy() != null) {
				route.proxy().close();
			}
		});
	}

	/**
	 * What lies between the application and the brokers.
	 */
	enum Network {

		/**
		 * Nothing.
		 */
		DIRECT,

		/**
		 * A proxy before each broker.
		 */
		PROXY,

		/**
		 * A proxy before each broker that makes a round trip 20 milliseconds longer.
		 */
		DISTANT,

		/**
		 * A proxy before the TLS listener of each broker.
		 */
		TLS_PROXY

	}

	/**
	 * The way to one broker.
	 *
	 * @param node the broker
	 * @param proxy the proxy before it, if any
	 * @param uri the URI for the application
	 */
	record Route(RabbitNode node, @Nullable FaultProxy proxy, URI uri) {

		FaultProxy requiredProxy() {
			if (this.proxy == null) {
				throw new IllegalStateException("There is no proxy before " + this.node);
			}
			return this.proxy;
		}

	}

}
