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

import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;

import com.rabbitmq.client.Connection;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;
import org.springframework.scheduling.concurrent.CustomizableThreadFactory;

import dev.failover.broker.Activation;
import dev.failover.broker.Broker;
import dev.failover.broker.BrokerEvent;
import dev.failover.broker.Brokers;
import dev.failover.broker.EventStage;
import dev.failover.broker.LateStart;

/**
 * The connections that the application uses, and those that it leaves in a planned move:
 * they are closed when nothing runs on their channels any more, or its time is over.
 */
final class LeavableConnections implements AutoCloseable {

	private static final Log logger = LogFactory.getLog(LeavableConnections.class);

	/**
	 * Whoever has just found the connection open may open a channel still.
	 */
	private static final Duration FIRST = Duration.ofMillis(500);

	private static final Duration ROUND = Duration.ofMillis(100);

	private final Brokers brokers;

	private final BrokerConnector connector;

	private final Duration timeout;

	private final DirectReplyNames replyNames;

	private final QueueDoor queues;

	private final Set<InUse> inUse = ConcurrentHashMap.newKeySet();

	private final List<Consumer<Connection>> cleaners = new CopyOnWriteArrayList<>();

	/**
	 * What somebody waits for until idle channels are closed.
	 */
	private final Set<CompletableFuture<@Nullable Void>> awaited = ConcurrentHashMap.newKeySet();

	private final ScheduledThreadPoolExecutor executor;

	LeavableConnections(Brokers brokers, BrokerConnector connector, QueueDoor queues, Duration timeout) {
		this.brokers = brokers;
		this.connector = connector;
		this.timeout = timeout;
		this.queues = queues;
		this.replyNames = new DirectReplyNames(brokers);
		CustomizableThreadFactory threads = new CustomizableThreadFactory("failover-leave-");
		threads.setDaemon(true);
		this.executor = new ScheduledThreadPoolExecutor(1, threads);
		this.executor.setKeepAliveTime(10, TimeUnit.SECONDS);
		this.executor.allowCoreThreadTimeOut(true);
		this.executor.setExecuteExistingDelayedTasksAfterShutdownPolicy(false);
		connector.onClose(this::close);
		brokers.addListener((event) -> {
			if (event instanceof BrokerEvent.Activated activated && activated.isPlanned()) {
				leaveOthers(activated.to());
			}
		}, EventStage.CONNECTIONS);
	}

	/**
	 * Add what closes idle channels of a connection that is left. It may block.
	 * @return removes it again
	 */
	Runnable addCleaner(Consumer<Connection> cleaner) {
		this.cleaners.add(cleaner);
		return () -> this.cleaners.remove(cleaner);
	}

	/**
	 * Take a connection into use.
	 * @return the view of it for the application
	 */
	Connection use(OpenConnection opened) {
		LeavableConnection view = new LeavableConnection(opened, () -> isElsewhere(opened.broker()), this.replyNames,
				this.queues);
		InUse entry = new InUse(opened, view, new AtomicBoolean());
		this.inUse.add(entry);
		opened.connection().addBlockedListener((reason) -> entry.blocked().set(true), () -> entry.blocked().set(false));
		opened.connection().addShutdownListener((signal) -> this.inUse.remove(entry));
		if (isElsewhere(opened.broker())) {
			leave(entry);
		}
		return view;
	}

	/**
	 * Return whether a connection that the application uses, or has left with work on it,
	 * is open to a broker.
	 */
	boolean isInUse(String broker) {
		return this.inUse.stream().anyMatch((entry) -> entry.opened().broker().name().equals(broker));
	}

	private boolean isElsewhere(Broker broker) {
		Activation active = this.brokers.getActivation();
		return active != null && !active.broker().name().equals(broker.name());
	}

	private void leaveOthers(Broker active) {
		for (InUse entry : this.inUse) {
			if (!entry.opened().broker().name().equals(active.name())) {
				run(() -> leave(entry));
			}
		}
	}

	/**
	 * Leave one connection, whose broker may be active.
	 * @param connection the view of a connection
	 */
	void leave(Connection connection) {
		this.inUse.stream().filter((entry) -> entry.view() == connection).forEach(this::leave);
	}

	private void leave(InUse entry) {
		if (!entry.view().leave()) {
			return;
		}
		if (entry.blocked().get()) {
			cut(entry);
			return;
		}
		later(Duration.ZERO, () -> clean(entry.opened().connection()));
		later(FIRST, () -> closeIfIdle(entry, System.nanoTime() + this.timeout.toNanos()));
	}

