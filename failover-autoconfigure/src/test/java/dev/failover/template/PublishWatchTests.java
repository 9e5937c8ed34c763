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

package dev.failover.template;

import java.time.Duration;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

import dev.failover.broker.FailingThreads;

import static org.assertj.core.api.Assertions.assertThat;
import static org.mockito.Mockito.mock;

/**
 * Tests that {@link PublishWatch} goes on whatever fails.
 */
class PublishWatchTests {

	private final Semaphore inspections = new Semaphore(0);

	private final AtomicBoolean more = new AtomicBoolean(true);

	private final AtomicReference<Error> error = new AtomicReference<>();

	private final PublishWatch watch = new PublishWatch(this::inspect, mock(), Duration.ofSeconds(5));

	private boolean inspect() {
		Error thrown = this.error.getAndSet(null);
		if (thrown != null) {
			throw thrown;
		}
		this.inspections.release();
		return this.more.get();
	}

	@AfterEach
	void close() {
		this.watch.close();
	}

	@Test
	void inspectsAgainAfterAnError() throws InterruptedException {
		this.error.set(new NoClassDefFoundError("thrown by the test"));
		this.watch.start();
		assertInspects();
	}

	@Test
	void inspectsAlsoIfTheThreadCannotBeStartedAtOnce() throws InterruptedException {
		FailingThreads.in(this.watch, 1, "executor");
		this.watch.start();
		assertInspects();
	}

	@Test
	void whoeverPublishesNextStartsTheThreadThatCouldNotBeStarted() throws InterruptedException {
		FailingThreads.in(this.watch, 1, "executor");
		this.watch.start();
		this.watch.start();
		assertThat(this.inspections.tryAcquire(500, TimeUnit.MILLISECONDS)).isTrue();
		assertInspects();
	}

	private void assertInspects() throws InterruptedException {
		assertThat(this.inspections.tryAcquire(2, 20, TimeUnit.SECONDS)).isTrue();
		this.more.set(false);
	}

}
