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
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

import dev.failover.broker.Broker;
import dev.failover.broker.BrokerState;
import dev.failover.broker.BrokerStatus;
import dev.failover.broker.Brokers;
import dev.failover.connection.BrokerAccess;

/**
 * Connects to the brokers that are not active from time to time: seldom, but more often
 * to one that answers again and is not trusted yet.
 */
final class BrokerRounds {

	/**
	 * Probe intervals between two checks of a broker.
	 */
	static final int SELDOM = 10;

	/**
	 * Probe intervals between two checks of a broker that answers again.
	 */
	static final int OFTEN = 2;

	/**
	 * One that has answered so often in a row is only held back, and in no hurry.
	 */
	static final int ENOUGH = 10;

	private final Brokers brokers;

	private final BrokerAccess access;

	private final Duration probeInterval;

	private final DetectionScheduler scheduler;

	private final Set<String> visited = ConcurrentHashMap.newKeySet();

	BrokerRounds(Brokers brokers, BrokerAccess access, Duration probeInterval, DetectionScheduler scheduler) {
		this.brokers = brokers;
		this.access = access;
		this.probeInterval = probeInterval;
		this.scheduler = scheduler;
	}

	void start() {
		this.brokers.getAll().forEach(this::start);
	}

	/**
	 * Begin with a broker, until it is removed.
	 */
	void start(Broker broker) {
		if (this.visited.add(broker.name())) {
			later(broker, SELDOM, 0);
		}
	}

	private void later(Broker broker, int intervals, int answers) {
		this.scheduler.later(this.probeInterval.multipliedBy(intervals), () -> check(broker, answers));
	}

	private void check(Broker broker, int answers) {
		BrokerStatus status = this.brokers.getStatus(broker.name()).orElse(null);
		if (status == null) {
			this.visited.remove(broker.name());
			return;
		}
		if (status.active() || status.state() == BrokerState.DISABLED) {
			later(status.broker(), SELDOM, 0);
			return;
		}
		try {
			this.access.check(status.broker())
				.whenComplete((ignored, failure) -> checked(status.broker(), (failure != null) ? 0 : answers + 1));
		}
		catch (Throwable ex) {
			checked(status.broker(), 0);
			throw ex;
		}
	}

	private void checked(Broker broker, int answers) {
		boolean often = answers > 0 && answers < ENOUGH && isDown(broker);
		later(broker, often ? OFTEN : SELDOM, answers);
	}

	private boolean isDown(Broker broker) {
		return this.brokers.getStatus(broker.name())
			.map(BrokerStatus::state)
			.filter((state) -> state == BrokerState.DOWN)
			.isPresent();
	}

}
