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
import java.io.InterruptedIOException;
import java.net.ConnectException;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

import com.rabbitmq.client.AddressResolver;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.ConnectionFactory;
import org.jspecify.annotations.Nullable;

import dev.failover.broker.Broker;
import dev.failover.broker.BrokerCredentials;
import dev.failover.broker.BrokerState;
import dev.failover.broker.BrokerStatus;
import dev.failover.broker.Brokers;

/**
 * {@link ConnectionFactory} that connects to one broker only, whichever is active. Its
 * connections are prepared and watched like all others, and do not make the broker the
 * active one. A broker that is down is not tried: whoever looks after it tells when it is
 * back. Neither is one that was disabled or removed.
 */
public final class SingleBrokerConnectionFactory extends ConnectionFactory {

	private final Broker broker;

	private final Brokers brokers;

	private final BrokerConnector connector;

	private final QueueDoor queueDoor;

	private final Set<LeavableConnection> open = ConcurrentHashMap.newKeySet();

	SingleBrokerConnectionFactory(Broker broker, Brokers brokers, BrokerConnector connector, QueueDoor queueDoor) {
		this.broker = broker;
		this.brokers = brokers;
		this.connector = connector;
		this.queueDoor = queueDoor;
		setAutomaticRecoveryEnabled(false);
		setHost(broker.host());
		setPort(broker.port());
		setVirtualHost(broker.virtualHost());
		BrokerCredentials credentials = brokers.getCredentials(broker);
		if (credentials != null) {
			setUsername(credentials.username());
		}
	}

	@Override
	public Connection newConnection(@Nullable ExecutorService executor, AddressResolver addressResolver,
			@Nullable String clientProvidedName) throws IOException, TimeoutException {
		if (!isToBeTried()) {
			throw new ConnectException("Broker '%s' is down or out of use".formatted(this.broker.name()));
		}
		ConnectAttempt attempt = this.connector.startPrepared(this.broker,
				new ConnectRequest(executor, clientProvidedName, false, false));
		try {
			OpenConnection opened = attempt.result().get(this.connector.timeout().toNanos(), TimeUnit.NANOSECONDS);
			this.brokers.answered(this.broker);
			this.connector.inUse(opened);
			return use(opened);
		}
		catch (ExecutionException | TimeoutException ex) {
			throw failureOf(ex);
		}
		catch (InterruptedException ex) {
			this.connector.discard(attempt);
			Thread.currentThread().interrupt();
			throw new InterruptedIOException(
					"Interrupted while connecting to broker '%s'".formatted(this.broker.name()));
		}
	}

	private Connection use(OpenConnection opened) {
		LeavableConnection view = new LeavableConnection(opened, () -> false, null, this.queueDoor);
		this.open.add(view);
		opened.connection().addShutdownListener((signal) -> this.open.remove(view));
		return view;
	}

	/**
	 * Return whether nothing that was delivered on connections of this factory waits to
	 * be acknowledged or rejected.
	 * @return whether everything is settled
	 */
	public boolean isSettled() {
		return this.open.stream().allMatch(LeavableConnection::isSettled);
	}

	private boolean isToBeTried() {
		return this.brokers.getStatus(this.broker.name())
			.filter((status) -> status.broker().isSameAs(this.broker))
			.map(BrokerStatus::state)
			.filter((state) -> state != BrokerState.DOWN && state != BrokerState.DISABLED)
			.isPresent();
	}

	private IOException failureOf(Exception failure) {
		Throwable cause = (failure instanceof ExecutionException) ? failure.getCause() : failure;
		return (cause instanceof IOException io) ? io
				: new IOException("Broker '%s' cannot be connected to".formatted(this.broker.name()), cause);
	}

}
