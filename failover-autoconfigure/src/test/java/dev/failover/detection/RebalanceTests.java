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
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.random.RandomGenerator;

import org.junit.jupiter.api.Test;

import dev.failover.broker.Activation;
import dev.failover.broker.Broker;
import dev.failover.broker.BrokerEvent;
import dev.failover.broker.BrokerHealth;
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
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

/**
 * Tests for {@link Rebalance}.
 */
class RebalanceTests {

	private static final long WINDOW = 60_000;

	private final List<String> moves = new ArrayList<>();

	private final Random random = new Random(7);

	private FakeScheduler scheduler = new FakeScheduler();

	private Brokers brokers;

	@Test
	void applicationsEndEvenlyWhereverTheyWere() {
		Map<String, Integer> load = new TreeMap<>();
		for (int i = 0; i < 3000; i++) {
			comeBack(new RoundRobinStrategy());
			pass(WINDOW);
			load.merge(this.brokers.getActive().name(), 1, Integer::sum);
		}
		assertThat(load).hasSize(3);
		assertThat(load.values()).allSatisfy((count) -> assertThat(count).isCloseTo(1000, within(150)));
	}

	@Test
	void momentIsWithinTheWindow() {
		for (int i = 1; i < 50; i++) {
			comeBack(new RoundRobinStrategy(), drawing("first", i * WINDOW / 50));
			pass(i * WINDOW / 50 - 1);
			assertThat(this.moves).hasSize(i - 1);
			pass(1);
			assertThat(this.moves).hasSize(i);
		}
	}

	@Test
	void brokerThatIsNotUpIsNotDrawn() {
		for (int i = 0; i < 100; i++) {
			comeBack(new RoundRobinStrategy());
			this.brokers.blocked(broker("third"), this.brokers.getIncarnation(broker("third")), "low on memory");
			pass(WINDOW);
		}
		assertThat(this.moves).contains("first").doesNotContain("third");
	}

	@Test
	void brokerThatIsUnhealthyIsNotDrawn() {
		for (int i = 0; i < 100; i++) {
			comeBack(new RoundRobinStrategy());
			check("third", BrokerHealth.unhealthy("no majority"));
			pass(WINDOW);
		}
		assertThat(this.moves).contains("first").doesNotContain("third");
	}

	@Test
	void brokerThatIsHealthyAgainBeginsIt() {
		comeBack(new RoundRobinStrategy(), drawing("second", 1000));
		check("third", BrokerHealth.unhealthy("no majority"));
		pass(WINDOW);
		assertThat(this.moves).isEmpty();
		check("third", BrokerHealth.healthy());
		pass(WINDOW);
		assertThat(this.moves).isEmpty();
		comeBack(new RoundRobinStrategy(), drawing("third", 1000));
		check("third", BrokerHealth.unhealthy("no majority"));
		check("third", BrokerHealth.healthy());
		pass(WINDOW);
		assertThat(this.moves).containsExactly("third");
	}

	@Test
	void failureCancelsIt() {
		comeBack(new RoundRobinStrategy(), drawing("first", 1000));
		fail("third");
		pass(WINDOW);
		assertThat(this.moves).isEmpty();
		this.brokers.answered(broker("third"));
		pass(WINDOW);
		assertThat(this.moves).containsExactly("first");
	}

	@Test
	void lossOfTheActiveBrokerCancelsIt() {
		comeBack(new RoundRobinStrategy(), drawing("first", 1000));
		fail("second");
		this.brokers.connected(broker("third"), this.brokers.getIncarnation(broker("third")));
		pass(WINDOW);
		assertThat(this.moves).isEmpty();
	}

	@Test
	void plannedMoveCancelsIt() {
		comeBack(new RoundRobinStrategy(), drawing("first", 1000));
		this.brokers.operations().activate("third");
		pass(WINDOW);
		assertThat(this.moves).isEmpty();
		assertThat(this.brokers.getActive()).isEqualTo(broker("third"));
	}

