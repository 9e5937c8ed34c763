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
import java.time.Instant;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;
import java.util.function.BiPredicate;
import java.util.function.Function;

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
 * Goes back to a broker that is preferred to the active one, by a planned move, when it
 * has been up, healthy by its health checks, and without a failure for the whole of the
 * grace. What operators have decided stays: a move that they have asked for is not
 * superseded, and after it there is no fail-back until the active broker is lost, a
 * broker is added or enabled, or a preference is changed. While they hold switches, it is
 * told instead, once for each time that the broker comes up.
 * <p>
 * No method blocks.
 */
public final class Failback implements BrokerListener, AutoCloseable {

	private static final Log logger = LogFactory.getLog(Failback.class);

	private final Brokers brokers;

	private final BiPredicate<Broker, Broker> preference;

	private final Function<String, ? extends CompletableFuture<?>> mover;

	private final Duration grace;

	private final DetectionScheduler scheduler;

	private final Runnable onClose;

	private volatile @Nullable String movingTo;

	private volatile boolean decided;

	private @Nullable Plan plan;

	private Future<?> due = CompletableFuture.completedFuture(null);

	/**
	 * Create it for the given brokers until it is closed.
	 * @param brokers the brokers
	 * @param preference tests whether its first broker is preferred to the second, which
	 * is active
	 * @param moves moves the application
	 * @param grace how long a broker must have been up
	 */
	public Failback(Brokers brokers, BiPredicate<Broker, Broker> preference, PlannedMoves moves, Duration grace) {
		this(brokers, preference, new AutomaticMoves(brokers, moves), grace, new DetectionThreads());
	}

	private Failback(Brokers brokers, BiPredicate<Broker, Broker> preference, AutomaticMoves moves, Duration grace,
			DetectionThreads threads) {
		this(brokers, preference, moves, grace, threads, () -> {
			moves.close();
			threads.close();
		});
	}

	Failback(Brokers brokers, BiPredicate<Broker, Broker> preference,
			Function<String, ? extends CompletableFuture<?>> mover, Duration grace, DetectionScheduler scheduler,
			Runnable onClose) {
		Assert.notNull(brokers, "'brokers' must not be null");
		Assert.notNull(preference, "'preference' must not be null");
		Assert.isTrue(!grace.isNegative(), () -> "'grace' must not be negative, but is " + grace.toMillis() + " ms");
		this.brokers = brokers;
		this.preference = preference;
		this.mover = mover;
		this.grace = grace;
		this.scheduler = scheduler;
		this.onClose = onClose;
		brokers.addListener(this, EventStage.CONNECTIONS);
	}

	@Override
	public void onEvent(BrokerEvent event) {
		if (event instanceof BrokerEvent.FailbackPlanned || event instanceof BrokerEvent.SwitchHeld) {
			return;
		}
		if (event instanceof BrokerEvent.HoldChanged) {
			this.scheduler.later(Duration.ZERO, this::forgetPlan);
		}
		if (event instanceof BrokerEvent.Activated activated && activated.isPlanned()) {
			this.decided = !activated.to().name().equals(this.movingTo);
		}
		else if (isNews(event)) {
			this.decided = false;
		}
		this.scheduler.later(Duration.ZERO, this::review);
	}

	private static boolean isNews(BrokerEvent event) {
		return event instanceof BrokerEvent.Lost || event instanceof BrokerEvent.Added
				|| (event instanceof BrokerEvent.Reweighted changed
						&& changed.from().priority() != changed.to().priority())
				|| (event instanceof BrokerEvent.StateChanged changed && changed.from() == BrokerState.DISABLED);
	}

	private void forgetPlan() {
		this.due.cancel(false);
		this.plan = null;
	}

	private void review() {
		Plan next = next();
		if (this.movingTo != null || (next != null && next.isSameAs(this.plan))) {
			return;
		}
		this.due.cancel(false);
		this.plan = next;
		if (next != null && this.brokers.isHeld()) {
			new BrokerNotices(this.brokers).switchHeld(next.from(), next.to(), SwitchCause.PREFERENCE);
		}
		else if (next != null) {
			new BrokerNotices(this.brokers).failbackPlanned(next.from(), next.to(), this.grace);
			this.due = this.scheduler.later(this.grace, () -> move(next));
		}
	}

	/**
	 * Return where to go back to, if there is no reason to stay.
	 */
	private @Nullable Plan next() {
		Broker active = this.brokers.getActive();
		if (active == null || this.decided) {
			return null;
		}
		List<BrokerStatus> preferred = this.brokers.getStatuses()
			.stream()
			.filter((status) -> status.state() == BrokerState.UP && status.isHealthy())
			.filter((status) -> isPreferred(status.broker(), active))
			.toList();
		return preferred.stream()
			.filter((status) -> preferred.stream().noneMatch((other) -> isPreferred(other.broker(), status.broker())))
			.findFirst()
			.map((status) -> new Plan(active, status.broker(), status.since()))
			.orElse(null);
	}

	/**
	 * Ask the strategy, which may be one of the application.
	 */
	private boolean isPreferred(Broker candidate, Broker other) {
		try {
			return this.preference.test(candidate, other);
		}
		catch (Throwable ex) {
			logger.error("The failover strategy does not tell whether %s is preferred to %s, it counts as not preferred"
				.formatted(candidate.name(), other.name()), ex);
			return false;
		}
	}

	private void move(Plan planned) {
		this.plan = null;
		Plan next = next();
		if (next == null || !next.isSameAs(planned)) {
			review();
			return;
		}
		this.movingTo = planned.to().name();
		try {
			this.mover.apply(planned.to().name()).whenComplete((moved, failure) -> moved(planned, failure));
		}
		catch (Throwable ex) {
			moved(planned, ex);
		}
	}

	private void moved(Plan planned, @Nullable Throwable failure) {
		this.movingTo = null;
		if (failure instanceof Error) {
			logger.error("Fail-back to %s failed".formatted(planned.to()), failure);
		}
		else if (failure != null) {
			logger.info("Fail-back to %s is put off: %s".formatted(planned.to(), failure.getMessage()));
		}
		this.scheduler.later(Duration.ZERO, this::review);
	}

	/**
	 * End the threads. There is no fail-back any more.
	 */
	@Override
	public void close() {
		this.brokers.removeListener(this);
		this.onClose.run();
	}

	/**
	 * A broker to go back to.
	 *
	 * @param from the active broker
	 * @param to the broker
	 * @param upSince since when it has been up
	 */
	private record Plan(Broker from, Broker to, Instant upSince) {

		boolean isSameAs(@Nullable Plan other) {
			return other != null && other.to().name().equals(this.to.name()) && other.upSince().equals(this.upSince);
		}

	}

}
