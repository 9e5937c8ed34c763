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
import java.util.ArrayList;
import java.util.List;

import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests for what {@link Brokers} does about brokers that are blocked.
 */
class BrokersBlockedTests {

	private final Broker first = TestBrokers.broker("first");

	private final Broker second = TestBrokers.broker("second");

	private final Brokers brokers = new Brokers(List.of(this.first, this.second), Clock.systemUTC());

	@Test
	void blockedBrokerStaysActiveButIsNotUsable() {
		this.brokers.connected(this.first, 0);
		this.brokers.blocked(this.first, 0, "low on memory");
		assertThat(state(this.first)).isEqualTo(BrokerState.BLOCKED);
		assertThat(this.brokers.getActive()).isEqualTo(this.first);
		BrokerFailure failure = this.brokers.getStatus("first").orElseThrow().lastFailure();
		assertThat(failure).hasToString("BLOCKED: low on memory");
		this.brokers.unblocked(this.first, 0);
		assertThat(state(this.first)).isEqualTo(BrokerState.UP);
	}

	@Test
	void answersAndConnectionsDoNotEndAnAlarm() {
		this.brokers.connected(this.first, 0);
		this.brokers.blocked(this.first, 0, "low on memory");
		this.brokers.answered(this.first);
		this.brokers.connected(this.first, 0);
		assertThat(state(this.first)).isEqualTo(BrokerState.BLOCKED);
	}

	@Test
	void blockedBrokerIsLeftForOneThatIsUsable() {
		this.brokers.connected(this.first, 0);
		this.brokers.blocked(this.first, 0, "low on memory");
		List<BrokerEvent> events = new ArrayList<>();
		this.brokers.addListener(events::add, EventStage.REPORTS);
		this.brokers.leaveBlocked(this.first, 0);
		assertThat(this.brokers.getActive()).isNull();
		assertThat(state(this.first)).isEqualTo(BrokerState.BLOCKED);
		assertThat(events).singleElement().isInstanceOfSatisfying(BrokerEvent.Lost.class, (lost) -> {
			assertThat(lost.broker()).isEqualTo(this.first);
			assertThat(lost.failure().reason()).isEqualTo(FailureReason.BLOCKED);
		});
	}

	@Test
	void blockedBrokerIsNotLeftWhileAnOperatorHoldsSwitchesWhichIsToldOnceForEachAlarm() {
		BrokerEvent told = new BrokerEvent.SwitchHeld(this.first, null, SwitchCause.ALARM);
		this.brokers.connected(this.first, 0);
		this.brokers.operations().hold();
		List<BrokerEvent> events = new ArrayList<>();
		this.brokers.addListener((event) -> {
			if (!(event instanceof BrokerEvent.StateChanged)) {
				events.add(event);
			}
		}, EventStage.REPORTS);
		this.brokers.blocked(this.first, 0, "low on memory");
		this.brokers.leaveBlocked(this.first, 0);
		this.brokers.leaveBlocked(this.first, 0);
		assertThat(this.brokers.getActive()).isEqualTo(this.first);
		assertThat(events).containsExactly(told);
		this.brokers.unblocked(this.first, 0);
		this.brokers.blocked(this.first, 0, "low on memory");
		this.brokers.leaveBlocked(this.first, 0);
		assertThat(events).containsExactly(told, told);
		this.brokers.operations().release();
		this.brokers.leaveBlocked(this.first, 0);
		assertThat(this.brokers.getActive()).isNull();
	}

	@Test
	void blockedBrokerIsUsableAgainAtTheEndOfTheAlarm() {
		this.brokers.connected(this.first, 0);
		this.brokers.blocked(this.first, 0, "low on memory");
		this.brokers.leaveBlocked(this.first, 0);
		this.brokers.unblocked(this.first, 0);
		assertThat(state(this.first)).as("report of a connection from before").isEqualTo(BrokerState.BLOCKED);
		this.brokers.unblocked(this.first, 1);
		assertThat(state(this.first)).isEqualTo(BrokerState.UP);
	}

	@Test
	void blockedBrokerIsNotLeftWhileAllOthersAreUnableToServe() {
		this.brokers.connected(this.first, 0);
		this.brokers.blocked(this.first, 0, "low on memory");
		this.brokers.failed(this.second, 0, FailureReason.UNREACHABLE, null);
		this.brokers.leaveBlocked(this.first, 0);
		assertThat(this.brokers.getActive()).isEqualTo(this.first);
		this.brokers.answered(this.second);
		this.brokers.leaveBlocked(this.first, 0);
		assertThat(this.brokers.getActive()).isNull();
	}

	@Test
	void alarmOfABrokerThatIsNotActiveIsNoLoss() {
		this.brokers.connected(this.second, 0);
		this.brokers.answered(this.first);
		this.brokers.blocked(this.first, 0, "low on memory");
		this.brokers.leaveBlocked(this.first, 0);
		assertThat(this.brokers.getIncarnation(this.first)).isZero();
		assertThat(this.brokers.getActive()).isEqualTo(this.second);
	}

	private BrokerState state(Broker broker) {
		return this.brokers.getStatus(broker.name()).orElseThrow().state();
	}

}
