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

import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;

import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;
import org.springframework.util.Assert;

import dev.failover.broker.Activation;
import dev.failover.broker.Broker;
import dev.failover.broker.BrokerNotices;
import dev.failover.broker.BrokerOperations;
import dev.failover.broker.BrokerStatus;
import dev.failover.broker.Brokers;
import dev.failover.broker.MoveStep;

/**
 * Moves the application to another broker while both are healthy, without an error, and
 * without a message that is lost or arrives twice. Connections to the new broker are open
 * and its topology is declared before it becomes the active one. From then on, new work
 * goes to it; what is under way finishes on the old broker, within the time for that;
 * then the connections to the old broker are closed.
 * <p>
 * A move that has not happened yet gives way to one that is asked for later, also if that
 * is to the broker that is active still; a fail-back gives way to every other. Likewise,
 * a broker that is enabled again is not disabled by what was asked for before. Nothing is
 * changed by a move that fails. A broker that is unhealthy by its health checks is not
 * moved to; {@link BrokerOperations#activate} makes it the active one nevertheless.
 * <p>
 * Safe for use by any number of threads; no method blocks. Futures complete on threads of
 * the connection factory, and what depends on them must not block.
 */
public final class PlannedMoves {

	private static final Log logger = LogFactory.getLog(PlannedMoves.class);

	private final Brokers brokers;

	private final BrokerNotices notices;

	private final BrokerAccess access;

	private final Duration timeout;

	private final Set<OpenConnection> inUse = ConcurrentHashMap.newKeySet();

	private final Set<Departure> departures = ConcurrentHashMap.newKeySet();

	private final List<Leave> leaves = new CopyOnWriteArrayList<>();

	private final AtomicReference<@Nullable PlannedMove> last = new AtomicReference<>();

	/**
	 * Create it for connections that are opened from now on.
	 * @param brokers the brokers
	 * @param access access to them
	 * @param timeout how long to wait for connections to be opened, and how long for work
	 * to end on a broker that is to be disabled or removed
	 */
	public PlannedMoves(Brokers brokers, BrokerAccess access, Duration timeout) {
		Assert.notNull(brokers, "'brokers' must not be null");
		Assert.notNull(access, "'access' must not be null");
		Assert.notNull(timeout, "'timeout' must not be null");
		this.brokers = brokers;
		this.notices = new BrokerNotices(brokers);
		this.access = access;
		this.timeout = timeout;
		access.addListener(this::opened);
	}

	private void opened(OpenConnection opened) {
		this.inUse.add(opened);
		opened.connection().addShutdownListener((signal) -> {
			this.inUse.remove(opened);
			this.departures.forEach(this::check);
		});
	}

	/**
	 * Make a broker the active one. Nothing happens if it is so already.
	 * @param name the name of the broker
	 * @return a future that completes when new work goes to the broker, and fails with an
	 * {@link IllegalStateException} if it is down, blocked, disabled, unhealthy, cannot
	 * be connected to, or a later move, to another broker, was asked for
	 * @throws IllegalArgumentException if there is no broker of that name
	 */
	public CompletableFuture<Activation> activate(String name) {
		BrokerStatus status = status(name);
		if (!isFit(status)) {
			return refuse(status);
		}
		PlannedMove move = new PlannedMove(status.broker());
		return follow(move, this.last.getAndSet(move));
	}

	/**
	 * Make a broker the active one as {@link #activate(String)} does, unless another move
	 * has not been made yet, which then stays as it is.
	 * @param name the name of the broker
	 * @return a future that completes when new work goes to the broker, and fails with an
	 * {@link IllegalStateException} if it is down, blocked, disabled, unhealthy, cannot
	 * be connected to, or another move was asked for
	 * @throws IllegalArgumentException if there is no broker of that name
	 */
	public CompletableFuture<Activation> failBack(String name) {
		BrokerStatus status = status(name);
		if (!isFit(status)) {
			return refuse(status);
		}
		PlannedMove before = this.last.get();
		PlannedMove move = new PlannedMove(status.broker());
		if ((before != null && !before.hasEnded()) || !this.last.compareAndSet(before, move)) {
			return CompletableFuture.failedFuture(new IllegalStateException(
					"Broker '%s' does not become active: another move was asked for".formatted(name)));
		}
		return follow(move, before);
	}

