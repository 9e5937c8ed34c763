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

package dev.failover.actuate;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import io.micrometer.core.instrument.binder.MeterBinder;
import org.springframework.util.Assert;

import dev.failover.broker.Activation;
import dev.failover.broker.Broker;
import dev.failover.broker.BrokerListener;
import dev.failover.broker.Brokers;
import dev.failover.connection.ClosedBy;
import dev.failover.connection.ConnectOutcome;
import dev.failover.connection.ConnectionObserver;
import dev.failover.connection.FailoverConnectionFactory;

/**
 * Metrics of the connections to each broker: attempts to connect, ends of connections,
 * what waits as a standby, and what is delivered by brokers that are not active.
 */
public final class ConnectionMetrics implements MeterBinder, AutoCloseable {

	private final Brokers brokers;

	private final FailoverConnectionFactory connectionFactory;

	private final boolean standby;

	private final List<BrokerListener> listeners = new CopyOnWriteArrayList<>();

	/**
	 * Create metrics.
	 * @param brokers the brokers
	 * @param connectionFactory opens the connections
	 * @param standby whether standby connections are wanted
	 */
	public ConnectionMetrics(Brokers brokers, FailoverConnectionFactory connectionFactory, boolean standby) {
		Assert.notNull(brokers, "'brokers' must not be null");
		Assert.notNull(connectionFactory, "'connectionFactory' must not be null");
		this.brokers = brokers;
		this.connectionFactory = connectionFactory;
		this.standby = standby;
	}

	@Override
	public void bindTo(MeterRegistry registry) {
		Observer observer = new Observer(this.brokers, registry);
		this.connectionFactory.addObserver(observer);
		this.listeners.add(BrokerMeters.register(this.brokers, (broker) -> {
			observer.register(broker);
			if (this.standby) {
				BrokerMeters
					.gauge("failover.standby.connections", "Connections to the broker that wait to be taken into use",
							broker, this.connectionFactory, (factory) -> factory.getStandbyConnections(broker.name()))
					.register(registry);
			}
		}));
	}

	/**
	 * Register no meters for brokers that are added from now on.
	 */
	@Override
	public void close() {
		this.listeners.forEach(this.brokers::removeListener);
		this.listeners.clear();
	}

	/**
	 * Counts and times.
	 */
	private static final class Observer implements ConnectionObserver {

		private final Brokers brokers;

		private final MeterRegistry registry;

		private final Map<String, Counter> drained = new ConcurrentHashMap<>();

		Observer(Brokers brokers, MeterRegistry registry) {
			this.brokers = brokers;
			this.registry = registry;
		}

		void register(Broker broker) {
			for (ConnectOutcome outcome : ConnectOutcome.values()) {
				connects(broker, outcome);
			}
			for (ClosedBy reason : ClosedBy.values()) {
				closes(broker, reason);
			}
			this.drained.put(broker.name(),
					Counter.builder("failover.drained")
						.description("Messages that the broker has delivered while it was not the active one")
						.baseUnit("messages")
						.tag(BrokerMeters.BROKER, broker.name())
						.register(this.registry));
		}

		private Timer connects(Broker broker, ConnectOutcome outcome) {
			return Timer.builder("failover.connect")
				.description("Attempts to connect to the broker, probes and standby connections included")
				.tag(BrokerMeters.BROKER, broker.name())
				.tag("outcome", BrokerMeters.value(outcome))
				.register(this.registry);
		}

		private Counter closes(Broker broker, ClosedBy reason) {
			return Counter.builder("failover.connection.closed")
				.description("Connections to the broker that were open, and are closed")
				.tag(BrokerMeters.BROKER, broker.name())
				.tag("reason", BrokerMeters.value(reason))
				.register(this.registry);
		}

		@Override
		public void connected(Broker broker, ConnectOutcome outcome, Duration time) {
			connects(broker, outcome).record(time);
		}

		@Override
		public void closed(Broker broker, ClosedBy reason) {
			closes(broker, reason).increment();
		}

		@Override
		public void delivered(String broker) {
			Activation active = this.brokers.getActivation();
			if (active == null || !active.broker().name().equals(broker)) {
				Counter counter = this.drained.get(broker);
				if (counter != null) {
					counter.increment();
				}
			}
		}

	}

}
