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

import java.util.EnumMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import io.micrometer.core.instrument.binder.MeterBinder;
import org.springframework.util.Assert;

import dev.failover.broker.Reconnector;
import dev.failover.ensure.EnsureObserver;
import dev.failover.ensure.EnsureOutcome;
import dev.failover.ensure.Ensurer;

/**
 * Metrics of ensured calls: what has become of those of each method, what retries have
 * cost, and how many callers wait for a broker.
 */
public final class EnsureMetrics implements MeterBinder {

	private final Ensurer ensurer;

	private final Supplier<Set<String>> methods;

	/**
	 * Create metrics.
	 * @param ensurer does the calls
	 * @param methods supplies the names of the methods that are known from the start
	 */
	public EnsureMetrics(Ensurer ensurer, Supplier<Set<String>> methods) {
		Assert.notNull(ensurer, "'ensurer' must not be null");
		Assert.notNull(methods, "'methods' must not be null");
		this.ensurer = ensurer;
		this.methods = methods;
	}

	@Override
	public void bindTo(MeterRegistry registry) {
		Gauge.builder("failover.callers.waiting", this.ensurer.getReconnector(), Reconnector::getWaiting)
			.description("Ensured calls that wait for a broker, and one for each template whose messages do")
			.register(registry);
		Observer observer = new Observer(registry);
		this.methods.get().forEach(observer::meters);
		this.ensurer.addObserver(observer);
	}

	/**
	 * Counts calls without an allocation.
	 */
	private static final class Observer implements EnsureObserver {

		private final MeterRegistry registry;

		private final Map<String, MethodMeters> methods = new ConcurrentHashMap<>();

		Observer(MeterRegistry registry) {
			this.registry = registry;
		}

		@Override
		public void ended(String method, EnsureOutcome outcome, long nanos) {
			MethodMeters meters = meters(method);
			Counter calls = meters.calls().get(outcome);
			if (calls != null) {
				calls.increment();
			}
			if (outcome == EnsureOutcome.AFTER_RETRY || outcome == EnsureOutcome.GAVE_UP) {
				meters.retries().record(nanos, TimeUnit.NANOSECONDS);
			}
		}

		MethodMeters meters(String method) {
			MethodMeters known = this.methods.get(method);
			return (known != null) ? known : this.methods.computeIfAbsent(method, this::register);
		}

		private MethodMeters register(String method) {
			Map<EnsureOutcome, Counter> calls = new EnumMap<>(EnsureOutcome.class);
			for (EnsureOutcome outcome : EnsureOutcome.values()) {
				calls.put(outcome,
						Counter.builder("failover.ensure.calls")
							.description("Calls of methods that are annotated with @Ensure")
							.tag("method", method)
							.tag("outcome", BrokerMeters.value(outcome))
							.register(this.registry));
			}
			return new MethodMeters(calls,
					Timer.builder("failover.ensure.retries")
						.description("Ensured calls that were tried again, and their time from the first failure on")
						.tag("method", method)
						.register(this.registry));
		}

	}

	/**
	 * The meters of a method.
	 *
	 * @param calls counts its calls
	 * @param retries times those that were tried again
	 */
	private record MethodMeters(Map<EnsureOutcome, Counter> calls, Timer retries) {
	}

}
