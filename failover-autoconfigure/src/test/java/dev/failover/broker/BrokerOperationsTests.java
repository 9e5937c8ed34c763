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
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

/**
 * Tests for {@link BrokerOperations}.
 */
class BrokerOperationsTests {

	private static final BrokerCredentials CREDENTIALS = BrokerCredentials.of("app", "secret-of-three");

	private static final Instant NOW = Instant.parse("2026-01-01T00:00:00Z");

	private final Broker one = TestBrokers.broker("one");

	private final Broker two = TestBrokers.broker("two");

	private final Broker three = TestBrokers.broker("three");

	private final List<BrokerEvent> events = new ArrayList<>();

	private final Brokers brokers = new Brokers(List.of(this.one, this.two), Clock.fixed(NOW, ZoneOffset.UTC));

	private final BrokerOperations operations = this.brokers.operations();

	@BeforeEach
	void connectToOne() {
		this.brokers.connected(this.one, 0);
		this.brokers.addListener(this.events::add, EventStage.REPORTS);
	}

	@Test
	void tellsWhenSwitchesAreHeldAndReleased() {
		assertThat(this.brokers.isHeld()).isFalse();
		this.operations.hold();
		this.operations.hold();
		assertThat(this.brokers.isHeld()).isTrue();
		this.operations.release();
		this.operations.release();
		assertThat(this.brokers.isHeld()).isFalse();
		assertThat(this.events).containsExactly(new BrokerEvent.HoldChanged(true), new BrokerEvent.HoldChanged(false));
	}

	@Test
	void holdKeepsNeitherALossNorWhatOperatorsAskFor() {
		this.operations.hold();
		this.operations.activate("two");
		assertThat(this.brokers.getActive()).isEqualTo(this.two);
		this.brokers.failed(this.two, 0, FailureReason.CONNECTION_LOST, null);
		assertThat(this.brokers.getActive()).isNull();
		this.brokers.connected(this.one, 0);
		assertThat(this.brokers.getActive()).isEqualTo(this.one);
	}

	@Test
	void activatesAnotherBrokerWithoutALoss() {
		assertThat(this.operations.activate("two")).isEqualTo(new Activation(this.two, 0));
		assertThat(this.brokers.getActive()).isEqualTo(this.two);
		assertThat(this.brokers.getPrevious()).isEqualTo(this.two);
		assertThat(this.events).containsExactly(new BrokerEvent.Activated(this.one, this.two, Duration.ZERO, null));
		assertThat(((BrokerEvent.Activated) this.events.get(0)).isPlanned()).isTrue();
		assertThat(this.brokers.getStatus("one")).map(BrokerStatus::state).contains(BrokerState.UP);
	}

	@Test
	void aLossBeforeAnEarlierMoveIsNotToldAgain() {
		this.brokers.failed(this.one, 0, FailureReason.CONNECTION_LOST, null);
		this.brokers.connected(this.two, 0);
		this.brokers.answered(this.one);
		this.brokers.answered(this.one);
		this.brokers.answered(this.one);
		this.operations.disable("one");
		this.operations.enable("one");
		this.events.clear();
		this.operations.activate("one");
		assertThat(this.events).containsExactly(new BrokerEvent.Activated(this.two, this.one, Duration.ZERO, null));
	}

	@Test
	void activatesWhileThereIsNoActiveBroker() {
		this.brokers.failed(this.one, 0, FailureReason.CONNECTION_LOST, null);
		this.operations.activate("two");
		assertThat(this.events).last().isInstanceOfSatisfying(BrokerEvent.Activated.class, (activated) -> {
			assertThat(activated.isPlanned()).isFalse();
			assertThat(activated.failure()).isNotNull();
		});
	}

	@Test
	void activatingTheActiveBrokerChangesNothing() {
		assertThat(this.operations.activate("one")).isEqualTo(new Activation(this.one, 0));
		assertThat(this.events).isEmpty();
	}

	@Test
	void aBrokerThatIsDownBlockedOrDisabledCannotBeActivated() {
		this.brokers.failed(this.two, 0, FailureReason.UNREACHABLE, null);
		assertThatIllegalStateException().isThrownBy(() -> this.operations.activate("two"))
			.withMessageContaining("'two'")
			.withMessageContaining("DOWN")
			.withMessageContaining("unreachable");
		this.operations.disable("two");
		assertThatIllegalStateException().isThrownBy(() -> this.operations.activate("two"))
			.withMessageContaining("DISABLED");
		assertThat(this.brokers.getActive()).isEqualTo(this.one);
	}

	@Test
	void anUnknownNameIsRefusedWithThoseThatThereAre() {
		assertThatIllegalArgumentException().isThrownBy(() -> this.operations.activate("four"))
			.withMessageContaining("'four'")
			.withMessageContaining("[one, two]");
	}

