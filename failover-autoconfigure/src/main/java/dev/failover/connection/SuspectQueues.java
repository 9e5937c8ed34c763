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
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import java.util.stream.Collectors;

import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.Channel;
import com.rabbitmq.client.ChannelContinuationTimeoutException;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.ShutdownSignalException;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;

import dev.failover.broker.Broker;
import dev.failover.broker.BrokerEvent;
import dev.failover.broker.BrokerState;
import dev.failover.broker.Brokers;
import dev.failover.broker.EventStage;
import dev.failover.failure.ClientOperation;
import dev.failover.failure.CloseReason;

/**
 * Queues that a broker cannot be consumed from at the moment, although it serves all
 * others: quorum queues without a member that runs, for example. RabbitMQ answers each
 * try with the end of the whole connection (541), or not at all. After the first one,
 * such a queue is tried again on a connection apart, and whoever consumes it on a
 * connection that others share is refused until that has succeeded.
 * <p>
 * Nothing happens by itself: a try apart is made when somebody wants to consume, and the
 * time for it has come.
 */
final class SuspectQueues {

	private static final Log logger = LogFactory.getLog(SuspectQueues.class);

	private static final String NAME = "failover-queue-check";

	/**
	 * How long after a try in vain a queue is tried apart again: twice as long each time,
	 * up to a maximum. The first try is made as soon as somebody wants to consume: other
	 * queues may be suspect with the one that is to blame.
	 */
	static final Duration FIRST_INTERVAL = Duration.ofSeconds(1);

	static final Duration MAX_INTERVAL = Duration.ofSeconds(10);

	/**
	 * RabbitMQ takes 65 seconds for some queues, and then closes the connection.
	 */
	private static final Duration CHECK_TIMEOUT = Duration.ofSeconds(10);

	/**
	 * A consumer that gets nothing as long as there is another one.
	 */
	private static final Map<String, Object> LAST = Map.of("x-priority", -1000);

	private final Brokers brokers;

	private final BrokerConnector connector;

	private final LongSupplier nanoTime;

	private final Map<Key, Suspect> suspects = new ConcurrentHashMap<>();

	SuspectQueues(Brokers brokers, BrokerConnector connector, LongSupplier nanoTime) {
		this.brokers = brokers;
		this.connector = connector;
		this.nanoTime = nanoTime;
		brokers.addListener(this::onEvent, EventStage.CONNECTIONS);
	}

	/**
	 * The queues of a broker that is down are not known to be out of order. They stay
	 * suspect.
	 */
	private void onEvent(BrokerEvent event) {
		if (event instanceof BrokerEvent.StateChanged changed && changed.to() == BrokerState.DOWN) {
			this.suspects.values()
				.stream()
				.filter((suspect) -> suspect.isOn(changed.broker()))
				.forEach(Suspect::untell);
			report(changed.broker());
		}
		else if (event instanceof BrokerEvent.Removed removed) {
			this.suspects.values().removeIf((suspect) -> suspect.isOn(removed.broker()));
		}
	}

	/**
	 * Do something with a queue that the broker may answer with the end of the
	 * connection, unless the queue is suspect.
	 * @throws IOException if it is
	 */
	@Nullable Object touch(Broker broker, ClientOperation operation, String queue, QueueDoor.Action action) throws Throwable {
		Key key = new Key(broker.name(), queue);
		Suspect suspect = this.suspects.get(key);
		if (suspect != null) {
			suspect.require(broker);
		}
		try {
			Object result = action.run();
			succeeded(key, broker);
			return result;
		}
		catch (IOException | RuntimeException ex) {
			failed(key, operation, ex);
			throw ex;
		}
	}

	private void failed(Key key, ClientOperation operation, Throwable failure) {
		String answer = answer(key.queue(), operation, failure);
		if (answer != null) {
			this.suspects.computeIfAbsent(key, Suspect::new).failed(failure, answer);
		}
	}

	private void succeeded(Key key, Broker broker) {
		Suspect suspect = this.suspects.remove(key);
		if (suspect != null && suspect.isTold()) {
			logger.info("Queue '%s' can be consumed on broker '%s' again".formatted(key.queue(), key.broker()));
			report(broker);
		}
	}

