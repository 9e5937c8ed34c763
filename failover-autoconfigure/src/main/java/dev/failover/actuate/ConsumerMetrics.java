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

import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.MeterBinder;
import org.jspecify.annotations.Nullable;
import org.springframework.util.Assert;

import dev.failover.broker.Broker;
import dev.failover.broker.BrokerListener;
import dev.failover.broker.Brokers;
import dev.failover.listener.BrokerDrains;
import dev.failover.listener.DeduplicationInterceptor;

/**
 * Metrics of consumers: which brokers are consumed from beside the active one, what
 * remains there, and how many duplicates were dropped.
 */
public final class ConsumerMetrics implements MeterBinder, AutoCloseable {

	private final Brokers brokers;

	private final @Nullable BrokerDrains drains;

	private final @Nullable DeduplicationInterceptor deduplication;

	private final List<BrokerListener> listeners = new CopyOnWriteArrayList<>();

	/**
	 * Create metrics.
	 * @param brokers the brokers
	 * @param drains consumes from those that are not active, {@code null} if nothing does
	 * @param deduplication drops duplicates, {@code null} if nothing does
	 */
	public ConsumerMetrics(Brokers brokers, @Nullable BrokerDrains drains,
			@Nullable DeduplicationInterceptor deduplication) {
		Assert.notNull(brokers, "'brokers' must not be null");
		this.brokers = brokers;
		this.drains = drains;
		this.deduplication = deduplication;
	}

	@Override
	public void bindTo(MeterRegistry registry) {
		BrokerDrains consuming = this.drains;
		if (consuming != null) {
			this.listeners.add(BrokerMeters.register(this.brokers, (broker) -> register(broker, consuming, registry)));
		}
		if (this.deduplication != null) {
			FunctionCounter
				.builder("failover.duplicates.dropped", this.deduplication, DeduplicationInterceptor::getDropped)
				.description("Messages that were dropped, as they had been handled already")
				.baseUnit("messages")
				.register(registry);
		}
	}

	private static void register(Broker broker, BrokerDrains consuming, MeterRegistry registry) {
		BrokerMeters
			.gauge("failover.drain.consumers", "Consumers that are subscribed on the broker beside the active one",
					broker, consuming, (drains) -> drains.getConsumerCount(broker))
			.register(registry);
		BrokerMeters.gauge("failover.drain.remaining",
				"Messages that wait on the broker, which is consumed from beside the active one, as seen last: up to 20 queues a second, every 10 s if nothing waits",
				broker, consuming, (drains) -> drains.getRemaining(broker))
			.baseUnit("messages")
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