	private BrokerStatus status(String name) {
		return this.brokers.getStatus(name)
			.orElseThrow(() -> new IllegalArgumentException(
					"Broker '%s' is not one of %s".formatted(name, this.brokers.getAll())));
	}

	private CompletableFuture<Activation> follow(PlannedMove move, @Nullable PlannedMove before) {
		CompletableFuture<Activation> result = move.follow(before).thenCompose((turn) -> {
			Broker from = this.brokers.getActive();
			return make(move).thenCompose((activation) -> this.access.settled().thenApply((settled) -> {
				move.ended(MoveStep.FOLLOW);
				if (move.isMade() && from != null && !from.name().equals(activation.broker().name())) {
					tellEnd(move, from, activation.broker());
				}
				return activation;
			}));
		});
		move.endsWith(result);
		return result;
	}

	/**
	 * Tell of the move when the broker that it has left is not used any more, or the time
	 * for that is over.
	 */
	private void tellEnd(PlannedMove move, Broker from, Broker to) {
		departureOf(from.name()).whenComplete((left, failure) -> {
			if (failure == null && left) {
				move.ended(MoveStep.CLOSE);
			}
			this.notices.moveEnded(from, to, move.steps());
		});
	}

	private static boolean isFit(BrokerStatus status) {
		return status.state().isUsable() && (status.active() || status.isHealthy());
	}

	private CompletableFuture<Activation> refuse(BrokerStatus status) {
		try {
			return CompletableFuture.completedFuture(activateFit(status.broker().name()));
		}
		catch (IllegalStateException ex) {
			return CompletableFuture.failedFuture(ex);
		}
	}

	private Activation activateFit(String name) {
		BrokerStatus status = status(name);
		Assert.state(!status.state().isUsable() || isFit(status),
				() -> "Broker '%s' cannot become active: it is %s".formatted(name, status.health()));
		return this.brokers.operations().activate(name);
	}

	private CompletableFuture<Activation> make(PlannedMove move) {
		if (isActive(move.broker())) {
			move.prepared(null);
		}
		else if (!move.hasGivenWay()) {
			logger.info("Preparing a move to " + move.broker());
			try {
				prepare(move).orTimeout(this.timeout.toNanos(), TimeUnit.NANOSECONDS)
					.whenComplete((ready, failure) -> move.prepared(failure));
			}
			catch (Throwable ex) {
				move.prepared(ex);
			}
		}
		return move.whenReady(() -> activateFit(move.broker().name()), this.access::endStandBy);
	}

	/**
	 * Without an active broker, there is nothing that standby connections are wanted for.
	 */
	private CompletableFuture<@Nullable Void> prepare(PlannedMove move) {
		Broker broker = move.broker();
		if (this.brokers.getActivation() != null) {
			return this.access.standBy(broker);
		}
		return this.access.prepare(broker).thenCompose((prepared) -> {
			Broker active = this.brokers.getActive();
			boolean wanted = active != null && !isActive(broker) && !move.hasGivenWay();
			return wanted ? this.access.standBy(broker) : CompletableFuture.completedFuture(null);
		});
	}

	private boolean isActive(Broker broker) {
		Broker active = this.brokers.getActive();
		return active != null && active.name().equals(broker.name());
	}