	@Test
	void aDisabledBrokerStaysOutOfUseWhateverItAnswers() {
		this.operations.disable("two");
		this.brokers.answered(this.two);
		this.brokers.connected(this.two, 0);
		this.brokers.unblocked(this.two, 0);
		this.brokers.failed(this.two, 0, FailureReason.TIMEOUT, null);
		this.brokers.failed(this.one, 0, FailureReason.CONNECTION_LOST, null);
		assertThat(this.brokers.connected(this.two, 1)).isNull();
		assertThat(this.brokers.getStatus("two")).map(BrokerStatus::state).contains(BrokerState.DISABLED);
		assertThat(this.events).contains(
				new BrokerEvent.StateChanged(this.two, BrokerState.UNKNOWN, BrokerState.DISABLED, null),
				new BrokerEvent.Lost(this.one, this.brokers.getStatus("one").orElseThrow().lastFailure()));
	}

	@Test
	void aBrokerThatIsEnabledAgainIsNotHeldBack() {
		this.brokers.answered(this.two);
		this.brokers.failed(this.two, 0, FailureReason.TIMEOUT, null);
		this.operations.disable("two");
		this.operations.enable("two");
		assertThat(this.brokers.getStatus("two")).map(BrokerStatus::state).contains(BrokerState.UNKNOWN);
		this.operations.activate("two");
		assertThat(this.brokers.getActive()).isEqualTo(this.two);
	}

	@Test
	void theActiveBrokerIsNeitherDisabledNorRemoved() {
		assertThatIllegalStateException().isThrownBy(() -> this.operations.disable("one"))
			.withMessageContaining("active");
		assertThatIllegalStateException().isThrownBy(() -> this.operations.remove("one"))
			.withMessageContaining("active");
		assertThat(this.brokers.getAll()).containsExactly(this.one, this.two);
	}

	@Test
	void theLastBrokerThatIsEnabledStays() {
		this.brokers.failed(this.one, 0, FailureReason.CONNECTION_LOST, null);
		this.operations.disable("one");
		assertThatIllegalStateException().isThrownBy(() -> this.operations.disable("two"))
			.withMessageContaining("last");
		assertThatIllegalStateException().isThrownBy(() -> this.operations.remove("two")).withMessageContaining("last");
	}

	@Test
	void brokersAreAddedBehindTheOthersAndRemoved() {
		this.operations.add(this.three, CREDENTIALS);
		assertThat(this.brokers.getAll()).containsExactly(this.one, this.two, this.three);
		assertThatIllegalArgumentException()
			.isThrownBy(() -> this.operations.add(TestBrokers.broker("three"), CREDENTIALS));
		this.operations.remove("two");
		assertThat(this.brokers.getAll()).containsExactly(this.one, this.three);
		assertThat(this.events).containsExactly(new BrokerEvent.Added(this.three), new BrokerEvent.Removed(this.two));
	}

	@Test
	void lateReportsAboutABrokerThatWasRemovedDoNotCount() {
		this.operations.remove("two");
		assertThat(this.brokers.failed(this.two, 0, FailureReason.TIMEOUT, null)).isFalse();
		this.operations.add(this.two, CREDENTIALS);
		assertThat(this.brokers.failed(this.two, 0, FailureReason.TIMEOUT, null)).isFalse();
		assertThat(this.brokers.getStatus("two")).map(BrokerStatus::state).contains(BrokerState.UNKNOWN);
		long incarnation = this.brokers.getIncarnation(this.two);
		assertThat(this.brokers.failed(this.two, incarnation, FailureReason.TIMEOUT, null)).isTrue();
	}

	@Test
	void thePasswordOfABrokerThatIsAddedIsMasked() {
		this.operations.add(this.three, CREDENTIALS);
		this.brokers.failed(this.three, 0, FailureReason.UNREACHABLE,
				new IllegalStateException("no secret-of-three here"));
		assertThat(this.brokers.getStatus("three").orElseThrow().lastFailure().description())
			.doesNotContain("secret-of-three");
	}

	@Test
	void theActiveBrokerStaysActiveWithAnotherWeight() {
		this.operations.reweight("one", 7, 3);
		Broker reweighted = this.one.withWeight(7, 3);
		assertThat(this.brokers.getActivation()).isEqualTo(new Activation(reweighted, 0));
		assertThat(this.brokers.getPrevious()).isEqualTo(reweighted);
		assertThat(this.events).containsExactly(new BrokerEvent.Reweighted(this.one, reweighted));
		assertThat(this.brokers.failed(this.one, 0, FailureReason.CONNECTION_LOST, null)).isTrue();
		assertThat(this.brokers.getActive()).isNull();
	}

	@Test
	void anActivationStaysTheSameWithAnotherWeightUntilItsBrokerFails() {
		Activation before = this.brokers.getActivation();
		this.operations.reweight("one", 7, 3);
		assertThat(this.brokers.getActivation()).isEqualTo(before).hasSameHashCodeAs(before);
		this.brokers.failed(this.one, 0, FailureReason.CONNECTION_LOST, null);
		this.brokers.connected(this.one, 1);
		assertThat(this.brokers.getActivation()).isNotEqualTo(before);
		assertThat(this.operations.activate("two")).isNotEqualTo(before);
	}

	@Test
	void aNegativeWeightIsRefused() {
		assertThatIllegalArgumentException().isThrownBy(() -> this.operations.reweight("one", 0, -1));
		assertThat(this.events).isEmpty();
	}

}
