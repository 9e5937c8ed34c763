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
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.stream.Stream;

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
import dev.failover.broker.FailureReason;
import dev.failover.broker.LateStart;

/**
 * Opens connections to single brokers, each within the connect time-out, and tells
 * {@link Brokers} when one fails or is lost. Sockets of a broker that failed are closed
 * at once.
 */
final class BrokerConnector implements AutoCloseable {

	private static final Log logger = LogFactory.getLog(BrokerConnector.class);

	private static final long IDLE_SECONDS = 10;

	private static final Duration AGAIN = Duration.ofSeconds(1);

	/**
	 * How long brokers may take at the end to answer that a connection is closed.
	 */
	private static final Duration FAREWELL = Duration.ofSeconds(2);

	/**
	 * From the refusal or reset of a connection to the end of those that are open, at
	 * most.
	 */
	private static final Duration LAST_WORDS = Duration.ofSeconds(1);

	private final Brokers brokers;

	private final ConnectSettings settings;

	private final OpenSockets sockets = new OpenSockets();

	private final Set<ConnectAttempt> attempts = ConcurrentHashMap.newKeySet();

	private final ConnectionObservers observers = new ConnectionObservers();

	private final ConnectionsInOpening inOpening = new ConnectionsInOpening();

	private final BrokerDialer dialer;

	private final ConnectionWatch watch;

	private final List<Consumer<OpenConnection>> listeners = new CopyOnWriteArrayList<>();

	private final List<Consumer<Broker>> onLimit = new CopyOnWriteArrayList<>();

	private final List<Consumer<Broker>> onChannelLimit = new CopyOnWriteArrayList<>();

	private final List<Runnable> onClose = new CopyOnWriteArrayList<>();

	private final List<Runnable> onClosed = new CopyOnWriteArrayList<>();

	private final List<ConnectionPreparer> preparers = new CopyOnWriteArrayList<>();

	private final ThreadPoolExecutor executor;

	/**
	 * Takes over what is delivered, as many channels at a time as there are: one whose
	 * consumer has no room holds up no other.
	 */
	private final ThreadPoolExecutor dispatch;

	private final ScheduledThreadPoolExecutor timer;

	private volatile boolean refusing;

	BrokerConnector(Brokers brokers, BrokerFactories factories, ConnectSettings settings, HostResolver resolver) {
		this.brokers = brokers;
		this.settings = settings;
		this.executor = pool("failover-connect-");
		this.dispatch = pool("failover-dispatch-");
		this.dialer = new BrokerDialer(factories, this.sockets, resolver, settings, this.executor, this.dispatch);
		this.watch = new ConnectionWatch(brokers, this.dialer::credentialsExpired,
				(broker) -> this.onChannelLimit.forEach((listener) -> listener.accept(broker)), System::nanoTime);
		this.timer = new ScheduledThreadPoolExecutor(1, threads("failover-connect-timer-"));
		this.timer.setKeepAliveTime(IDLE_SECONDS, TimeUnit.SECONDS);
		this.timer.allowCoreThreadTimeOut(true);
		this.timer.setRemoveOnCancelPolicy(true);
		brokers.addListener(this::onEvent, EventStage.CONNECTIONS);
	}

	private static ThreadPoolExecutor pool(String prefix) {
		return new ThreadPoolExecutor(0, Integer.MAX_VALUE, IDLE_SECONDS, TimeUnit.SECONDS, new SynchronousQueue<>(),
				threads(prefix));
	}

	private static CustomizableThreadFactory threads(String prefix) {
		CustomizableThreadFactory threads = new CustomizableThreadFactory(prefix);
		threads.setDaemon(true);
		return threads;
	}

	private void onEvent(BrokerEvent event) {
		if (event instanceof BrokerEvent.StateChanged changed && changed.to() == BrokerState.DOWN) {
			closeEarlier(changed.broker());
		}
		else if (event instanceof BrokerEvent.Lost lost) {
			closeEarlier(lost.broker());
		}
		else if (event instanceof BrokerEvent.Removed removed) {
			closeEarlier(removed.broker());
			this.dialer.forget(removed.broker());
		}
	}

