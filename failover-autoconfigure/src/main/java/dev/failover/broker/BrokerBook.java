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
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Stream;

import org.jspecify.annotations.Nullable;
import org.springframework.util.Assert;

/**
 * What is known of all brokers, and the rules by which it changes. Guarded by the lock of
 * {@link Brokers}, except for what is volatile.
 */
final class BrokerBook {

	private final Map<String, BrokerEntry> entries = new LinkedHashMap<>();

	private final RecoveryPolicy policy;

	private final BrokerEvents events;

	private final Clock clock;

	private volatile @Nullable Activation activation;

	private volatile @Nullable Broker previous;

	private volatile boolean held;

	/**
	 * The alarm for which it was told that its broker is not left.
	 */
	private @Nullable BrokerFailure heldAlarm;

	/**
	 * The alarm for which it was counted that there is no other broker.
	 */
	private @Nullable BrokerFailure strandedBy;

	private final Map<SwitchSuppression, Long> suppressed = new EnumMap<>(SwitchSuppression.class);

	private @Nullable Instant lostAt;

	private @Nullable BrokerFailure lostBy;

	/**
	 * Above those of all brokers that were removed, so that late reports about one of
	 * them are not taken for reports about another one of the same name.
	 */
	private long firstIncarnation;

	private long enablings;

	BrokerBook(List<Broker> brokers, Function<Broker, @Nullable BrokerCredentials> credentials, RecoveryPolicy policy,
			BrokerEvents events, Clock clock) {
		this.policy = policy;
		this.events = events;
		this.clock = clock;
		for (Broker broker : brokers) {
			Assert.isTrue(put(broker, credentials.apply(broker)),
					() -> "'brokers' must have unique names, but '%s' is given twice".formatted(broker.name()));
		}
	}

	private boolean put(Broker broker, @Nullable BrokerCredentials credentials) {
		BrokerEntry entry = new BrokerEntry(broker, credentials, this.firstIncarnation, this.policy,
				this.clock.instant());
		entry.enabling = ++this.enablings;
		return this.entries.putIfAbsent(broker.name(), entry) == null;
	}

	@Nullable Activation activation() {
		return this.activation;
	}

	@Nullable Broker previous() {
		return this.previous;
	}

	boolean isHeld() {
		return this.held;
	}

	void hold(boolean hold) {
		if (this.held != hold) {
			this.held = hold;
			this.heldAlarm = null;
			this.events.enqueue(new BrokerEvent.HoldChanged(hold));
		}
	}

	Stream<BrokerEntry> entries() {
		return this.entries.values().stream();
	}

	@Nullable BrokerEntry find(String name) {
		return this.entries.get(name);
	}

	/**
	 * Return the entry of that name.
	 * @throws IllegalArgumentException if there is none
	 */
	BrokerEntry get(String name) {
		BrokerEntry entry = this.entries.get(name);
		Assert.notNull(entry, () -> "Broker '%s' is not one of %s".formatted(name, this.entries.keySet()));
		return entry;
	}

	BrokerStatus status(BrokerEntry entry) {
		return entry.status(isActive(entry), cluster(entry));
	}

	/**
	 * Return the first of the names that nodes of the broker's cluster report, as far as
	 * they were found to be of one.
	 */
	private @Nullable String cluster(BrokerEntry entry) {
		String first = entry.cluster;
		if (first == null || this.entries.values().stream().allMatch((each) -> each.sameCluster.isEmpty())) {
			return first;
		}
		Set<BrokerEntry> seen = new LinkedHashSet<>(Set.of(entry));
		Deque<BrokerEntry> next = new ArrayDeque<>(seen);
		while (!next.isEmpty()) {
			BrokerEntry one = next.remove();
			for (BrokerEntry other : this.entries.values()) {
				if (other.cluster != null && isSameCluster(one, other) && seen.add(other)) {
					next.add(other);
					first = (other.cluster.compareTo(first) < 0) ? other.cluster : first;
				}
			}
		}
		return first;
	}

	private static boolean isSameCluster(BrokerEntry one, BrokerEntry other) {
		return one.sameCluster.contains(other.broker.name()) || Objects.equals(one.cluster, other.cluster);
	}

