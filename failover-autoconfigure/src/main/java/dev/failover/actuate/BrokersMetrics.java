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

import java.util.List;
import java.util.Locale;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Predicate;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import io.micrometer.core.instrument.binder.MeterBinder;
import org.jspecify.annotations.Nullable;
import org.springframework.util.Assert;

import dev.failover.broker.Broker;
import dev.failover.broker.BrokerEvent;
import dev.failover.broker.BrokerFailure;
import dev.failover.broker.BrokerListener;
import dev.failover.broker.BrokerState;
import dev.failover.broker.BrokerStatus;
import dev.failover.broker.Brokers;
import dev.failover.broker.EventStage;

/**
 * Metrics of the brokers: which of them are up and healthy and which one is active, how
 * often the active one changed, and how long there was none. Brokers are tagged with
 * their names only.
 */
public final class BrokersMetrics implements MeterBinder, AutoCloseable {

	private static final String PLANNED = "planned";

	private final Brokers brokers;

	private final List<BrokerListener> listeners = new CopyOnWriteArrayList<>();

	/**
	 * Create metrics.
	 * @param brokers the brokers
	 */
	public BrokersMetrics(Brokers brokers) {
		Assert.notNull(brokers, "'brokers' must not be null");
		this.brokers = brokers;
	}

	@Override
	public void bindTo(MeterRegistry registry) {
		this.brokers.getAll().forEach((broker) -> gauges(broker, registry));
		Timer outages = Timer.builder("failover.outage")
			.description("Time without an active broker")
			.register(registry);
		BrokerListener listener = (event) -> record(event, registry, outages);
		this.listeners.add(listener);
		this.brokers.addListener(listener, EventStage.REPORTS);
	}

	private void gauges(Broker broker, MeterRegistry registry) {
		gauge("failover.broker.up", "Whether the broker answered last time", broker, BrokersMetrics::isUp, registry);
		gauge("failover.broker.active", "Whether connections go to the broker", broker, BrokerStatus::active, registry);
		gauge("failover.broker.healthy", "Whether no health check says that the broker is unhealthy", broker,
				BrokerStatus::isHealthy, registry);
	}

	private void gauge(String name, String description, Broker broker, Predicate<BrokerStatus> test,
			MeterRegistry registry) {
		Gauge.builder(name, this.brokers, (brokers) -> value(brokers, broker, test))
			.description(description)
			.tag("broker", broker.name())
			.register(registry);
	}

	private static double value(Brokers brokers, Broker broker, Predicate<BrokerStatus> test) {
		return brokers.getStatus(broker.name()).filter(test).map((status) -> 1.0).orElse(0.0);
	}

	private static boolean isUp(BrokerStatus status) {
		return status.state() == BrokerState.UP;
	}

	private void record(BrokerEvent event, MeterRegistry registry, Timer outages) {
		if (event instanceof BrokerEvent.Added added) {
			gauges(added.broker(), registry);
		}
		else if (event instanceof BrokerEvent.Activated activated && activated.from() != null) {
			if (!activated.isPlanned()) {
				outages.record(activated.outage());
			}
			Counter.builder("failover.switches")
				.description("Changes of the active broker, returns to the same one included")
				.tag("from", activated.from().name())
				.tag("to", activated.to().name())
				.tag("reason", reason(activated.failure()))
				.register(registry)
				.increment();
		}
	}

	private static String reason(@Nullable BrokerFailure failure) {
		return (failure != null) ? failure.reason().name().toLowerCase(Locale.ROOT) : PLANNED;
	}

	/**
	 * Stop counting.
	 */
	@Override
	public void close() {
		this.listeners.forEach(this.brokers::removeListener);
		this.listeners.clear();
	}

}
