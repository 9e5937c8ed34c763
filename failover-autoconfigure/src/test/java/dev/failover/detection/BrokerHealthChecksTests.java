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
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;

import org.awaitility.Awaitility;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import dev.failover.broker.Broker;
import dev.failover.broker.BrokerCredentials;
import dev.failover.broker.BrokerEvent;
import dev.failover.broker.BrokerHealth;
import dev.failover.broker.BrokerStatus;
import dev.failover.broker.Brokers;
import dev.failover.broker.EventStage;
import dev.failover.broker.FailureReason;
import dev.failover.broker.RecoveryPolicy;
import dev.failover.broker.TestBrokers;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests for {@link BrokerHealthChecks}.
 */
class BrokerHealthChecksTests {

	private static final String PASSWORD = "s3cret-of-north";

	private static final Duration PATIENCE = Duration.ofSeconds(30);

	private final FakeScheduler scheduler = new FakeScheduler();

	private final Broker north = TestBrokers.broker("north");

	private final Broker south = TestBrokers.broker("south");

	private final Brokers brokers = new Brokers(List.of(this.north, this.south),
			(broker) -> BrokerCredentials.of("app", PASSWORD),
			new RecoveryPolicy(1, Duration.ZERO, Duration.ZERO, Duration.ZERO), Clock.systemUTC());

	private final List<BrokerEvent.HealthChanged> changes = new ArrayList<>();

	private final AtomicInteger calls = new AtomicInteger();

	private BrokerHealth says = BrokerHealth.healthy();

	@BeforeEach
	void listen() {
		this.brokers.addListener((event) -> {
			if (event instanceof BrokerEvent.HealthChanged changed) {
				this.changes.add(changed);
			}
		}, EventStage.REPORTS);
	}

	@Test
	void checksABrokerWhenItComesUpAndThenOnceInAnInterval() {
		checks(Map.of("one", this::check));
		this.scheduler.pass(60_000);
		assertThat(this.calls).hasValue(0);
		this.brokers.answered(this.north);
		this.scheduler.pass(0);
		assertThat(this.calls).hasValue(1);
		assertThat(status().health()).isEqualTo(BrokerHealth.healthy());
		this.scheduler.pass(14_999);
		assertThat(this.calls).hasValue(3);
		assertThat(this.changes).isEmpty();
		assertThat(this.brokers.getStatus("south").orElseThrow().health()).isNull();
	}

	@Test
	void brokerThatIsDownIsNotChecked() {
		checks(Map.of("one", this::check));
		this.brokers.answered(this.north);
		this.scheduler.pass(0);
		this.says = BrokerHealth.unhealthy("no majority");
		this.scheduler.pass(5000);
		fail(this.north);
		this.scheduler.pass(60_000);
		assertThat(this.calls).hasValue(2);
		assertThat(status().isHealthy()).as("kept").isFalse();
		this.brokers.answered(this.north);
		this.scheduler.pass(0);
		assertThat(this.calls).hasValue(3);
	}

	@Test
	void brokerIsCheckedAgainAfterAnErrorThatIsNoneOfTheCheck() {
		checks(Map.of("one", this::check));
		this.scheduler.error = new OutOfMemoryError("thrown by the test");
		this.brokers.answered(this.north);
		this.scheduler.pass(0);
		assertThat(this.calls).hasValue(0);
		this.scheduler.pass(5000);
		assertThat(this.calls).hasValue(1);
		assertThat(status().isHealthy()).isTrue();
	}

	@Test
	void brokerThatIsBlockedIsChecked() {
		checks(Map.of("one", this::check));
		this.brokers.connected(this.north, 0);
		this.brokers.blocked(this.north, 0, "low on memory");
		this.scheduler.pass(5000);
		assertThat(this.calls).hasValue(2);
	}

