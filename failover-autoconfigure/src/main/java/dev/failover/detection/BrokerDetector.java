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

import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicBoolean;

import org.springframework.util.Assert;

import dev.failover.broker.Activation;
import dev.failover.broker.BrokerEvent;
import dev.failover.broker.BrokerListener;
import dev.failover.broker.Brokers;
import dev.failover.broker.EventStage;
import dev.failover.connection.BrokerAccess;
import dev.failover.connection.OpenConnection;

/**
 * Watches the connections of the application, and the brokers that are not active, from
 * the first connection on, and tells {@link Brokers} what it finds.
 */
public final class BrokerDetector implements BrokerListener, AutoCloseable {

	private final Brokers brokers;

	private final BrokerAccess access;

	private final DetectionSettings settings;

	private final DetectionThreads threads = new DetectionThreads();

	private final Map<OpenConnection, Watched> watched = new ConcurrentHashMap<>();

	private final List<ProbeObserver> observers = new CopyOnWriteArrayList<>();

	private final BrokerRounds rounds;

	private final AtomicBoolean started = new AtomicBoolean();

	/**
	 * Create a detector, which begins with the first connection, and ends with the
	 * access.
	 * @param brokers the brokers
	 * @param access access to them
	 * @param settings how to watch them
	 */
	public BrokerDetector(Brokers brokers, BrokerAccess access, DetectionSettings settings) {
		this.brokers = brokers;
		this.access = access;
		this.settings = settings;
		this.rounds = new BrokerRounds(brokers, access, settings.probeInterval(), this.threads);
		brokers.addListener(this, EventStage.CONNECTIONS);
		access.addListener(this::opened);
		access.onClose(this::close);
	}

	/**
	 * Add an observer of all probes.
	 * @param observer the observer
	 */
	public void addObserver(ProbeObserver observer) {
		Assert.notNull(observer, "'observer' must not be null");
		this.observers.add(observer);
	}

	private void opened(OpenConnection opened) {
		ConnectionProbe probe = new ConnectionProbe(new ProbedConnection(opened, this.brokers, this.access,
				this.settings.probeTimeout(), this.threads, this.observers), this.settings, this.threads);
		AlarmWatch alarms = new AlarmWatch(opened, this.brokers, this.access, this.settings.blockedGrace(),
				this.threads);
		this.watched.put(opened, new Watched(probe, alarms));
		opened.connection().addShutdownListener((signal) -> {
			this.watched.remove(opened);
			alarms.closed();
		});
		opened.connection().addBlockedListener(alarms);
		probe.start();
		if (this.started.compareAndSet(false, true)) {
			this.rounds.start();
		}
	}

	/**
	 * Look again at alarms, as there may be a broker to go to now, or nobody who holds
	 * switches.
	 */
	@Override
	public void onEvent(BrokerEvent event) {
		if ((event instanceof BrokerEvent.StateChanged changed && changed.to().isUsable())
				|| (event instanceof BrokerEvent.HoldChanged hold && !hold.held())) {
			this.watched.values().forEach((connection) -> connection.alarms().reconsider());
		}
		else if (event instanceof BrokerEvent.Added added && this.started.get()) {
			this.rounds.start(added.broker());
		}
	}

	/**
	 * Probe the connections to a broker at once.
	 */
	@Override
	public void onSuspicion(Activation suspect) {
		this.watched.forEach((opened, connection) -> {
			if (opened.broker().name().equals(suspect.broker().name())) {
				connection.probe().suspect();
			}
		});
	}

	/**
	 * End all threads. Nothing is watched any more.
	 */
	@Override
	public void close() {
		this.brokers.removeListener(this);
		this.threads.close();
	}

	/**
	 * What watches a connection.
	 *
	 * @param probe probes it
	 * @param alarms watches it for alarms
	 */
	private record Watched(ConnectionProbe probe, AlarmWatch alarms) {
	}

}