	void compared(BrokerEntry one, BrokerEntry other, boolean same) {
		String name = one.broker.name();
		boolean changed = same ? other.sameCluster.add(name) : other.sameCluster.remove(name);
		if (changed && same) {
			one.sameCluster.add(other.broker.name());
		}
		else if (changed) {
			one.sameCluster.remove(other.broker.name());
		}
		if (changed) {
			this.events.enqueue(new BrokerEvent.ClusterCompared(one.broker, other.broker, same));
		}
	}

	/**
	 * Forget which brokers a broker was found to be of one cluster with.
	 */
	private void forgetCluster(BrokerEntry entry) {
		entry.sameCluster.clear();
		this.entries.values().forEach((other) -> other.sameCluster.remove(entry.broker.name()));
	}

	/**
	 * Make a broker the active one, in place of the one that is.
	 * @throws IllegalStateException if the broker is not usable
	 */
	Activation activate(String name) {
		BrokerEntry entry = get(name);
		Assert.state(entry.state.isUsable(), () -> "Broker '%s' cannot become active: it is %s%s".formatted(name,
				entry.state, (entry.state != BrokerState.DOWN) ? "" : ", " + entry.lastFailure));
		Activation current = this.activation;
		if (current != null && isActive(entry)) {
			return current;
		}
		if (current != null) {
			this.lostAt = null;
			this.lostBy = null;
		}
		return activate(entry);
	}

	/**
	 * Take a broker out of use.
	 * @throws IllegalStateException if it is the active one, or the last one
	 */
	void disable(String name) {
		BrokerEntry entry = get(name);
		checkDispensable(entry, "disabled");
		enter(entry, BrokerState.DISABLED, null);
	}

	void enable(String name) {
		BrokerEntry entry = get(name);
		entry.enabling = ++this.enablings;
		if (!entry.isEnabled()) {
			entry.reset(this.clock.instant());
			enter(entry, BrokerState.UNKNOWN, null);
		}
		else {
			entry.endHoldBack(this.clock.instant());
		}
	}

	/**
	 * Add a broker behind the others.
	 * @throws IllegalArgumentException if there is one of that name
	 */
	void add(Broker broker, BrokerCredentials credentials) {
		Assert.isTrue(put(broker, credentials), () -> "There is a broker '%s' already".formatted(broker.name()));
		this.events.enqueue(new BrokerEvent.Added(broker));
	}

	/**
	 * Remove a broker.
	 * @throws IllegalStateException if it is the active one, or the last one
	 */
	void remove(String name) {
		BrokerEntry entry = get(name);
		checkDispensable(entry, "removed");
		forgetCluster(entry);
		this.entries.remove(name);
		this.firstIncarnation = Math.max(this.firstIncarnation, entry.incarnation + 1);
		this.events.enqueue(new BrokerEvent.Removed(entry.broker));
	}

	private void checkDispensable(BrokerEntry entry, String what) {
		String name = entry.broker.name();
		Assert.state(!isActive(entry),
				() -> "Broker '%s' is active and cannot be %s: activate another one first".formatted(name, what));
		Assert.state(entries().anyMatch((other) -> other != entry && other.isEnabled()),
				() -> "Broker '%s' cannot be %s: it is the last one that is enabled".formatted(name, what));
	}

	void reweight(String name, int priority, int weight) {
		BrokerEntry entry = get(name);
		Broker from = entry.broker;
		Broker to = from.withWeight(priority, weight);
		if (to.equals(from)) {
			return;
		}
		Activation current = this.activation;
		if (current != null && isActive(entry)) {
			this.activation = new Activation(to, current.incarnation());
		}
		Broker last = this.previous;
		if (last != null && last.name().equals(name)) {
			this.previous = to;
		}
		entry.broker = to;
		this.events.enqueue(new BrokerEvent.Reweighted(from, to));
	}

	void connected(BrokerEntry entry) {
		if (!entry.isEnabled()) {
			return;
		}
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
		Instant now = this.clock.instant();
		boolean recovered = entry.answered(now) || !isAnyUsable();
		if (!recovered && entry.state == BrokerState.DOWN && entry.isNewlyHeldBack(now)) {
			suppressed(SwitchSuppression.HELD_BACK);
		}
		if (entry.state == BrokerState.UNKNOWN || (entry.state == BrokerState.DOWN && recovered)) {
			enter(entry, BrokerState.UP, null);
		}
	}

