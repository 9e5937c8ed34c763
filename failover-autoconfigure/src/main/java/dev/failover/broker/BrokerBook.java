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

package dev.failover.broker;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

import org.jspecify.annotations.Nullable;
import org.springframework.util.Assert;

/**
 * What is known of all brokers, and the rules by which it changes. Guarded by the lock of
 * {@link Brokers}, except for what is volatile.
 */
final class BrokerBook {

	private final Map<String, BrokerEntry> entries = new LinkedHashMap<>();

	private final BrokerEvents events;

	private final Clock clock;

	private volatile @Nullable Activation activation;

	private volatile @Nullable Broker previous;

	private @Nullable Instant lostAt;

	private @Nullable BrokerFailure lostBy;

	BrokerBook(List<Broker> brokers, RecoveryPolicy policy, BrokerEvents events, Clock clock) {
		this.events = events;
		this.clock = clock;
		Instant now = clock.instant();
		for (Broker broker : brokers) {
			BrokerEntry entry = new BrokerEntry(broker, policy, now);
			Assert.isTrue(this.entries.putIfAbsent(broker.name(), entry) == null,
					() -> "'brokers' must have unique names, but '%s' is given twice".formatted(broker.name()));
		}
	}

	@Nullable Activation activation() {
		return this.activation;
	}

	@Nullable Broker previous() {
		return this.previous;
	}

	Stream<BrokerEntry> entries() {
		return this.entries.values().stream();
	}

	@Nullable BrokerEntry find(String name) {
		return this.entries.get(name);
	}

	BrokerEntry entry(Broker broker) {
		BrokerEntry entry = this.entries.get(broker.name());
		Assert.notNull(entry, () -> "Broker '%s' is not one of %s".formatted(broker.name(), this.entries.keySet()));
		return entry;
	}

	BrokerStatus status(BrokerEntry entry) {
		return entry.status(isActive(entry));
	}

	void connected(BrokerEntry entry) {
		if (this.activation != null && !isActive(entry)) {
			answered(entry);
			return;
		}
		if (entry.state != BrokerState.BLOCKED) {
			enter(entry, BrokerState.UP, null);
		}
		if (this.activation == null) {
			activate(entry);
		}
	}

	void answered(BrokerEntry entry) {
		boolean recovered = entry.answered(this.clock.instant()) || !isAnyUsable();
		if (entry.state == BrokerState.UNKNOWN || (entry.state == BrokerState.DOWN && recovered)) {
			enter(entry, BrokerState.UP, null);
		}
	}

	void failed(BrokerEntry entry, FailureReason reason, String description) {
		BrokerFailure failure = new BrokerFailure(reason, description, this.clock.instant());
		BrokerFailure last = entry.lastFailure;
		boolean another = entry.state == BrokerState.DOWN && last != null && last.reason() != reason;
		entry.failed(failure);
		if (another && reason != FailureReason.BLOCKED) {
			this.events
				.enqueue(new BrokerEvent.StateChanged(entry.broker, BrokerState.DOWN, BrokerState.DOWN, failure));
		}
		enter(entry, (reason == FailureReason.BLOCKED) ? BrokerState.BLOCKED : BrokerState.DOWN, failure);
		deactivate(entry, failure);
	}

	void blocked(BrokerEntry entry, String description) {
		if (entry.state.isUsable()) {
			BrokerFailure failure = new BrokerFailure(FailureReason.BLOCKED, description, this.clock.instant());
			entry.lastFailure = failure;
			enter(entry, BrokerState.BLOCKED, failure);
		}
	}

	void unblocked(BrokerEntry entry) {
		if (entry.state == BrokerState.BLOCKED) {
			enter(entry, BrokerState.UP, null);
		}
	}

	/**
	 * Leave a broker that is blocked, but not for one that is unable to serve, too.
	 */
	void leaveBlocked(BrokerEntry entry) {
		BrokerFailure alarm = entry.lastFailure;
		if (entry.state == BrokerState.BLOCKED && alarm != null && isActive(entry) && isAnyUsable()) {
			failed(entry, FailureReason.BLOCKED, alarm.description());
		}
	}

	private boolean isAnyUsable() {
		return entries().anyMatch((entry) -> entry.state.isUsable());
	}

	private boolean isActive(BrokerEntry entry) {
		Activation current = this.activation;
		return current != null && current.broker().equals(entry.broker);
	}

	private void enter(BrokerEntry entry, BrokerState state, @Nullable BrokerFailure failure) {
		BrokerState from = entry.state;
		if (from == state) {
			return;
		}
		entry.state = state;
		entry.since = this.clock.instant();
		this.events.enqueue(new BrokerEvent.StateChanged(entry.broker, from, state, failure));
	}

	private void activate(BrokerEntry entry) {
		Broker from = this.previous;
		Duration outage = (this.lostAt != null) ? Duration.between(this.lostAt, this.clock.instant()) : Duration.ZERO;
		this.events.enqueue(new BrokerEvent.Activated(from, entry.broker, outage, this.lostBy));
		this.activation = new Activation(entry.broker, entry.incarnation);
		this.previous = entry.broker;
	}

	private void deactivate(BrokerEntry entry, BrokerFailure failure) {
		if (!isActive(entry)) {
			return;
		}
		this.activation = null;
		this.lostAt = failure.at();
		this.lostBy = failure;
		this.events.enqueue(new BrokerEvent.Lost(entry.broker, failure));
	}

}
