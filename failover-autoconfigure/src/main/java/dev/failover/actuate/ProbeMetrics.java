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

import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import io.micrometer.core.instrument.binder.MeterBinder;
import org.springframework.util.Assert;

import dev.failover.broker.Broker;
import dev.failover.broker.BrokerListener;
import dev.failover.broker.Brokers;
import dev.failover.detection.BrokerDetector;
import dev.failover.detection.ProbeOutcome;

/**
 * Metrics of the probes on the connections that the application uses.
 */
public final class ProbeMetrics implements MeterBinder, AutoCloseable {

	private final Brokers brokers;

	private final BrokerDetector detector;

	private final List<BrokerListener> listeners = new CopyOnWriteArrayList<>();

	/**
	 * Create metrics.
	 * @param brokers the brokers
	 * @param detector probes them
	 */
	public ProbeMetrics(Brokers brokers, BrokerDetector detector) {
		Assert.notNull(brokers, "'brokers' must not be null");
		Assert.notNull(detector, "'detector' must not be null");
		this.brokers = brokers;
		this.detector = detector;
	}

	@Override
	public void bindTo(MeterRegistry registry) {
		this.detector.addObserver((broker, outcome, time) -> probes(broker, outcome, registry).record(time));
		this.listeners.add(BrokerMeters.register(this.brokers, (broker) -> {
			for (ProbeOutcome outcome : ProbeOutcome.values()) {
				probes(broker, outcome, registry);
			}
		}));
	}

	private static Timer probes(Broker broker, ProbeOutcome outcome, MeterRegistry registry) {
		return Timer.builder("failover.probe")
			.description("Probes on connections of the application to the broker")
			.tag(BrokerMeters.BROKER, broker.name())
			.tag("outcome", BrokerMeters.value(outcome))
			.register(registry);
	}

	/**
	 * Register no meters for brokers that are added from now on.
	 */
	@Override
	public void close() {
		this.listeners.forEach(this.brokers::removeListener);
		this.listeners.clear();
	}

}
