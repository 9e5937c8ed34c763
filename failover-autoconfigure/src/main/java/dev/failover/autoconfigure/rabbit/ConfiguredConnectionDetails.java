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

package dev.failover.autoconfigure.rabbit;

import java.util.List;
import java.util.function.Function;

import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.core.env.Environment;

import dev.failover.autoconfigure.BrokerProperties;
import dev.failover.autoconfigure.FailoverConnectionDetails;
import dev.failover.autoconfigure.FailoverProperties;
import dev.failover.autoconfigure.InvalidFailoverPropertyException;
import dev.failover.broker.Broker;
import dev.failover.broker.BrokerCredentials;
import dev.failover.detection.ManagementApi;

/**
 * The brokers of the property {@code failover.brokers} in its latest version.
 */
final class ConfiguredConnectionDetails implements FailoverConnectionDetails {

	private final Environment environment;

	private final Function<List<BrokerProperties>, PropertiesFailoverConnectionDetails> adapter;

	private volatile PropertiesFailoverConnectionDetails current;

	/**
	 * Create details of the given brokers.
	 * @param adapter checks the properties of brokers, and makes details of them
	 */
	ConfiguredConnectionDetails(List<BrokerProperties> brokers, Environment environment,
			Function<List<BrokerProperties>, PropertiesFailoverConnectionDetails> adapter) {
		this.environment = environment;
		this.adapter = adapter;
		this.current = adapter.apply(brokers);
	}

	@Override
	public List<Broker> getBrokers() {
		return this.current.getBrokers();
	}

	@Override
	public BrokerCredentials getCredentials(Broker broker) {
		return this.current.getCredentials(broker);
	}

	@Override
	public boolean hasOwnCredentials(Broker broker) {
		return this.current.hasOwnCredentials(broker);
	}

	@Override
	public @Nullable ManagementApi getManagement(Broker broker) {
		return this.current.getManagement(broker);
	}

	@Override
	public boolean refresh() {
		FailoverProperties properties = Binder.get(this.environment).bindOrCreate("failover", FailoverProperties.class);
		properties.afterPropertiesSet();
		List<BrokerProperties> brokers = properties.getBrokers();
		if (brokers == null) {
			throw new InvalidFailoverPropertyException("failover.brokers", "", "it is not set any more",
					"List the brokers, or restart the application to use those of spring.rabbitmq");
		}
		this.current = this.adapter.apply(brokers);
		return true;
	}

}