	/**
	 * Take a broker out of use until it is enabled again. If it is active, the
	 * application moves to the next one first. What is under way on the broker finishes,
	 * messages that wait in its queues included, within the time for that.
	 * @param name the name of the broker
	 * @return a future that completes when the broker is disabled, and fails with an
	 * {@link IllegalStateException} if no other broker can become active, a later move
	 * was asked for, or the broker was enabled meanwhile
	 * @throws IllegalArgumentException if there is no broker of that name
	 */
	public CompletableFuture<@Nullable Void> disable(String name) {
		return disable(new Leave(name, this.brokers.operations().getEnabling(name)));
	}

	private CompletableFuture<@Nullable Void> disable(Leave leave) {
		CompletableFuture<@Nullable Void> left = leave(leave.broker());
		this.leaves.add(leave);
		return left.<@Nullable Void>thenApply((done) -> {
			this.brokers.operations().disable(leave.broker(), leave.enabling());
			return null;
		}).whenComplete((done, failure) -> this.leaves.remove(leave));
	}

	/**
	 * Return whether a broker is being taken out of use: whatever uses it beside the
	 * active one is to come to an end, too, as soon as nothing is left to be done.
	 * @param name the name of the broker
	 * @return whether it is about to be disabled, or removed
	 */
	public boolean isDeparting(String name) {
		long enabling = this.brokers.operations().getEnabling(name);
		return this.leaves.stream().anyMatch((leave) -> leave.broker().equals(name) && leave.enabling() == enabling);
	}

	/**
	 * Remove a broker, after it was disabled as by {@link #disable(String)}, and what
	 * listeners have in hand then is handled, within the time for that.
	 * @param name the name of the broker
	 * @return a future that completes when the broker is removed, and fails with an
	 * {@link IllegalStateException} if no other broker can become active, a later move
	 * was asked for, or the broker was enabled meanwhile
	 * @throws IllegalArgumentException if there is no broker of that name
	 */
	public CompletableFuture<@Nullable Void> remove(String name) {
		Leave leave = new Leave(name, this.brokers.operations().getEnabling(name));
		return disable(leave).thenCompose((disabled) -> awaitDeparture(name)).thenApply((left) -> {
			this.brokers.operations().remove(name, leave.enabling());
			return null;
		});
	}

	private CompletableFuture<@Nullable Void> leave(String name) {
		Broker leaving = status(name).broker();
		Broker active = this.brokers.getActive();
		if (active == null || !active.name().equals(leaving.name())) {
			return awaitDeparture(name);
		}
		Broker next = this.access.nextBeside(active);
		if (next == null) {
			return CompletableFuture.failedFuture(new IllegalStateException(
					"Broker '%s' is active, and there is no other one to go to".formatted(name)));
		}
		return activate(next.name()).thenCompose((activation) -> awaitDeparture(name));
	}

	private CompletableFuture<@Nullable Void> awaitDeparture(String broker) {
		return departureOf(broker).thenApply((left) -> null);
	}

	/**
	 * Return what completes with whether all connections to a broker are closed, when the
	 * time for that is over at the latest.
	 */
	private CompletableFuture<Boolean> departureOf(String broker) {
		Departure departure = new Departure(broker, new CompletableFuture<>());
		this.departures.add(departure);
		departure.left().whenComplete((left, failure) -> this.departures.remove(departure));
		check(departure);
		return departure.left().completeOnTimeout(false, this.timeout.toNanos(), TimeUnit.NANOSECONDS);
	}

	private void check(Departure departure) {
		if (this.inUse.stream().noneMatch((opened) -> opened.broker().name().equals(departure.broker()))) {
			departure.left().complete(true);
		}
	}

	/**
	 * A broker that is to be taken out of use.
	 *
	 * @param broker the name of the broker
	 * @param enabling the last time that it was enabled before
	 */
	private record Leave(String broker, long enabling) {
	}

	/**
	 * The end of all connections to a broker that is left.
	 *
	 * @param broker the name of the broker
	 * @param left completes then
	 */
	private record Departure(String broker, CompletableFuture<Boolean> left) {
	}

}
