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
import java.net.ConnectException;
import java.time.Duration;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.BooleanSupplier;
import java.util.function.Predicate;
import java.util.stream.Collectors;

import com.rabbitmq.client.Connection;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;
import org.springframework.scheduling.concurrent.CustomizableThreadFactory;

import dev.failover.broker.Broker;
import dev.failover.broker.BrokerEvent;
import dev.failover.broker.BrokerState;
import dev.failover.broker.BrokerStatus;
import dev.failover.broker.Brokers;
import dev.failover.broker.EventStage;
import dev.failover.virtual.BrokerLink;
import dev.failover.virtual.LinkSource;
import dev.failover.virtual.VirtualConnection;

/**
 * The connections that the application uses, which follow the active broker.
 */
final class VirtualConnections implements ConsumerAccess {

	private static final Log logger = LogFactory.getLog(VirtualConnections.class);

	private static final long IDLE_SECONDS = 10;

	/**
	 * How long to publish nothing on a broker, for want of queues of other connections.
	 */
	private static final Duration FOREIGN_QUEUES = Duration.ofSeconds(1);

	private final Brokers brokers;

	private final BrokerConnector connector;

	private final ActiveConnector active;

	private final ConnectSettings settings;

	private final Map<VirtualConnection, ConnectionKind> kinds = new ConcurrentHashMap<>();

	private final Set<VirtualConnection> connections = this.kinds.keySet();

	private final Set<Awaited> awaited = ConcurrentHashMap.newKeySet();

	private final List<Runnable> listeners = new CopyOnWriteArrayList<>();

	/**
	 * Keeps the JVM running while consumers wait for a broker, as their containers may
	 * have no thread.
	 */
	private final ThreadPoolExecutor tasks;

	private final ThreadPoolExecutor consumers;

	private volatile Set<Broker> beside = Set.of();

	private volatile Predicate<String> sharable = (queue) -> true;

	private volatile Predicate<String> declared = (queue) -> false;

	VirtualConnections(Brokers brokers, BrokerConnector connector, ActiveConnector active, ConnectSettings settings) {
		this.brokers = brokers;
		this.connector = connector;
		this.active = active;
		this.settings = settings;
		this.tasks = new ThreadPoolExecutor(0, Integer.MAX_VALUE, 1, TimeUnit.SECONDS, new SynchronousQueue<>(),
				new CustomizableThreadFactory("failover-move-"));
		CustomizableThreadFactory threads = new CustomizableThreadFactory("failover-consumer-");
		threads.setDaemon(true);
		this.consumers = new ThreadPoolExecutor(0, Integer.MAX_VALUE, IDLE_SECONDS, TimeUnit.SECONDS,
				new SynchronousQueue<>(), threads);
		connector.onClose(this::close);
		connector.addPreparer((opened) -> this.connections
			.forEach((connection) -> connection.declareOn(opened.connection(), this.declared)));
		connector.onClosed(this.consumers::shutdown);
		brokers.addListener(this::onEvent, EventStage.CONNECTIONS);
	}

	private void onEvent(BrokerEvent event) {
		if (event instanceof BrokerEvent.Activated || event instanceof BrokerEvent.Lost) {
			this.connections.forEach(VirtualConnection::follow);
		}
	}

	/**
	 * Open a connection to the active broker, which follows it from then on.
	 * @param executor hands messages on to consumers
	 */
	Connection open(ConnectRequest request, @Nullable ExecutorService executor)
			throws IOException, TimeoutException, InterruptedException {
		Source source = new Source(request);
		VirtualConnection connection = new VirtualConnection(source, this.active.connect(request, false), executor,
				this::changed);
		this.kinds.put(connection, ConnectionKind.of(request));
		connection.addShutdownListener((signal) -> this.connections.remove(connection));
		if (!this.beside.isEmpty()) {
			connection.consumeBeside(this.beside);
		}
		else if (connection.isMoving()) {
			connection.follow();
		}
		return connection;
	}

	/**
	 * Return the prefetch counts of the channels that a connection of some kind has for
	 * consumers: the one that has the most of them.
	 */
	List<Integer> prefetchCounts(ConnectionKind kind) {
		return this.kinds.entrySet()
			.stream()
			.filter((entry) -> entry.getValue().equals(kind))
			.map((entry) -> entry.getKey().getPrefetchCounts())
			.max(Comparator.comparingInt(List::size))
			.orElse(List.of());
	}

	private void changed() {
		this.listeners.forEach(Runnable::run);
		this.awaited.forEach(Awaited::check);
	}

	@Override
	public void addListener(Runnable listener) {
		this.listeners.add(listener);
	}

	@Override
	public void setSharable(Predicate<String> sharable) {
		this.sharable = sharable;
	}

	@Override
	public void setDeclared(Predicate<String> declared) {
		this.declared = declared;
	}

	@Override
	public boolean isMoving() {
		return this.connections.stream().anyMatch(VirtualConnection::isMoving);
	}

	/**
	 * Return whether a connection that the application uses, or has left with work on it,
	 * is open to a broker.
	 */
	boolean isInUse(String broker) {
		return this.connections.stream().anyMatch((connection) -> connection.isConnectedTo(broker));
	}

	/**
	 * Have channels go to the active broker.
	 * @return completes when they have done so
	 */
	CompletableFuture<@Nullable Void> settled() {
		return await(() -> !isMoving(), this.settings.leaveTimeout());
	}

	/**
	 * Have consumers subscribed on a broker that is going to be active.
	 * @return completes when they are, as far as that is possible soon
	 */
	CompletableFuture<@Nullable Void> prepare(Broker broker) {
		this.connections.forEach((connection) -> connection.prepare(broker));
		return await(() -> this.connections.stream().allMatch(VirtualConnection::isAtRest), this.connector.timeout());
	}

