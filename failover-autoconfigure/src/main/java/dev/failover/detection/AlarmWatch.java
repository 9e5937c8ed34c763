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

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;

import com.rabbitmq.client.BlockedListener;
import org.jspecify.annotations.Nullable;

import dev.failover.broker.Brokers;
import dev.failover.connection.BrokerAccess;
import dev.failover.connection.OpenConnection;

/**
 * Watches one connection for resource alarms of its broker. A broker that stays blocked
 * is left after the grace, if there is another one to go to; then, and when the
 * connection is closed before the end of the alarm, a connection beside waits for that.
 */
final class AlarmWatch implements BlockedListener {

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

	/**
	 * The connection is closed, and is not notified of the end of an alarm any more.
	 */
	void closed() {
		this.graceEnds.cancel(false);
		if (this.blocked && this.brokers.getIncarnation(this.target.broker()) == this.target.incarnation()) {
			this.scheduler.later(Duration.ZERO, this::awaitEnd);
		}
	}

	private void awaitEnd() {
		new AlarmEnd(this.target.broker(), this.brokers, this.access, this.scheduler).await();
	}

}
