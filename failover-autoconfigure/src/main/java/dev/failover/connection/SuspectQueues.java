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
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;

import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.Channel;
import com.rabbitmq.client.ChannelContinuationTimeoutException;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.ShutdownSignalException;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;

import dev.failover.broker.Broker;
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

	private final BrokerConnector connector;

	private final LongSupplier nanoTime;

	private final Map<Key, Suspect> suspects = new ConcurrentHashMap<>();

	private volatile QueueGuard guard = QueueGuard.none();

	SuspectQueues(BrokerConnector connector, LongSupplier nanoTime) {
		this.connector = connector;
		this.nanoTime = nanoTime;
	}

	/**
	 * Set what knows of further queues that nobody is to wait for.
	 */
	void setGuard(QueueGuard guard) {
		this.guard = guard;
	}

	QueueGuard getGuard() {
		return this.guard;
	}

	/**
	 * Refuse to touch a queue on a shared connection as long as it is suspect.
	 * @throws IOException if it is
	 */
	private void require(Key key) throws IOException {
		Suspect suspect = this.suspects.get(key);
		if (suspect != null) {
			suspect.require();
		}
	}

	private void failed(Key key, ClientOperation operation, Throwable failure) {
		String answer = answer(key.queue(), operation, failure);
		if (answer != null) {
			this.suspects.computeIfAbsent(key, Suspect::new).failed(failure, answer);
		}
	}

	private void succeeded(Key key) {
		Suspect suspect = this.suspects.remove(key);
		if (suspect != null && suspect.isTold()) {
			logger.info("Queue '%s' can be consumed on broker '%s' again".formatted(key.queue(), key.broker().name()));
		}
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
	 * The queues of one broker.
	 *
	 * @param queues all of them
	 * @param broker the broker
	 */
	record At(SuspectQueues queues, Broker broker) {

		/**
		 * Let a queue pass that the broker can be asked for, on the thread that does so.
		 * @throws IOException if it does not answer for the queue
		 */
		void check(String queue) throws IOException {
			this.queues.guard.check(this.broker, queue);
		}

		/**
		 * Do something with a queue that the broker may answer with the end of the
		 * connection.
		 */
		@Nullable Object touch(ClientOperation operation, String queue, Touch touch) throws Throwable {
			Key key = new Key(this.broker, queue);
			this.queues.require(key);
			try {
				Object result = touch.run();
				this.queues.succeeded(key);
				return result;
			}
			catch (IOException | RuntimeException ex) {
				this.queues.failed(key, operation, ex);
				throw ex;
			}
		}

	}

	/**
	 * What is done with a queue.
	 */
	@FunctionalInterface
	interface Touch {

		@Nullable Object run() throws Throwable;

	}

	/**
	 * A queue on a broker.
	 *
	 * @param broker the broker
	 * @param queue the name of the queue
	 */
	private record Key(Broker broker, String queue) {
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

		private void postpone() {
			Duration longer = (this.interval != null) ? this.interval.multipliedBy(2) : FIRST_INTERVAL;
			this.interval = (longer.compareTo(MAX_INTERVAL) < 0) ? longer : MAX_INTERVAL;
			this.nextCheck = SuspectQueues.this.nanoTime.getAsLong() + this.interval.toNanos();
		}

		void require() throws IOException {
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
				check();
			}
			throw new IOException(
					"Queue '%s' cannot be consumed on broker '%s' at the moment, and is tried again on a connection apart"
						.formatted(this.key.queue(), this.key.broker().name()),
					failure);
		}

		/**
		 * Try the queue on a connection that nobody else uses.
		 */
		private void check() {
			ConnectAttempt attempt = SuspectQueues.this.connector.startUnreported(this.key.broker(), NAME,
					SuspectQueues.this.connector.timeout());
			attempt.result().whenComplete((opened, failure) -> {
				if (failure != null) {
					checked(false);
				}
				else {
					check(opened.connection());
				}
			});
		}

		private void check(Connection connection) {
			AtomicBoolean consumable = new AtomicBoolean();
			CompletableFuture<?> check;
			try {
				SuspectQueues.this.connector.later(CHECK_TIMEOUT, () -> SuspectQueues.this.connector.abort(connection));
				check = SuspectQueues.this.connector.inBackground(() -> consumable.set(isConsumable(connection)));
			}
			catch (Throwable ex) {
				check = CompletableFuture.failedFuture(ex);
			}
			check.whenComplete((done, failure) -> {
				checked(consumable.get());
				SuspectQueues.this.connector.abort(connection);
			});
		}

		private boolean isConsumable(Connection connection) {
			try {
				Channel channel = connection.createChannel();
				channel.basicQos(1);
				String tag = channel.basicConsume(this.key.queue(), false, LAST,
						(consumer, delivery) -> channel.basicNack(delivery.getEnvelope().getDeliveryTag(), false, true),
						(consumer) -> {
						});
				channel.basicCancel(tag);
				return true;
			}
			catch (IOException | RuntimeException ex) {
				logger.debug("Queue '%s' cannot be consumed on broker '%s'".formatted(this.key.queue(),
						this.key.broker().name()), ex);
				CloseReason reason = CloseReason.in(ex);
				return reason != null && !reason.isOfConnection();
			}
		}

		/**
		 * A queue that is refused for a reason of its own is no longer suspect: whoever
		 * consumes it is to be told.
		 */
		private void checked(boolean cleared) {
			String news = null;
			this.lock.lock();
			try {
				this.checking = false;
				this.cleared |= cleared;
				if (!this.cleared) {
					postpone();
					news = this.told ? null : this.answer;
					this.told = true;
				}
			}
			finally {
				this.lock.unlock();
			}
			if (news != null) {
				logger.warn(
						"Queue '%s' cannot be consumed on broker '%s' at the moment. Its consumers wait, and all others go on: %s"
							.formatted(this.key.queue(), this.key.broker().name(), news));
			}
		}

	}

}
