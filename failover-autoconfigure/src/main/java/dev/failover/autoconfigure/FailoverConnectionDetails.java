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

import java.util.List;
import java.util.function.Function;

import org.jspecify.annotations.Nullable;
import org.springframework.boot.autoconfigure.service.connection.ConnectionDetails;
import org.springframework.util.Assert;

import dev.failover.broker.Broker;
import dev.failover.broker.BrokerCredentials;
import dev.failover.detection.ManagementApi;

/**
 * Details of the brokers. A bean of this type replaces what is configured in
 * {@code failover.brokers} and {@code spring.rabbitmq}.
 */
public interface FailoverConnectionDetails extends ConnectionDetails {

	/**
	 * Create details that never change.
	 * @param brokers the brokers in their order, at least one, with unique names
	 * @param credentials tells what to log in to each of them with
	 * @return the details
	 */
	static FailoverConnectionDetails of(List<Broker> brokers, Function<Broker, BrokerCredentials> credentials) {
		Assert.notEmpty(brokers, "'brokers' must not be empty");
		Assert.notNull(credentials, "'credentials' must not be null");
		List<Broker> all = List.copyOf(brokers);
		return new FailoverConnectionDetails() {

			@Override
			public List<Broker> getBrokers() {
				return all;
			}

			@Override
			public BrokerCredentials getCredentials(Broker broker) {
				return credentials.apply(broker);
			}

		};
	}

	/**
	 * Return the brokers.
	 * @return the brokers in their configured order, at least one, with unique names
	 */
	List<Broker> getBrokers();

	/**
	 * Return what to log in to a broker with.
	 * @param broker one of the brokers
	 * @return the credentials
	 */
	BrokerCredentials getCredentials(Broker broker);

	/**
	 * Return whether to log in with the credentials of the broker even if the application
	 * has a credentials provider for RabbitMQ.
	 * @param broker one of the brokers
	 * @return {@code true} unless a credentials provider takes precedence
	 */
	default boolean hasOwnCredentials(Broker broker) {
		return true;
	}

	/**
	 * Return where the HTTP API of a broker's management plugin is, for health checks.
	 * @param broker one of the brokers
	 * @return the address, or {@code null} if the API is not to be asked, which is the
	 * default
	 */
	default @Nullable ManagementApi getManagement(Broker broker) {
		return null;
	}

	/**
	 * Read the details anew, because the configuration has changed. If that fails, they
	 * stay as they are.
	 * @return {@code false} if they never change, which is the default
	 * @throws RuntimeException if the configuration is wrong
	 */
	default boolean refresh() {
		return false;
	}

}
