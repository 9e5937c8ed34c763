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

import java.io.IOException;
import java.net.Socket;
import java.util.List;
import java.util.concurrent.TimeoutException;

import com.rabbitmq.client.Address;
import com.rabbitmq.client.AuthenticationFailureException;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.ConnectionFactory;
import org.jspecify.annotations.Nullable;

import dev.failover.broker.Broker;

/**
 * Opens connections by means of the brokers' native factories, and books their sockets.
 */
final class BrokerDialer {

	private final BrokerFactories factories;

	private final OpenSockets sockets;

	private final ThreadLocal<@Nullable Dial> current = new ThreadLocal<>();

	private volatile CredentialsRefresh refresh = (broker) -> false;

	BrokerDialer(BrokerFactories factories, OpenSockets sockets) {
		this.factories = factories;
		this.sockets = sockets;
		factories.each(this::capture);
	}

	private void capture(ConnectionFactory factory) {
		factory.setSocketConfigurator(factory.getSocketConfigurator().andThen(this::opened));
	}

	private void opened(Socket socket) throws IOException {
		Dial dial = this.current.get();
		if (dial != null) {
			ConnectAttempt attempt = dial.attempt();
			this.sockets.add(attempt.broker(), attempt.incarnation(), socket);
			dial.opened(socket);
		}
	}

	void setCredentialsRefresh(CredentialsRefresh refresh) {
		this.refresh = refresh;
	}

	OpenConnection dial(ConnectAttempt attempt, ConnectRequest request) throws IOException, TimeoutException {
		try {
			return dialOnce(attempt, request);
		}
		catch (AuthenticationFailureException ex) {
			if (!this.refresh.refresh(attempt.broker())) {
				throw ex;
			}
			return dialOnce(attempt, request);
		}
	}

	private OpenConnection dialOnce(ConnectAttempt attempt, ConnectRequest request)
			throws IOException, TimeoutException {
		Broker broker = attempt.broker();
		ConnectionFactory factory = this.factories.get(broker);
		List<Address> address = List.of(new Address(broker.host(), broker.port()));
		Dial dial = new Dial(attempt);
		this.current.set(dial);
		try {
			Connection connection = (request.consumers() != null)
					? factory.newConnection(request.consumers(), address, request.name())
					: factory.newConnection(address, request.name());
			return dial.opened(connection);
		}
		finally {
			this.current.remove();
		}
	}

	/**
	 * Forget a broker that was removed.
	 */
	void forget(Broker broker) {
		this.factories.remove(broker);
	}

}
