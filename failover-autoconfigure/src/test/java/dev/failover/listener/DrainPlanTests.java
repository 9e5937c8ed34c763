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

import java.time.Clock;
import java.util.List;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

import dev.failover.broker.Broker;
import dev.failover.broker.Brokers;
import dev.failover.broker.EventStage;
import dev.failover.broker.FailureReason;
import dev.failover.broker.TestBrokers;
import dev.failover.listener.DrainPlan.Task;

import static org.assertj.core.api.Assertions.assertThat;

class DrainPlanTests {

	private final Broker first = TestBrokers.broker("first");

	private final Broker second = TestBrokers.broker("second");

	private @Nullable String departing;

	private final Brokers brokers = new Brokers(List.of(this.first, this.second), Clock.systemUTC());

	@Test
	void allHealthyBrokersAreDrainedOnceOneIsActive() {
		DrainPlan plan = plan(true);
		assertThat(plan.task(this.second)).isEqualTo(Task.END);
		this.brokers.connected(this.first, 0);
		assertThat(plan.task(this.first)).isEqualTo(Task.HAND_OVER);
		assertThat(plan.task(this.second)).isEqualTo(Task.DRAIN);
		this.brokers.failed(this.second, 0, FailureReason.CONNECTION_LOST, null);
		assertThat(plan.task(this.second)).isEqualTo(Task.END);
		this.brokers.answered(this.second);
		this.brokers.failed(this.first, 0, FailureReason.CONNECTION_LOST, null);
		this.brokers.connected(this.second, 1);
		assertThat(plan.task(this.first)).isEqualTo(Task.END);
		assertThat(plan.task(this.second)).isEqualTo(Task.HAND_OVER);
	}

	@Test
	void blockedBrokerIsDrainedToo() {
		DrainPlan plan = plan(true);
		this.brokers.connected(this.first, 0);
		this.brokers.blocked(this.second, 0, "low on memory");
		assertThat(plan.task(this.second)).isEqualTo(Task.DRAIN);
	}

	@Test
	void brokerThatIsOutOfUseIsNotDrained() {
		DrainPlan plan = plan(true);
		this.brokers.connected(this.first, 0);
		this.brokers.operations().disable("second");
		assertThat(plan.task(this.second)).isEqualTo(Task.END);
		this.brokers.operations().enable("second");
		assertThat(plan.task(this.second)).isEqualTo(Task.DRAIN);
		this.brokers.operations().remove("second");
		assertThat(plan.task(this.second)).isEqualTo(Task.END);
	}

	@Test
	void brokerThatIsToBeTakenOutOfUseIsDrainedUntilItIsEmptyAndForGoodIfThatComesToNothing() {
		DrainPlan plan = plan(true);
		this.brokers.connected(this.first, 0);
		this.departing = "second";
		assertThat(plan.isDeparting(this.second)).isTrue();
		assertThat(plan.task(this.second)).isEqualTo(Task.DRAIN_UNTIL_EMPTY);
		plan.emptied(this.second);
		assertThat(plan.task(this.second)).isEqualTo(Task.END);
		this.departing = null;
		assertThat(plan.task(this.second)).isEqualTo(Task.DRAIN);
		this.departing = "second";
		assertThat(plan.task(this.second)).isEqualTo(Task.DRAIN_UNTIL_EMPTY);
	}

	@Test
	void brokerOfAnotherWeightIsStillTheSame() {
		DrainPlan plan = plan(true);
		this.brokers.connected(this.first, 0);
		this.brokers.operations().reweight("second", 7, 3);
		assertThat(plan.task(this.second)).isEqualTo(Task.DRAIN);
	}

	@Test
	void onlyABrokerThatWasLeftBecauseOfAnAlarmIsDrainedByDefault() {
		DrainPlan plan = plan(false);
		this.brokers.connected(this.first, 0);
		assertThat(plan.task(this.second)).isEqualTo(Task.END);
		leaveFirstBlocked();
		assertThat(plan.task(this.first)).isEqualTo(Task.DRAIN_UNTIL_EMPTY);
		plan.emptied(this.first);
		assertThat(plan.task(this.first)).isEqualTo(Task.END);
	}

	@Test
	void brokerThatFailsWhileItIsDrainedIsLeftForGood() {
		DrainPlan plan = plan(false);
		this.brokers.connected(this.first, 0);
		leaveFirstBlocked();
		this.brokers.failed(this.first, 1, FailureReason.CONNECTION_LOST, null);
		this.brokers.answered(this.first);
		assertThat(plan.task(this.first)).isEqualTo(Task.END);
	}

	@Test
	void brokerThatBecomesActiveAgainIsNoLongerOneThatWasLeft() {
		DrainPlan plan = plan(false);
		this.brokers.connected(this.first, 0);
		leaveFirstBlocked();
		this.brokers.unblocked(this.first, 1);
		this.brokers.operations().activate("first");
		assertThat(plan.task(this.first)).isEqualTo(Task.HAND_OVER);
	}

	@Test
	void brokerThatWasLeftInAPlannedMoveIsDrainedUntilItIsEmpty() {
		DrainPlan plan = plan(false);
		this.brokers.connected(this.first, 0);
		this.brokers.operations().activate("second");
		assertThat(plan.task(this.first)).isEqualTo(Task.DRAIN_UNTIL_EMPTY);
		plan.emptied(this.first);
		assertThat(plan.task(this.first)).isEqualTo(Task.END);
		this.brokers.operations().activate("first");
		assertThat(plan.task(this.first)).isEqualTo(Task.HAND_OVER);
		assertThat(plan.task(this.second)).isEqualTo(Task.DRAIN_UNTIL_EMPTY);
	}

	private void leaveFirstBlocked() {
		this.brokers.blocked(this.first, 0, "low on memory");
		this.brokers.leaveBlocked(this.first, 0);
		this.brokers.connected(this.second, 0);
	}

	private DrainPlan plan(boolean all) {
		DrainPlan plan = new DrainPlan(this.brokers, all, (name) -> name.equals(this.departing), (name) -> false);
		this.brokers.addListener(plan::on, EventStage.REPORTS);
		return plan;
	}

}
