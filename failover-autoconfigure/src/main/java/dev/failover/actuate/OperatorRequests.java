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

package dev.failover.actuate;

import java.time.Clock;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.ReentrantLock;

import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;
import org.springframework.util.Assert;

import dev.failover.broker.BrokerOperations;
import dev.failover.connection.PlannedMoves;

/**
 * Does what operators ask for, and remembers what has become of the last of it. Safe for
 * use by any number of threads. No method blocks: what takes time is done in the
 * background, and logged if it fails.
 */
public final class OperatorRequests {

	/**
	 * How many requests are remembered.
	 */
	private static final int CAPACITY = 10;

	private static final Log logger = LogFactory.getLog(FailoverEndpoint.class);

	private final BrokerOperations operations;

	private final PlannedMoves moves;

	private final Clock clock;

	private final ReentrantLock lock = new ReentrantLock();

	private final Deque<OperatorRequest> requests = new ArrayDeque<>(CAPACITY);

	/**
	 * Create an instance.
	 * @param operations what is changed at once
	 * @param moves what is changed after it was prepared
	 * @param clock the clock that dates what is asked for
	 */
	public OperatorRequests(BrokerOperations operations, PlannedMoves moves, Clock clock) {
		Assert.notNull(operations, "'operations' must not be null");
		Assert.notNull(moves, "'moves' must not be null");
		Assert.notNull(clock, "'clock' must not be null");
		this.operations = operations;
		this.moves = moves;
		this.clock = clock;
	}

	/**
	 * Make a broker the active one, by a planned move.
	 * @throws IllegalArgumentException if there is no broker of that name
	 * @throws IllegalStateException if the broker is not fit for it
	 */
	OperationDescriptor activate(String broker) {
		return begun("activate", broker, false, this.moves.activate(broker));
	}

	/**
	 * Make a broker the active one at once. A planned move to it ends by that, and one to
	 * another broker gives way.
	 * @throws IllegalArgumentException if there is no broker of that name
	 * @throws IllegalStateException if the broker cannot be used
	 */
	OperationDescriptor activateAtOnce(String broker) {
		this.operations.activate(broker);
		this.moves.activate(broker);
		return begun("activate", broker, true, CompletableFuture.completedFuture(null));
	}

	/**
	 * Take a broker out of use when nothing runs there any more.
	 * @throws IllegalArgumentException if there is no broker of that name
	 * @throws IllegalStateException if it is active, and there is no other one to go to
	 */
	OperationDescriptor disable(String broker) {
		return begun("disable", broker, false, this.moves.disable(broker));
	}

	/**
	 * Let a broker be used again.
	 * @throws IllegalArgumentException if there is no broker of that name
	 */
	OperationDescriptor enable(String broker) {
		this.operations.enable(broker);
		return begun("enable", broker, false, CompletableFuture.completedFuture(null));
	}

	/**
	 * Hold the switches that the application decides on itself.
	 */
	OperationDescriptor hold() {
		this.operations.hold();
		return begun("hold", null, false, CompletableFuture.completedFuture(null));
	}

	/**
	 * Let the application decide on switches again.
	 */
	OperationDescriptor release() {
		this.operations.release();
		return begun("release", null, false, CompletableFuture.completedFuture(null));
	}

	private OperationDescriptor begun(String operation, @Nullable String broker, boolean force,
			CompletableFuture<?> outcome) {
		Instant now = this.clock.instant();
		OperatorRequest request = new OperatorRequest(operation, broker, force, now, outcome);
		if (request.failure() instanceof IllegalStateException refusal) {
			throw refusal;
		}
		remember(request);
		logger.info("%s was requested by an operator".formatted(request));
		outcome.whenComplete((done, failure) -> ended(request));
		return request.describe();
	}

	private void remember(OperatorRequest request) {
		this.lock.lock();
		try {
			if (this.requests.size() == CAPACITY) {
				this.requests.removeLast();
			}
			this.requests.addFirst(request);
		}
		finally {
			this.lock.unlock();
		}
	}

	private static void ended(OperatorRequest request) {
		Throwable failure = request.failure();
		if (failure instanceof Error) {
			logger.error(request + " failed", failure);
		}
		else if (failure != null) {
			logger.warn("%s failed: %s".formatted(request, request.describe().reason()));
		}
	}

	/**
	 * Return what was asked for last.
	 * @return the requests that were not refused at once, the latest one first
	 */
	List<OperationDescriptor> getLast() {
		this.lock.lock();
		try {
			return this.requests.stream().map(OperatorRequest::describe).toList();
		}
		finally {
			this.lock.unlock();
		}
	}

}