	/**
	 * Report what was told, until nobody has changed it meanwhile.
	 */
	private void report(Broker broker) {
		Set<String> told;
		do {
			long incarnation = this.brokers.getIncarnation(broker);
			told = told(broker);
			this.brokers.suspected(broker, incarnation, told);
		}
		while (!told.equals(told(broker)));
	}

	private Set<String> told(Broker broker) {
		return this.suspects.values()
			.stream()
			.filter((suspect) -> suspect.isOn(broker) && suspect.isTold())
			.map((suspect) -> suspect.key.queue())
			.collect(Collectors.toSet());
	}

	/**
	 * Return what the broker says of a queue, or {@code null} if the failure has another
	 * cause. All that was under way on a connection ends with the same exception; most
	 * texts name the queue, but RabbitMQ 3.10 names neither queue nor operation.
	 */
	private static @Nullable String answer(String queue, ClientOperation operation, Throwable failure) {
		for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
			if (cause instanceof ChannelContinuationTimeoutException) {
				return "no answer";
			}
			if (cause instanceof ShutdownSignalException signal) {
				ClientOperation named = ClientOperation.named(signal);
				String text = (signal.getReason() instanceof AMQP.Connection.Close close) ? close.getReplyText() : "";
				boolean possible = CloseReason.of(signal) == CloseReason.INTERNAL_ERROR
						&& (named == null || named == operation)
						&& (text.contains("'" + queue + "'") || !text.contains("queue '"));
				return possible ? text : null;
			}
		}
		return null;
	}

	/**
	 * A queue on a broker.
	 *
	 * @param broker the name of the broker
	 * @param queue the name of the queue
	 */
	private record Key(String broker, String queue) {
	}

	/**
	 * What a try on a connection apart has told.
	 */
	private enum Verdict {

		/**
		 * The queue can be consumed, or is refused for a reason of its own, which whoever
		 * consumes it is to be told.
		 */
		CLEARED,

		/**
		 * The broker has ended the connection for the queue, or has not answered.
		 */
		IN_VAIN,

		/**
		 * Nothing about the queue.
		 */
		UNKNOWN

	}

	/**
	 * A queue that is suspect.
	 */
	private final class Suspect {

		private final Key key;

		private final ReentrantLock lock = new ReentrantLock();

		private @Nullable Throwable failure;

		private @Nullable String answer;

		private @Nullable Duration interval;

		private long nextCheck = SuspectQueues.this.nanoTime.getAsLong();

		private boolean checking;

		private boolean cleared;

		private boolean told;

		Suspect(Key key) {
			this.key = key;
		}

		boolean isOn(Broker broker) {
			return this.key.broker().equals(broker.name());
		}

		/**
		 * Suspect the queue, for longer than the last time.
		 */
		void failed(Throwable failure, String answer) {
			this.lock.lock();
			try {
				this.failure = failure;
				this.answer = answer;
				if (this.cleared) {
					this.cleared = false;
					postpone();
				}
			}
			finally {
				this.lock.unlock();
			}
		}

		boolean isTold() {
			this.lock.lock();
			try {
				return this.told;
			}
			finally {
				this.lock.unlock();
			}
		}

		void untell() {
			this.lock.lock();
			try {
				this.told = false;
			}
			finally {
				this.lock.unlock();
			}
		}

		private void postpone() {
			Duration longer = (this.interval != null) ? this.interval.multipliedBy(2) : FIRST_INTERVAL;
			this.interval = (longer.compareTo(MAX_INTERVAL) < 0) ? longer : MAX_INTERVAL;
			this.nextCheck = SuspectQueues.this.nanoTime.getAsLong() + this.interval.toNanos();
		}

		void require(Broker broker) throws IOException {
			Throwable failure;
			boolean due;
			this.lock.lock();
			try {
				if (this.cleared) {
					return;
				}
				failure = this.failure;
				due = !this.checking && SuspectQueues.this.nanoTime.getAsLong() - this.nextCheck >= 0;
				this.checking |= due;
			}
			finally {
				this.lock.unlock();
			}
			if (due) {
				check(broker);
			}
			throw new IOException(
					"Queue '%s' cannot be consumed on broker '%s' at the moment, and is tried again on a connection apart"
						.formatted(this.key.queue(), this.key.broker()),
					failure);
		}

		/**
		 * Try the queue on a connection that nobody else uses.
		 */
		private void check(Broker broker) {
			BrokerConnector connector = SuspectQueues.this.connector;
			long incarnation = SuspectQueues.this.brokers.getIncarnation(broker);
			try {
				connector.startUnreported(broker, NAME, connector.timeout())
					.result()
					.whenComplete((opened, failure) -> {
						if (failure != null) {
							checked(broker, incarnation, Verdict.UNKNOWN);
						}
						else {
							check(opened.connection(), (verdict) -> checked(broker, incarnation, verdict));
						}
					});
			}
			catch (Throwable ex) {
				logger.error("Queue '%s' cannot be tried at the moment".formatted(this.key.queue()), ex);
				checked(broker, incarnation, Verdict.UNKNOWN);
			}
		}

		private void check(Connection connection, Consumer<Verdict> whenChecked) {
			AtomicReference<Verdict> verdict = new AtomicReference<>(Verdict.UNKNOWN);
			AtomicBoolean overdue = new AtomicBoolean();
			CompletableFuture<?> check;
			try {
				SuspectQueues.this.connector.later(CHECK_TIMEOUT, () -> {
					overdue.set(true);
					SuspectQueues.this.connector.abort(connection);
				});
				check = SuspectQueues.this.connector.inBackground(() -> verdict.set(consume(connection, overdue)));
			}
			catch (Throwable ex) {
				check = CompletableFuture.failedFuture(ex);
			}
			check.whenComplete((done, failure) -> {
				whenChecked.accept(verdict.get());
				SuspectQueues.this.connector.abort(connection);
			});
		}

		private Verdict consume(Connection connection, AtomicBoolean overdue) {
			Channel channel = open(connection);
			if (channel == null) {
				return Verdict.UNKNOWN;
			}
			try {
				String tag = channel.basicConsume(this.key.queue(), false, LAST,
						(consumer, delivery) -> channel.basicNack(delivery.getEnvelope().getDeliveryTag(), false, true),
						(consumer) -> {
						});
				channel.basicCancel(tag);
				return Verdict.CLEARED;
			}
			catch (IOException | RuntimeException ex) {
				logger.debug(
						"Queue '%s' cannot be consumed on broker '%s'".formatted(this.key.queue(), this.key.broker()),
						ex);
				CloseReason reason = CloseReason.in(ex);
				if (reason != null && !reason.isOfConnection()) {
					return Verdict.CLEARED;
				}
				boolean blamed = overdue.get() || answer(this.key.queue(), ClientOperation.BASIC_CONSUME, ex) != null;
				return blamed ? Verdict.IN_VAIN : Verdict.UNKNOWN;
			}
		}

		/**
		 * What fails here has nothing to do with the queue.
		 */
		private @Nullable Channel open(Connection connection) {
			try {
				Channel channel = connection.createChannel();
				if (channel != null) {
					channel.basicQos(1);
				}
				return channel;
			}
			catch (IOException | RuntimeException ex) {
				logger.debug("No channel on broker '%s'".formatted(this.key.broker()), ex);
				return null;
			}
		}

		/**
		 * A broker that has failed since the try began may be to blame for its end.
		 */
		private void checked(Broker broker, long incarnation, Verdict verdict) {
			boolean blamed = verdict == Verdict.IN_VAIN
					&& SuspectQueues.this.brokers.getIncarnation(broker) == incarnation;
			String news = null;
			this.lock.lock();
			try {
				this.checking = false;
				this.cleared |= verdict == Verdict.CLEARED;
				if (!this.cleared) {
					postpone();
					news = (blamed && !this.told) ? this.answer : null;
					this.told |= blamed;
				}
			}
			finally {
				this.lock.unlock();
			}
			if (news != null) {
				logger.warn(
						"Queue '%s' cannot be consumed on broker '%s' at the moment. Its consumers wait, and all others go on: %s"
							.formatted(this.key.queue(), this.key.broker(), news));
				report(broker);
			}
		}

	}

}
