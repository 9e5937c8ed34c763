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
import java.net.InetAddress;
import java.net.Socket;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.TimeoutException;
import java.util.stream.Stream;

import com.rabbitmq.client.Address;
import com.rabbitmq.client.AuthenticationFailureException;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.ConnectionFactory;
import com.rabbitmq.client.ResolvedInetAddress;
import org.jspecify.annotations.Nullable;

import dev.failover.broker.Broker;

/**
 * Opens connections by means of the brokers' native factories, and books their sockets.
 * The host of a broker is resolved anew each time, and all its addresses are tried.
 */
final class BrokerDialer {

	private final BrokerFactories factories;

	private final OpenSockets sockets;

	private final HostResolver resolver;

	private final ConnectSettings settings;

	private final Executor executor;

	private final ExecutorService dispatch;

	private final ThreadLocal<@Nullable Dial> current = new ThreadLocal<>();

	private final Set<String> expired = ConcurrentHashMap.newKeySet();

	private volatile CredentialsRefresh refresh = (broker) -> false;

	/**
	 * Create an instance.
	 * @param executor tries further addresses
	 * @param dispatch takes over what is delivered on connections of the application
	 */
	BrokerDialer(BrokerFactories factories, OpenSockets sockets, HostResolver resolver, ConnectSettings settings,
			Executor executor, ExecutorService dispatch) {
		this.factories = factories;
		this.sockets = sockets;
		this.resolver = resolver;
		this.settings = settings;
		this.executor = executor;
		this.dispatch = dispatch;
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

	/**
	 * Renew the credentials of a broker before it is connected to next.
	 */
	void credentialsExpired(Broker broker) {
		this.expired.add(broker.name());
	}

	/**
	 * Open the connection of an attempt. Ends soon after the attempt has ended.
	 */
	OpenConnection dial(ConnectAttempt attempt, ConnectRequest request)
			throws IOException, TimeoutException, InterruptedException {
		boolean renewed = this.expired.remove(attempt.broker().name()) && this.refresh.refresh(attempt.broker());
		try {
			return dialOnce(attempt, request);
		}
		catch (AuthenticationFailureException ex) {
			if (renewed || !this.refresh.refresh(attempt.broker())) {
				throw ex;
			}
			return dialOnce(attempt, request);
		}
	}

	private OpenConnection dialOnce(ConnectAttempt attempt, ConnectRequest request)
			throws IOException, TimeoutException, InterruptedException {
		Broker broker = attempt.broker();
		List<Address> addresses = Stream.of(this.resolver.resolve(broker.host()))
			.map((address) -> address(broker, address))
			.toList();
		if (addresses.size() == 1) {
			return dial(new Dial(attempt), addresses.get(0), request);
		}
		return new AddressRace(attempt, patience(addresses.size()), this.executor,
				(dial, address) -> dial(dial, address, request))
			.run(addresses);
	}

	private static Address address(Broker broker, InetAddress address) {
		return new ResolvedInetAddress(broker.host(), address, broker.port());
	}

	/**
	 * How long to wait for one address before the next one is tried, too.
	 */
	private Duration patience(int addresses) {
		Duration raceDelay = this.settings.raceDelay();
		return raceDelay.isZero() ? this.settings.timeout().dividedBy(addresses) : raceDelay;
	}

	private OpenConnection dial(Dial dial, Address address, ConnectRequest request)
			throws IOException, TimeoutException {
		this.current.set(dial);
		try {
			ConnectionFactory factory = this.factories.get(dial.attempt());
			GatheringSocketFactory.use(factory);
			ExecutorService consumers = request.aside() ? null : this.dispatch;
			Connection connection = factory.newConnection(consumers, () -> List.of(address), request.name());
			return dial.opened(connection);
		}
		catch (IOException ex) {
			throw dial.explain(ex);
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
		this.expired.remove(broker.name());
	}

}
