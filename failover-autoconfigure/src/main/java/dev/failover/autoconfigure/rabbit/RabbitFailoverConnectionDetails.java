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

import java.util.LinkedHashMap;
import java.util.List;
import java.util.stream.Collectors;

import org.jspecify.annotations.Nullable;
import org.springframework.boot.amqp.autoconfigure.RabbitConnectionDetails;

import dev.failover.autoconfigure.FailoverConnectionDetails;
import dev.failover.broker.Broker;
import dev.failover.broker.BrokerCredentials;

/**
 * Adapts {@link RabbitConnectionDetails} to {@link FailoverConnectionDetails}: every
 * address is a broker, and all of them share user, password, virtual host and TLS.
 */
final class RabbitFailoverConnectionDetails implements FailoverConnectionDetails {

	private final List<Broker> brokers;

	private final BrokerCredentials credentials;

	RabbitFailoverConnectionDetails(RabbitConnectionDetails details, boolean tls) {
		this.credentials = BrokerCredentials.of(
				orElse(details.getUsername(), BrokerDefaults.RABBITMQ.credentials().username()),
				orElse(details.getPassword(), BrokerDefaults.RABBITMQ.credentials().password()));
		String virtualHost = orElse(details.getVirtualHost(), BrokerDefaults.RABBITMQ.virtualHost());
		this.brokers = details.getAddresses()
			.stream()
			.collect(Collectors.toMap(RabbitFailoverConnectionDetails::name,
					(address) -> new Broker(name(address), host(address), address.port(), virtualHost, tls, null,
							Broker.DEFAULT_PRIORITY, Broker.DEFAULT_WEIGHT),
					(first, same) -> first, LinkedHashMap::new))
			.values()
			.stream()
			.toList();
	}

	private static String orElse(@Nullable String value, String otherwise) {
		return (value != null) ? value : otherwise;
	}

	private static String name(RabbitConnectionDetails.Address address) {
		return address.host() + ":" + address.port();
	}

	private static String host(RabbitConnectionDetails.Address address) {
		String host = address.host();
		return (host.startsWith("[") && host.endsWith("]")) ? host.substring(1, host.length() - 1) : host;
	}

	@Override
	public List<Broker> getBrokers() {
		return this.brokers;
	}

	@Override
	public BrokerCredentials getCredentials(Broker broker) {
		return this.credentials;
	}

	@Override
	public boolean hasOwnCredentials(Broker broker) {
		return false;
	}

}
