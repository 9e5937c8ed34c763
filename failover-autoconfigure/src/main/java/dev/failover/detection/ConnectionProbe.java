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
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;

import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;

/**
 * Probes one connection. When an answer is overdue, a second connection is tried beside
 * it: the broker is given up only if it does not answer there either, so that a client
 * that is slow to read, or a broker that does not read a blocked connection, is not taken
 * for a frozen one.
 * <p>
 * Its state belongs to the scheduler's thread.
 */
final class ConnectionProbe {

	private static final Log logger = LogFactory.getLog(BrokerDetector.class);

	/**
	 * A suspicion brings the next probe forward to this part of the interval.
	 */
	private static final int HASTE = 5;

	private final ProbeTarget target;

	private final DetectionSettings settings;

	private final DetectionScheduler scheduler;

	private CompletableFuture<?> answer = CompletableFuture.completedFuture(null);

	private Future<?> next = CompletableFuture.completedFuture(null);

	private @Nullable CompletableFuture<?> knock;

	private long begunAt;

	private int misses;

	ConnectionProbe(ProbeTarget target, DetectionSettings settings, DetectionScheduler scheduler) {
		this.target = target;
		this.settings = settings;
		this.scheduler = scheduler;
	}

	/**
	 * Begin with the first probe after one interval. It ends when the connection is
	 * closed, or the broker is given up.
	 */
	void start() {
		this.scheduler.later(Duration.ZERO, () -> {
			this.begunAt = this.scheduler.nanoTime();
			next(this.settings.probeInterval(), this::probe);
		});
	}

	/**
	 * Probe at once, unless an answer is outstanding or came just now. Can be called by
	 * any thread.
	 */
	void suspect() {
		this.scheduler.later(Duration.ZERO, () -> {
			boolean idle = this.answer.isDone() && !this.next.isDone();
			if (idle && sinceBegun().compareTo(this.settings.probeInterval().dividedBy(HASTE)) >= 0) {
				probe();
			}
		});
	}

	private Duration sinceBegun() {
		return Duration.ofNanos(this.scheduler.nanoTime() - this.begunAt);
	}

	private void next(Duration delay, Runnable task) {
		this.next.cancel(false);
		this.next = this.scheduler.later(delay, () -> perform(task));
	}

	/**
	 * Whatever fails, the connection is probed again.
	 */
	private void perform(Runnable task) {
		boolean done = false;
		try {
			task.run();
			done = true;
		}
		finally {
			if (!done) {
				next(this.settings.probeInterval(), this::probe);
			}
		}
	}

	private void probe() {
		if (isOver()) {
			return;
		}
		this.begunAt = this.scheduler.nanoTime();
		startOver();
		if (this.answer.isDone()) {
			CompletableFuture<?> asked = this.target.ask();
			this.answer = asked;
			asked.whenComplete((ignored, failure) -> this.scheduler.later(Duration.ZERO, () -> answered(asked)));
		}
		await();
	}

	private boolean isOver() {
		if (this.target.isOpen()) {
			return false;
		}
		this.target.closed();
		return true;
	}

	private void startOver() {
		this.misses = 0;
		this.knock = null;
	}

	private void answered(CompletableFuture<?> asked) {
		if (asked == this.answer && !isOver()) {
			Duration rest = this.settings.probeInterval().minus(sinceBegun());
			next(rest.isNegative() ? Duration.ZERO : rest, this::probe);
		}
	}

	private void await() {
		long due = this.scheduler.nanoTime() + this.settings.probeTimeout().toNanos();
		next(this.settings.probeTimeout(), () -> check(due));
	}

	private void check(long due) {
		if (this.answer.isDone() || isOver()) {
			return;
		}
		Duration late = Duration.ofNanos(this.scheduler.nanoTime() - due);
		if (late.compareTo(this.settings.probeTimeout().dividedBy(2)) > 0) {
			logger.debug("This process stood still for %d ms, a probe of %s is given more time"
				.formatted(late.toMillis(), this.target));
			startOver();
			await();
			return;
		}
		this.misses++;
		judge(this.knock);
	}

	private void judge(@Nullable CompletableFuture<?> beside) {
		if (beside != null && beside.isDone() && !beside.isCompletedExceptionally()) {
			logger.debug("%s answers, but not on this connection yet".formatted(this.target));
			next(this.settings.probeInterval(), this::probe);
		}
		else if (beside != null && this.misses >= this.settings.failureThreshold()) {
			this.target.giveUp(this.misses);
		}
		else {
			if (beside == null || beside.isDone()) {
				this.knock = this.target.knock();
			}
			await();
		}
	}

}
