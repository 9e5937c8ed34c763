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

package dev.failover.connection;

import java.util.List;

import com.rabbitmq.client.Address;
import com.rabbitmq.client.AddressResolver;

/**
 * Tells a {@link FailoverConnectionFactory} what a connection is opened for. It is handed
 * over in place of addresses, which that factory ignores: two connection factories of
 * Spring that share it can be told apart by nothing else but the names of their
 * connections, and these are the application's choice.
 */
public enum ConnectionPurpose implements AddressResolver {

	/**
	 * A connection that is used for publishing only.
	 */
	PUBLISHING("a broker, for publishing"),

	/**
	 * Any other connection.
	 */
	ANY("a broker");

	private final String text;

	ConnectionPurpose(String text) {
		this.text = text;
	}

	/**
	 * Return no address: the brokers are known.
	 */
	@Override
	public List<Address> getAddresses() {
		return List.of();
	}

	@Override
	public String toString() {
		return this.text;
	}

}
