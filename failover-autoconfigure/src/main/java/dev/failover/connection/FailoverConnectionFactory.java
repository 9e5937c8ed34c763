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
import java.net.InetAddress;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import java.util.function.Function;

import com.rabbitmq.client.AddressResolver;
import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.ConnectionFactory;
import org.jspecify.annotations.Nullable;
import org.springframework.util.Assert;

import dev.failover.broker.Activation;
import dev.failover.broker.Broker;
import dev.failover.broker.BrokerCredentials;
import dev.failover.broker.Brokers;
import dev.failover.broker.BrokersUnavailableException;
import dev.failover.strategy.FailoverStrategy;

/**
 * {@link ConnectionFactory} that connects to the active broker or, while there is none,
 * to the first one that answers. It is meant to be the native factory of a
 * {@link org.springframework.amqp.rabbit.connection.CachingConnectionFactory}; addresses
 * that are handed to it are ignored in favour of the brokers.
 * <p>
 * Each broker has a native factory of its own. What is set on this factory later on
 * reaches all of them, except for what belongs to one broker: host, port, user, password
 * and virtual host cannot be set.
 * <p>
 * A new connection takes at most the connect time-out for each broker, whatever state the
 * brokers are in, and callers that connect at the same time share one search. Connections
 * do not recover themselves: what is lost is opened anew, through this factory.
 * <p>
 * Standby connections to the broker that comes next are opened in the background, and are
 * what a caller gets when the active broker was lost.
 * <p>
 * A connection says that it is closed as soon as another broker is active, so that its
 * user opens a new one. When the broker was left without having failed, it is closed when
 * no channel is open on it any more, or the time for that is over.
 */
public class FailoverConnectionFactory extends FanOutConnectionFactory implements AutoCloseable {

	private final Brokers brokers;

	private final BrokerConnector brokerConnector;

	private final FailoverStrategy strategy;

	private final ConnectPlan plan;

	private final Standby standby;

	private final QueueDoor queueDoor;

	private final LeavableConnections connections;

	private final ActiveConnector connector;

	/**
	 * Create a factory. No connection is opened.
	 * @param brokers the brokers
	 * @param strategy the strategy that orders them
	 * @param factories creates the configured native factory of a broker: now for those
	 * that there are, later for those that are added
	 * @param settings how to connect
	 */
	public FailoverConnectionFactory(Brokers brokers, FailoverStrategy strategy,
			Function<Broker, @Nullable ConnectionFactory> factories, ConnectSettings settings) {
		this(brokers, strategy, factories, settings, InetAddress::getAllByName);
	}

	FailoverConnectionFactory(Brokers brokers, FailoverStrategy strategy,
			Function<Broker, @Nullable ConnectionFactory> factories, ConnectSettings settings, HostResolver resolver) {
		this(brokers, strategy, new BrokerFactories(factories), settings, resolver);
	}

	private FailoverConnectionFactory(Brokers brokers, FailoverStrategy strategy, BrokerFactories factories,
			ConnectSettings settings, HostResolver resolver) {
		super(factories);
		Assert.notNull(brokers, "'brokers' must not be null");
		Assert.notNull(strategy, "'strategy' must not be null");
		Assert.notNull(settings, "'settings' must not be null");
		brokers.getAll().forEach(factories::get);
		this.brokers = brokers;
		this.strategy = strategy;
		this.brokerConnector = new BrokerConnector(brokers, factories, settings, resolver);
		this.plan = new ConnectPlan(brokers, strategy);
		this.standby = new Standby(brokers, this.plan, this.brokerConnector, settings.standby());
		this.queueDoor = new QueueDoor(new SuspectQueues(brokers, this.brokerConnector, System::nanoTime));
		this.connections = new LeavableConnections(brokers, this.brokerConnector, this.queueDoor,
				settings.leaveTimeout());
		this.connector = new ActiveConnector(brokers, this.plan, this.brokerConnector, this.standby, this.connections,
				settings.raceDelay());
	}

	@Override
	public Connection newConnection(@Nullable ExecutorService executor, AddressResolver addressResolver,
			@Nullable String clientProvidedName) throws IOException, TimeoutException {
		try {
			this.brokerConnector.inOpening().begin();
			Connection connection = this.connector
				.connect(ConnectRequest.of(executor, addressResolver, clientProvidedName));
			this.brokerConnector.inOpening().opened(connection);
			return connection;
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
			throw new InterruptedIOException("Interrupted while connecting to a broker");
		}
		catch (CancellationException ex) {
			throw new IOException("The connection factory is closed", ex);
		}
	}

