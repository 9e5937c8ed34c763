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

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;

import org.junit.jupiter.api.Test;

import dev.failover.broker.FailingThreads;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * Tests for {@link ReviewSchedule}.
 */
class ReviewScheduleTests {

	private static final long PAUSE = ReviewSchedule.PAUSE.toMillis();

	private static final long PAUSE_AFTER_FAILURE = ReviewSchedule.PAUSE_AFTER_FAILURE.toMillis();

	private final FakeScheduler scheduler = new FakeScheduler();

	private final AtomicInteger reviews = new AtomicInteger();

	private final AtomicReference<Runnable> meanwhile = new AtomicReference<>(() -> {
	});

	private final ReviewSchedule schedule = new ReviewSchedule(this.scheduler, this::review);

	private void review() {
		this.reviews.incrementAndGet();
		this.meanwhile.getAndSet(() -> {
		}).run();
	}

	@Test
	void oneReviewForAllWhoAsk() {
		this.schedule.request();
		this.schedule.request();
		this.scheduler.pass(PAUSE - 1);
		this.schedule.request();
		assertThat(this.reviews).hasValue(0);
		this.scheduler.pass(60_000);
		assertThat(this.reviews).hasValue(1);
	}

	@Test
	void whoeverAsksDuringAReviewHasAnotherOne() {
		this.meanwhile.set(this.schedule::request);
		this.schedule.request();
		this.scheduler.pass(60_000);
		assertThat(this.reviews).hasValue(2);
	}

	@Test
	void reviewsDoNotOverlap() {
		this.meanwhile.set(() -> {
			this.schedule.request();
			this.scheduler.pass(10 * PAUSE);
			assertThat(this.reviews).hasValue(1);
		});
		this.schedule.request();
		this.scheduler.pass(60_000);
		assertThat(this.reviews).hasValue(2);
	}

	@Test
	void reviewIsMadeWhenAWorkerIsFree() {
		this.scheduler.busy = true;
		this.schedule.request();
		this.scheduler.pass(5 * PAUSE);
		assertThat(this.reviews).hasValue(0);
		this.scheduler.busy = false;
		this.scheduler.pass(PAUSE);
		assertThat(this.reviews).hasValue(1);
	}

	@Test
	void reviewThatFailsIsRepeatedLaterAndSoonerForWhoeverAsks() {
		this.meanwhile.set(() -> {
			throw new NoClassDefFoundError("thrown by the test");
		});
		this.schedule.request();
		this.scheduler.pass(PAUSE);
		this.scheduler.pass(PAUSE_AFTER_FAILURE - 1);
		assertThat(this.reviews).hasValue(1);
		this.scheduler.pass(PAUSE + 1);
		assertThat(this.reviews).hasValue(2);
		this.meanwhile.set(() -> {
			throw new NoClassDefFoundError("thrown by the test");
		});
		this.schedule.request();
		this.scheduler.pass(PAUSE);
		this.schedule.request();
		this.scheduler.pass(PAUSE);
		assertThat(this.reviews).hasValue(4);
	}

	@Test
	void reviewIsMadeAlsoIfTheThreadsForItCannotBeStartedAtOnce() {
		try (DetectionThreads threads = new DetectionThreads()) {
			FailingThreads.in(threads, 1, "timer");
			FailingThreads.in(threads, 1, "workers");
			new ReviewSchedule(threads, this::review).request();
			await().until(() -> this.reviews.get() == 1);
		}
	}

}