	@Test
	void tellsEachChangeOnceAndLeavesTheBrokerActive() {
		checks(Map.of("one", this::check));
		this.brokers.connected(this.north, 0);
		this.says = BrokerHealth.unhealthy("no majority");
		this.scheduler.pass(20_000);
		this.says = BrokerHealth.unhealthy("no majority still");
		this.scheduler.pass(20_000);
		assertThat(status().health()).isEqualTo(BrokerHealth.unhealthy("no majority still"));
		assertThat(this.brokers.getActive()).isEqualTo(this.north);
		this.says = BrokerHealth.healthy();
		this.scheduler.pass(20_000);
		assertThat(this.changes).containsExactly(
				new BrokerEvent.HealthChanged(this.north, BrokerHealth.unhealthy("no majority")),
				new BrokerEvent.HealthChanged(this.north, BrokerHealth.healthy()));
	}

	@Test
	void allOrAnyOfTheChecksMustSayThatABrokerIsHealthy() {
		BrokerHealthCheck bad = (broker) -> BrokerHealth.unhealthy("bad");
		BrokerHealthCheck worse = (broker) -> BrokerHealth.unhealthy("worse");
		assertThat(result(HealthCheckPolicy.ALL, Map.of("a", this::check, "b", bad)))
			.isEqualTo(BrokerHealth.unhealthy("bad"));
		assertThat(result(HealthCheckPolicy.ANY, Map.of("a", this::check, "b", bad))).isEqualTo(BrokerHealth.healthy());
		assertThat(result(HealthCheckPolicy.ANY, Map.of("a", worse, "b", bad)))
			.isEqualTo(BrokerHealth.unhealthy("worse; bad"));
	}

	@Test
	void whatACheckThrowsCountsAsUnhealthyWithoutAPassword() {
		assertThat(result(HealthCheckPolicy.ALL, Map.of("mine", (broker) -> {
			throw new IllegalStateException("logged in with " + PASSWORD);
		}))).isEqualTo(BrokerHealth
			.unhealthy("health check 'mine' failed: java.lang.IllegalStateException: logged in with ******"));
		assertThat(result(HealthCheckPolicy.ALL, Map.of("mine", (broker) -> {
			throw new NoClassDefFoundError("Missing");
		}))).isEqualTo(BrokerHealth.unhealthy("health check 'mine' failed: java.lang.NoClassDefFoundError: Missing"));
		assertThat(result(HealthCheckPolicy.ALL, Map.of("mine", (broker) -> null)))
			.isEqualTo(BrokerHealth.unhealthy("health check 'mine' returned null"));
	}

	@Test
	void lackOfMemorySaysNothingAboutTheBroker() {
		AtomicBoolean lackingMemory = new AtomicBoolean(true);
		checks(Map.of("mine", (broker) -> {
			if (lackingMemory.get()) {
				throw new OutOfMemoryError("thrown by the test");
			}
			return BrokerHealth.unhealthy("no majority");
		}));
		this.brokers.answered(this.north);
		this.scheduler.pass(20_000);
		assertThat(status().health()).isNull();
		lackingMemory.set(false);
		this.scheduler.pass(5000);
		assertThat(status().isHealthy()).isFalse();
	}

	@Test
	void nothingIsDoneWhereNoCheckApplies() {
		checks(Map.of("mine", new BrokerHealthCheck() {

			@Override
			public BrokerHealth check(Broker broker) {
				return BrokerHealth.unhealthy("for " + broker.name());
			}

			@Override
			public boolean appliesTo(Broker broker) {
				return broker.name().equals("south");
			}

		}));
		this.brokers.answered(this.north);
		this.brokers.answered(this.south);
		this.scheduler.pass(20_000);
		assertThat(status().health()).isNull();
		assertThat(this.brokers.getStatus("south").orElseThrow().health())
			.isEqualTo(BrokerHealth.unhealthy("for south"));
	}

	@Test
	void checkThatFailsToSayWhereItAppliesIsCalled() {
		checks(Map.of("mine", new BrokerHealthCheck() {

			@Override
			public BrokerHealth check(Broker broker) {
				return BrokerHealth.unhealthy("called");
			}

			@Override
			public boolean appliesTo(Broker broker) {
				throw new AssertionError("thrown by the test");
			}

		}));
		this.brokers.answered(this.north);
		this.scheduler.pass(0);
		assertThat(status().health()).isEqualTo(BrokerHealth.unhealthy("called"));
	}

