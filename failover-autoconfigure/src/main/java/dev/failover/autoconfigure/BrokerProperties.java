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

package dev.failover.autoconfigure;

import org.jspecify.annotations.Nullable;

/**
 * Configuration properties of one broker. What is left out is taken from
 * {@code spring.rabbitmq}, never from another broker.
 */
public class BrokerProperties {

	/**
	 * URL of the broker, for example 'amqps://user:password@host:5671/vhost'.
	 */
	private @Nullable String uri;

	/**
	 * Unique name of the broker, as shown to operators.
	 */
	private @Nullable String name;

	/**
	 * Login user, if it is not part of the URL.
	 */
	private @Nullable String username;

	/**
	 * Password of the login user, if it is not part of the URL.
	 */
	private @Nullable String password;

	/**
	 * Virtual host, if it is not part of the URL.
	 */
	private @Nullable String virtualHost;

	/**
	 * SSL bundle name, for an 'amqps' URL.
	 */
	private @Nullable String sslBundle;

	/**
	 * Priority for the strategies 'priority' and 'weighted', lower values first.
	 */
	private @Nullable Integer priority;

	/**
	 * Weight for the strategy 'weighted', relative to the weights of the others.
	 */
	private @Nullable Integer weight;

	/**
	 * URL of the HTTP API of the broker's management plugin, for health checks, for
	 * example 'http://host:15672'. User and password are those of the broker unless it
	 * has others.
	 */
	private @Nullable String managementUri;

	/**
	 * Return the properties of a broker of which only the URL is given. The URL is not
	 * checked.
	 * @param uri the URL
	 * @return the properties
	 */
	public static BrokerProperties of(String uri) {
		BrokerProperties properties = new BrokerProperties();
		properties.setUri(uri);
		return properties;
	}

	public @Nullable String getUri() {
		return this.uri;
	}

	public void setUri(@Nullable String uri) {
		this.uri = uri;
	}

	public @Nullable String getName() {
		return this.name;
	}

	public void setName(@Nullable String name) {
		this.name = name;
	}

	public @Nullable String getUsername() {
		return this.username;
	}

	public void setUsername(@Nullable String username) {
		this.username = username;
	}

	public @Nullable String getPassword() {
		return this.password;
	}

	public void setPassword(@Nullable String password) {
		this.password = password;
	}

	public @Nullable String getVirtualHost() {
		return this.virtualHost;
	}

	public void setVirtualHost(@Nullable String virtualHost) {
		this.virtualHost = virtualHost;
	}

	public @Nullable String getSslBundle() {
		return this.sslBundle;
	}

	public void setSslBundle(@Nullable String sslBundle) {
		this.sslBundle = sslBundle;
	}

	public @Nullable Integer getPriority() {
		return this.priority;
	}

	public void setPriority(@Nullable Integer priority) {
		this.priority = priority;
	}

	public @Nullable Integer getWeight() {
		return this.weight;
	}

	public void setWeight(@Nullable Integer weight) {
		this.weight = weight;
	}

	public @Nullable String getManagementUri() {
		return this.managementUri;
	}

	public void setManagementUri(@Nullable String managementUri) {
		this.managementUri = managementUri;
	}

}
