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

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;

import org.jspecify.annotations.Nullable;
import org.springframework.util.Assert;

import dev.failover.broker.Broker;
import dev.failover.broker.BrokerEvent;
import dev.failover.broker.BrokerHealth;
import dev.failover.broker.BrokerListener;
import dev.failover.broker.BrokerState;
import dev.failover.broker.BrokerStatus;
import dev.failover.broker.Brokers;
import dev.failover.broker.EventStage;

/**
 * Calls the health checks of the brokers that are up or blocked, and tells
 * {@link Brokers} what they say: when such a broker has come up, and then once in an
 * interval. Nothing is done, and no thread started, where no check applies.
 */
public final class BrokerHealthChecks implements BrokerListener, AutoCloseable {

	private final Brokers brokers;

	private final Map<String, BrokerHealthCheck> checks;

	private final HealthCheckSettings settings;

	private final DetectionScheduler scheduler;

	private final Runnable onClose;

	/**
	 * By the names of the brokers, used by the scheduler only.
	 */
	private final Map<String, Rounds> rounds = new HashMap<>();

	/**
	 * Create it for the given brokers until it is closed.
	 * @param brokers the brokers
	 * @param checks the checks by their names, which appear in reasons
	 * @param settings when to call them
	 */
	public BrokerHealthChecks(Brokers brokers, Map<String, BrokerHealthCheck> checks, HealthCheckSettings settings) {
		this(brokers, checks, settings, new DetectionThreads());
	}

	private BrokerHealthChecks(Brokers brokers, Map<String, BrokerHealthCheck> checks, HealthCheckSettings settings,
			DetectionThreads threads) {
		this(brokers, checks, settings, threads, threads::close);
	}

	BrokerHealthChecks(Brokers brokers, Map<String, BrokerHealthCheck> checks, HealthCheckSettings settings,
			DetectionScheduler scheduler, Runnable onClose) {
		Assert.notNull(brokers, "'brokers' must not be null");
		Assert.notNull(checks, "'checks' must not be null");
		Assert.notNull(settings, "'settings' must not be null");
		this.brokers = brokers;
		this.checks = Map.copyOf(checks);
		this.settings = settings;
		this.scheduler = scheduler;
		this.onClose = onClose;
		if (!checks.isEmpty()) {
			brokers.addListener(this, EventStage.CONNECTIONS);
		}
	}

	@Override
	public void onEvent(BrokerEvent event) {
		if (event instanceof BrokerEvent.StateChanged changed && changed.to() == BrokerState.UP
				&& isAnyFor(changed.broker())) {
			this.scheduler.later(Duration.ZERO,
					() -> this.rounds.computeIfAbsent(changed.broker().name(), (name) -> new Rounds(name, calls()))
						.now());
		}
		else if (event instanceof BrokerEvent.Removed removed) {
			this.scheduler.later(Duration.ZERO, () -> this.rounds.remove(removed.broker().name()));
		}
	}

	private boolean isAnyFor(Broker broker) {
		return calls().stream().anyMatch((call) -> call.appliesTo(broker));
	}

	private List<HealthCheckCall> calls() {
		return this.checks.entrySet()
			.stream()
			.sorted(Map.Entry.comparingByKey())
			.map((each) -> new HealthCheckCall(each.getKey(), each.getValue(), this.settings.timeout(), this.scheduler))
			.toList();
	}

	/**
	 * End the threads. Nothing is checked any more.
	 */
	@Override
	public void close() {
		this.brokers.removeListener(this);
		this.onClose.run();
	}

	/**
	 * The checks of one broker, round after round as long as it is up or blocked.
	 */
	private final class Rounds {

		private final String broker;

		private final List<HealthCheckCall> calls;

		private Future<?> next = CompletableFuture.completedFuture(null);

		private boolean underWay;

		Rounds(String broker, List<HealthCheckCall> calls) {
			this.broker = broker;
			this.calls = calls;
		}

		/**
		 * Begin a round, unless one is under way.
		 */
		void now() {
			this.next.cancel(false);
			BrokerStatus status = BrokerHealthChecks.this.brokers.getStatus(this.broker).orElse(null);
			if (!this.underWay && status != null
					&& (status.state() == BrokerState.UP || status.state() == BrokerState.BLOCKED)) {
				beginOrPostpone(status.broker());
			}
		}

		private void beginOrPostpone(Broker broker) {
			boolean begun = false;
			try {
				begin(broker);
				begun = true;
			}
			finally {
				if (!begun) {
					postpone();
				}
			}
		}

		private void postpone() {
			this.next = BrokerHealthChecks.this.scheduler.later(BrokerHealthChecks.this.settings.interval(), this::now);
		}

		private void begin(Broker broker) {
			long incarnation = BrokerHealthChecks.this.brokers.getIncarnation(broker);
			List<CompletableFuture<@Nullable BrokerHealth>> results = new ArrayList<>();
			for (HealthCheckCall call : this.calls) {
				if (call.appliesTo(broker)) {
					results.add(call.call(broker));
				}
			}
			this.underWay = true;
			CompletableFuture.allOf(results.toArray(CompletableFuture[]::new))
				.whenComplete((all, failure) -> BrokerHealthChecks.this.scheduler.later(Duration.ZERO,
						() -> end(broker, incarnation, results)));
		}

		private void end(Broker broker, long incarnation, List<CompletableFuture<@Nullable BrokerHealth>> results) {
			this.underWay = false;
			postpone();
			List<BrokerHealth> known = new ArrayList<>();
			for (CompletableFuture<@Nullable BrokerHealth> result : results) {
				BrokerHealth health = result.getNow(null);
				if (health != null) {
					known.add(health);
				}
			}
			if (!known.isEmpty() && known.size() == results.size()) {
				BrokerHealthChecks.this.brokers.checked(broker, incarnation,
						BrokerHealthChecks.this.settings.policy().combine(known));
			}
		}

	}

}
