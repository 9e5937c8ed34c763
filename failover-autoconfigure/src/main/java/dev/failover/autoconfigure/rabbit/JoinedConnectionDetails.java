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

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Predicate;

import org.springframework.boot.amqp.autoconfigure.RabbitConnectionDetails;

import dev.failover.autoconfigure.FailoverConnectionDetails;
import dev.failover.broker.Broker;
import dev.failover.broker.BrokerCredentials;

/**
 * The brokers of several {@link RabbitConnectionDetails}, each with its own user,
 * password, virtual host and TLS.
 */
final class JoinedConnectionDetails implements FailoverConnectionDetails {

	private final List<Broker> brokers = new ArrayList<>();

	private final Map<String, RabbitConnectionDetails> owners = new LinkedHashMap<>();

	private final Map<String, BrokerCredentials> credentials = new LinkedHashMap<>();

	JoinedConnectionDetails(List<RabbitConnectionDetails> all, Predicate<RabbitConnectionDetails> tls) {
		all.forEach((details) -> add(details, new RabbitFailoverConnectionDetails(details, tls.test(details))));
	}

	private void add(RabbitConnectionDetails details, RabbitFailoverConnectionDetails adapted) {
		for (Broker broker : adapted.getBrokers()) {
			if (this.brokers.stream().anyMatch((known) -> known.uri().equals(broker.uri()))) {
				continue;
			}
			Broker added = this.owners.containsKey(broker.name()) ? withVirtualHostInName(broker) : broker;
			this.brokers.add(added);
			this.owners.put(added.name(), details);
			this.credentials.put(added.name(), adapted.getCredentials(broker));
		}
	}

	private static Broker withVirtualHostInName(Broker broker) {
		return new Broker(broker.name() + "/" + broker.virtualHost(), broker.host(), broker.port(),
				broker.virtualHost(), broker.tls(), null, broker.priority(), broker.weight());
	}

	/**
	 * Return the details that a broker comes from.
	 */
	RabbitConnectionDetails getOwner(Broker broker) {
		return Objects.requireNonNull(this.owners.get(broker.name()));
	}

	@Override
	public List<Broker> getBrokers() {
		return List.copyOf(this.brokers);
	}

	@Override
	public BrokerCredentials getCredentials(Broker broker) {
		return Objects.requireNonNull(this.credentials.get(broker.name()));
	}

}