	/**
	 * Open one more connection to the active broker, beside those that Spring knows, when
	 * the broker reads nothing from one of them. Nothing is declared on it, and the
	 * broker is not given up if it cannot be opened.
	 * @param activation the activation of the broker
	 * @return the connection, which is watched and left like all others
	 * @throws IOException if the broker is not active any more, or the connection is not
	 * open within the connect time-out
	 */
	public Connection newConnectionApart(Activation activation) throws IOException {
		Assert.notNull(activation, "'activation' must not be null");
		try {
			return this.connector.connectApart(activation);
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
			throw new InterruptedIOException("Interrupted while connecting to a broker");
		}
		catch (CancellationException ex) {
			throw new IOException("The connection factory is closed", ex);
		}
	}

	/**
	 * Leave a connection as in a planned move, although its broker stays active: it says
	 * that it is closed, and it is when no channel is open on it any more, or the time
	 * for that is over.
	 * @param connection a connection of this factory, as it was returned
	 */
	public void leave(Connection connection) {
		this.connections.leave(connection);
	}

	/**
	 * Add a preparer of new connections, behind those that were added before. They run in
	 * this order.
	 * @param preparer the preparer
	 */
	public void addPreparer(ConnectionPreparer preparer) {
		Assert.notNull(preparer, "'preparer' must not be null");
		this.brokerConnector.addPreparer(preparer);
	}

	/**
	 * Set what knows of queues that nobody is to wait for. There is nothing by default.
	 * @param guard asked on the connections that are in use already, too
	 */
	public void setQueueGuard(QueueGuard guard) {
		Assert.notNull(guard, "'guard' must not be null");
		this.queueDoor.setGuard(guard);
	}

	/**
	 * Return what knows of queues that nobody is to wait for.
	 * @return the guard
	 */
	public QueueGuard getQueueGuard() {
		return this.queueDoor.getGuard();
	}

	/**
	 * Add what closes channels that nobody uses at the moment. It is called again and
	 * again while a connection is left in a planned move, which is closed when no channel
	 * is open on it any more. It may block.
	 * @param cleaner told of the connection, as channels return it
	 * @return removes it again
	 */
	public Runnable addIdleChannelCleaner(Consumer<Connection> cleaner) {
		Assert.notNull(cleaner, "'cleaner' must not be null");
		return this.connections.addCleaner(cleaner);
	}

	/**
	 * Set what renews the credentials when a broker has refused the login. There is none
	 * by default.
	 * @param refresh what renews the credentials
	 */
	public void setCredentialsRefresh(CredentialsRefresh refresh) {
		Assert.notNull(refresh, "'refresh' must not be null");
		this.brokerConnector.setCredentialsRefresh(refresh);
	}

	/**
	 * Connect to every broker once, side by side, and close the connections again. What
	 * is found is reported to {@link Brokers}; the active broker stays the same.
	 * @throws BrokersUnavailableException if a broker does not answer within the connect
	 * time-out
	 * @throws InterruptedIOException if the thread is interrupted while it waits
	 */
	public void checkAll() throws IOException {
		try {
			new BrokerCheck(this.brokers, this.brokerConnector).run();
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
			throw new InterruptedIOException("Interrupted while connecting to the brokers");
		}
	}

	/**
	 * Take a channel in confirm mode that was opened before the connection was taken into
	 * use. Who asks gets such a channel, without a round trip, after a failover to a
	 * standby connection; it is the caller's then.
	 * @param connection a connection of this factory
	 * @return the channel, on which nothing was published yet, or {@code null} if there
	 * is none
	 */
	public @Nullable Channel takeConfirmChannel(Connection connection) {
		Channel channel = this.standby.takeConfirmChannel(LeavableConnection.unwrap(connection));
		return (connection instanceof LeavableConnection view) ? view.track(channel) : channel;
	}

	/**
	 * Return the strategy that orders the brokers.
	 * @return the strategy
	 */
	public FailoverStrategy getStrategy() {
		return this.strategy;
	}

	/**
	 * Return the activation under which a connection was opened. It may be over by now.
	 * @param connection a connection of this factory
	 * @return its activation, or {@code null} if the connection is closed, or not one of
	 * this factory
	 */
	public @Nullable Activation getActivation(Connection connection) {
		return this.connector.activationOf(LeavableConnection.unwrap(connection));
	}

