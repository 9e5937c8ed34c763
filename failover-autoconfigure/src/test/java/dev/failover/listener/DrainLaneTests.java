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
import java.time.Clock;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import dev.failover.broker.Broker;
import dev.failover.broker.Brokers;
import dev.failover.broker.FailingThreads;
import dev.failover.connection.ConsumerAccess;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.mockito.BDDMockito.given;
import static org.mockito.BDDMockito.then;
import static org.mockito.Mockito.mock;
import static org.mockito.Mockito.times;

/**
 * Tests that {@link DrainLane} goes on whatever fails, and looks as often as it is to.
 */
class DrainLaneTests {

	private static final long PATIENCE_SECONDS = 20;

	private final Broker one = broker("one");

	private final Broker two = broker("two");

	private final Brokers brokers = new Brokers(List.of(this.one, this.two), Clock.systemUTC());

	private final Semaphore tries = new Semaphore(0);

	private final AtomicReference<Error> error = new AtomicReference<>();

	private final DrainLane lane = new DrainLane(this.two,
			new DrainPlan(this.brokers, ConsumedBrokers.ALL, (name) -> isDeparting()), consumers(), (wanted) -> {
				if (wanted) {
					this.tries.release();
					throw new NoClassDefFoundError("thrown by the test");
				}
			});

	private boolean isDeparting() {
		Error thrown = this.error.getAndSet(null);
		if (thrown != null) {
			throw thrown;
		}
		return false;
	}

	private static ConsumerAccess consumers() {
		ConsumerAccess consumers = mock();
		given(consumers.getQueues()).willReturn(Set.of("orders"));
		return consumers;
	}

	private static Broker broker(String name) {
		return Broker.of(name, name + ".example.com", 5672);
	}

	@AfterEach
	void close() {
		this.lane.close();
	}

	@Test
	void triesAgainAfterAnErrorWithoutBeingWoken() throws Exception {
		this.brokers.connected(this.one, 0);
		this.error.set(new AssertionError("thrown by the test"));
		this.lane.wake();
		assertThat(this.tries.tryAcquire(2, PATIENCE_SECONDS, TimeUnit.SECONDS)).isTrue();
	}

	@Test
	void triesAlsoIfTheThreadCannotBeStartedAtOnce() throws Exception {
		FailingThreads.in(this.lane, 1, "executor");
		this.brokers.connected(this.one, 0);
		this.lane.wake();
		assertThat(this.tries.tryAcquire(PATIENCE_SECONDS, TimeUnit.SECONDS)).isTrue();
	}

	@Test
	void emptyTwiceIsNotEmptyOnceInBetween() throws Exception {
		ConsumerAccess consumers = consumers();
		given(consumers.getQueuesBeside(this.two)).willReturn(Set.of("orders"));
		given(consumers.isDrained(this.two)).willReturn(true, false, true, true);
		given(consumers.countMessages(this.two, List.of("orders"))).willThrow(new IOException("thrown by the test"));
		DrainPlan plan = new DrainPlan(this.brokers, ConsumedBrokers.ALL, (name) -> name.equals("two"));
		Semaphore ends = new Semaphore(0);
		DrainLane draining = new DrainLane(this.two, plan, consumers, (wanted) -> {
			if (!wanted) {
				ends.release();
			}
		});
		try {
			this.brokers.connected(this.one, 0);
			draining.wake();
			assertThat(ends.tryAcquire(PATIENCE_SECONDS, TimeUnit.SECONDS)).isTrue();
			then(consumers).should(times(4)).isDrained(this.two);
		}
		finally {
			draining.close();
		}
	}

	/**
	 * The broker is asked for what is missing at the begin, and then each second, before
	 * it is asked for what remains.
	 */
	@ParameterizedTest
	@CsvSource({ "0, 1", "3, 3" })
	void looksSeldomAtABrokerThatIsConsumedFromAllTheTimeAndHasNothingLeft(int messages, int looks) throws Exception {
		ConsumerAccess consumers = consumers();
		given(consumers.getQueuesBeside(this.two)).willReturn(Set.of("orders"));
		AtomicInteger looked = new AtomicInteger();
		given(consumers.countMessages(this.two, List.of("orders"))).willAnswer((call) -> {
			looked.incrementAndGet();
			return Map.of("orders", messages);
		});
		DrainPlan plan = new DrainPlan(this.brokers, ConsumedBrokers.ALL, (name) -> false);
		Semaphore seconds = new Semaphore(0);
		AtomicInteger lookedInTime = new AtomicInteger();
		DrainLane consuming = new DrainLane(this.two, plan, consumers, (wanted) -> {
			if (seconds.availablePermits() < 5) {
				lookedInTime.set(looked.get());
			}
			seconds.release();
		});
		try {
			this.brokers.connected(this.one, 0);
			consuming.wake();
			await().atMost(PATIENCE_SECONDS, TimeUnit.SECONDS).until(() -> seconds.availablePermits() >= 5);
			assertThat(lookedInTime.get()).isBetween(looks, looks + 1);
			assertThat(consuming.getRemaining()).isEqualTo(messages);
		}
		finally {
			consuming.close();
		}
	}

}
