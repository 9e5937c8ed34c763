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

import java.util.concurrent.atomic.AtomicBoolean;

import dev.failover.broker.BrokerStatus;
import dev.failover.broker.Brokers;
import dev.failover.connection.BrokerAccess;
import dev.failover.connection.OpenConnection;

/**
 * Watches the connections of the application, and the brokers that are not active, from
 * the first connection on, and tells {@link Brokers} what it finds.
 */
public final class BrokerDetector implements AutoCloseable {

	private final Brokers brokers;

	private final BrokerAccess access;

	private final DetectionSettings settings;

	private final DetectionThreads threads = new DetectionThreads();

	private final AtomicBoolean started = new AtomicBoolean();

	/**
	 * Create a detector, which begins with the first connection.
	 * @param brokers the brokers
	 * @param access access to them
	 * @param settings how to watch them
	 */
	public BrokerDetector(Brokers brokers, BrokerAccess access, DetectionSettings settings) {
		this.brokers = brokers;
		this.access = access;
		this.settings = settings;
		access.addListener(this::opened);
	}

	private void opened(OpenConnection connection) {
		new ConnectionProbe(connection, this.brokers, this.access, this.settings, this.threads).start();
		connection.connection()
			.addBlockedListener(
					new AlarmWatch(connection, this.brokers, this.access, this.settings.blockedGrace(), this.threads));
		if (this.started.compareAndSet(false, true)) {
			checkOthersLater();
		}
	}

	private void checkOthersLater() {
		this.threads.later(this.settings.probeInterval().multipliedBy(DetectionSettings.SLOWER), this::checkOthers);
	}

	private void checkOthers() {
		this.brokers.getStatuses()
			.stream()
			.filter((status) -> !status.active())
			.map(BrokerStatus::broker)
			.forEach(this.access::check);
		checkOthersLater();
	}

	/**
	 * End all threads. Nothing is watched any more.
	 */
	@Override
	public void close() {
		this.threads.close();
	}

}
