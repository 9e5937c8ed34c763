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
import java.util.function.Function;

import com.rabbitmq.client.AddressResolver;
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
import dev.failover.virtual.VirtualConnection;

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
 * A connection follows the active broker, and so do its channels: consumers are
 * subscribed on the next broker before they end on the one that is left, and on the first
 * one that answers if theirs is lost. A connection without consumers ends with its
 * broker.
 */
public class FailoverConnectionFactory extends FanOutConnectionFactory implements AutoCloseable {

	private final Brokers brokers;

	private final BrokerConnector brokerConnector;

	private final FailoverStrategy strategy;

	private final ConnectPlan plan;

	private final Standby standby;

	private final QueueDoor queueDoor;

	private final VirtualConnections connections;

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
		this.connector = new ActiveConnector(brokers, this.plan, this.brokerConnector, this.standby, this.queueDoor,
				settings.raceDelay());
		this.connections = new VirtualConnections(brokers, this.brokerConnector, this.connector, settings);
		this.standby.keepChannels(this.connections::prefetchCounts);
		this.connections.addListener(this.standby::reviewLater);
	}

	@Override
	public Connection newConnection(@Nullable ExecutorService executor, AddressResolver addressResolver,
			@Nullable String clientProvidedName) throws IOException, TimeoutException {
		try {
			this.brokerConnector.inOpening().begin();
			ConnectRequest request = ConnectRequest.of(addressResolver, clientProvidedName);
			Connection connection = this.connections.open(request, executor);
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
	 * Open a channel in confirm mode to the active broker that does not follow when
	 * another broker becomes active. It is taken from a standby connection, without a
	 * round trip, where there is one.
	 * @param connection a connection of this factory
	 * @return the channel
	 * @throws IOException if there is no broker, or the connection is closed
	 */
	public ConfirmChannel openConfirmChannel(Connection connection) throws IOException {
		Assert.isInstanceOf(VirtualConnection.class, connection, "'connection' must be one of this factory");
		VirtualConnection.Opened opened = ((VirtualConnection) connection)
			.openChannelApart((link) -> this.standby.takeConfirmChannel(link.connection()));
		return ConfirmChannel.of((UsedConnection) opened.link(), opened.channel(), opened.ready());
	}

	/**
	 * Open one more connection to the active broker, beside those that Spring knows, when
	 * the broker reads nothing from one of them. Nothing is declared on it, and the
	 * broker is not given up if it cannot be opened.
	 * @param activation the activation of the broker
	 * @return the connection, which follows no other broker
	 * @throws IOException if the broker is not active any more, or the connection is not
	 * open within the connect time-out
	 */
	public ConnectionApart newConnectionApart(Activation activation) throws IOException {
		Assert.notNull(activation, "'activation' must not be null");
		try {
			return new ConnectionApart(this.connector.connectApart(activation), this.brokerConnector);
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
	 * Add a preparer of new connections, behind those that were added before. They run in
	 * this order.
	 * @param preparer the preparer
	 */
	public void addPreparer(ConnectionPreparer preparer) {
		Assert.notNull(preparer, "'preparer' must not be null");
		this.brokerConnector.addPreparer(preparer);
	}

	/**
	 * Add an observer of all connections that are opened from now on. Where there is
	 * none, nothing is observed.
	 * @param observer the observer
	 */
	public void addObserver(ConnectionObserver observer) {
		Assert.notNull(observer, "'observer' must not be null");
		this.brokerConnector.addObserver(observer);
		observeDeliveries(observer);
	}

	/**
	 * Set a metrics collector for the connections to each broker, those that are added
	 * later included, in place of {@link #setMetricsCollector one for all of them}.
	 * Connections that are open keep theirs.
	 * @param collectors has the collectors
	 */
	public void setMetricsCollectors(BrokerMetricsCollectors collectors) {
		Assert.notNull(collectors, "'collectors' must not be null");
		collectMetrics(collectors);
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
	 * Return the strategy that orders the brokers.
	 * @return the strategy
	 */
	public FailoverStrategy getStrategy() {
		return this.strategy;
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
	 * Return whether a connection is one of this factory, as it was returned, and not one
	 * of those behind it, which preparers are given.
	 * @param connection a connection
	 * @return whether it is
	 */
	public boolean isOwn(Connection connection) {
		return connection instanceof VirtualConnection;
	}

	/**
	 * Return the access to single brokers, beside the connections of the application.
	 * @return the access
	 */
	public BrokerAccess getBrokerAccess() {
		return new ConnectorAccess(this.brokerConnector, this.standby, this.connections);
	}

	/**
	 * Return the access to the consumers of the application.
	 * @return the access
	 */
	public ConsumerAccess getConsumerAccess() {
		return this.connections;
	}

	/**
	 * Return how many standby connections to a broker are open.
	 * @param broker the name of the broker
	 * @return the number of connections that wait to be taken into use
	 */
	public int getStandbyConnections(String broker) {
		return this.standby.countReady(broker);
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
