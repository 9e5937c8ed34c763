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
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;
import java.util.function.BiPredicate;
import java.util.function.Function;
import java.util.random.RandomGenerator;

import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;
import org.springframework.util.Assert;

import dev.failover.broker.Broker;
import dev.failover.broker.BrokerEvent;
import dev.failover.broker.BrokerListener;
import dev.failover.broker.BrokerNotices;
import dev.failover.broker.BrokerState;
import dev.failover.broker.BrokerStatus;
import dev.failover.broker.Brokers;
import dev.failover.broker.EventStage;
import dev.failover.broker.SwitchCause;
import dev.failover.connection.PlannedMoves;

/**
 * Spreads applications over the brokers again after one came back: each moves, by a
 * planned move at a random moment of a window, to a broker that it draws from those that
 * are up and healthy, the active one included. Every broker has the same chance, so that
 * the load ends even, wherever the applications were before, and though they do not know
 * each other.
 * <p>
 * A move that somebody asks for, a failure, a broker that is disabled, and an operator
 * who holds switches cancel what was planned; as long as they are held, it is told
 * instead. A broker that is preferred to the active one, or the other way round, is not
 * drawn.
 * <p>
 * No method blocks.
 */
public final class Rebalance implements BrokerListener, AutoCloseable {

	private static final Log logger = LogFactory.getLog(Rebalance.class);

	private final Brokers brokers;

	private final BiPredicate<Broker, Broker> preference;

	private final Function<String, ? extends CompletableFuture<?>> mover;

	private final Duration window;

	private final RandomGenerator random;

	private final DetectionScheduler scheduler;

	private final Runnable onClose;

	private Future<?> due = CompletableFuture.completedFuture(null);

	/**
	 * Create it for the given brokers until it is closed.
	 * @param brokers the brokers
	 * @param preference tests whether its first broker is preferred to the second
	 * @param moves moves the application
	 * @param window within which time to move after a broker came back
	 * @param random the source of randomness
	 */
	public Rebalance(Brokers brokers, BiPredicate<Broker, Broker> preference, PlannedMoves moves, Duration window,
			RandomGenerator random) {
		this(brokers, preference, new AutomaticMoves(brokers, moves), window, random, new DetectionThreads());
	}

	private Rebalance(Brokers brokers, BiPredicate<Broker, Broker> preference, AutomaticMoves moves, Duration window,
			RandomGenerator random, DetectionThreads threads) {
		this(brokers, preference, moves, window, random, threads, () -> {
			moves.close();
			threads.close();
		});
	}

	Rebalance(Brokers brokers, BiPredicate<Broker, Broker> preference,
			Function<String, ? extends CompletableFuture<?>> mover, Duration window, RandomGenerator random,
			DetectionScheduler scheduler, Runnable onClose) {
		Assert.notNull(brokers, "'brokers' must not be null");
		Assert.notNull(preference, "'preference' must not be null");
		Assert.notNull(random, "'random' must not be null");
		Assert.isTrue(window.toMillis() > 0,
				() -> "'window' must be at least 1 ms, but is " + window.toMillis() + " ms");
		this.brokers = brokers;
		this.preference = preference;
		this.mover = mover;
		this.window = window;
		this.random = random;
		this.scheduler = scheduler;
		this.onClose = onClose;
		brokers.addListener(this, EventStage.CONNECTIONS);
	}

	@Override
	public void onEvent(BrokerEvent event) {
		if (isReturn(event)) {
			this.scheduler.later(Duration.ZERO, this::plan);
		}
		else if (isReasonToStay(event)) {
			this.scheduler.later(Duration.ZERO, this::cancel);
		}
	}

	private static boolean isReturn(BrokerEvent event) {
		if (event instanceof BrokerEvent.HealthChanged changed) {
			return changed.health().isHealthy();
		}
		return event instanceof BrokerEvent.Added || (event instanceof BrokerEvent.StateChanged changed
				&& (changed.from() == BrokerState.DISABLED || (changed.to() == BrokerState.UP
						&& (changed.from() == BrokerState.DOWN || changed.from() == BrokerState.BLOCKED))));
	}

	private static boolean isReasonToStay(BrokerEvent event) {
		return event instanceof BrokerEvent.Lost || (event instanceof BrokerEvent.HoldChanged changed && changed.held())
				|| (event instanceof BrokerEvent.Activated activated && activated.isPlanned())
				|| (event instanceof BrokerEvent.StateChanged changed && changed.from() != changed.to()
						&& (changed.to() == BrokerState.DOWN || changed.to() == BrokerState.DISABLED));
	}

	/**
	 * What is planned already stays: it draws from all brokers that are up then.
	 */
	private void plan() {
		Broker active = this.brokers.getActive();
		if (active != null && this.brokers.isHeld()) {
			new BrokerNotices(this.brokers).switchHeld(active, null, SwitchCause.REBALANCE);
			return;
		}
		if (!this.due.isDone()) {
			return;
		}
		Duration delay = Duration.ofMillis(this.random.nextLong(this.window.toMillis()));
		logger.info("Rebalance in %d ms: a broker can be used again".formatted(delay.toMillis()));
		CompletableFuture<?> planned = new CompletableFuture<>();
		this.due = planned;
		Future<?> task = this.scheduler.later(delay, () -> {
			if (planned.complete(null)) {
				move();
			}
		});
		planned.whenComplete((done, failure) -> task.cancel(false));
	}

	private void cancel() {
		if (this.due.cancel(false)) {
			logger.info("Rebalance is cancelled: the brokers in use have changed, or switches are held");
		}
	}

	private void move() {
		Broker active = this.brokers.getActive();
		if (active == null) {
			return;
		}
		List<Broker> equals = this.brokers.getStatuses()
			.stream()
			.filter((status) -> status.active() || (status.state() == BrokerState.UP && status.isHealthy()))
			.map(BrokerStatus::broker)
			.filter((broker) -> !isPreferred(broker, active) && !isPreferred(active, broker))
			.toList();
		if (equals.isEmpty()) {
			return;
		}
		Broker drawn = equals.get(this.random.nextInt(equals.size()));
		if (drawn.name().equals(active.name())) {
			logger.info("Rebalance: the application stays on broker " + active.name());
			return;
		}
		logger.info("Rebalance: the application moves from broker %s to %s".formatted(active.name(), drawn));
		try {
			this.mover.apply(drawn.name()).whenComplete((moved, failure) -> moved(drawn, failure));
		}
		catch (Throwable ex) {
			moved(drawn, ex);
		}
	}

	/**
	 * Ask the strategy, which may be one of the application.
	 */
	private boolean isPreferred(Broker one, Broker other) {
		try {
			return this.preference.test(one, other);
		}
		catch (Throwable ex) {
			logger.error("The failover strategy does not tell whether %s is preferred to %s, there is no rebalance"
				.formatted(one.name(), other.name()), ex);
			return true;
		}
	}

	private static void moved(Broker to, @Nullable Throwable failure) {
		if (failure instanceof Error) {
			logger.error("Rebalance: the move to %s failed".formatted(to), failure);
		}
		else if (failure != null) {
			logger.info("Rebalance: the application does not move to %s: %s".formatted(to, failure.getMessage()));
		}
	}

	/**
	 * End the threads. Nothing is moved any more.
	 */
	@Override
	public void close() {
		this.brokers.removeListener(this);
		this.onClose.run();
	}

}