	private void closeEarlier(Broker broker) {
		long incarnation = this.brokers.getIncarnation(broker);
		this.sockets.closeBefore(broker, incarnation);
		this.attempts.forEach((attempt) -> {
			if (attempt.broker().name().equals(broker.name()) && attempt.incarnation() < incarnation) {
				attempt.fail(new IOException("Broker '%s' has failed meanwhile".formatted(broker.name())));
			}
		});
	}

	/**
	 * Begin to open a connection. The attempt ends within the connect time-out.
	 */
	ConnectAttempt start(Broker broker, ConnectRequest request) {
		return start(broker, request, List.of(), this.settings.timeout(), this::ended);
	}

	/**
	 * Begin to open a connection and to prepare it, all within the connect time-out.
	 */
	ConnectAttempt startPrepared(Broker broker, ConnectRequest request) {
		return startPrepared(broker, request, List.of());
	}

	/**
	 * Begin to open a connection and to prepare it, at last with some preparers more.
	 */
	ConnectAttempt startPrepared(Broker broker, ConnectRequest request, List<ConnectionPreparer> more) {
		List<ConnectionPreparer> all = Stream.concat(this.preparers.stream(), more.stream()).toList();
		return start(broker, request, all, this.settings.timeout(), this::ended);
	}

	/**
	 * Begin to open a connection that is to tell whether a broker can serve. One that
	 * could not be prepared last time must be so now.
	 */
	ConnectAttempt startCheck(Broker broker, ConnectRequest request) {
		boolean unprepared = this.brokers.getStatus(broker.name())
			.filter((status) -> status.state() == BrokerState.DOWN)
			.map(BrokerStatus::lastFailure)
			.filter((failure) -> failure.reason() == FailureReason.NOT_PREPARED)
			.isPresent();
		return unprepared ? startPrepared(broker, request) : start(broker, request);
	}

	/**
	 * Begin to open a connection, without telling {@link Brokers} if that fails.
	 */
	ConnectAttempt startUnreported(Broker broker, String name, Duration timeout) {
		ConnectAttempt attempt = start(broker, ConnectRequest.named(name), List.of(), this.settings.timeout(),
				(ended, failure) -> this.attempts.remove(ended));
		later(timeout, () -> attempt.giveUp(timeout(broker, timeout)));
		return attempt;
	}

	private ConnectAttempt start(Broker broker, ConnectRequest request, List<ConnectionPreparer> toPrepare,
			Duration within, BiConsumer<ConnectAttempt, @Nullable Throwable> onEnd) {
		ConnectAttempt attempt = new ConnectAttempt(broker, this.brokers.getIncarnation(broker), (ended, failure) -> {
			this.observers.ended(ended, failure);
			onEnd.accept(ended, failure);
		});
		this.attempts.add(attempt);
		if (this.refusing) {
			attempt.fail(closed());
			return attempt;
		}
		try {
			this.executor.execute(() -> connect(attempt, request, toPrepare));
			var timeout = this.timer.schedule(() -> attempt.fail(timeout(broker, within)), within.toMillis(),
					TimeUnit.MILLISECONDS);
			attempt.result().whenComplete((connection, failure) -> timeout.cancel(false));
		}
		catch (RejectedExecutionException ex) {
			attempt.fail(closed());
		}
		catch (Throwable ex) {
			attempt.fail(ex);
		}
		return attempt;
	}

	private static CancellationException closed() {
		return new CancellationException("The connection factory is closed");
	}

	private static TimeoutException timeout(Broker broker, Duration within) {
		return new TimeoutException("%s did not answer within %d ms".formatted(broker.uri(), within.toMillis()));
	}

