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
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import io.micrometer.core.instrument.binder.MeterBinder;
import org.jspecify.annotations.Nullable;
import org.springframework.util.Assert;

import dev.failover.broker.Broker;
import dev.failover.broker.BrokerListener;
import dev.failover.broker.Brokers;
import dev.failover.template.FailoverTemplate;
import dev.failover.template.PublishObserver;
import dev.failover.template.PublishStatus;

/**
 * Metrics of what is published: how long each broker takes to confirm, what each template
 * has in hand, and messages of which nobody knows whether they have arrived.
 */
public final class PublishMetrics implements MeterBinder, AutoCloseable {

	private static final Duration[] CONFIRM_BUCKETS = IntStream
		.of(1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000)
		.mapToObj(Duration::ofMillis)
		.toArray(Duration[]::new);

	private final Brokers brokers;

	private final Supplier<Map<String, FailoverTemplate>> templates;

	private final List<BrokerListener> listeners = new CopyOnWriteArrayList<>();

	/**
	 * Create metrics.
	 * @param brokers the brokers
	 * @param templates supplies the templates by the names of their beans
	 */
	public PublishMetrics(Brokers brokers, Supplier<Map<String, FailoverTemplate>> templates) {
		Assert.notNull(brokers, "'brokers' must not be null");
		Assert.notNull(templates, "'templates' must not be null");
		this.brokers = brokers;
		this.templates = templates;
	}

	@Override
	public void bindTo(MeterRegistry registry) {
		Map<String, Timer> confirms = new ConcurrentHashMap<>();
		this.listeners.add(BrokerMeters.register(this.brokers,
				(broker) -> confirms.put(broker.name(),
						Timer.builder("failover.publish.confirm")
							.description("Time from the writing of a message until the broker has confirmed it")
							.tag(BrokerMeters.BROKER, broker.name())
							.serviceLevelObjectives(CONFIRM_BUCKETS)
							.register(registry))));
		this.templates.get().forEach((name, template) -> {
			gauge("failover.publish.in.flight", "Messages that are submitted and not confirmed yet", name, template,
					PublishStatus::inFlight, registry);
			gauge("failover.publish.max.in.flight", "How many messages may be unconfirmed before senders wait", name,
					template, PublishStatus::maxInFlight, registry);
			Gauge.builder("failover.publish.waiting", template, (target) -> target.getPublishStatus().waiting())
				.description("Senders that wait for room among the unconfirmed messages")
				.tag("template", name)
				.register(registry);
			template.addObserver(new Observer(confirms,
					Counter.builder("failover.outcome.unknown")
						.description("Messages that were given up, and may have arrived nevertheless")
						.baseUnit("messages")
						.tag("template", name)
						.register(registry)));
		});
	}

	private static void gauge(String name, String description, String templateName, FailoverTemplate template,
			ToDoubleFunction<PublishStatus> value, MeterRegistry registry) {
		Gauge.builder(name, template, (target) -> value.applyAsDouble(target.getPublishStatus()))
			.description(description)
			.baseUnit("messages")
			.tag("template", templateName)
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

	/**
	 * Times confirms without an allocation.
	 *
	 * @param confirms the timers by the names of the brokers
	 * @param lost counts messages of which nobody knows whether they have arrived
	 */
	private record Observer(Map<String, Timer> confirms, Counter lost) implements PublishObserver {

		@Override
		public void confirmed(@Nullable Broker broker, long nanos) {
			Timer timer = (broker != null) ? this.confirms.get(broker.name()) : null;
			if (timer != null) {
				timer.record(nanos, TimeUnit.NANOSECONDS);
			}
		}

		@Override
		public void unknown() {
			this.lost.increment();
		}

	}

}
