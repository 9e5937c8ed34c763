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
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.LongSupplier;

import com.rabbitmq.client.ShutdownSignalException;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;

import dev.failover.broker.Broker;
import dev.failover.broker.Brokers;
import dev.failover.failure.ClientOperation;
import dev.failover.failure.CloseReason;
import dev.failover.failure.CloseVerdict;

/**
 * Watches connections, and tells {@link Brokers} when one has ended by a fault of its
 * broker. A connection that the broker closed for what one operation asked for, for a
 * mistake of the application, or because an operator said so is no such fault, unless
 * that goes on for a while without any connection to the broker that lasts.
 */
final class ConnectionWatch {

	private static final Log logger = LogFactory.getLog(ConnectionWatch.class);

	/**
	 * A connection that was open for so long shows that the broker works.
	 */
	static final Duration LASTING = Duration.ofSeconds(1);

	/**
	 * How long all connections may end earlier, and how many must do so.
	 */
	static final Duration PATIENCE = Duration.ofSeconds(10);

	static final int MANY = 5;

	private final Brokers brokers;

	private final Consumer<Broker> onExpired;

	private final Consumer<Broker> onChannelLimit;

	private final LongSupplier nanoTime;

	private final Map<OpenConnection, Long> openedAt = new ConcurrentHashMap<>();

	private final Map<String, Streak> streaks = new ConcurrentHashMap<>();

	private volatile boolean closed;

	/**
	 * Create a watch.
	 * @param onExpired told of the broker when it closes a connection because the
	 * credentials have expired, before anybody can connect again
	 * @param onChannelLimit told of the broker when it closes a connection because of a
	 * limit on channels
	 */
	ConnectionWatch(Brokers brokers, Consumer<Broker> onExpired, Consumer<Broker> onChannelLimit,
			LongSupplier nanoTime) {
		this.brokers = brokers;
		this.onExpired = onExpired;
		this.onChannelLimit = onChannelLimit;
		this.nanoTime = nanoTime;
	}

	/**
	 * Watch a connection until it ends. It counts as open until {@link Brokers} has been
	 * told: whoever is refused a further connection waits for what it says.
	 * @param opened the connection
	 * @param aside whether it is not one of the application, so that nobody needs to be
	 * told that the broker closes it and stays in use
	 * @param abandoned whether it was given up before anybody used it, and is therefore
	 * closed by this side
	 */
	void watch(OpenConnection opened, boolean aside, BooleanSupplier abandoned) {
		this.openedAt.put(opened, this.nanoTime.getAsLong());
		opened.connection().addShutdownListener((signal) -> {
			try {
				if (!this.closed && !abandoned.getAsBoolean()) {
					ended(opened, aside, signal);
				}
			}
			finally {
				this.openedAt.remove(opened);
			}
		});
	}

	private void ended(OpenConnection connection, boolean aside, ShutdownSignalException signal) {
		Broker broker = connection.broker();
		CloseReason reason = FailureReasons.closedWith(signal);
		String why = (reason != null) ? excuse(reason, signal) : null;
		if (reason == CloseReason.CREDENTIALS_EXPIRED) {
			this.onExpired.accept(broker);
		}
		if (reason == CloseReason.CHANNEL_LIMIT) {
			this.onChannelLimit.accept(broker);
		}
		if (why != null && (isOfOperation(reason, signal) || isExcused(broker.name()))) {
			String text = "Broker %s closed a connection %s, and stays in use: %s".formatted(broker, why,
					signal.getMessage());
			if (aside) {
				logger.debug(text);
			}
			else {
				logger.warn(text);
			}
		}
		else if (FailureReasons.isOfBroker(signal)) {
			this.brokers.failed(broker, connection.incarnation(), FailureReasons.of(signal), signal);
		}
	}

	/**
	 * Return why a connection was closed if that is no fault of the broker.
	 */
	private static @Nullable String excuse(CloseReason reason, ShutdownSignalException signal) {
		ClientOperation operation = ClientOperation.named(signal);
		return switch (reason.getVerdict()) {
			case MISTAKE, PERMISSION -> "for a mistake of this application";
			case OPERATION -> (operation != null) ? "in answer to " + operation : "in answer to one operation";
			case LIMIT -> "because of a limit";
			case CREDENTIALS -> "because its credentials have expired";
			case CONNECTION -> "on demand";
			default -> null;
		};
	}

	/**
	 * However soon and often such connections end, it is known for what.
	 */
	private static boolean isOfOperation(@Nullable CloseReason reason, ShutdownSignalException signal) {
		return reason != null && (reason.getVerdict() == CloseVerdict.LIMIT
				|| (reason.getVerdict() == CloseVerdict.OPERATION && ClientOperation.named(signal) != null));
	}

	private boolean isExcused(String broker) {
		long now = this.nanoTime.getAsLong();
		boolean works = this.openedAt.entrySet()
			.stream()
			.anyMatch((entry) -> entry.getKey().broker().name().equals(broker)
					&& now - entry.getValue() >= LASTING.toNanos());
		if (works) {
			this.streaks.remove(broker);
			return true;
		}
		Streak streak = this.streaks.merge(broker, new Streak(now, 1),
				(before, one) -> new Streak(before.begunAt(), before.count() + 1));
		if (streak.count() < MANY || now - streak.begunAt() < PATIENCE.toNanos()) {
			return true;
		}
		this.streaks.remove(broker);
		return false;
	}

	/**
	 * Return the connections that are open.
	 */
	Set<OpenConnection> open() {
		return Set.copyOf(this.openedAt.keySet());
	}

	/**
	 * Tell nothing any more.
	 */
	void close() {
		this.closed = true;
	}

	/**
	 * Connections to a broker that ended early, one after the other.
	 *
	 * @param begunAt when the first one ended, in nanoseconds
	 * @param count how many
	 */
	private record Streak(long begunAt, int count) {
	}

}
