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
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import dev.failover.broker.Broker;
import dev.failover.broker.BrokerCredentials;
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
		DrainPlan plan = plan(ConsumedBrokers.ALL);
		assertThat(plan.task(this.second)).isEqualTo(Task.END);
		this.brokers.connected(this.first, 0);
		assertThat(plan.task(this.first)).isEqualTo(Task.END);
		assertThat(plan.task(this.second)).isEqualTo(Task.DRAIN);
		this.brokers.failed(this.second, 0, FailureReason.CONNECTION_LOST, null);
		assertThat(plan.task(this.second)).isEqualTo(Task.END);
		this.brokers.answered(this.second);
		this.brokers.failed(this.first, 0, FailureReason.CONNECTION_LOST, null);
		this.brokers.connected(this.second, 1);
		assertThat(plan.task(this.first)).isEqualTo(Task.END);
		assertThat(plan.task(this.second)).isEqualTo(Task.END);
	}

	@Test
	void whatHasTheQueuesOfTheActiveBrokerIsNotDrained() {
		DrainPlan plan = plan(ConsumedBrokers.ALL);
		this.brokers.connected(this.first, 0);
		identify("west", "east");
		assertThat(plan.task(this.second)).isEqualTo(Task.DRAIN);
		identify("west", "west");
		assertThat(plan.task(this.second)).isEqualTo(Task.END);
	}

	@ParameterizedTest
	@EnumSource
	void whatWasLeftIsNotDrainedForQueuesThatTheActiveBrokerHasToo(ConsumedBrokers consumed) {
		DrainPlan plan = plan(consumed);
		this.brokers.connected(this.first, 0);
		identify("west", "west");
		this.brokers.operations().activate("second");
		assertThat(plan.task(this.first)).isEqualTo(Task.END);
		identify("west", "east");
		assertThat(plan.task(this.first)).isNotEqualTo(Task.END);
	}

	private void identify(String... clusters) {
		this.brokers.identified(this.first, 0, clusters[0]);
		this.brokers.identified(this.second, 0, clusters[1]);
	}

	@Test
	void blockedBrokerIsDrainedToo() {
		DrainPlan plan = plan(ConsumedBrokers.ALL);
		this.brokers.connected(this.first, 0);
		this.brokers.blocked(this.second, 0, "low on memory");
		assertThat(plan.task(this.second)).isEqualTo(Task.DRAIN);
	}

	@Test
	void brokerThatIsOutOfUseIsNotDrained() {
		DrainPlan plan = plan(ConsumedBrokers.ALL);
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
		DrainPlan plan = plan(ConsumedBrokers.ALL);
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
		DrainPlan plan = plan(ConsumedBrokers.ALL);
		this.brokers.connected(this.first, 0);
		this.brokers.operations().reweight("second", 7, 3);
		assertThat(plan.task(this.second)).isEqualTo(Task.DRAIN);
	}

	@Test
	void onlyABrokerThatWasLeftBecauseOfAnAlarmIsDrainedWithActive() {
		DrainPlan plan = plan(ConsumedBrokers.ACTIVE);
		this.brokers.connected(this.first, 0);
		assertThat(plan.task(this.second)).isEqualTo(Task.END);
		leaveFirstBlocked();
		assertThat(plan.task(this.first)).isEqualTo(Task.DRAIN_UNTIL_EMPTY);
		plan.emptied(this.first);
		assertThat(plan.task(this.first)).isEqualTo(Task.END);
	}

	@Test
	void brokerThatFailsWhileItIsDrainedIsLeftForGood() {
		DrainPlan plan = plan(ConsumedBrokers.ACTIVE);
		this.brokers.connected(this.first, 0);
		leaveFirstBlocked();
		this.brokers.failed(this.first, 1, FailureReason.CONNECTION_LOST, null);
		this.brokers.answered(this.first);
		assertThat(plan.task(this.first)).isEqualTo(Task.END);
	}

	@Test
	void brokerThatBecomesActiveAgainIsNoLongerOneThatWasLeft() {
		DrainPlan plan = plan(ConsumedBrokers.ACTIVE);
		this.brokers.connected(this.first, 0);
		leaveFirstBlocked();
		this.brokers.unblocked(this.first, 1);
		this.brokers.operations().activate("first");
		assertThat(plan.task(this.first)).isEqualTo(Task.END);
	}

	@Test
	void brokerThatWasLeftInAPlannedMoveIsDrainedUntilItIsEmpty() {
		DrainPlan plan = plan(ConsumedBrokers.ACTIVE);
		this.brokers.connected(this.first, 0);
		this.brokers.operations().activate("second");
		assertThat(plan.task(this.first)).isEqualTo(Task.DRAIN_UNTIL_EMPTY);
		plan.emptied(this.first);
		assertThat(plan.task(this.first)).isEqualTo(Task.END);
		this.brokers.operations().activate("first");
		assertThat(plan.task(this.first)).isEqualTo(Task.END);
		assertThat(plan.task(this.second)).isEqualTo(Task.DRAIN_UNTIL_EMPTY);
	}

	@Test
	void brokersOfOtherClustersAreDrainedAndNodesOfTheSameOneAreNot() {
		DrainPlan plan = plan(ConsumedBrokers.AUTO);
		connect(this.first, "east");
		assertThat(plan.task(this.first)).isEqualTo(Task.END);
		assertThat(plan.task(this.second)).as("not connected to yet").isEqualTo(Task.END);
		answer(this.second, "east");
		assertThat(plan.task(this.second)).isEqualTo(Task.END);
		answer(this.second, "west");
		assertThat(plan.task(this.second)).as("name has changed").isEqualTo(Task.DRAIN);
		answer(this.second, "east");
		assertThat(plan.task(this.second)).isEqualTo(Task.END);
	}

	@Test
	void brokersThatReportNoClusterAreDrained() {
		DrainPlan plan = plan(ConsumedBrokers.AUTO);
		connect(this.first, null);
		assertThat(plan.task(this.second)).as("not connected to yet").isEqualTo(Task.END);
		answer(this.second, null);
		assertThat(plan.task(this.second)).isEqualTo(Task.DRAIN);
		fail(this.second);
		assertThat(plan.task(this.second)).isEqualTo(Task.END);
	}

	@Test
	void oneHealthyNodeOfEachOtherClusterIsDrained() {
		Broker third = TestBrokers.broker("third");
		Broker fourth = TestBrokers.broker("fourth");
		this.brokers.operations().add(third, BrokerCredentials.of("app", "secret"));
		this.brokers.operations().add(fourth, BrokerCredentials.of("app", "secret"));
		DrainPlan plan = plan(ConsumedBrokers.AUTO);
		connect(this.first, "east");
		answer(this.second, "east");
		answer(third, "west");
		answer(fourth, "west");
		assertThat(tasks(plan)).containsExactly(Task.END, Task.END, Task.DRAIN, Task.END);
		fail(third);
		assertThat(tasks(plan)).containsExactly(Task.END, Task.END, Task.END, Task.DRAIN);
		fail(this.first);
		assertThat(tasks(plan)).as("no active broker").containsExactly(Task.END, Task.END, Task.END, Task.DRAIN);
		connect(fourth, "west");
		assertThat(tasks(plan)).containsExactly(Task.END, Task.DRAIN, Task.END, Task.END);
	}

	@Test
	void nodeThatIsToBeTakenOutOfUseGivesWayToAnotherOneOfItsCluster() {
		Broker third = TestBrokers.broker("third");
		this.brokers.operations().add(third, BrokerCredentials.of("app", "secret"));
		DrainPlan plan = plan(ConsumedBrokers.AUTO);
		connect(this.first, "east");
		answer(this.second, "west");
		assertThat(tasks(plan)).containsExactly(Task.END, Task.DRAIN, Task.END);
		this.departing = "second";
		assertThat(tasks(plan)).as("the only one").containsExactly(Task.END, Task.DRAIN_UNTIL_EMPTY, Task.END);
		answer(third, "west");
		assertThat(tasks(plan)).containsExactly(Task.END, Task.END, Task.DRAIN);
	}

	private List<Task> tasks(DrainPlan plan) {
		return this.brokers.getAll().stream().map(plan::task).toList();
	}

	private void connect(Broker broker, @Nullable String cluster) {
		long incarnation = this.brokers.getIncarnation(broker);
		this.brokers.identified(broker, incarnation, cluster);
		this.brokers.connected(broker, incarnation);
	}

	private void answer(Broker broker, @Nullable String cluster) {
		this.brokers.identified(broker, this.brokers.getIncarnation(broker), cluster);
		this.brokers.answered(broker);
	}

	private void fail(Broker broker) {
		this.brokers.failed(broker, this.brokers.getIncarnation(broker), FailureReason.CONNECTION_LOST, null);
	}

	private void leaveFirstBlocked() {
		this.brokers.blocked(this.first, 0, "low on memory");
		this.brokers.leaveBlocked(this.first, 0);
		this.brokers.connected(this.second, 0);
	}

	private DrainPlan plan(ConsumedBrokers consumed) {
		DrainPlan plan = new DrainPlan(this.brokers, consumed, (name) -> name.equals(this.departing));
		this.brokers.addListener(plan::on, EventStage.REPORTS);
		return plan;
	}

}
