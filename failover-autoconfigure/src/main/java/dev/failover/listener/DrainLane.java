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

package dev.failover.listener;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;
import org.springframework.amqp.rabbit.listener.AbstractMessageListenerContainer;
import org.springframework.scheduling.concurrent.CustomizableThreadFactory;

import dev.failover.broker.Broker;
import dev.failover.broker.LateStart;

/**
 * Drains one broker whenever that is wanted, on a thread of its own, so that a broker
 * that is slow holds up no other. It looks at what is wanted every now and then, and when
 * it is told that this may have changed.
 */
final class DrainLane {

	private static final Log logger = LogFactory.getLog(BrokerDrains.class);

	private static final Duration ROUND = Duration.ofMillis(250);

	private static final Duration AFTER_FAILURE = Duration.ofSeconds(1);

	/**
	 * From one thorough look to the next, in rounds.
	 */
	private static final int THOROUGH = 4;

	/**
	 * How long a broker that became the active one is consumed from twice, so that
	 * consumption does not pause until the containers have moved.
	 */
	private static final Duration OVERLAP = Duration.ofSeconds(1);

	private final Broker broker;

	private final DrainPlan plan;

	private final ContainerBook containers;

	private final Supplier<BrokerDrain> factory;

	private final ScheduledThreadPoolExecutor executor;

	private volatile @Nullable BrokerDrain drain;

	private @Nullable ScheduledFuture<?> next;

	private long rounds;

	private long overlapEnds;

	private boolean overlaps;

	private boolean wasEmpty;

	DrainLane(Broker broker, DrainPlan plan, ContainerBook containers, Supplier<BrokerDrain> factory) {
		this.broker = broker;
		this.plan = plan;
		this.containers = containers;
		this.factory = factory;
		CustomizableThreadFactory threads = new CustomizableThreadFactory("failover-drain-" + broker.name() + "-");
		threads.setDaemon(true);
		this.executor = new ScheduledThreadPoolExecutor(1, threads);
		this.executor.setKeepAliveTime(10, TimeUnit.SECONDS);
		this.executor.allowCoreThreadTimeOut(true);
		this.executor.setRemoveOnCancelPolicy(true);
		this.executor.setExecuteExistingDelayedTasksAfterShutdownPolicy(false);
	}

	/**
	 * Look at once at what is wanted.
	 */
	void wake() {
		try {
			this.executor.execute(this::round);
		}
		catch (RejectedExecutionException ex) {
			logger.trace("Draining has ended", ex);
		}
		catch (Throwable ex) {
			logger.error("%s is drained with delay".formatted(this.broker), ex);
			LateStart.of(this.executor);
		}
	}

	private void round() {
		boolean failed = true;
		boolean waiting = false;
		try {
			DrainPlan.Task task = this.plan.task(this.broker);
			waiting = task == DrainPlan.Task.DRAIN && !this.containers.isEmpty();
			perform(task);
			failed = false;
		}
		catch (RuntimeException ex) {
			logger.debug("%s cannot be drained at the moment".formatted(this.broker), ex);
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
		}
		catch (Throwable ex) {
			logger.error("%s cannot be drained at the moment".formatted(this.broker), ex);
		}
		finally {
			again(failed, waiting);
		}
	}

	private void again(boolean failed, boolean waiting) {
		if (this.next != null) {
			this.next.cancel(false);
		}
		boolean wanted = failed || waiting || this.drain != null || this.plan.isDeparting(this.broker);
		if (wanted && !this.executor.isShutdown()) {
			Duration pause = failed ? AFTER_FAILURE : ROUND;
			this.next = this.executor.schedule(this::round, pause.toMillis(), TimeUnit.MILLISECONDS);
		}
	}

	private void perform(DrainPlan.Task task) throws InterruptedException {
		if (task != DrainPlan.Task.HAND_OVER) {
			this.overlaps = false;
		}
		switch (task) {
			case DRAIN -> drainIfWanted();
			case DRAIN_UNTIL_EMPTY -> drainUntilEmpty();
			case HAND_OVER -> handOver();
			case END -> end();
		}
	}

	/**
	 * An application that only publishes consumes nothing.
	 */
	private void drainIfWanted() {
		if (this.drain != null || !this.containers.running().isEmpty()) {
			drain();
		}
	}

	private BrokerDrain drain() {
		BrokerDrain current = this.drain;
		if (current == null) {
			logger.info("Consuming from %s beside the active broker".formatted(this.broker));
			current = this.factory.get();
			this.drain = current;
			this.rounds = 0;
			this.wasEmpty = false;
		}
		current.follow(this.containers.running(), isThorough());
		this.rounds++;
		return current;
	}

	private boolean isThorough() {
		return this.rounds % THOROUGH == 0;
	}

	private void drainUntilEmpty() throws InterruptedException {
		BrokerDrain current = drain();
		if (isThorough()) {
			boolean empty = !this.plan.isInUse(this.broker) && current.isEmpty();
			if (empty && this.wasEmpty && current.finish()) {
				logger.info("%s is drained".formatted(this.broker));
				this.plan.emptied(this.broker);
				end();
			}
			this.wasEmpty = empty;
		}
	}

	/**
	 * Two exclusive consumers would be in each other's way.
	 */
	private void handOver() {
		BrokerDrain current = this.drain;
		if (current == null) {
			return;
		}
		if (!this.overlaps) {
			this.overlaps = true;
			this.overlapEnds = System.nanoTime() + OVERLAP.toNanos();
		}
		if (System.nanoTime() - this.overlapEnds >= 0) {
			end();
			return;
		}
		List<AbstractMessageListenerContainer> overlapping = this.containers.running()
			.stream()
			.filter((container) -> !Settings.is(container, "exclusive", true))
			.toList();
		current.retain(overlapping);
	}

	private CompletableFuture<Void> end() {
		BrokerDrain ended = this.drain;
		this.drain = null;
		if (ended == null) {
			return CompletableFuture.completedFuture(null);
		}
		logger.info("No longer consuming from %s beside the active broker".formatted(this.broker));
		return ended.end();
	}

	/**
	 * Return how many containers drain the broker.
	 */
	int size() {
		BrokerDrain current = this.drain;
		return (current != null) ? current.size() : 0;
	}

	/**
	 * End for good.
	 * @return a future that completes when the messages in hand are handled
	 */
	CompletableFuture<Void> close() {
		try {
			return CompletableFuture.supplyAsync(this::end, this.executor).thenCompose((end) -> end);
		}
		catch (Throwable ex) {
			return CompletableFuture.failedFuture(ex);
		}
		finally {
			this.executor.shutdown();
		}
	}

	/**
	 * End without waiting for the thread, if it has not ended yet.
	 */
	void abandon() {
		if (!this.executor.shutdownNow().isEmpty() || !this.executor.isTerminated()) {
			end();
		}
	}

}