	void identified(BrokerEntry entry, @Nullable String cluster) {
		String from = entry.cluster;
		if (!Objects.equals(from, cluster)) {
			entry.cluster = cluster;
			forgetCluster(entry);
			this.events.enqueue(new BrokerEvent.ClusterChanged(entry.broker, from, cluster));
		}
	}

	void unconsumed(BrokerEntry entry, Set<String> queues) {
		if (!entry.unconsumedQueues.equals(queues)) {
			entry.unconsumedQueues = Set.copyOf(queues);
			this.events.enqueue(new BrokerEvent.ConsumersMissing(entry.broker, entry.unconsumedQueues));
		}
	}

	void pending(BrokerEntry entry, Set<String> declarations) {
		if (!entry.pendingDeclarations.equals(declarations)) {
			entry.pendingDeclarations = Set.copyOf(declarations);
			this.events.enqueue(new BrokerEvent.DeclarationsPending(entry.broker, entry.pendingDeclarations));
		}
	}

	void suspected(BrokerEntry entry, Set<String> queues) {
		if (!entry.suspectQueues.equals(queues)) {
			entry.suspectQueues = Set.copyOf(queues);
			this.events.enqueue(new BrokerEvent.QueuesSuspected(entry.broker, entry.suspectQueues));
		}
	}

	void checked(BrokerEntry entry, BrokerHealth health) {
		BrokerHealth from = entry.health;
		entry.health = health;
		boolean wasHealthy = from == null || from.isHealthy();
		if (wasHealthy != health.isHealthy()) {
			this.events.enqueue(new BrokerEvent.HealthChanged(entry.broker, health));
		}
	}

	void failed(BrokerEntry entry, FailureReason reason, String description) {
		BrokerFailure failure = new BrokerFailure(reason, description, this.clock.instant());
		BrokerFailure last = entry.lastFailure;
		boolean another = entry.state == BrokerState.DOWN && last != null && last.reason() != reason;
		entry.failed(failure);
		pending(entry, Set.of());
		if (another && reason != FailureReason.BLOCKED) {
			this.events
				.enqueue(new BrokerEvent.StateChanged(entry.broker, BrokerState.DOWN, BrokerState.DOWN, failure));
		}
		if (entry.isEnabled()) {
			enter(entry, (reason == FailureReason.BLOCKED) ? BrokerState.BLOCKED : BrokerState.DOWN, failure);
			deactivate(entry, failure);
		}
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
		if (entry.state != BrokerState.BLOCKED || alarm == null || !isActive(entry)) {
			return;
		}
		if (!isAnyUsable()) {
			if (alarm != this.strandedBy) {
				this.strandedBy = alarm;
				suppressed(SwitchSuppression.NO_OTHER_BROKER);
			}
		}
		else if (!this.held) {
			failed(entry, FailureReason.BLOCKED, alarm.description());
		}
		else if (alarm != this.heldAlarm) {
			this.heldAlarm = alarm;
			suppressed(SwitchSuppression.HELD);
			this.events.enqueue(new BrokerEvent.SwitchHeld(entry.broker, null, SwitchCause.ALARM));
		}
	}

	void suppressed(SwitchSuppression reason) {
		this.suppressed.merge(reason, 1L, Long::sum);
	}

	long getSuppressed(SwitchSuppression reason) {
		return this.suppressed.getOrDefault(reason, 0L);
	}

	private boolean isAnyUsable() {
		return entries().anyMatch((entry) -> entry.state.isUsable());
	}

	private boolean isActive(BrokerEntry entry) {
		Activation current = this.activation;
		return current != null && current.broker().name().equals(entry.broker.name());
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

	private Activation activate(BrokerEntry entry) {
		Broker from = this.previous;
		Duration outage = (this.lostAt != null) ? Duration.between(this.lostAt, this.clock.instant()) : Duration.ZERO;
		this.events.enqueue(new BrokerEvent.Activated(from, entry.broker, outage, this.lostBy));
		Activation activated = new Activation(entry.broker, entry.incarnation);
		this.activation = activated;
		this.previous = entry.broker;
		return activated;
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