	/**
	 * Return what lets one thread write many commands to a connection at once.
	 * @param connection a connection of this factory
	 * @return the batch, or {@code null} if there is none: the connection is one of TLS,
	 * or of a socket factory of the application's own
	 */
	public @Nullable WriteBatch getWriteBatch(Connection connection) {
		return (connection instanceof LeavableConnection view) ? view.writeBatch() : null;
	}

	/**
	 * Return with which routing keys messages have to be published on a connection, for
	 * whoever publishes past its channels.
	 * @param connection a connection of this factory
	 * @return the routing keys
	 */
	public RoutingKeys getRoutingKeys(Connection connection) {
		return (connection instanceof LeavableConnection view) ? view.routingKeys() : RoutingKeys.unchanged();
	}

	/**
	 * Return whether a connection is to be left: another broker is active, or has been
	 * since the connection was opened, without a failure in between.
	 * @param connection a connection of this factory, as it was returned or as its
	 * channels return it
	 * @return whether new work belongs on a new connection
	 */
	public boolean isLeft(Connection connection) {
		return this.connections.isLeft(connection);
	}

	/**
	 * Return whether the calling thread is opening a connection of this factory: it runs
	 * a preparer, or one of the listeners that Spring calls before it hands a new
	 * connection out. Others wait for it then, so that it must not wait for them.
	 * @return whether that is so
	 */
	public boolean isOpening() {
		return this.brokerConnector.inOpening().isOpening();
	}

	/**
	 * Return the connection that the calling thread is opening.
	 * @return the connection, or {@code null} if the thread is opening none, or it is not
	 * open yet
	 */
	public @Nullable Connection getOpening() {
		return this.brokerConnector.inOpening().get();
	}

	/**
	 * Return the access to single brokers, beside the connections of the application.
	 * @return the access
	 */
	public BrokerAccess getBrokerAccess() {
		return new ConnectorAccess(this.brokerConnector, this.standby, this.connections);
	}

	/**
	 * Return a factory of connections to one broker, whichever is active. They are
	 * prepared and watched, and left when the broker fails, like those of this factory;
	 * they do not make the broker the active one. While the broker is down or out of use,
	 * they are refused.
	 * @param broker the broker
	 * @return a factory, which has nothing to be configured
	 */
	public SingleBrokerConnectionFactory forBroker(Broker broker) {
		Assert.notNull(broker, "'broker' must not be null");
		return new SingleBrokerConnectionFactory(broker, this.brokers, this.brokerConnector, this.queueDoor);
	}

	/**
	 * Return the broker that the next connection is tried with first.
	 * @return the active broker or, while there is none, the first one in the order of
	 * the strategy; {@code null} if the strategy leaves all of them out
	 */
	public @Nullable Broker getNext() {
		Broker active = this.brokers.getActive();
		return (active != null) ? active : this.plan.peek();
	}

	@Override
	public String getHost() {
		return current().host();
	}

	@Override
	public int getPort() {
		return current().port();
	}

	@Override
	public String getUsername() {
		BrokerCredentials credentials = this.brokers.getCredentials(current());
		return (credentials != null) ? credentials.username() : super.getUsername();
	}

	@Override
	public String getVirtualHost() {
		return current().virtualHost();
	}

	private Broker current() {
		Broker active = this.brokers.getPrevious();
		List<Broker> all = this.brokers.getAll();
		return (active != null) ? active : all.get(0);
	}

	/**
	 * Release what waits for a broker in vain, when the application should have ended by
	 * now. Connections that do not answer are cut, and so are those that their broker
	 * blocks; work on others goes on. If no broker can serve, none is connected to any
	 * more, and whoever waits for one is released.
	 * @param patience how long connections may take to answer
	 * @return whether a broker can serve
	 * @throws InterruptedException if the thread is interrupted while it waits
	 */
	public boolean releaseOverdue(Duration patience) throws InterruptedException {
		boolean serving = new OverdueCheck(this.brokers, this.brokerConnector).run(patience);
		if (!serving) {
			this.brokerConnector.refuse();
		}
		return serving;
	}

	/**
	 * Close every connection by the protocol, within two seconds: then the sockets of
	 * those whose broker has not answered are closed. All threads end. Connections that
	 * are still being opened fail.
	 */
	@Override
	public void close() {
		this.brokerConnector.close();
	}

}