	private void closeIfIdle(InUse entry, long deadline) {
		boolean done = false;
		try {
			done = isClosedIfIdle(entry, deadline);
		}
		finally {
			if (!done) {
				later(ROUND, () -> closeIfIdle(entry, deadline));
			}
		}
	}

	/**
	 * Close a connection that is to be left, if nothing runs on it any more.
	 * @return whether there is nothing more to be done
	 */
	private boolean isClosedIfIdle(InUse entry, long deadline) {
		Connection connection = entry.opened().connection();
		if (!connection.isOpen()) {
			return true;
		}
		if (entry.blocked().get()) {
			cut(entry);
			return true;
		}
		clean(connection);
		boolean overdue = System.nanoTime() - deadline >= 0;
		if (entry.view().hasChannels() && !overdue) {
			return false;
		}
		if (overdue) {
			logger.info("Connection to %s is closed with work on it: it did not end within %d ms"
				.formatted(entry.opened().broker(), this.timeout.toMillis()));
		}
		this.connector.abort(connection);
		return true;
	}

	/**
	 * Close a connection that the broker does not read, because of an alarm: nothing on
	 * it would come to an end.
	 */
	private void cut(InUse entry) {
		logger.info("Connection to %s is closed with what runs on it: the broker is blocked by an alarm"
			.formatted(entry.opened().broker()));
		this.connector.abort(entry.opened().connection());
		later(ROUND, () -> cutOff(entry));
	}

	/**
	 * Close the socket as soon as that is not taken for a failure of the broker.
	 */
	private void cutOff(InUse entry) {
		if (entry.opened().connection().getCloseReason() != null) {
			OpenSockets.close(entry.opened().socket());
		}
		else {
			later(ROUND, () -> cutOff(entry));
		}
	}

	private void clean(Connection connection) {
		for (Consumer<Connection> cleaner : this.cleaners) {
			try {
				cleaner.accept(connection);
			}
			catch (Throwable ex) {
				logger.debug("Idle channels of a connection that is left cannot be closed", ex);
			}
		}
	}

	/**
	 * Close the channels that are idle from now on on connections that have been left.
	 * @return a future that completes when that is done
	 */
	CompletableFuture<@Nullable Void> cleaned() {
		CompletableFuture<@Nullable Void> cleaned = new CompletableFuture<>();
		this.awaited.add(cleaned);
		cleaned.whenComplete((done, failure) -> this.awaited.remove(cleaned));
		if (this.executor.isShutdown()) {
			cleaned.complete(null);
		}
		later(Duration.ZERO, () -> {
			try {
				cleanAll();
			}
			finally {
				cleaned.complete(null);
			}
		});
		return cleaned;
	}

	private void cleanAll() {
		for (InUse entry : this.inUse) {
			if (entry.view().isLeft() && !entry.blocked().get()) {
				clean(entry.opened().connection());
			}
		}
	}

	/**
	 * Return whether new work belongs on another connection.
	 * @param connection the view of a connection, or what its channels return
	 */
	boolean isLeft(Connection connection) {
		if (connection instanceof LeavableConnection view) {
			return view.isLeft();
		}
		return this.inUse.stream()
			.anyMatch((entry) -> entry.opened().connection() == connection && entry.view().isLeft());
	}

	private void later(Duration delay, Runnable task) {
		try {
			this.executor.schedule(() -> run(task), delay.toMillis(), TimeUnit.MILLISECONDS);
		}
		catch (RejectedExecutionException ex) {
			logger.debug("The connection factory is closed", ex);
		}
		catch (Throwable ex) {
			logger.error("Connections are left with delay", ex);
			LateStart.of(this.executor);
		}
	}

	private static void run(Runnable task) {
		try {
			task.run();
		}
		catch (Throwable ex) {
			logger.error("A connection cannot be left at the moment", ex);
		}
	}

	@Override
	public void close() {
		this.executor.shutdownNow();
		this.awaited.forEach((cleaned) -> cleaned.complete(null));
	}

	/**
	 * A connection in use.
	 *
	 * @param opened the connection
	 * @param view what the application sees of it
	 * @param blocked whether the broker does not read it, because of an alarm
	 */
	private record InUse(OpenConnection opened, LeavableConnection view, AtomicBoolean blocked) {
	}

}
