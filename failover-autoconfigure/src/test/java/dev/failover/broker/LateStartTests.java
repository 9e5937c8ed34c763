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

package dev.failover.broker;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

/**
 * Tests for {@link LateStart}.
 */
class LateStartTests {

	private final ScheduledThreadPoolExecutor timer = new ScheduledThreadPoolExecutor(1);

	private final CountDownLatch done = new CountDownLatch(1);

	@AfterEach
	void close() {
		this.timer.shutdownNow();
	}

	@Test
	void taskIsDoneAsSoonAsThereIsAThread() throws InterruptedException {
		scheduleInVain(2);
		LateStart.of(this.timer);
		assertThat(this.done.await(20, TimeUnit.SECONDS)).isTrue();
	}

	@Test
	void threadIsNotStartedAfterTheEnd() {
		scheduleInVain(1);
		LateStart.of(this.timer);
		this.timer.shutdownNow();
		Awaitility.await().during(Duration.ofMillis(1500)).until(() -> this.timer.getPoolSize() == 0);
	}

	private void scheduleInVain(int failures) {
		FailingThreads.in(this.timer, failures);
		assertThatExceptionOfType(OutOfMemoryError.class)
			.isThrownBy(() -> this.timer.schedule(this.done::countDown, 1, TimeUnit.MILLISECONDS));
		assertThat(this.timer.getPoolSize()).isZero();
	}

}
