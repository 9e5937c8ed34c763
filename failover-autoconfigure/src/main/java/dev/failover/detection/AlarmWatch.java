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
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;

import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.BlockedListener;
import com.rabbitmq.client.Channel;
import com.rabbitmq.client.ShutdownSignalException;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;

import dev.failover.broker.Brokers;
import dev.failover.connection.BrokerAccess;
import dev.failover.connection.OpenConnection;

/**
 * Watches one connection for resource alarms of its broker. A broker that stays blocked
 * is left after the grace, if there is another one to go to; a connection beside then
 * waits for the end of the alarm.
 */
final class AlarmWatch implements BlockedListener {

	private static final Log logger = LogFactory.getLog(BrokerDetector.class);

	private static final String NAME = "failover-alarm";

	private final OpenConnection target;

	private final Brokers brokers;

	private final BrokerAccess access;

	private final @Nullable Duration grace;

	private final DetectionScheduler scheduler;

	private volatile Future<?> graceEnds = CompletableFuture.completedFuture(null);

	private volatile boolean blocked;

	private volatile boolean overdue;

	AlarmWatch(OpenConnection target, Brokers brokers, BrokerAccess access, @Nullable Duration grace,
			DetectionScheduler scheduler) {
		this.target = target;
		this.brokers = brokers;
		this.access = access;
		this.grace = grace;
		this.scheduler = scheduler;
	}

	@Override
	public void handleBlocked(String reason) {
		this.blocked = true;
		this.brokers.blocked(this.target.broker(), this.target.incarnation(), reason);
		if (this.grace != null) {
			this.graceEnds.cancel(false);
			this.graceEnds = this.scheduler.later(this.grace, this::leave);
		}
	}

	@Override
	public void handleUnblocked() {
		this.blocked = false;
		this.overdue = false;
		this.graceEnds.cancel(false);
		this.brokers.unblocked(this.target.broker(), this.target.incarnation());
	}

	/**
	 * Leave a broker that could not be left before, if there is one to go to by now.
	 */
	void reconsider() {
		if (this.overdue) {
			this.scheduler.later(Duration.ZERO, this::leave);
		}
	}

	private void leave() {
		if (!this.blocked || !this.target.connection().isOpen()) {
			return;
		}
		this.overdue = true;
		this.brokers.leaveBlocked(this.target.broker(), this.target.incarnation());
		if (this.brokers.getIncarnation(this.target.broker()) != this.target.incarnation()) {
			this.overdue = false;
			awaitEnd();
		}
	}

	private void awaitEnd() {
		this.access.open(this.target.broker(), NAME).whenComplete((beside, failure) -> {
			if (beside != null) {
				this.scheduler.work(() -> listen(beside));
			}
		});
	}

	/**
	 * RabbitMQ tells of an alarm only those who publish, and of its end all whom it told.
	 */
	private void listen(OpenConnection beside) {
		try {
			Channel channel = beside.connection().createChannel();
			beside.connection()
				.addBlockedListener((reason) -> logger.debug("Alarm lasts: " + reason), () -> ended(beside));
			channel.confirmSelect();
			channel.addConfirmListener((sequence, multiple) -> ended(beside), (sequence, multiple) -> ended(beside));
			channel.basicPublish("", NAME, new AMQP.BasicProperties(), new byte[1]);
		}
		catch (IOException | ShutdownSignalException ex) {
			logger.debug("Connection that waits for the end of an alarm was lost", ex);
		}
	}

	private void ended(OpenConnection beside) {
		this.brokers.unblocked(beside.broker(), beside.incarnation());
		this.access.close(beside);
	}

}