	@Test
	void brokerThatIsEnabledAgainHasToBeCheckedAnew() {
		checks(Map.of("one", this::check));
		this.brokers.connected(this.south, 0);
		this.says = BrokerHealth.unhealthy("no majority");
		this.brokers.answered(this.north);
		this.scheduler.pass(0);
		this.brokers.operations().disable("north");
		this.brokers.operations().enable("north");
		assertThat(status().health()).isNull();
	}

	@Test
	void nothingIsCheckedOnceItIsClosed() {
		checks(Map.of("one", this::check)).close();
		this.brokers.answered(this.north);
		this.scheduler.pass(60_000);
		assertThat(this.calls).hasValue(0);
	}

	@Test
	void checkThatHangsCountsAsUnhealthyAndIsNotCalledAgainBeforeItHasReturned() {
		CountDownLatch released = new CountDownLatch(1);
		AtomicBoolean interrupted = new AtomicBoolean();
		HealthCheckSettings settings = new HealthCheckSettings(HealthCheckPolicy.ALL, Duration.ofMillis(20),
				Duration.ofMillis(100));
		BrokerHealthCheck hanging = (broker) -> {
			this.calls.incrementAndGet();
			while (released.getCount() > 0) {
				try {
					released.await();
				}
				catch (InterruptedException ex) {
					interrupted.set(true);
				}
			}
			return BrokerHealth.healthy();
		};
		AtomicInteger others = new AtomicInteger();
		try (BrokerHealthChecks checks = new BrokerHealthChecks(this.brokers, Map.of("hanging", hanging, "other",
				(broker) -> BrokerHealth.unhealthy("call " + others.incrementAndGet())), settings)) {
			this.brokers.answered(this.north);
			Awaitility.await().atMost(PATIENCE).until(() -> others.get() > 3);
			assertThat(checks).isNotNull();
			assertThat(status().health().reason()).contains("'hanging' has been called before, and not returned yet");
			assertThat(this.calls).hasValue(1);
			assertThat(interrupted).isTrue();
			released.countDown();
			Awaitility.await().atMost(PATIENCE).until(() -> !status().health().reason().contains("hanging"));
		}
	}

	@Test
	void timeoutIsToldOnce() {
		HealthCheckSettings settings = new HealthCheckSettings(HealthCheckPolicy.ALL, Duration.ofMinutes(10),
				Duration.ofMillis(100));
		try (BrokerHealthChecks checks = new BrokerHealthChecks(this.brokers, Map.of("hanging", (broker) -> {
			new CountDownLatch(1).await();
			return BrokerHealth.healthy();
		}), settings)) {
			assertThat(checks).isNotNull();
			this.brokers.answered(this.north);
			Awaitility.await().atMost(PATIENCE).until(() -> status().health() != null);
			assertThat(status().health())
				.isEqualTo(BrokerHealth.unhealthy("health check 'hanging' did not return within 100 ms"));
		}
	}

	private BrokerHealth result(HealthCheckPolicy policy, Map<String, BrokerHealthCheck> checks) {
		try (BrokerHealthChecks closed = checks(policy, checks)) {
			fail(this.north);
			this.brokers.answered(this.north);
			this.scheduler.pass(0);
			assertThat(closed).isNotNull();
			return status().health();
		}
	}

	private BrokerHealthChecks checks(Map<String, BrokerHealthCheck> checks) {
		return checks(HealthCheckPolicy.ALL, checks);
	}

	private BrokerHealthChecks checks(HealthCheckPolicy policy, Map<String, BrokerHealthCheck> checks) {
		return new BrokerHealthChecks(this.brokers, checks,
				new HealthCheckSettings(policy, Duration.ofSeconds(5), Duration.ofSeconds(2)), this.scheduler, () -> {
				});
	}

	private BrokerHealth check(Broker broker) {
		this.calls.incrementAndGet();
		return this.says;
	}

	private BrokerStatus status() {
		return this.brokers.getStatus("north").orElseThrow();
	}

	private void fail(Broker broker) {
		this.brokers.failed(broker, this.brokers.getIncarnation(broker), FailureReason.CONNECTION_LOST, null);
	}

}
