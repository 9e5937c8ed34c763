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

package dev.failover.connection;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;

import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;

import dev.failover.broker.Activation;
import dev.failover.broker.Broker;
import dev.failover.broker.Brokers;
import dev.failover.broker.EventStage;

/**
 * Keeps connections to the broker that comes next, one of each kind that the application
 * uses, so that it need not connect when the active broker is lost. They are opened in
 * the background while there is an active broker, a moment after the last change.
 */
final class Standby {

	/**
	 * The application's own connections come first, and what flaps is not followed.
	 */
	private static final Duration PAUSE = Duration.ofMillis(200);

	private static final Duration KEPT = Duration.ofSeconds(5);

	/**
	 * For how long there are none after a limit was reached.
	 */
	private static final Duration GIVING_WAY = Duration.ofMinutes(1);

	private static final Log logger = LogFactory.getLog(Standby.class);

	private final Brokers brokers;

	private final ConnectPlan plan;

	private final BrokerConnector connector;

	private final boolean enabled;

	private final KindsInUse kinds = new KindsInUse();

	private final Map<Connection, Channel> confirmChannels = new ConcurrentHashMap<>();

	/**
	 * Channels on connections that were taken into use a moment ago.
	 */
	private final Map<Connection, ReadyChannels> channels = new ConcurrentHashMap<>();

	private final AtomicBoolean reviewing = new AtomicBoolean();

	/**
	 * Whether it was told that a limit is reached, which holds.
	 */
	private final AtomicBoolean warned = new AtomicBoolean();

	private volatile long givesWayUntil = System.nanoTime();

	/**
	 * Whether a limit on channels was reached: those that wait would take away what the
	 * application needs.
	 */
	private final AtomicBoolean channelsLimited = new AtomicBoolean();

	private volatile Function<ConnectionKind, List<Integer>> prefetchCounts = (kind) -> List.of();

	private final ReentrantLock lock = new ReentrantLock();

	private final List<StandbyConnection> connections = new ArrayList<>();

	private final AtomicReference<@Nullable Target> demanded = new AtomicReference<>();

	Standby(Brokers brokers, ConnectPlan plan, BrokerConnector connector, boolean enabled) {
		this.brokers = brokers;
		this.plan = plan;
		this.connector = connector;
		this.enabled = enabled;
		brokers.addListener((event) -> reviewLater(), EventStage.CONNECTIONS);
		connector.onLimit(this::giveWay);
		connector.onChannelLimit(this::giveChannelsUp);
	}

	/**
	 * Keep channels on standby connections for the consumers of the application.
	 * @param prefetchCounts returns the prefetch counts of the channels that a connection
	 * has for consumers, one for each
	 */
	void keepChannels(Function<ConnectionKind, List<Integer>> prefetchCounts) {
		this.prefetchCounts = prefetchCounts;
	}

	/**
	 * Note what the application uses from now on.
	 */
	void inUse(ConnectRequest request, Connection connection) {
		this.kinds.opened(ConnectionKind.of(request), connection, () -> {
			this.confirmChannels.remove(connection);
			reviewLater();
		});
		reviewLater();
	}

	/**
	 * Take a connection that is open, and of the requested kind.
	 * @return the attempt that has opened it, or {@code null} if there is none
	 */
	@Nullable ConnectAttempt take(Broker broker, ConnectRequest request) {
		ConnectionKind kind = ConnectionKind.of(request);
		long incarnation = this.brokers.getIncarnation(broker);
		this.lock.lock();
		try {
			Iterator<StandbyConnection> candidates = this.connections.iterator();
			while (candidates.hasNext()) {
				StandbyConnection candidate = candidates.next();
				ConnectAttempt ready = candidate.ready();
				if (ready != null && ready.incarnation() == incarnation && isSame(candidate.broker(), broker)
						&& candidate.kind().equals(kind)) {
					candidates.remove();
					keep(candidate.confirmChannel());
					keep(ready.result().join().connection(), candidate.channels());
					return ready;
				}
			}
			return null;
		}
		finally {
			this.lock.unlock();
		}
	}

	private void keep(@Nullable Channel channel) {
		if (channel != null) {
			this.confirmChannels.put(channel.getConnection(), channel);
			if (!channel.isOpen()) {
				this.confirmChannels.remove(channel.getConnection());
			}
		}
	}

	/**
	 * Consumers take what waits for them at once, or not at all.
	 */
	private void keep(Connection connection, @Nullable ReadyChannels ready) {
		if (ready != null) {
			ready.end();
			this.channels.put(connection, ready);
			this.connector.later(KEPT, () -> {
				this.channels.remove(connection);
				this.connector.execute(ready::close);
			});
		}
	}

