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

import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;
import org.springframework.scheduling.concurrent.CustomizableThreadFactory;

import dev.failover.broker.Broker;
import dev.failover.broker.LateStart;
import dev.failover.connection.ConsumerAccess;

/**
 * Has one broker consumed from whenever that is wanted, and looks whether it is empty, on
 * a thread of its own, so that a broker that is slow holds up no other.
 */
final class DrainLane {

	private static final Log logger = LogFactory.getLog(BrokerDrains.class);

	private static final Duration ROUND = Duration.ofMillis(250);

	private static final Duration AFTER_FAILURE = Duration.ofSeconds(1);

	/**
	 * From one look for what was missing to the next one, in rounds.
	 */
	private static final int THOROUGH = 4;

	/**
	 * From one look at what remains to the next one, in rounds, on a broker that is
	 * consumed from all the time and has nothing left.
	 */
	private static final int SELDOM = 10 * THOROUGH;

	private final Broker broker;

	private final DrainPlan plan;

	private final ConsumerAccess consumers;

	private final Consumer<Boolean> wanted;

	private final RemainingMessages remaining;

	private final ScheduledThreadPoolExecutor executor;

	private @Nullable ScheduledFuture<?> next;

	private volatile boolean consuming;

	private volatile boolean waiting;

	private long rounds;

	private boolean wasEmpty;

	/**
	 * Create a lane.
	 * @param consumers access to the consumers
	 * @param wanted told whether the broker is to be consumed from
	 */
	DrainLane(Broker broker, DrainPlan plan, ConsumerAccess consumers, Consumer<Boolean> wanted) {
		this.broker = broker;
		this.plan = plan;
		this.consumers = consumers;
		this.wanted = wanted;
		this.remaining = new RemainingMessages(broker, consumers);
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

	/**
	 * Whether the broker would be consumed from if there was a consumer.
	 */
	boolean isWaiting() {
		return this.waiting;
	}

	/**
	 * Return how many messages remain on the broker, as far as that was seen last.
	 */
	long getRemaining() {
		return this.remaining.get();
	}

	private void round() {
		boolean failed = true;
		try {
			perform(this.plan.task(this.broker));
			failed = false;
		}
		catch (IOException | RuntimeException ex) {
			logger.debug("%s cannot be drained at the moment".formatted(this.broker), ex);
		}
		catch (Throwable ex) {
			logger.error("%s cannot be drained at the moment".formatted(this.broker), ex);
		}
		finally {
			again(failed);
		}
	}

	private void again(boolean failed) {
		if (this.next != null) {
			this.next.cancel(false);
		}
		boolean toBeLookedAt = failed || this.consuming || this.plan.isDeparting(this.broker);
		if (toBeLookedAt && !this.executor.isShutdown()) {
			Duration pause = failed ? AFTER_FAILURE : ROUND;
			this.next = this.executor.schedule(this::round, pause.toMillis(), TimeUnit.MILLISECONDS);
		}
	}

	private void perform(DrainPlan.Task task) throws IOException {
		this.waiting = false;
		switch (task) {
			case DRAIN -> drainForever();
			case DRAIN_UNTIL_EMPTY -> drainUntilEmpty();
			case END -> end();
		}
	}

	/**
	 * An application that only publishes consumes nothing.
	 * @return whether it is time for a thorough look
	 */
	private boolean drain() {
		if (!this.consuming) {
			this.waiting = this.consumers.getQueues().isEmpty();
			if (this.waiting) {
				return false;
			}
			logger.info("Consuming from %s beside the active broker".formatted(this.broker));
			this.consuming = true;
			this.rounds = 0;
			this.wasEmpty = false;
			this.wanted.accept(true);
			return false;
		}
		boolean thorough = ++this.rounds % THOROUGH == 0;
		if (thorough) {
			this.wanted.accept(true);
		}
		return thorough;
	}

	private void drainForever() throws IOException {
		if (drain() && (this.remaining.get() > 0 || this.rounds % SELDOM == THOROUGH)) {
			this.remaining.look();
		}
	}

	private void drainUntilEmpty() throws IOException {
		if (drain()) {
			boolean before = this.wasEmpty;
			this.wasEmpty = false;
			boolean empty = this.consumers.isDrained(this.broker);
			if (!empty) {
				this.remaining.look();
			}
			else if (before) {
				logger.info("%s is drained".formatted(this.broker));
				this.plan.emptied(this.broker);
				end();
			}
			else {
				this.remaining.clear();
			}
			this.wasEmpty = empty;
		}
	}

	private void end() {
		if (this.consuming) {
			logger.info("No longer consuming from %s beside the active broker".formatted(this.broker));
			this.consuming = false;
			this.remaining.clear();
			this.wanted.accept(false);
		}
	}

	/**
	 * End permanently. Consumers that were given messages settle them.
	 */
	void close() {
		this.executor.shutdownNow();
		this.wanted.accept(false);
	}

}
