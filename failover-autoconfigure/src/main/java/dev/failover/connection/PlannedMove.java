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
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import java.util.function.Supplier;

import org.jspecify.annotations.Nullable;

import dev.failover.broker.Activation;
import dev.failover.broker.Broker;
import dev.failover.broker.MoveStep;

/**
 * A move that was asked for. It gives way to a later one as long as it is not made, and
 * makes that one wait while it is.
 */
final class PlannedMove {

	private final Broker broker;

	private final CompletableFuture<@Nullable PlannedMove> ready = new CompletableFuture<>();

	private final CompletableFuture<@Nullable Void> ended = new CompletableFuture<>();

	private final CompletableFuture<Activation> outcome = new CompletableFuture<>();

	private final Map<MoveStep, Duration> steps = new ConcurrentHashMap<>();

	private volatile long last = System.nanoTime();

	PlannedMove(Broker broker) {
		this.broker = broker;
	}

	/**
	 * Note that a step has ended, as the one before had when this was called for it.
	 */
	void ended(MoveStep step) {
		long now = System.nanoTime();
		this.steps.put(step, Duration.ofNanos(now - this.last));
		this.last = now;
	}

	/**
	 * Return how long each step took that has ended.
	 */
	Map<MoveStep, Duration> steps() {
		return Map.copyOf(this.steps);
	}

	Broker broker() {
		return this.broker;
	}

	/**
	 * Take the place of the move before.
	 * @return completes when that one is made, or has given way
	 */
	CompletableFuture<@Nullable Void> follow(@Nullable PlannedMove before) {
		if (before == null) {
			return CompletableFuture.completedFuture(null);
		}
		before.ready.complete(this);
		return before.ended;
	}

	boolean hasGivenWay() {
		return this.ready.isDone();
	}

	/**
	 * Note what becomes of the move, which is also what becomes of an earlier one to the
	 * same broker that has given way to it.
	 */
	void endsWith(CompletableFuture<Activation> result) {
		result.whenComplete((activation, failure) -> {
			if (failure != null) {
				this.outcome.completeExceptionally(cause(failure));
			}
			else {
				this.outcome.complete(activation);
			}
		});
	}

	/**
	 * Return whether the switch was made by this move.
	 */
	boolean isMade() {
		return this.steps.containsKey(MoveStep.SWITCH);
	}

	/**
	 * Return whether the move was made, or is not made any more.
	 */
	boolean hasEnded() {
		return this.ended.isDone();
	}

	/**
	 * Have the move made, or fail if it cannot be made.
	 */
	void prepared(@Nullable Throwable failure) {
		if (failure != null) {
			this.ready.completeExceptionally(failure);
		}
		else {
			this.ready.complete(null);
		}
	}

	/**
	 * Make the move as soon as it is prepared.
	 * @param make makes it
	 * @param atEnd done in any case, before the next move begins
	 * @return fails with an {@link IllegalStateException} if the move is not made; what
	 * becomes of the later move if that is to the same broker
	 */
	CompletableFuture<Activation> whenReady(Supplier<Activation> make, Runnable atEnd) {
		return this.ready.handle((later, failure) -> {
			try {
				if (later != null && later.broker.name().equals(this.broker.name())) {
					return later.outcome;
				}
				check(later, failure);
				ended(MoveStep.PREPARE);
				Activation made = make.get();
				ended(MoveStep.SWITCH);
				return CompletableFuture.completedFuture(made);
			}
			finally {
				try {
					atEnd.run();
				}
				finally {
					this.ended.complete(null);
				}
			}
		}).thenCompose(Function.identity());
	}

	private static Throwable cause(Throwable failure) {
		return (failure instanceof CompletionException && failure.getCause() != null) ? failure.getCause() : failure;
	}

	private void check(@Nullable PlannedMove later, @Nullable Throwable failure) {
		String name = this.broker.name();
		if (failure != null) {
			Throwable cause = cause(failure);
			throw new IllegalStateException("Broker '%s' cannot become active: no connection was made ready (%s)"
				.formatted(name, FailureReasons.of(cause)), cause);
		}
		if (later != null) {
			throw new IllegalStateException("Broker '%s' does not become active: a later move, to '%s', was asked for"
				.formatted(name, later.broker.name()));
		}
	}

}
