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
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Predicate;
import java.util.function.ToDoubleFunction;

import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.MeterBinder;
import org.springframework.util.Assert;

import dev.failover.broker.Broker;
import dev.failover.broker.BrokerListener;
import dev.failover.broker.BrokerState;
import dev.failover.broker.BrokerStatus;
import dev.failover.broker.Brokers;
import dev.failover.broker.EventStage;
import dev.failover.broker.SwitchSuppression;

/**
 * Metrics of the brokers: which of them are up and healthy and which one is active, what
 * is known against each, how often the active one changed, what that has cost, and how
 * long there was none. Brokers are tagged with their names only.
 */
public final class BrokersMetrics implements MeterBinder, AutoCloseable {

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
		Gauge.builder("failover.held", this.brokers, (brokers) -> brokers.isHeld() ? 1 : 0)
			.description("Whether an operator holds switches")
			.register(registry);
		for (SwitchSuppression reason : SwitchSuppression.values()) {
			FunctionCounter
				.builder("failover.switch.suppressed", this.brokers, (brokers) -> brokers.getSuppressed(reason))
				.description("Switches that there was a reason for, and that were not made")
				.tag("reason", BrokerMeters.value(reason))
				.register(registry);
		}
		EventMeters events = new EventMeters(registry);
		this.brokers.addListener(events, EventStage.REPORTS);
		this.listeners.add(events);
		this.listeners.add(BrokerMeters.register(this.brokers, (broker) -> {
			gauges(broker, registry);
			events.register(broker);
		}));
	}

	private void gauges(Broker broker, MeterRegistry registry) {
		test("failover.broker.up", "Whether the broker answered last time", broker, BrokersMetrics::isUp, registry);
		test("failover.broker.active", "Whether connections go to the broker", broker, BrokerStatus::active, registry);
		test("failover.broker.healthy", "Whether no health check says that the broker is unhealthy", broker,
				BrokerStatus::isHealthy, registry);
		gauge("failover.broker.disabled", "Whether an operator has taken the broker out of use", broker,
				(status) -> (status.state() == BrokerState.DISABLED) ? 1 : 0, registry);
		gauge("failover.broker.blocked", "Whether the broker blocks publishers because of a resource alarm", broker,
				(status) -> (status.state() == BrokerState.BLOCKED) ? 1 : 0, registry);
		gauge("failover.queues.suspect", "Queues that cannot be consumed on the broker, which serves others", broker,
				(status) -> status.suspectQueues().size(), registry);
		gauge("failover.queues.unconsumed", "Queues on the broker with messages that nobody consumes", broker,
				(status) -> status.unconsumedQueues().size(), registry);
		gauge("failover.declarations.pending", "What cannot be declared on the broker, which takes traffic", broker,
				(status) -> status.pendingDeclarations().size(), registry);
	}

	private void test(String name, String description, Broker broker, Predicate<BrokerStatus> test,
			MeterRegistry registry) {
		gauge(name, description, broker, (status) -> test.test(status) ? 1 : 0, registry);
	}

	private void gauge(String name, String description, Broker broker, ToDoubleFunction<BrokerStatus> value,
			MeterRegistry registry) {
		BrokerMeters
			.gauge(name, description, broker, this.brokers,
					(brokers) -> brokers.getStatus(broker.name()).map(value::applyAsDouble).orElse(0.0))
			.register(registry);
	}

	private static boolean isUp(BrokerStatus status) {
		return status.state() == BrokerState.UP;
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
