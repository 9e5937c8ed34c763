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
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;

import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests for {@link MonitorScheduler}.
 */
class MonitorSchedulerTests {

	private static final Duration HOUR = Duration.ofHours(1);

	private final MonitorScheduler scheduler = new MonitorScheduler();

	private final Semaphore rounds = new Semaphore(0);

	@AfterEach
	void close() {
		this.scheduler.shutdown();
	}

	@Test
	void monitorLooksAtOnceAndAgainWhenItIsWoken() throws InterruptedException {
		start();
		this.scheduler.wake(Duration.ofMillis(10));
		assertThat(this.rounds.tryAcquire(2, 10, TimeUnit.SECONDS)).isTrue();
	}

	@Test
	void everyMonitorHasAThread() throws InterruptedException {
		CountDownLatch end = new CountDownLatch(1);
		this.scheduler.scheduleAtFixedRate(() -> await(end), HOUR);
		this.scheduler.scheduleAtFixedRate(() -> await(end), HOUR);
		start();
		this.scheduler.wake(HOUR);
		assertThat(this.rounds.tryAcquire(10, TimeUnit.SECONDS)).isTrue();
		end.countDown();
	}

	@Test
	void monitorThatIsWokenWhileItLooksDoesSoOnceMoreAfterwards() throws InterruptedException {
		CountDownLatch end = new CountDownLatch(1);
		CountDownLatch begun = new CountDownLatch(1);
		AtomicInteger running = new AtomicInteger();
		AtomicInteger most = new AtomicInteger();
		this.scheduler.scheduleAtFixedRate(() -> {
			most.accumulateAndGet(running.incrementAndGet(), Math::max);
			begun.countDown();
			await(end);
			running.decrementAndGet();
			this.rounds.release();
		}, HOUR);
		start();
		await(begun);
		this.scheduler.wake(HOUR);
		assertThat(this.rounds.tryAcquire(10, TimeUnit.SECONDS)).isTrue();
		end.countDown();
		assertThat(this.rounds.tryAcquire(2, 10, TimeUnit.SECONDS)).isTrue();
		assertThat(most).hasValue(1);
	}

	@ParameterizedTest
	@ValueSource(booleans = { true, false })
	void monitorThatFailsIsWokenAgain(boolean error) throws InterruptedException {
		this.scheduler.scheduleAtFixedRate(() -> {
			this.rounds.release();
			if (error) {
				throw new NoClassDefFoundError("Fails");
			}
			throw new IllegalStateException("Fails");
		}, HOUR);
		assertThat(this.rounds.tryAcquire(10, TimeUnit.SECONDS)).isTrue();
		this.scheduler.wake(Duration.ofMillis(10));
		assertThat(this.rounds.tryAcquire(2, 10, TimeUnit.SECONDS)).isTrue();
	}

	@Test
	void monitorOfAContainerThatHasStoppedIsLeftAlone() throws InterruptedException {
		start().cancel(true);
		AtomicInteger others = new AtomicInteger();
		this.scheduler.scheduleAtFixedRate(others::incrementAndGet, HOUR);
		this.scheduler.wake(Duration.ofMillis(1));
		Awaitility.await().until(() -> others.get() >= 2);
		assertThat(this.rounds.availablePermits()).isZero();
	}

	@Test
	void nothingIsWokenAfterTheEnd() throws InterruptedException {
		start();
		this.scheduler.shutdown();
		this.scheduler.wake(Duration.ofMillis(1));
		assertThat(this.scheduler.getScheduledThreadPoolExecutor().awaitTermination(10, TimeUnit.SECONDS)).isTrue();
		assertThat(this.rounds.availablePermits()).isZero();
	}

	@Test
	void threadsKeepTheJvmRunningAsLongAsThereIsAMonitor() {
		AtomicReference<Thread> thread = new AtomicReference<>();
		Future<?> monitor = this.scheduler.scheduleAtFixedRate(() -> thread.set(Thread.currentThread()),
				Duration.ofMillis(100));
		Awaitility.await().until(() -> thread.get() != null);
		assertThat(thread.get().isDaemon()).isFalse();
		Awaitility.await().during(Duration.ofSeconds(2)).until(() -> thread.get().isAlive());
		monitor.cancel(false);
		Awaitility.await().until(() -> !thread.get().isAlive());
	}

	/**
	 * Start a monitor that counts its rounds, and wait for the first one.
	 */
	private Future<?> start() throws InterruptedException {
		Future<?> monitor = this.scheduler.scheduleAtFixedRate(this.rounds::release, HOUR);
		assertThat(this.rounds.tryAcquire(10, TimeUnit.SECONDS)).isTrue();
		return monitor;
	}

	private static void await(CountDownLatch latch) {
		try {
			assertThat(latch.await(10, TimeUnit.SECONDS)).isTrue();
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
		}
	}

}
