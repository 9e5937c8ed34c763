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

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;

import org.junit.jupiter.api.Test;

import dev.failover.broker.Broker;
import dev.failover.broker.BrokerEvent;
import dev.failover.broker.BrokerHealth;
import dev.failover.broker.BrokerStatus;
import dev.failover.broker.Brokers;
import dev.failover.broker.EventStage;
import dev.failover.broker.FailureReason;
import dev.failover.broker.RecoveryPolicy;
import dev.failover.broker.SwitchCause;
import dev.failover.broker.TestBrokers;
import dev.failover.strategy.FailoverStrategy;
import dev.failover.strategy.PriorityStrategy;
import dev.failover.strategy.RoundRobinStrategy;

import static org.assertj.core.api.Assertions.assertThat;

class FailbackTests {

	private static final Duration GRACE = Duration.ofSeconds(30);

	private final FakeScheduler scheduler = new FakeScheduler();

	private final Broker primary = broker("primary", 0);

	private final Broker secondary = broker("secondary", 1);

	private final Broker last = broker("last", 2);

	private final Brokers brokers = new Brokers(List.of(this.last, this.secondary, this.primary),
			new RecoveryPolicy(1, Duration.ZERO, Duration.ZERO, Duration.ZERO), new TestClock());

	private final List<String> moves = new ArrayList<>();

	private final List<BrokerEvent.FailbackPlanned> planned = new ArrayList<>();

	private final List<BrokerEvent.SwitchHeld> held = new ArrayList<>();

	private boolean refusing;

	private Error error;

	@Test
	void triesAgainWhenTheMoveEndsInAnError() {
		failback(new PriorityStrategy());
		loseToSecondary();
		answer(this.primary);
		this.error = new NoClassDefFoundError("thrown by the test");
		pass(30_000);
		assertThat(this.error).isNull();
		pass(30_000);
		assertThat(this.moves).containsExactly("primary");
		assertThat(this.brokers.getActive()).isEqualTo(this.primary);
	}

	@Test
	void brokerIsNotPreferredWhileTheStrategyFails() {
		AtomicBoolean failing = new AtomicBoolean(true);
		failback(new FailoverStrategy() {

			@Override
			public List<Broker> order(List<BrokerStatus> brokers, Broker previous) {
				return new PriorityStrategy().order(brokers, previous);
			}

			@Override
			public boolean isPreferred(Broker candidate, Broker active) {
				if (failing.get()) {
					throw new AssertionError("thrown by the test");
				}
				return new PriorityStrategy().isPreferred(candidate, active);
			}

		});
		loseToSecondary();
		answer(this.primary);
		pass(60_000);
		assertThat(this.moves).isEmpty();
		failing.set(false);
		answer(this.last);
		pass(30_000);
		assertThat(this.moves).containsExactly("primary");
	}

	@Test
	void goesBackWhenThePreferredBrokerHasBeenUpForTheGrace() {
		failback(new PriorityStrategy());
		loseToSecondary();
		answer(this.primary);
		pass(29_999);
		assertThat(this.moves).isEmpty();
		assertThat(this.planned).containsExactly(new BrokerEvent.FailbackPlanned(this.secondary, this.primary, GRACE));
		pass(1);
		assertThat(this.moves).containsExactly("primary");
		assertThat(this.brokers.getActive()).isEqualTo(this.primary);
		pass(600_000);
		assertThat(this.moves).hasSize(1);
	}

	@Test
	void brokerThatIsUnhealthyIsNotGoneBackToBeforeItHasBeenHealthyForTheGrace() {
		failback(new PriorityStrategy());
		loseToSecondary();
		answer(this.primary);
		pass(20_000);
		check(this.primary, BrokerHealth.unhealthy("no majority"));
		pass(600_000);
		assertThat(this.moves).isEmpty();
		check(this.primary, BrokerHealth.healthy());
		pass(29_999);
		assertThat(this.moves).isEmpty();
		pass(1);
		assertThat(this.moves).containsExactly("primary");
	}

	@Test
	void nextBrokerIsGoneBackToWhileTheMostPreferredOneIsUnhealthy() {
		failback(new PriorityStrategy());
		this.brokers.connected(this.last, 0);
		answer(this.secondary);
		answer(this.primary);
		check(this.primary, BrokerHealth.unhealthy("no majority"));
		pass(30_000);
		assertThat(this.moves).containsExactly("secondary");
	}

	@Test
	void activeBrokerIsNotLeftBecauseItIsUnhealthy() {
		failback(new PriorityStrategy());
		this.brokers.connected(this.primary, 0);
		answer(this.secondary);
		check(this.primary, BrokerHealth.unhealthy("no majority"));
		pass(600_000);
		assertThat(this.moves).isEmpty();
	}

	@Test
	void graceBeginsAnewWithEachFailure() {
		failback(new PriorityStrategy());
		loseToSecondary();
		for (int i = 0; i < 20; i++) {
			answer(this.primary);
			pass(3000);
			fail(this.primary);
			pass(3000);
		}
		assertThat(this.moves).isEmpty();
		answer(this.primary);
		pass(30_000);
		assertThat(this.moves).containsExactly("primary");
	}

	@Test
	void mostPreferredBrokerThatIsUpIsGoneBackTo() {
		failback(new PriorityStrategy());
		this.brokers.connected(this.last, 0);
		answer(this.secondary);
		pass(20_000);
		answer(this.primary);
		pass(29_999);
		assertThat(this.moves).isEmpty();
		pass(1);
		assertThat(this.moves).containsExactly("primary");
	}

	@Test
	void staysWithAStrategyThatPrefersNoBroker() {
		failback(new RoundRobinStrategy());
		loseToSecondary();
		answer(this.primary);
		pass(600_000);
		assertThat(this.moves).isEmpty();
		assertThat(this.planned).isEmpty();
	}