	private void connect(ConnectAttempt attempt, ConnectRequest request, List<ConnectionPreparer> toPrepare) {
		try {
			OpenConnection opened = openPrepared(attempt, request, toPrepare);
			this.watch.watch(opened, request.aside(), attempt::hasFailed);
			opened.connection().addShutdownListener((signal) -> this.observers.closed(attempt.broker(), signal));
			attempt.succeed(opened);
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
			attempt.fail(ex);
		}
		catch (Throwable ex) {
			attempt.fail(ex);
		}
	}

	/**
	 * Each connection that is spent leaves something less to be prepared.
	 */
	private OpenConnection openPrepared(ConnectAttempt attempt, ConnectRequest request,
			List<ConnectionPreparer> preparers) throws IOException, TimeoutException, InterruptedException {
		while (true) {
			OpenConnection opened = this.dialer.dial(attempt, request);
			this.brokers.identified(attempt.broker(), attempt.incarnation(), ClusterName.of(opened.connection()));
			this.brokers.introduced(attempt.broker(), attempt.incarnation(), ServerProperties.of(opened.connection()));
			try {
				prepare(opened, preparers);
				return opened;
			}
			catch (SpentConnectionException ex) {
				logger.debug("A further connection to %s is needed".formatted(attempt.broker()), ex);
			}
		}
	}

	private void prepare(OpenConnection connection, List<ConnectionPreparer> preparers)
			throws SpentConnectionException, PreparationException {
		this.inOpening.beginPreparation(connection.connection());
		try {
			for (ConnectionPreparer preparer : preparers) {
				preparer.prepare(connection);
			}
		}
		catch (VirtualMachineError | SpentConnectionException ex) {
			throw ex;
		}
		catch (Throwable ex) {
			throw new PreparationException(connection.broker().name(), ex);
		}
		finally {
			this.inOpening.endPreparation();
		}
	}

	private void ended(ConnectAttempt attempt, @Nullable Throwable failure) {
		this.attempts.remove(attempt);
		if (failure instanceof VirtualMachineError) {
			logger.error("No connection to %s, which is not to blame".formatted(attempt.broker()), failure);
		}
		else if (FailureReasons.isLimit(failure)) {
			this.onLimit.forEach((listener) -> listener.accept(attempt.broker()));
		}
		else if (failure != null && !(failure instanceof CancellationException)) {
			failed(attempt, failure);
		}
	}

	/**
	 * A broker that refuses or resets a further connection is about to say why on those
	 * that are open: a node that is put into maintenance closes its listener first, and
	 * the sockets of one that is killed end in any order.
	 */
	private void failed(ConnectAttempt attempt, Throwable failure) {
		FailureReason reason = FailureReasons.of(failure);
		Runnable report = () -> this.brokers.failed(attempt.broker(), attempt.incarnation(), reason, failure);
		if (FailureReasons.isTurnedAway(failure) && hasOpen(attempt.broker())) {
			logger.debug("Further connection to %s is refused or reset".formatted(attempt.broker()), failure);
			later(LAST_WORDS, report);
		}
		else {
			report.run();
		}
	}

	private boolean hasOpen(Broker broker) {
		return this.watch.open().stream().anyMatch((open) -> open.broker().name().equals(broker.name()));
	}

	/**
	 * Let an attempt go on for what it tells of the broker, and close the connection that
	 * it opens. The future completes, or fails, when {@link Brokers} has been told.
	 */
	CompletableFuture<Void> discard(ConnectAttempt attempt) {
		return attempt.result().thenAccept((opened) -> {
			this.brokers.answered(attempt.broker());
			abort(opened.connection());
		});
	}

	/**
	 * Close a connection in the background, within the connect time-out.
	 */
	void abort(Connection connection) {
		execute(() -> connection.abort((int) this.settings.timeout().toMillis()));
	}

	/**
	 * Do something that may block, and that nobody waits for. For a lack of threads, it
	 * is done later.
	 */
	void execute(Runnable task) {
		try {
			this.executor.execute(() -> run(task));
		}
		catch (RejectedExecutionException ex) {
			logger.debug("The connection factory is closed, and closes all sockets", ex);
		}
		catch (Throwable ex) {
			logger.error("Connections are looked after with delay", ex);
			later(AGAIN, () -> execute(task));
		}
	}

