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
import java.util.concurrent.ExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Has something reviewed a moment after it was asked for, once for all who ask meanwhile,
 * and by one thread at a time. A review that fails is repeated a while later.
 */
final class ReviewSchedule {

	/**
	 * Until what has changed at the same time is known of all brokers.
	 */
	static final Duration PAUSE = Duration.ofMillis(200);

	static final Duration PAUSE_AFTER_FAILURE = Duration.ofSeconds(10);

	private final DetectionScheduler scheduler;

	private final Review review;

	private final AtomicBoolean due = new AtomicBoolean();

	private final AtomicBoolean running = new AtomicBoolean();

	/**
	 * Create a schedule.
	 * @param scheduler runs the review, which ends with it
	 * @param review what is to be done; it may block
	 */
	ReviewSchedule(DetectionScheduler scheduler, Review review) {
		this.scheduler = scheduler;
		this.review = review;
	}

	/**
	 * Ask for a review of all that is known by now.
	 */
	void request() {
		if (this.due.compareAndSet(false, true)) {
			begin();
		}
	}

	private void begin() {
		this.scheduler.later(PAUSE, () -> {
			if (!this.scheduler.work(this::runOrWait)) {
				begin();
			}
		});
	}

	private void runOrWait() {
		if (!this.running.compareAndSet(false, true)) {
			begin();
			return;
		}
		this.due.set(false);
		boolean done = false;
		try {
			this.review.run();
			done = true;
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
			done = true;
		}
		finally {
			this.running.set(false);
			if (!done) {
				this.scheduler.later(PAUSE_AFTER_FAILURE, this::request);
			}
		}
	}

	/**
	 * Wait for something that a review needs, and that ends by itself.
	 * @throws Error if that is what it has ended with: the review has failed, and its
	 * subject is not to blame
	 */
	static <T> T await(CompletableFuture<T> needed) throws InterruptedException, ExecutionException {
		try {
			return needed.get();
		}
		catch (ExecutionException ex) {
			if (ex.getCause() instanceof Error error) {
				throw error;
			}
			throw ex;
		}
	}

	/**
	 * What is to be done.
	 */
	@FunctionalInterface
	interface Review {

		void run() throws InterruptedException;

	}

}
