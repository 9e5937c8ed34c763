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

import java.util.Locale;
import java.util.function.Consumer;
import java.util.function.ToDoubleFunction;

import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;

import dev.failover.broker.Broker;
import dev.failover.broker.BrokerEvent;
import dev.failover.broker.BrokerListener;
import dev.failover.broker.Brokers;
import dev.failover.broker.EventStage;

/**
 * Meters that there are once for each broker.
 */
final class BrokerMeters {

	static final String BROKER = "broker";

	private BrokerMeters() {
	}

	/**
	 * Register meters for each broker that there is, and that is added.
	 * @return what does so, to be removed from the brokers in the end
	 */
	static BrokerListener register(Brokers brokers, Consumer<Broker> registration) {
		BrokerListener listener = (event) -> {
			if (event instanceof BrokerEvent.Added added) {
				registration.accept(added.broker());
			}
		};
		brokers.addListener(listener, EventStage.REPORTS);
		brokers.getAll().forEach(registration);
		return listener;
	}

	static <T> Gauge.Builder<T> gauge(String name, String description, Broker broker, T target,
			ToDoubleFunction<T> value) {
		return Gauge.builder(name, target, value)
			.description(description)
			.tag(BROKER, broker.name())
			.strongReference(true);
	}

	/**
	 * Remove what tells the state of a broker that is none of the application any more.
	 * What was counted stays.
	 */
	static void removeGauges(Broker broker, MeterRegistry registry) {
		registry.getMeters()
			.stream()
			.filter((meter) -> meter.getId().getType() == Meter.Type.GAUGE)
			.filter((meter) -> meter.getId().getName().startsWith("failover.")
					&& broker.name().equals(meter.getId().getTag(BROKER)))
			.forEach(registry::remove);
	}

	/**
	 * Return the value of a tag.
	 */
	static String value(Enum<?> constant) {
		return constant.name().toLowerCase(Locale.ROOT);
	}

}
