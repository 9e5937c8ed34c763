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

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.ZoneOffset;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;

import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests for when {@link Brokers} trusts a broker again.
 */
class BrokersRecoveryTests {

	private final AtomicReference<Instant> now = new AtomicReference<>(Instant.EPOCH);

	private final Broker first = TestBrokers.broker("first");

	private final Broker second = TestBrokers.broker("second");

	private final Brokers brokers = new Brokers(List.of(this.first, this.second), RecoveryPolicy.DEFAULTS,
			clock(this.now::get));

	@Test
	void brokerThatWasNeverUpNeedsSeveralAnswersInARow() {
		this.brokers.connected(this.second, 0);
		fail(this.first);
		answer(2);
		assertThat(state()).isEqualTo(BrokerState.DOWN);
		fail(this.first);
		answer(2);
		assertThat(state()).isEqualTo(BrokerState.DOWN);
		answer(1);
		assertThat(state()).isEqualTo(BrokerState.UP);
	}

	@Test
	void brokerThatIsEnabledIsNotHeldBackAnyMore() {
		this.brokers.connected(this.second, 0);
		this.brokers.answered(this.first);
		fail(this.first);
		answer(3);
		assertThat(state()).isEqualTo(BrokerState.DOWN);
		assertThat(status().heldBackUntil()).isEqualTo(Instant.EPOCH.plusSeconds(5));
		this.brokers.operations().enable("first");
		assertThat(status().heldBackUntil()).isNull();
		answer(1);
		assertThat(state()).isEqualTo(BrokerState.UP);
	}

	private BrokerStatus status() {
		return this.brokers.getStatus("first").orElseThrow();
	}

	@Test
	void brokerThatComesAndGoesIsHeldBackLongerEachTime() {
		this.brokers.connected(this.second, 0);
		this.brokers.answered(this.first);
		for (int seconds : List.of(5, 10, 20, 40, 80, 160, 300, 300)) {
			fail(this.first);
			answer(3);
			pass(Duration.ofSeconds(seconds).minusMillis(1));
			answer(1);
			assertThat(state()).as("before %d s", seconds).isEqualTo(BrokerState.DOWN);
			pass(Duration.ofMillis(1));
			answer(1);
			assertThat(state()).as("after %d s", seconds).isEqualTo(BrokerState.UP);
			pass(Duration.ofMinutes(1));
		}
	}

	@Test
	void brokerThatWasInMaintenanceIsNotHeldBack() {
		this.brokers.connected(this.second, 0);
		this.brokers.answered(this.first);
		this.brokers.failed(this.first, this.brokers.getIncarnation(this.first), FailureReason.MAINTENANCE, null);
		assertThat(state()).isEqualTo(BrokerState.DOWN);
		answer(3);
		assertThat(state()).isEqualTo(BrokerState.UP);
	}

	@Test
	void failuresWhileDownDoNotHoldTheBrokerBackLonger() {
		this.brokers.connected(this.second, 0);
		this.brokers.answered(this.first);
		fail(this.first);
		fail(this.first);
		fail(this.first);
		pass(Duration.ofSeconds(5));
		answer(3);
		assertThat(state()).isEqualTo(BrokerState.UP);
	}

	@Test
	void brokerThatWasUpForLongIsForgiven() {
		this.brokers.connected(this.second, 0);
		this.brokers.answered(this.first);
		fail(this.first);
		pass(Duration.ofSeconds(5));
		answer(3);
		pass(Duration.ofMinutes(10));
		fail(this.first);
		pass(Duration.ofSeconds(5));
		answer(3);
		assertThat(state()).isEqualTo(BrokerState.UP);
	}

	@Test
	void firstThatAnswersIsTakenWhileNoBrokerIsUsable() {
		this.brokers.connected(this.first, 0);
		fail(this.first);
		fail(this.second);
		this.brokers.answered(this.first);
		assertThat(state()).isEqualTo(BrokerState.UP);
		fail(this.first);
		this.brokers.connected(this.first, this.brokers.getIncarnation(this.first));
		assertThat(state()).isEqualTo(BrokerState.UP);
		assertThat(this.brokers.getActive()).isEqualTo(this.first);
	}

	@Test
	void connectionBesideTheActiveBrokerIsOneAnswerOfSeveral() {
		this.brokers.connected(this.second, 0);
		fail(this.first);
		this.brokers.connected(this.first, 1);
		assertThat(state()).isEqualTo(BrokerState.DOWN);
		answer(2);
		assertThat(state()).isEqualTo(BrokerState.UP);
		assertThat(this.brokers.getActive()).isEqualTo(this.second);
	}

	private void fail(Broker broker) {
		this.brokers.failed(broker, this.brokers.getIncarnation(broker), FailureReason.UNREACHABLE, null);
	}

	private void answer(int times) {
		for (int i = 0; i < times; i++) {
			this.brokers.answered(this.first);
		}
	}

	private void pass(Duration time) {
		this.now.updateAndGet((instant) -> instant.plus(time));
	}

	private BrokerState state() {
		return this.brokers.getStatus("first").orElseThrow().state();
	}

	static Clock clock(InstantSource source) {
		return source.withZone(ZoneOffset.UTC);
	}

}
