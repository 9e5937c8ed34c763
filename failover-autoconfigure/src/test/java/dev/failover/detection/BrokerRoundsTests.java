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

import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import dev.failover.broker.Broker;
import dev.failover.broker.BrokerState;
import dev.failover.broker.Brokers;
import dev.failover.broker.FailureReason;
import dev.failover.broker.RecoveryPolicy;
import dev.failover.broker.TestBrokers;
import dev.failover.connection.BrokerAccess;
import dev.failover.connection.OpenConnection;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests for how often {@link BrokerRounds} connect to brokers that are not active.
 */
class BrokerRoundsTests {

	private static final long INTERVAL = 500;

	private final FakeScheduler scheduler = new FakeScheduler();

	private final Broker first = TestBrokers.broker("first");

	private final Broker second = TestBrokers.broker("second");

	private final Brokers brokers = new Brokers(List.of(this.first, this.second), RecoveryPolicy.DEFAULTS,
			clock(this.scheduler));

	private final List<Long> checks = new ArrayList<>();

	private final Set<Broker> checked = new HashSet<>();

	private boolean answers = true;

	private Error error;

	@BeforeEach
	void start() {
		this.brokers.connected(this.first, 0);
		new BrokerRounds(this.brokers, new Access(), Duration.ofMillis(INTERVAL), this.scheduler).start();
	}

	@Test
	void brokerIsCheckedAgainAfterAnError() {
		this.error = new NoClassDefFoundError("thrown by the test");
		this.scheduler.pass(5000);
		assertThat(this.error).isNull();
		this.scheduler.pass(5000);
		assertThat(this.checks).containsExactly(10_000L);
		assertThat(state()).isEqualTo(BrokerState.UP);
	}

	@Test
	void brokerThatIsUpIsCheckedSeldom() {
		this.scheduler.pass(20_000);
		assertThat(this.checks).containsExactly(5000L, 10_000L, 15_000L, 20_000L);
		assertThat(state()).isEqualTo(BrokerState.UP);
	}

	@Test
	void brokerThatDoesNotAnswerIsCheckedSeldom() {
		this.answers = false;
		this.scheduler.pass(20_000);
		assertThat(this.checks).containsExactly(5000L, 10_000L, 15_000L, 20_000L);
		assertThat(state()).isEqualTo(BrokerState.DOWN);
	}

	@Test
	void brokerThatAnswersAgainIsUpSoon() {
		this.answers = false;
		this.scheduler.pass(7000);
		this.answers = true;
		this.scheduler.pass(5000);
		assertThat(this.checks).containsExactly(5000L, 10_000L, 11_000L, 12_000L);
		assertThat(state()).isEqualTo(BrokerState.UP);
		this.scheduler.pass(10_000);
		assertThat(this.checks).as("seldom again").hasSize(6);
	}

	@Test
	void brokerThatIsHeldBackForLongIsCheckedSeldomInTheEnd() {
		for (int i = 0; i < 5; i++) {
			this.brokers.answered(this.second);
			this.brokers.answered(this.second);
			this.brokers.answered(this.second);
			this.brokers.failed(this.second, this.brokers.getIncarnation(this.second), FailureReason.CONNECTION_LOST,
					null);
			this.scheduler.pass(60_000);
			assertThat(this.checks).hasSizeLessThan(25);
			this.checks.clear();
		}
	}

	@Test
	void brokerThatBecomesActiveIsNotChecked() {
		this.brokers.failed(this.first, 0, FailureReason.CONNECTION_LOST, null);
		this.brokers.connected(this.second, 0);
		this.scheduler.pass(60_000);
		assertThat(this.checked).containsOnly(this.first);
	}

	private BrokerState state() {
		return this.brokers.getStatus("second").orElseThrow().state();
	}

	private static Clock clock(FakeScheduler scheduler) {
		InstantSource source = () -> Instant.ofEpochMilli(scheduler.millis());
		return source.withZone(ZoneOffset.UTC);
	}

	private final class Access implements BrokerAccess {

		@Override
		public void addListener(Consumer<OpenConnection> listener) {
			throw new UnsupportedOperationException();
		}

		@Override
		public void onClose(Runnable task) {
			throw new UnsupportedOperationException();
		}

		@Override
		public CompletableFuture<Void> check(Broker broker) {
			BrokerRoundsTests test = BrokerRoundsTests.this;
			Error thrown = test.error;
			test.error = null;
			if (thrown != null) {
				throw thrown;
			}
			test.checked.add(broker);
			test.checks.add(test.scheduler.millis());
			if (test.answers) {
				test.brokers.answered(broker);
				return CompletableFuture.completedFuture(null);
			}
			test.brokers.failed(broker, test.brokers.getIncarnation(broker), FailureReason.UNREACHABLE, null);
			return CompletableFuture.failedFuture(new IOException("unreachable"));
		}

		@Override
		public CompletableFuture<Void> prepare(Broker broker) {
			throw new UnsupportedOperationException();
		}

		@Override
		public CompletableFuture<Void> knock(Broker broker, Duration timeout) {
			throw new UnsupportedOperationException();
		}

		@Override
		public CompletableFuture<OpenConnection> open(Broker broker, String name) {
			throw new UnsupportedOperationException();
		}

		@Override
		public CompletableFuture<Void> standBy(Broker broker) {
			throw new UnsupportedOperationException();
		}

		@Override
		public boolean isInUse(String broker) {
			throw new UnsupportedOperationException();
		}

		@Override
		public CompletableFuture<Void> settled() {
			throw new UnsupportedOperationException();
		}

		@Override
		public Broker nextBeside(Broker active) {
			throw new UnsupportedOperationException();
		}

		@Override
		public void endStandBy() {
			throw new UnsupportedOperationException();
		}

		@Override
		public void close(OpenConnection connection) {
			throw new UnsupportedOperationException();
		}

	}

}