	/**
	 * Return the channels that wait for consumers on a connection.
	 * @return the channels, or {@code null} if it was no standby connection
	 */
	@Nullable ReadyChannels channels(Connection connection) {
		return this.channels.get(connection);
	}

	/**
	 * Take the channel in confirm mode that waits on a connection. From now on, one is
	 * kept ready on standby connections of its kind.
	 */
	@Nullable Channel takeConfirmChannel(Connection connection) {
		if (this.kinds.confirming(connection)) {
			reviewLater();
		}
		Channel channel = this.confirmChannels.remove(connection);
		return (channel != null && channel.isOpen()) ? channel : null;
	}

	/**
	 * Keep connections to a broker of the caller's choice, instead of the one that comes
	 * next, until told otherwise.
	 * @return completes when there is one of each kind in use, or fails when the broker
	 * cannot be connected to, after which the next broker is prepared for as usual
	 */
	CompletableFuture<@Nullable Void> demand(Broker broker) {
		Target target = new Target(broker, new CompletableFuture<>());
		replaceDemand(target);
		return target.ready();
	}

	void endDemand() {
		replaceDemand(null);
	}

	private void replaceDemand(@Nullable Target target) {
		Target before = this.demanded.getAndSet(target);
		if (before != null) {
			before.ready().cancel(false);
		}
		this.connector.later(Duration.ZERO, this::review);
	}

	/**
	 * What is wanted may have changed.
	 */
	void reviewLater() {
		if (this.reviewing.compareAndSet(false, true)) {
			this.connector.later(PAUSE, this::review);
		}
	}

	/**
	 * Give standby connections up for a while: a limit on connections is reached, and
	 * what the application needs comes first. Nodes of a cluster share such limits, so
	 * that the broker of the standby connections need not be the one that refuses.
	 */
	private void giveWay(Broker refusing) {
		this.givesWayUntil = System.nanoTime() + GIVING_WAY.toNanos();
		if (this.enabled && this.warned.compareAndSet(false, true)) {
			logger.warn(("Broker %s refuses further connections because of a limit: there are no standby connections "
					+ "as long as it is reached. Raise the limit, or set failover.standby=false")
				.formatted(refusing));
		}
		this.connector.later(Duration.ZERO, this::review);
		this.connector.later(GIVING_WAY, this::reviewLater);
	}

	private boolean isGivingWay() {
		return System.nanoTime() - this.givesWayUntil < 0;
	}

	/**
	 * The limit is not reached any more when all connections that are wanted are open.
	 */
	private void forgetLimit(Map<ConnectionKind, Boolean> wanted, @Nullable Broker target) {
		if (target != null && !isGivingWay()
				&& wanted.entrySet().stream().allMatch((kind) -> isReady(kind.getKey(), kind.getValue(), target))) {
			this.warned.set(false);
		}
	}

	/**
	 * Close what is not wanted any more, and open what is missing.
	 */
	private void review() {
		this.reviewing.set(false);
		boolean done = false;
		try {
			reviewNow();
			done = true;
		}
		finally {
			if (!done) {
				this.connector.later(KEPT, this::reviewLater);
			}
		}
	}

	private void reviewNow() {
		Activation active = this.brokers.getActivation();
		if (active == null) {
			return;
		}
		Broker target = target(active.broker());
		Map<ConnectionKind, Boolean> wanted = this.kinds.get();
		List<StandbyConnection> missing = new ArrayList<>();
		List<StandbyConnection> surplus;
		this.lock.lock();
		try {
			this.connections.removeIf(StandbyConnection::hasEnded);
			surplus = this.connections.stream().filter((each) -> !isWanted(each, wanted, target, active)).toList();
			this.connections.removeAll(surplus);
			if (target != null) {
				wanted.forEach((kind, confirming) -> {
					if (this.connections.stream().noneMatch((each) -> isFor(each, kind, target))) {
						missing.add(new StandbyConnection(kind, target, confirming));
					}
				});
			}
			this.connections.addAll(missing);
		}
		finally {
			this.lock.unlock();
		}
		try {
			surplus.forEach((each) -> each.close(this.connector));
			missing.forEach((each) -> each.open(this.connector, () -> changed(each)));
		}
		finally {
			forgetUnopened(missing);
		}
		forgetLimit(wanted, target);
		settleDemand(wanted);
		openChannels();
	}

	/**
	 * From now on, no channels wait.
	 */
	private void giveChannelsUp(Broker limiting) {
		if (this.channelsLimited.compareAndSet(false, true)) {
			logger.info(
					"A limit on channels was reached on broker %s: none wait for consumers on standby connections any more"
						.formatted(limiting));
			reviewLater();
		}
	}

