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
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;

import org.jspecify.annotations.Nullable;
import org.springframework.util.Assert;

/**
 * The one holder of the brokers' state: who is up, and who is active. Whoever connects,
 * probes, publishes or consumes reports here what a broker did; this class alone decides
 * what follows, and notifies the {@link BrokerListener listeners} of what has changed.
 * <p>
 * At most one broker is active at a time. It stays active until it fails; then there is
 * none until the next connection is opened.
 * <p>
 * Safe for use by any number of threads; no method blocks.
 */
public final class Brokers implements AutoCloseable {

	private final ReentrantLock lock = new ReentrantLock();

	final BrokerEvents events = new BrokerEvents();

	private final FailureDescriber describer = new FailureDescriber();

	private final BrokerBook book;

	private final BrokerOperations operations;

	/**
	 * Create a holder for the given brokers with the default policy.
	 * @param brokers the brokers in their configured order, at least one, with unique
	 * names
	 * @param clock the clock that dates states and failures
	 */
	public Brokers(List<Broker> brokers, Clock clock) {
		this(brokers, RecoveryPolicy.DEFAULTS, clock);
	}

	/**
	 * Create a holder for the given brokers, none of which has been tried yet, that does
	 * not know their credentials.
	 * @param brokers the brokers in their configured order, at least one, with unique
	 * names
	 * @param recoveryPolicy when a broker that failed is trusted again
	 * @param clock the clock that dates states and failures
	 */
	public Brokers(List<Broker> brokers, RecoveryPolicy recoveryPolicy, Clock clock) {
		this(brokers, (broker) -> null, recoveryPolicy, clock);
	}

	/**
	 * Create a holder for the given brokers, none of which has been tried yet.
	 * @param brokers the brokers in their configured order, at least one, with unique
	 * names
	 * @param credentials tells the credentials of each of these brokers, {@code null}
	 * where they are not known
	 * @param recoveryPolicy when a broker that failed is trusted again
	 * @param clock the clock that dates states and failures
	 */
	public Brokers(List<Broker> brokers, Function<Broker, @Nullable BrokerCredentials> credentials,
			RecoveryPolicy recoveryPolicy, Clock clock) {
		Assert.notEmpty(brokers, "'brokers' must not be empty");
		Assert.notNull(credentials, "'credentials' must not be null");
		Assert.notNull(recoveryPolicy, "'recoveryPolicy' must not be null");
		Assert.notNull(clock, "'clock' must not be null");
		this.book = new BrokerBook(brokers, credentials, recoveryPolicy, this.events, clock);
		this.book.entries().map((entry) -> entry.credentials).filter(Objects::nonNull).forEach(this.describer::add);
		this.operations = new BrokerOperations(this, this.book, this.describer);
	}

	/**
	 * Return what operators may change while the application runs.
	 * @return the operations
	 */
	public BrokerOperations operations() {
		return this.operations;
	}

	/**
	 * Return all brokers in their configured order.
	 * @return the brokers, never empty
	 */
	public List<Broker> getAll() {
		return read(() -> this.book.entries().map((entry) -> entry.broker).toList());
	}

	/**
	 * Return a snapshot of what is known of each broker.
	 * @return one status for each broker, in their configured order
	 */
	public List<BrokerStatus> getStatuses() {
		return read(() -> this.book.entries().map(this.book::status).toList());
	}

	/**
	 * Return a snapshot of what is known of one broker.
	 * @param name the name of the broker
	 * @return the status, empty if there is no broker of that name
	 */
	public Optional<BrokerStatus> getStatus(String name) {
		return read(() -> Optional.ofNullable(this.book.find(name)).map(this.book::status));
	}

	/**
	 * Return the credentials that a broker was given with.
	 * @param broker the broker
	 * @return the credentials, or {@code null} if they are not known, or the broker was
	 * removed
	 */
	public @Nullable BrokerCredentials getCredentials(Broker broker) {
		return read(() -> {
			BrokerEntry entry = this.book.find(broker.name());
			return (entry != null) ? entry.credentials : null;
		});
	}

	/**
	 * Return the active broker.
	 * @return the active broker, or {@code null} if there is none at the moment
	 */
	public @Nullable Broker getActive() {
		Activation current = getActivation();
		return (current != null) ? current.broker() : null;
	}