	/**
	 * Tell the listeners that the application uses a connection.
	 */
	void inUse(OpenConnection opened) {
		this.listeners.forEach((listener) -> listener.accept(opened));
	}

	void setCredentialsRefresh(CredentialsRefresh refresh) {
		this.dialer.setCredentialsRefresh(refresh);
	}

	void addObserver(ConnectionObserver observer) {
		this.observers.add(observer);
	}

	void addPreparer(ConnectionPreparer preparer) {
		this.preparers.add(preparer);
	}

	void addListener(Consumer<OpenConnection> listener) {
		this.listeners.add(listener);
	}

	/**
	 * Add a listener that is notified when a broker refuses a connection because of a
	 * limit, which is no failure of the broker.
	 */
	void onLimit(Consumer<Broker> listener) {
		this.onLimit.add(listener);
	}

	/**
	 * Add a listener that is told of a broker that has closed a connection because of a
	 * limit on channels.
	 */
	void onChannelLimit(Consumer<Broker> listener) {
		this.onChannelLimit.add(listener);
	}

	void onClose(Runnable task) {
		this.onClose.add(task);
	}

	/**
	 * Add what is called when all connections are closed.
	 */
	void onClosed(Runnable task) {
		this.onClosed.add(task);
	}

	ConnectionsInOpening inOpening() {
		return this.inOpening;
	}

	Duration timeout() {
		return this.settings.timeout();
	}

	/**
	 * Do something that does not block, later.
	 */
	void later(Duration delay, Runnable task) {
		try {
			this.timer.schedule(() -> run(task), delay.toMillis(), TimeUnit.MILLISECONDS);
		}
		catch (RejectedExecutionException ex) {
			logger.debug("The connection factory is closed", ex);
		}
		catch (Throwable ex) {
			logger.error("Connections are looked after with delay", ex);
			LateStart.of(this.timer);
		}
	}

	private static void run(Runnable task) {
		try {
			task.run();
		}
		catch (Throwable ex) {
			logger.error("Connections cannot be looked after at the moment", ex);
		}
	}

	/**
	 * Return the connections that are open, whoever uses them.
	 */
	Set<OpenConnection> open() {
		return this.watch.open();
	}

	/**
	 * Do something that may block, in the background.
	 */
	CompletableFuture<?> inBackground(Runnable task) {
		try {
			return CompletableFuture.runAsync(task, this.executor);
		}
		catch (RejectedExecutionException ex) {
			return CompletableFuture.failedFuture(ex);
		}
	}

	/**
	 * Open no connection any more, and release whoever waits for one. Those that are open
	 * stay so.
	 */
	void refuse() {
		this.refusing = true;
		this.watch.close();
		this.timer.shutdownNow();
		this.onClose.forEach(BrokerConnector::run);
		this.attempts.forEach((attempt) -> attempt.fail(closed()));
	}

	/**
	 * Close all connections by the protocol, side by side, so that no broker logs a
	 * warning. Brokers that do not answer do not keep the caller: their sockets are
	 * closed then.
	 */
	@Override
	public void close() {
		this.refusing = true;
		this.watch.close();
		this.timer.shutdownNow();
		this.onClose.forEach(BrokerConnector::run);
		this.attempts.forEach((attempt) -> attempt.giveUp(closed()));
		open().forEach((opened) -> abort(opened.connection()));
		this.executor.shutdown();
		try {
			if (!this.executor.awaitTermination(FAREWELL.toMillis(), TimeUnit.MILLISECONDS)) {
				logger.debug("Not all brokers have answered that connections are closed");
			}
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
		}
		this.sockets.closeAll();
		this.dispatch.shutdown();
		this.onClosed.forEach(BrokerConnector::run);
	}

}