	@Test
	void operatorWhoHoldsSwitchesCancelsIt() {
		comeBack(new RoundRobinStrategy(), drawing("first", 1000));
		this.brokers.operations().hold();
		pass(WINDOW);
		assertThat(this.moves).isEmpty();
		List<BrokerEvent> events = new ArrayList<>();
		this.brokers.addListener(events::add, EventStage.REPORTS);
		fail("third");
		this.brokers.answered(broker("third"));
		pass(WINDOW);
		assertThat(this.moves).isEmpty();
		assertThat(events).contains(new BrokerEvent.SwitchHeld(broker("second"), null, SwitchCause.REBALANCE));
		this.brokers.operations().release();
		pass(WINDOW);
		assertThat(this.moves).as("not made up for").isEmpty();
	}

	@Test
	void brokerThatIsDisabledCancelsItAndOneThatIsEnabledBeginsIt() {
		comeBack(new RoundRobinStrategy(), drawing("first", 1000));
		this.brokers.operations().disable("third");
		pass(WINDOW);
		assertThat(this.moves).isEmpty();
		this.brokers.operations().enable("third");
		pass(WINDOW);
		assertThat(this.moves).containsExactly("first");
	}

	@Test
	void brokerThatIsPreferredOrNotIsNotDrawn() {
		for (int i = 0; i < 20; i++) {
			comeBack(new PriorityStrategy());
			pass(WINDOW);
		}
		assertThat(this.moves).isEmpty();
	}

	@Test
	void endsWithItsOwner() {
		comeBack(new RoundRobinStrategy(), drawing("first", 1000)).close();
		fail("third");
		this.brokers.answered(broker("third"));
		this.scheduler = new FakeScheduler();
		pass(WINDOW);
		assertThat(this.moves).isEmpty();
	}

	@Test
	void windowMustBePositive() {
		assertThatIllegalArgumentException()
			.isThrownBy(() -> rebalance(new RoundRobinStrategy(), this.random, Duration.ZERO))
			.withMessageContaining("'window' must be at least 1 ms");
	}

	/**
	 * The first broker comes back while the second is active.
	 */
	private Rebalance comeBack(FailoverStrategy strategy) {
		return comeBack(strategy, this.random);
	}

	private Rebalance comeBack(FailoverStrategy strategy, RandomGenerator random) {
		this.scheduler = new FakeScheduler();
		List<Broker> all = new ArrayList<>();
		for (String name : List.of("first", "second", "third")) {
			all.add(TestBrokers.broker(name).withWeight(all.size(), 1));
		}
		this.brokers = new Brokers(all, new RecoveryPolicy(1, Duration.ZERO, Duration.ZERO, Duration.ZERO),
				Clock.systemUTC());
		Rebalance rebalance = rebalance(strategy, random, Duration.ofMillis(WINDOW));
		this.brokers.connected(all.get(0), 0);
		this.brokers.answered(all.get(2));
		fail("first");
		this.brokers.connected(all.get(1), 0);
		pass(WINDOW);
		this.brokers.answered(all.get(0));
		pass(0);
		return rebalance;
	}

	private Rebalance rebalance(FailoverStrategy strategy, RandomGenerator random, Duration window) {
		if (this.brokers == null) {
			this.brokers = new Brokers(List.of(TestBrokers.broker("first")), RecoveryPolicy.DEFAULTS,
					Clock.systemUTC());
		}
		return new Rebalance(this.brokers, strategy::isPreferred, this::move, window, random, this.scheduler, () -> {
		});
	}

	private CompletableFuture<Activation> move(String name) {
		this.moves.add(name);
		return CompletableFuture.completedFuture(this.brokers.operations().activate(name));
	}

	/**
	 * Return what draws a broker and a moment.
	 */
	private static RandomGenerator drawing(String name, long millis) {
		return new RandomGenerator() {

			@Override
			public long nextLong() {
				return millis;
			}

			@Override
			public long nextLong(long bound) {
				return millis;
			}

			@Override
			public int nextInt(int bound) {
				return List.of("first", "second", "third").indexOf(name);
			}

		};
	}

	private Broker broker(String name) {
		return this.brokers.getStatus(name).orElseThrow().broker();
	}

	private void check(String name, BrokerHealth health) {
		this.brokers.checked(broker(name), this.brokers.getIncarnation(broker(name)), health);
	}

	private void fail(String name) {
		this.brokers.failed(broker(name), this.brokers.getIncarnation(broker(name)), FailureReason.CONNECTION_LOST,
				null);
	}

	private void pass(long millis) {
		this.scheduler.pass(millis);
	}

}
