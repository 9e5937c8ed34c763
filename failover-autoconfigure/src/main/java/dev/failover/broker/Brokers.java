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
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;

import org.jspecify.annotations.Nullable;
import org.springframework.util.Assert;

/**
 * The one holder of the brokers' state: who is up, and who is active. Whoever connects,
 * probes, publishes or consumes reports here what a broker did; this class alone decides
 * what follows, and tells the {@link BrokerListener listeners} what has changed.
 * <p>
 * At most one broker is active at a time. It stays active until it fails; then there is
 * none until the next connection is opened.
 * <p>
 * Safe for use by any number of threads; no method blocks.
 */
public final class Brokers {

	private final Map<String, BrokerEntry> entries = new LinkedHashMap<>();

	private final ReentrantLock lock = new ReentrantLock();

	private final BrokerEvents events = new BrokerEvents();

	private final FailureDescriber describer;

	private final Clock clock;

	private volatile @Nullable Activation activation;

	private volatile @Nullable Broker previous;

	private @Nullable Instant lostAt;

	private @Nullable BrokerFailure lostBy;

	/**
	 * Create a holder for the given brokers, none of which has been tried yet.
	 * @param brokers the brokers in their configured order, at least one, with unique
	 * names
	 * @param clock the clock that dates states and failures
	 */
	public Brokers(List<Broker> brokers, Clock clock) {
		Assert.notEmpty(brokers, "'brokers' must not be empty");
		Assert.notNull(clock, "'clock' must not be null");
		this.clock = clock;
		Instant now = clock.instant();
		for (Broker broker : brokers) {
			Assert.isTrue(this.entries.putIfAbsent(broker.name(), new BrokerEntry(broker, now)) == null,
					() -> "'brokers' must have unique names, but '%s' is given twice".formatted(broker.name()));
		}
		this.describer = new FailureDescriber(brokers);
	}

	/**
	 * Return all brokers in their configured order.
	 * @return the brokers, never empty
	 */
	public List<Broker> getAll() {
		return read(() -> this.entries.values().stream().map((entry) -> entry.broker).toList());
	}

	/**
	 * Return a snapshot of what is known of each broker.
	 * @return one status for each broker, in their configured order
	 */
	public List<BrokerStatus> getStatuses() {
		return read(() -> this.entries.values().stream().map(this::status).toList());
	}

	/**
	 * Return a snapshot of what is known of one broker.
	 * @param name the name of the broker
	 * @return the status, empty if there is no broker of that name
	 */
	public Optional<BrokerStatus> getStatus(String name) {
		return read(() -> Optional.ofNullable(this.entries.get(name)).map(this::status));
	}

	/**
	 * Return the active broker.
	 * @return the active broker, or {@code null} if there is none at the moment
	 */
	public @Nullable Broker getActive() {
		Activation current = this.activation;
		return (current != null) ? current.broker() : null;
	}

	/**
	 * Return the current activation, to be handed to
	 * {@link #failed(Activation, FailureReason, Throwable)} if what is done with the
	 * active broker fails.
	 * @return the activation, or {@code null} if there is no active broker at the moment
	 */
	public @Nullable Activation getActivation() {
		return this.activation;
	}

	/**
	 * Return the broker that is active or, while there is none, the one that was.
	 * @return the broker, or {@code null} if no broker has been active yet
	 */
	public @Nullable Broker getPrevious() {
		return this.previous;
	}

	/**
	 * Return how often the broker has failed. Taken before something is tried with the
	 * broker, the number marks a report about the outcome as being about this broker as
	 * it was then.
	 * @param broker the broker
	 * @return the number of failures so far
	 */
	public long getIncarnation(Broker broker) {
		return read(() -> entry(broker).incarnation);
	}

	/**
	 * Report that a connection for the application was opened. If there is no active
	 * broker, this one becomes it.
	 * @param broker the broker that the connection was opened to
	 * @param incarnation the incarnation before the connection was opened
	 * @return the activation that is current after the report; the connection is of use
	 * only if it is one of this very broker and incarnation
	 */
	public @Nullable Activation connected(Broker broker, long incarnation) {
		write(() -> {
			BrokerEntry entry = entry(broker);
			if (entry.incarnation != incarnation) {
				return;
			}
			enter(entry, BrokerState.UP, null);
			if (this.activation == null) {
				activate(entry);
			}
		});
		return this.activation;
	}

	/**
	 * Report that the broker answered a probe. It does not become active by that.
	 * @param broker the broker
	 */
	public void answered(Broker broker) {
		write(() -> enter(entry(broker), BrokerState.UP, null));
	}

	/**
	 * Report that the active broker failed.
	 * @param failed the activation that was current when the failing work began
	 * @param reason the reason
	 * @param cause what happened, or {@code null} if nothing was thrown
	 * @return whether the report counted; it does not if the failure was known already
	 */
	public boolean failed(Activation failed, FailureReason reason, @Nullable Throwable cause) {
		return failed(failed.broker(), failed.incarnation(), reason, cause);
	}

	/**
	 * Report that a broker failed. If it was active, there is no active broker any more.
	 * @param broker the broker
	 * @param incarnation the incarnation before the failing work began
	 * @param reason the reason
	 * @param cause what happened, or {@code null} if nothing was thrown
	 * @return whether the report counted; it does not if the broker has failed since
	 */
	public boolean failed(Broker broker, long incarnation, FailureReason reason, @Nullable Throwable cause) {
		String description = this.describer.describe(reason, cause);
		boolean[] counted = new boolean[1];
		write(() -> {
			BrokerEntry entry = entry(broker);
			if (entry.incarnation != incarnation) {
				return;
			}
			counted[0] = true;
			entry.incarnation++;
			entry.lastFailure = new BrokerFailure(reason, description, this.clock.instant());
			enter(entry, BrokerState.DOWN, entry.lastFailure);
			deactivate(entry, entry.lastFailure);
		});
		return counted[0];
	}

	/**
	 * Add a listener that is told of every change from now on.
	 * @param listener the listener
	 */
	public void addListener(BrokerListener listener) {
		Assert.notNull(listener, "'listener' must not be null");
		this.events.add(listener);
	}

	/**
	 * Remove a listener.
	 * @param listener the listener
	 */
	public void removeListener(BrokerListener listener) {
		this.events.remove(listener);
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
		Activation current = this.activation;
		if (current == null || !current.broker().equals(entry.broker)) {
			return;
		}
		this.activation = null;
		this.lostAt = failure.at();
		this.lostBy = failure;
		this.events.enqueue(new BrokerEvent.Lost(entry.broker, failure));
	}

	private BrokerEntry entry(Broker broker) {
		BrokerEntry entry = this.entries.get(broker.name());
		Assert.notNull(entry, () -> "Broker '%s' is not one of %s".formatted(broker.name(), this.entries.keySet()));
		return entry;
	}

	private BrokerStatus status(BrokerEntry entry) {
		return entry.status(entry.broker.equals(getActive()));
	}

	private <T> T read(Supplier<T> action) {
		this.lock.lock();
		try {
			return action.get();
		}
		finally {
			this.lock.unlock();
		}
	}

	private void write(Runnable action) {
		this.lock.lock();
		try {
			action.run();
		}
		finally {
			this.lock.unlock();
		}
		this.events.deliver();
	}

	@Override
	public String toString() {
		return new ArrayList<>(getAll()).toString();
	}

}