	private void openChannels() {
		this.lock.lock();
		try {
			this.connections.stream().filter((each) -> each.ready() != null).forEach((each) -> {
				ReadyChannels ready = each.channels();
				if (ready != null) {
					List<Integer> counts = this.channelsLimited.get() ? List.of()
							: this.prefetchCounts.apply(each.kind());
					this.connector.execute(() -> openChannels(each.broker(), ready, counts));
				}
			});
		}
		finally {
			this.lock.unlock();
		}
	}

	private void openChannels(Broker broker, ReadyChannels ready, List<Integer> prefetchCounts) {
		if (!ready.have(prefetchCounts)) {
			giveChannelsUp(broker);
		}
	}

	/**
	 * What could not even be begun is begun by a later review.
	 */
	private void forgetUnopened(List<StandbyConnection> begun) {
		this.lock.lock();
		try {
			this.connections.removeIf((each) -> begun.contains(each) && !each.isBegun());
		}
		finally {
			this.lock.unlock();
		}
	}

	private @Nullable Broker target(Broker active) {
		Target current = this.demanded.get();
		if (current != null && !isSame(current.broker(), active)) {
			return current.broker();
		}
		return (this.enabled && !isGivingWay()) ? nextBeside(active) : null;
	}

	@Nullable Broker nextBeside(Broker active) {
		return this.plan.peekBeside(active);
	}

	private boolean isWanted(StandbyConnection connection, Map<ConnectionKind, Boolean> wanted, @Nullable Broker target,
			Activation active) {
		Boolean confirming = wanted.get(connection.kind());
		if (confirming == null || (confirming && !connection.confirming())) {
			return false;
		}
		if (isSame(connection.broker(), active.broker())) {
			return connection.isKept(KEPT, () -> this.connector.later(KEPT, this::reviewLater));
		}
		return isSame(connection.broker(), target);
	}

	private static boolean isFor(StandbyConnection connection, ConnectionKind kind, Broker broker) {
		return connection.kind().equals(kind) && isSame(connection.broker(), broker);
	}

	/**
	 * A broker stays the same when its priority or weight changes.
	 */
	private static boolean isSame(Broker broker, @Nullable Broker other) {
		return other != null && broker.name().equals(other.name());
	}

	private void changed(StandbyConnection connection) {
		Channel channel = connection.confirmChannel();
		if (channel != null && connection.hasEnded()) {
			this.confirmChannels.remove(channel.getConnection());
		}
		Target current = this.demanded.get();
		if (current != null && isSame(current.broker(), connection.broker()) && connection.hasEnded()
				&& isKept(connection) && this.demanded.compareAndSet(current, null)) {
			current.ready()
				.completeExceptionally(
						new IOException("Broker '%s' cannot be connected to".formatted(connection.broker().name())));
		}
		settleDemand(this.kinds.get());
		reviewLater();
	}

	/**
	 * Whether a connection was neither taken into use nor given up.
	 */
	private boolean isKept(StandbyConnection connection) {
		this.lock.lock();
		try {
			return this.connections.contains(connection);
		}
		finally {
			this.lock.unlock();
		}
	}

	private void settleDemand(Map<ConnectionKind, Boolean> wanted) {
		Target current = this.demanded.get();
		if (current == null) {
			return;
		}
		Broker broker = current.broker();
		boolean active = isSame(broker, this.brokers.getActive());
		if (active || wanted.entrySet().stream().allMatch((kind) -> isReady(kind.getKey(), kind.getValue(), broker))) {
			current.ready().complete(null);
		}
	}

	private boolean isReady(ConnectionKind kind, boolean confirming, Broker broker) {
		this.lock.lock();
		try {
			return this.connections.stream()
				.anyMatch((each) -> isFor(each, kind, broker) && each.ready() != null
						&& (each.confirming() || !confirming));
		}
		finally {
			this.lock.unlock();
		}
	}

	/**
	 * Return how many connections to a broker wait to be taken into use.
	 */
	int countReady(String broker) {
		this.lock.lock();
		try {
			return (int) this.connections.stream()
				.filter((each) -> each.broker().name().equals(broker) && each.ready() != null)
				.count();
		}
		finally {
			this.lock.unlock();
		}
	}

	/**
	 * A broker that connections are kept to because somebody said so.
	 *
	 * @param broker the broker
	 * @param ready completes when they are open
	 */
	private record Target(Broker broker, CompletableFuture<@Nullable Void> ready) {
	}

}