	/**
	 * End what was prepared and is not in use.
	 */
	void endPreparation() {
		this.connections.forEach((connection) -> connection.prepare(null));
	}

	private CompletableFuture<@Nullable Void> await(BooleanSupplier condition, Duration timeout) {
		Awaited awaited = new Awaited(condition, new CompletableFuture<>());
		this.awaited.add(awaited);
		awaited.done().whenComplete((done, failure) -> this.awaited.remove(awaited));
		awaited.done().completeOnTimeout(null, timeout.toMillis(), TimeUnit.MILLISECONDS);
		awaited.check();
		if (this.tasks.isShutdown()) {
			awaited.done().complete(null);
		}
		return awaited.done();
	}

	@Override
	public void consumeBeside(Set<Broker> brokers) {
		this.beside = Set.copyOf(brokers);
		this.connections.forEach((connection) -> connection.consumeBeside(this.beside));
	}

	@Override
	public boolean isDrained(Broker broker) throws IOException {
		for (VirtualConnection connection : this.connections) {
			if (!connection.isDrained(broker)) {
				return false;
			}
		}
		return true;
	}

	@Override
	public Set<String> getQueuesBeside(Broker broker) {
		return this.connections.stream()
			.flatMap((connection) -> connection.getQueuesBeside(broker).stream())
			.collect(Collectors.toSet());
	}

	/**
	 * Any connection to the broker can tell.
	 */
	@Override
	public Map<String, Integer> countMessages(Broker broker, Collection<String> queues) throws IOException {
		for (VirtualConnection connection : this.connections) {
			if (!connection.getQueuesBeside(broker).isEmpty()) {
				return connection.countMessages(broker, queues);
			}
		}
		return Map.of();
	}

	@Override
	public int getConsumerCount(Broker broker) {
		return this.connections.stream().mapToInt((connection) -> connection.getConsumerCount(broker)).sum();
	}

	@Override
	public Set<String> getQueues() {
		return this.connections.stream()
			.flatMap((connection) -> connection.getQueues().stream())
			.collect(Collectors.toSet());
	}

	@Override
	public Set<String> getQueuesOnActive() {
		Broker broker = this.brokers.getActive();
		return (broker != null) ? this.connections.stream()
			.flatMap((connection) -> connection.getQueuesOn(broker).stream())
			.collect(Collectors.toSet()) : Set.of();
	}

	private void close() {
		this.tasks.shutdownNow();
		this.awaited.forEach((awaited) -> awaited.done().complete(null));
	}

	/**
	 * Something that is waited for.
	 *
	 * @param condition tells whether it is so
	 * @param done completes then
	 */
	private record Awaited(BooleanSupplier condition, CompletableFuture<@Nullable Void> done) {

		void check() {
			if (this.condition.getAsBoolean()) {
				this.done.complete(null);
			}
		}

	}

	/**
	 * Where one connection gets its connections to brokers from.
	 */
	private final class Source implements LinkSource {

		private final ConnectRequest request;

		Source(ConnectRequest request) {
			this.request = request;
		}

		@Override
		public @Nullable Broker active() {
			return VirtualConnections.this.brokers.getActive();
		}

		/**
		 * Spring's listeners, which declare what the application needs, are told of the
		 * first connection only.
		 */
		@Override
		public BrokerLink connect() throws IOException, InterruptedException {
			try {
				return VirtualConnections.this.active.connect(this.request, true);
			}
			catch (TimeoutException ex) {
				throw new IOException(ex.getMessage(), ex);
			}
		}

		/**
		 * A broker that is down is not tried: whoever looks after it tells when it is
		 * back.
		 */
		@Override
		public BrokerLink connectTo(Broker broker) throws IOException, InterruptedException {
			if (!isToBeTried(broker)) {
				throw new ConnectException("Broker '%s' is down or out of use".formatted(broker.name()));
			}
			return VirtualConnections.this.active.connectBeside(broker, this.request);
		}

		private boolean isToBeTried(Broker broker) {
			return VirtualConnections.this.brokers.getStatus(broker.name())
				.filter((status) -> status.broker().isSameAs(broker))
				.map(BrokerStatus::state)
				.filter((state) -> state != BrokerState.DOWN && state != BrokerState.DISABLED)
				.isPresent();
		}

		@Override
		public void awaitQueues(Broker broker) throws InterruptedException {
			Set<VirtualConnection> connections = VirtualConnections.this.connections;
			try {
				VirtualConnections.this
					.await(() -> connections.stream().noneMatch((connection) -> connection.isMissingQueues(broker)),
							FOREIGN_QUEUES)
					.get(FOREIGN_QUEUES.toNanos(), TimeUnit.NANOSECONDS);
			}
			catch (ExecutionException | TimeoutException ex) {
				logger.debug("Queues of consumers are not declared on %s yet".formatted(broker), ex);
			}
		}

		@Override
		public boolean isSharable(String queue) {
			return VirtualConnections.this.sharable.test(queue);
		}

		@Override
		public void close(BrokerLink link) {
			VirtualConnections.this.connector.abort(link.connection());
		}

		@Override
		public void execute(Runnable task) {
			VirtualConnections.this.tasks.execute(task);
		}

		@Override
		public void later(Duration delay, Runnable task) {
			VirtualConnections.this.connector.later(delay, task);
		}

		@Override
		public Executor consumers() {
			return VirtualConnections.this.consumers;
		}

		@Override
		public Duration connectTimeout() {
			BrokerConnector connector = VirtualConnections.this.connector;
			return connector.timeout().multipliedBy(VirtualConnections.this.brokers.getAll().size() + 1L);
		}

		@Override
		public Duration leaveTimeout() {
			return VirtualConnections.this.settings.leaveTimeout();
		}

	}

}
