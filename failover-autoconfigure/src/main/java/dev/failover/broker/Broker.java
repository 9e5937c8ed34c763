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

package dev.failover.broker;

import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;

import org.jspecify.annotations.Nullable;
import org.springframework.util.Assert;

/**
 * One AMQP broker: a node of a cluster or an independent installation, and where it is.
 * Nothing is shared between brokers.
 * <p>
 * A broker is identified by its {@link #name() name}. It is free of secrets, as it is
 * part of events and statuses: user and password are {@link BrokerCredentials}, which it
 * does not hold.
 *
 * @param name the unique name, as shown to operators
 * @param host the host name or address, as configured; it is resolved at each connect
 * @param port the TCP port
 * @param virtualHost the virtual host to open
 * @param tls whether connections use TLS
 * @param sslBundle the name of the SSL bundle to use with TLS, or {@code null} for the
 * defaults of the platform
 * @param priority the priority, lower values are preferred (as in RFC 2782)
 * @param weight the share of this broker among its equals, at least 0 (as in RFC 2782)
 */
public record Broker(String name, String host, int port, String virtualHost, boolean tls, @Nullable String sslBundle,
		int priority, int weight) {

	/**
	 * Virtual host of a broker for which none is configured.
	 */
	public static final String DEFAULT_VIRTUAL_HOST = "/";

	/**
	 * Priority of a broker for which none is configured.
	 */
	public static final int DEFAULT_PRIORITY = 0;

	/**
	 * Weight of a broker for which none is configured.
	 */
	public static final int DEFAULT_WEIGHT = 1;

	public Broker {
		Assert.hasText(name, "'name' must not be empty");
		Assert.hasText(host, "'host' must not be empty");
		Assert.isTrue(port > 0 && port <= 65535, () -> "'port' must be between 1 and 65535, not " + port);
		Assert.notNull(virtualHost, "'virtualHost' must not be null");
		Assert.isTrue(weight >= 0, () -> "'weight' must not be negative, but is " + weight);
	}

	/**
	 * Create a broker with the virtual host {@code /}, without TLS, and with the default
	 * priority and weight.
	 * @param name the unique name
	 * @param host the host name or address
	 * @param port the TCP port
	 * @return the broker
	 */
	public static Broker of(String name, String host, int port) {
		return new Broker(name, host, port, DEFAULT_VIRTUAL_HOST, false, null, DEFAULT_PRIORITY, DEFAULT_WEIGHT);
	}

	/**
	 * Return the address of this broker as a URI, without user and password, and without
	 * the virtual host if it is the default one.
	 * @return the URI, safe to show to anybody
	 */
	public String uri() {
		String bracketed = (this.host.indexOf(':') >= 0 && !this.host.startsWith("[")) ? "[" + this.host + "]"
				: this.host;
		return (this.tls ? "amqps" : "amqp") + "://" + bracketed + ":" + this.port
				+ (this.virtualHost.equals(DEFAULT_VIRTUAL_HOST) ? "" : "/" + encoded(this.virtualHost));
	}

	private static String encoded(String segment) {
		return URLEncoder.encode(segment, StandardCharsets.UTF_8).replace("+", "%20");
	}

	/**
	 * Return the same broker with another virtual host.
	 * @param virtualHost the virtual host to open
	 * @return the broker
	 */
	public Broker withVirtualHost(String virtualHost) {
		return new Broker(this.name, this.host, this.port, virtualHost, this.tls, this.sslBundle, this.priority,
				this.weight);
	}

	/**
	 * Return the same broker with TLS.
	 * @param sslBundle the name of the SSL bundle to use, or {@code null} for the
	 * defaults of the platform
	 * @return the broker
	 */
	public Broker withTls(@Nullable String sslBundle) {
		return new Broker(this.name, this.host, this.port, this.virtualHost, true, sslBundle, this.priority,
				this.weight);
	}

	/**
	 * Return the same broker with another priority and weight.
	 * @param priority the priority
	 * @param weight the weight
	 * @return the broker
	 */
	public Broker withWeight(int priority, int weight) {
		return new Broker(this.name, this.host, this.port, this.virtualHost, this.tls, this.sslBundle, priority,
				weight);
	}

	/**
	 * Return whether another broker is this one, whatever their priorities and weights.
	 * @param other the other broker
	 * @return whether both are equal apart from priority and weight
	 */
	public boolean isSameAs(Broker other) {
		return equals(other.withWeight(this.priority, this.weight));
	}

	@Override
	public String toString() {
		return this.name + " (" + uri() + ")";
	}

}