	@Test
	void staysWhereAnOperatorHasMovedTo() {
		failback(new PriorityStrategy());
		this.brokers.connected(this.primary, 0);
		this.brokers.operations().activate("secondary");
		pass(600_000);
		assertThat(this.moves).isEmpty();
	}

	@Test
	void anotherWeightIsNoReasonToLeaveWhereAnOperatorHasMovedTo() {
		failback(new PriorityStrategy());
		this.brokers.connected(this.primary, 0);
		this.brokers.operations().activate("secondary");
		this.brokers.operations().reweight("secondary", 1, 7);
		this.brokers.operations().reweight("primary", 0, 7);
		pass(600_000);
		assertThat(this.moves).isEmpty();
		this.brokers.operations().reweight("secondary", 3, 7);
		pass(30_000);
		assertThat(this.moves).containsExactly("primary");
	}

	@Test
	void goesBackToABrokerThatIsEnabledAgain() {
		failback(new PriorityStrategy());
		this.brokers.connected(this.primary, 0);
		this.brokers.operations().activate("secondary");
		this.brokers.operations().disable("primary");
		pass(600_000);
		this.brokers.operations().enable("primary");
		answer(this.primary);
		pass(30_000);
		assertThat(this.moves).containsExactly("primary");
	}

	@Test
	void followsAChangeOfPreference() {
		failback(new PriorityStrategy());
		this.brokers.connected(this.primary, 0);
		answer(this.last);
		this.brokers.operations().reweight("last", -1, 1);
		pass(30_000);
		assertThat(this.moves).containsExactly("last");
	}

	@Test
	void triesAgainWhenTheMoveFails() {
		failback(new PriorityStrategy());
		loseToSecondary();
		answer(this.primary);
		this.refusing = true;
		pass(30_000);
		assertThat(this.moves).containsExactly("primary");
		this.refusing = false;
		pass(30_000);
		assertThat(this.moves).containsExactly("primary", "primary");
		assertThat(this.brokers.getActive()).isEqualTo(this.primary);
	}

	@Test
	void doesNothingOnceItIsClosed() {
		Failback failback = failback(new PriorityStrategy());
		failback.close();
		loseToSecondary();
		answer(this.primary);
		pass(600_000);
		assertThat(this.moves).isEmpty();
	}

	@Test
	void isToldOnceAndNotDoneWhileAnOperatorHoldsSwitches() {
		failback(new PriorityStrategy());
		loseToSecondary();
		this.brokers.operations().hold();
		answer(this.primary);
		pass(600_000);
		answer(this.last);
		pass(600_000);
		assertThat(this.moves).isEmpty();
		assertThat(this.planned).isEmpty();
		assertThat(this.held)
			.containsExactly(new BrokerEvent.SwitchHeld(this.secondary, this.primary, SwitchCause.PREFERENCE));
		this.brokers.operations().release();
		pass(29_999);
		assertThat(this.moves).isEmpty();
		pass(1);
		assertThat(this.moves).containsExactly("primary");
	}

	@Test
	void isHeldInTheMiddleOfTheGrace() {
		failback(new PriorityStrategy());
		loseToSecondary();
		answer(this.primary);
		pass(20_000);
		this.brokers.operations().hold();
		pass(600_000);
		assertThat(this.moves).isEmpty();
		assertThat(this.held).hasSize(1);
		fail(this.primary);
		answer(this.primary);
		pass(600_000);
		assertThat(this.held).as("once more when it is up again").hasSize(2);
		assertThat(this.moves).isEmpty();
	}

	private Failback failback(FailoverStrategy strategy) {
		this.brokers.addListener((event) -> {
			if (event instanceof BrokerEvent.SwitchHeld told) {
				this.held.add(told);
			}
			if (event instanceof BrokerEvent.FailbackPlanned failback) {
				this.planned.add(failback);
			}
		}, EventStage.REPORTS);
		return new Failback(this.brokers, strategy::isPreferred, this::move, GRACE, this.scheduler, () -> {
		});
	}

	private CompletableFuture<?> move(String name) {
		Error thrown = this.error;
		this.error = null;
		if (thrown != null) {
			throw thrown;
		}
		this.moves.add(name);
		if (this.refusing) {
			return CompletableFuture.failedFuture(new IllegalStateException("refused by the test"));
		}
		return CompletableFuture.completedFuture(this.brokers.operations().activate(name));
	}

	private void loseToSecondary() {
		this.brokers.connected(this.primary, 0);
		fail(this.primary);
		this.brokers.connected(this.secondary, 0);
		pass(1000);
	}

	private void fail(Broker broker) {
		this.brokers.failed(broker, this.brokers.getIncarnation(broker), FailureReason.CONNECTION_LOST, null);
	}

	private void check(Broker broker, BrokerHealth health) {
		this.brokers.checked(broker, this.brokers.getIncarnation(broker), health);
	}

	private void answer(Broker broker) {
		this.brokers.answered(broker);
		pass(0);
	}

	private void pass(long millis) {
		this.scheduler.pass(millis);
	}

	private static Broker broker(String name, int priority) {
		return TestBrokers.broker(name).withWeight(priority, 1);
	}

	/**
	 * Tells the time of the scheduler.
	 */
	private final class TestClock extends Clock {

		@Override
		public ZoneOffset getZone() {
			return ZoneOffset.UTC;
		}

		@Override
		public Clock withZone(ZoneId zone) {
			return this;
		}

		@Override
		public Instant instant() {
			return Instant.ofEpochMilli(FailbackTests.this.scheduler.millis());
		}

	}

}