	/**
	 * Return the current activation, to be handed to
	 * {@link #failed(Activation, FailureReason, Throwable)} if what is done with the
	 * active broker fails.
	 * @return the activation, or {@code null} if there is no active broker at the moment
	 */
	public @Nullable Activation getActivation() {
		return this.book.activation();
	}

	/**
	 * Return the broker that is active or, while there is none, the one that was.
	 * @return the broker, or {@code null} if no broker has been active yet
	 */
	public @Nullable Broker getPrevious() {
		return this.book.previous();
	}

	/**
	 * Return whether an operator {@linkplain BrokerOperations#hold() holds} the switches
	 * that the application decides on itself.
	 * @return whether they are held
	 */
	public boolean isHeld() {
		return this.book.isHeld();
	}

	/**
	 * Return how often the application has stayed on its active broker although there was
	 * a reason to leave it. What lasts is counted once.
	 * @param reason why it has stayed
	 * @return the number of switches that were not made
	 */
	public long getSuppressed(SwitchSuppression reason) {
		return read(() -> this.book.getSuppressed(reason));
	}

	void suppressed(SwitchSuppression reason) {
		write(() -> {
			this.book.suppressed(reason);
			return reason;
		});
	}

	/**
	 * Return how often the broker has failed. Taken before something is tried with the
	 * broker, the number marks a report about the outcome as being about this broker as
	 * it was then.
	 * @param broker the broker
	 * @return the number of failures so far, or {@link Long#MAX_VALUE} if the broker was
	 * removed: then no report counts
	 */
	public long getIncarnation(Broker broker) {
		return read(() -> {
			BrokerEntry entry = this.book.find(broker.name());
			return (entry != null) ? entry.incarnation : Long.MAX_VALUE;
		});
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
		report(broker, incarnation, this.book::connected);
		return this.book.activation();
	}

	/**
	 * Report that the broker answered a probe. It does not become active by that, and
	 * usable only if the {@link RecoveryPolicy} trusts it again.
	 * @param broker the broker
	 */
	public void answered(Broker broker) {
		report(broker, getIncarnation(broker), this.book::answered);
	}

	/**
	 * Report which cluster the broker says it belongs to, in answer to a connect.
	 * @param broker the broker
	 * @param incarnation the incarnation before the connection was opened
	 * @param cluster the name of the cluster, or {@code null} if the broker does not say
	 */
	public void identified(Broker broker, long incarnation, @Nullable String cluster) {
		report(broker, incarnation, (entry) -> this.book.identified(entry, cluster));
	}

	/**
	 * Report what the broker tells of itself in answer to a connect. Nobody is notified.
	 * @param broker the broker
	 * @param incarnation the incarnation before the connection was opened
	 * @param server what it tells
	 */
	public void introduced(Broker broker, long incarnation, BrokerServer server) {
		report(broker, incarnation, (entry) -> entry.server = server);
	}

	/**
	 * Report whether two brokers that report different clusters are of the same one, as
	 * the nodes of a cluster without a name are.
	 * @param one one of the brokers
	 * @param oneIncarnation its incarnation before they were compared
	 * @param other the other broker
	 * @param otherIncarnation its incarnation before they were compared
	 * @param same whether they are of the same cluster
	 */
	public void compared(Broker one, long oneIncarnation, Broker other, long otherIncarnation, boolean same) {
		report(one, oneIncarnation, (entry) -> {
			BrokerEntry second = this.book.find(other.name());
			if (second != null && second != entry && second.incarnation == otherIncarnation) {
				this.book.compared(entry, second, same);
			}
		});
	}

	/**
	 * Report which node the broker leads to. Nobody is notified.
	 * @param broker the broker
	 * @param incarnation the incarnation before the connection was opened
	 * @param node what identifies the running node
	 */
	public void located(Broker broker, long incarnation, String node) {
		report(broker, incarnation, (entry) -> entry.node = node);
	}

	/**
	 * Report in which queues of the application messages wait that nobody consumes.
	 * @param broker the broker
	 * @param incarnation the incarnation before the queues were looked at
	 * @param queues the names of the queues, empty if there is none
	 */
	public void unconsumed(Broker broker, long incarnation, Set<String> queues) {
		report(broker, incarnation, (entry) -> this.book.unconsumed(entry, queues));
	}

	/**
	 * Report what of the topology cannot be declared on a broker that takes traffic.
	 * @param broker the broker
	 * @param incarnation the incarnation before it was declared
	 * @param declarations what is pending, such as {@code Queue 'orders'}, empty if all
	 * is declared
	 */
	public void pending(Broker broker, long incarnation, Set<String> declarations) {
		report(broker, incarnation, (entry) -> this.book.pending(entry, declarations));
	}

