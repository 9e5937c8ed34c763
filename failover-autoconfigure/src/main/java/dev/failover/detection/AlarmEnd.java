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

package dev.failover.detection;

import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;

import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.Channel;
import com.rabbitmq.client.ShutdownSignalException;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;

import dev.failover.broker.Broker;
import dev.failover.broker.BrokerState;
import dev.failover.broker.Brokers;
import dev.failover.connection.BrokerAccess;
import dev.failover.connection.OpenConnection;

/**
 * Waits for the end of a resource alarm on a connection of its own, when the application
 * has none any more that is notified of it: the broker was left, or the connection that
 * was blocked is closed. Tries again until the broker is not blocked any more, or has
 * failed otherwise.
 */
final class AlarmEnd {

	private static final Log logger = LogFactory.getLog(BrokerDetector.class);

	private static final String NAME = "failover-alarm";

	private static final Duration RETRY = Duration.ofSeconds(1);

	private final Broker broker;

	private final long incarnation;

	private final Brokers brokers;

	private final BrokerAccess access;

	private final DetectionScheduler scheduler;

	/**
	 * Create it for a broker that is blocked.
	 */
	AlarmEnd(Broker broker, Brokers brokers, BrokerAccess access, DetectionScheduler scheduler) {
		this.broker = broker;
		this.incarnation = brokers.getIncarnation(broker);
		this.brokers = brokers;
		this.access = access;
		this.scheduler = scheduler;
	}

	void await() {
		if (!isBlocked()) {
			return;
		}
		boolean begun = false;
		try {
			this.access.open(this.broker, NAME).whenComplete((beside, failure) -> opened(beside));
			begun = true;
		}
		finally {
			if (!begun) {
				again();
			}
		}
	}

	private boolean isBlocked() {
		return this.brokers.getIncarnation(this.broker) == this.incarnation
				&& this.brokers.getStatus(this.broker.name())
					.filter((status) -> status.state() == BrokerState.BLOCKED)
					.isPresent();
	}

	private void again() {
		this.scheduler.later(RETRY, this::await);
	}

	private void opened(@Nullable OpenConnection beside) {
		if (beside == null) {
			again();
		}
		else if (!this.scheduler.work(() -> listen(beside))) {
			givenUp(beside);
		}
	}

	private void givenUp(OpenConnection beside) {
		this.access.close(beside);
		again();
	}

	/**
	 * RabbitMQ notifies of an alarm only those who publish, and of its end all whom it
	 * notified. It does not read a connection that it has blocked: whatever answers the
	 * message tells that there is no alarm any more, the refusal to publish included.
	 */
	private void listen(OpenConnection beside) {
		Listening listening = new Listening(beside);
		try {
			Channel channel = beside.connection().createChannel();
			if (channel == null) {
				throw new IOException("The connection has no channel");
			}
			beside.connection()
				.addBlockedListener((reason) -> logger.debug("Alarm lasts: " + reason), listening::alarmIsOver);
			channel.confirmSelect();
			channel.addShutdownListener(listening::closed);
			channel.addConfirmListener((sequence, multiple) -> listening.alarmIsOver(),
					(sequence, multiple) -> listening.alarmIsOver());
			channel.basicPublish("", NAME, new AMQP.BasicProperties(), new byte[1]);
		}
		catch (IOException | ShutdownSignalException ex) {
			logger.debug("Connection that waits for the end of an alarm was lost", ex);
			listening.lost();
		}
		catch (Throwable ex) {
			listening.lost();
			throw ex;
		}
	}

	/**
	 * One connection that waits, of which the first thing that happens counts.
	 */
	private final class Listening {

		private final AtomicBoolean ended = new AtomicBoolean();

		private final OpenConnection beside;

		Listening(OpenConnection beside) {
			this.beside = beside;
		}

		void closed(ShutdownSignalException signal) {
			if (!signal.isHardError() && !signal.isInitiatedByApplication()) {
				alarmIsOver();
			}
			else {
				lost();
			}
		}

		void alarmIsOver() {
			if (this.ended.compareAndSet(false, true)) {
				AlarmEnd.this.brokers.unblocked(AlarmEnd.this.broker, AlarmEnd.this.incarnation);
				AlarmEnd.this.access.close(this.beside);
			}
		}

		void lost() {
			if (this.ended.compareAndSet(false, true)) {
				givenUp(this.beside);
			}
		}

	}

}