	/**
	 * Report which queues cannot be consumed on a broker that serves others.
	 * @param broker the broker
	 * @param incarnation the incarnation before that was found out
	 * @param queues the names of the queues, empty if there is none
	 */
	public void suspected(Broker broker, long incarnation, Set<String> queues) {
		report(broker, incarnation, (entry) -> this.book.suspected(entry, queues));
	}

	/**
	 * Report what the health checks say of a broker that answers. It stays as it is, and
	 * an active one stays active; but as long as it is unhealthy, the application does
	 * not move to it, and a healthy one that is usable is preferred to it.
	 * @param broker the broker
	 * @param incarnation the incarnation before the checks began
	 * @param health what they say
	 */
	public void checked(Broker broker, long incarnation, BrokerHealth health) {
		String reason = health.reason();
		BrokerHealth masked = (reason != null) ? BrokerHealth.unhealthy(this.describer.mask(reason)) : health;
		report(broker, incarnation, (entry) -> this.book.checked(entry, masked));
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
		return report(broker, incarnation, (entry) -> this.book.failed(entry, reason, description));
	}

	/**
	 * Report that the active broker takes unusually long. Whoever watches it is notified.
	 * @param suspect the activation that was current when the work began
	 */
	public void suspect(Activation suspect) {
		if (suspect.equals(getActivation())) {
			this.events.suspect(suspect);
		}
	}

	/**
	 * Report that a broker stopped to accept messages because of a resource alarm. It
	 * stays active, but is not usable.
	 * @param broker the broker
	 * @param incarnation the incarnation that the blocked connection belongs to
	 * @param reason what the broker says
	 */
	public void blocked(Broker broker, long incarnation, String reason) {
		report(broker, incarnation, (entry) -> this.book.blocked(entry, reason));
	}

	/**
	 * Report that a broker accepts messages again.
	 * @param broker the broker
	 * @param incarnation the incarnation that the connection belongs to
	 */
	public void unblocked(Broker broker, long incarnation) {
		report(broker, incarnation, this.book::unblocked);
	}

	/**
	 * Leave the active broker because it is blocked. Nothing happens as long as there is
	 * no usable one to go to, or an operator holds switches, which is told once for each
	 * alarm.
	 * @param broker the broker
	 * @param incarnation the incarnation that the blocked connection belongs to
	 */
	public void leaveBlocked(Broker broker, long incarnation) {
		report(broker, incarnation, this.book::leaveBlocked);
	}

	/**
	 * Add a listener of the application that is notified of every change from now on, on
	 * a thread of its own.
	 * @param listener the listener
	 */
	public void addListener(BrokerListener listener) {
		addListener(listener, EventStage.APPLICATION);
	}

	/**
	 * Add a listener that is notified of every change from now on.
	 * @param listener the listener
	 * @param stage when it is notified, compared with other listeners; within a stage,
	 * listeners are notified in the order in which they were added
	 */
	public void addListener(BrokerListener listener, EventStage stage) {
		Assert.notNull(listener, "'listener' must not be null");
		Assert.notNull(stage, "'stage' must not be null");
		this.events.add(listener, stage);
	}

	/**
	 * Remove a listener.
	 * @param listener the listener
	 */
	public void removeListener(BrokerListener listener) {
		this.events.remove(listener);
	}

	/**
	 * Change what is known of a broker, unless the report is about an earlier
	 * incarnation.
	 */
	private boolean report(Broker broker, long incarnation, Consumer<BrokerEntry> change) {
		return write(() -> {
			BrokerEntry entry = this.book.find(broker.name());
			if (entry == null || entry.incarnation != incarnation) {
				return false;
			}
			change.accept(entry);
			return true;
		});
	}

	/**
	 * Notify listeners of the application no more, and end their thread. Everything else
	 * goes on.
	 */
	@Override
	public void close() {
		this.events.close();
	}

	<T> T read(Supplier<T> action) {
		this.lock.lock();
		try {
			return action.get();
		}
		finally {
			this.lock.unlock();
		}
	}

	<T> T write(Supplier<T> action) {
		this.lock.lock();
		try {
			return action.get();
		}
		finally {
			this.lock.unlock();
			this.events.deliver();
		}
	}

	@Override
	public String toString() {
		return getAll().toString();
	}

}
