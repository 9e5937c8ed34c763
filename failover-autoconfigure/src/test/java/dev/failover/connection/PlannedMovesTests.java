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

package dev.failover.connection;

import java.io.IOException;
import java.net.Socket;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;

import org.awaitility.Awaitility;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import dev.failover.broker.Activation;
import dev.failover.broker.Broker;
import dev.failover.broker.BrokerEvent;
import dev.failover.broker.BrokerHealth;
import dev.failover.broker.BrokerState;
import dev.failover.broker.Brokers;
import dev.failover.broker.EventStage;
import dev.failover.broker.FailureReason;
import dev.failover.broker.MoveStep;
import dev.failover.broker.TestBrokers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.mockito.Mockito.mock;

class PlannedMovesTests {

	private final Brokers brokers = new Brokers(
			List.of(TestBrokers.broker("one"), TestBrokers.broker("two"), TestBrokers.broker("three")),
			Clock.systemUTC());

	private final Access access = new Access();

	private final PlannedMoves moves = new PlannedMoves(this.brokers, this.access, Duration.ofMinutes(1));

	@BeforeEach
	void connectToOne() {
		this.brokers.connected(TestBrokers.broker("one"), 0);
	}

	@Test
	void moveThatEndsInAnErrorIsFollowedByTheNext() {
		this.access.error = new NoClassDefFoundError("thrown by the test");
		CompletableFuture<Activation> failed = this.moves.activate("two");
		assertThat(failed).isCompletedExceptionally();
		CompletableFuture<Activation> next = this.moves.activate("three");
		this.access.ready("three");
		assertThat(next).isCompletedWithValue(new Activation(TestBrokers.broker("three"), 0));
	}

	@Test
	void brokerBecomesActiveWhenItIsReady() {
		CompletableFuture<Activation> moved = this.moves.activate("two");
		assertThat(this.brokers.getActive()).isEqualTo(TestBrokers.broker("one"));
		this.access.ready("two");
		assertThat(moved).isCompletedWithValue(new Activation(TestBrokers.broker("two"), 0));
		assertThat(this.brokers.getActive()).isEqualTo(TestBrokers.broker("two"));
		assertThat(this.access.demands).as("ended").isEmpty();
	}

	@Test
	void laterMoveTakesThePlaceOfTheOneBefore() {
		CompletableFuture<Activation> first = this.moves.activate("two");
		CompletableFuture<Activation> later = this.moves.activate("three");
		assertGivenWay(first, "two", "three");
		this.access.ready("three");
		assertThat(later).isCompletedWithValue(new Activation(TestBrokers.broker("three"), 0));
	}

	@Test
	void moveThatIsAskedForAgainIsTheSame() {
		List<BrokerEvent> ended = ends();
		CompletableFuture<Activation> first = this.moves.activate("two");
		CompletableFuture<Activation> again = this.moves.activate("two");
		assertThat(first).isNotDone();
		this.access.ready("two");
		assertThat(first).isCompletedWithValue(new Activation(TestBrokers.broker("two"), 0));
		assertThat(again).isCompletedWithValue(new Activation(TestBrokers.broker("two"), 0));
		assertThat(ended).hasSize(1);
	}

	@Test
	void moveThatIsAskedForAgainInVainFailsWithTheSame() {
		CompletableFuture<Activation> first = this.moves.activate("two");
		CompletableFuture<Activation> again = this.moves.activate("two");
		this.access.demands.remove("two").completeExceptionally(new IOException("unreachable"));
		assertThat(List.of(first, again)).allSatisfy((move) -> assertThat(move).failsWithin(Duration.ZERO)
			.withThrowableThat()
			.withCauseInstanceOf(IllegalStateException.class)
			.withMessageContaining("no connection was made ready"));
	}

	@Test
	void moveIsMadeIfItsBrokerIsActivatedAtOnce() {
		CompletableFuture<Activation> first = this.moves.activate("two");
		this.brokers.operations().activate("two");
		CompletableFuture<Activation> again = this.moves.activate("two");
		assertThat(first).isCompletedWithValue(new Activation(TestBrokers.broker("two"), 0));
		assertThat(again).isCompletedWithValue(new Activation(TestBrokers.broker("two"), 0));
	}

	@Test
	void laterMoveToTheBrokerThatIsActiveStillTakesThePlaceOfTheOneBefore() {
		CompletableFuture<Activation> first = this.moves.activate("two");
		CompletableFuture<Activation> later = this.moves.activate("one");
		assertThat(later).isCompletedWithValue(new Activation(TestBrokers.broker("one"), 0));
		assertGivenWay(first, "two", "one");
		assertThat(this.access.demands).as("ended").isEmpty();
		assertThat(this.brokers.getActive()).isEqualTo(TestBrokers.broker("one"));
	}

	@Test
	void moveThatIsAskedForWhileAnotherIsMadeFollowsIt() {
		List<CompletableFuture<Activation>> later = new ArrayList<>();
		this.brokers.addListener((event) -> {
			if (event instanceof BrokerEvent.Activated activated && activated.to().name().equals("two")) {
				later.add(this.moves.activate("three"));
			}
		}, EventStage.REPORTS);
		CompletableFuture<Activation> first = this.moves.activate("two");
		this.access.ready("two");
		assertThat(first).isCompletedWithValue(new Activation(TestBrokers.broker("two"), 0));
		this.access.ready("three");
		assertThat(later).singleElement()
			.satisfies((move) -> assertThat(move).isCompletedWithValue(new Activation(TestBrokers.broker("three"), 0)));
		assertThat(this.brokers.getActive()).isEqualTo(TestBrokers.broker("three"));
	}

	@Test
	void moveThatIsRefusedAtOnceChangesNothing() {
		this.brokers.operations().disable("three");
		CompletableFuture<Activation> first = this.moves.activate("two");
		assertThat(this.moves.activate("three")).isCompletedExceptionally();
		this.access.ready("two");
		assertThat(first).isCompletedWithValue(new Activation(TestBrokers.broker("two"), 0));
	}

	@Test
	void brokerThatIsUnhealthyIsNotMovedTo() {
		check("two", BrokerHealth.unhealthy("no majority"));
		assertRefusedAsUnhealthy(this.moves.activate("two"));
		assertRefusedAsUnhealthy(this.moves.failBack("two"));
		assertThat(this.brokers.getActive()).isEqualTo(TestBrokers.broker("one"));
		assertThat(this.access.demands).isEmpty();
		assertThat(this.brokers.operations().activate("two")).as("forced")
			.isEqualTo(new Activation(TestBrokers.broker("two"), 0));
		assertThat(this.moves.activate("two")).as("active already").isCompleted();
	}

	@Test
	void brokerThatGetsUnhealthyBeforeTheMoveIsMadeIsNotMovedTo() {
		CompletableFuture<Activation> moved = this.moves.activate("two");
		check("two", BrokerHealth.unhealthy("no majority"));
		this.access.ready("two");
		assertRefusedAsUnhealthy(moved);
		assertThat(this.brokers.getActive()).isEqualTo(TestBrokers.broker("one"));
	}

	private void check(String name, BrokerHealth health) {
		this.brokers.checked(TestBrokers.broker(name), 0, health);
	}

	private static void assertRefusedAsUnhealthy(CompletableFuture<?> move) {
		assertThat(move).failsWithin(Duration.ZERO)
			.withThrowableThat()
			.withCauseInstanceOf(IllegalStateException.class)
			.withMessageContaining("Broker 'two' cannot become active: it is unhealthy: no majority");
	}

	@Test
	void moveThatFailsIsFollowedByTheNext() {
		CompletableFuture<Activation> failed = this.moves.activate("two");
		this.access.demands.remove("two").completeExceptionally(new IOException("unreachable"));
		assertThat(failed).failsWithin(Duration.ZERO)
			.withThrowableThat()
			.withCauseInstanceOf(IllegalStateException.class)
			.withMessageContaining("no connection was made ready (UNREACHABLE)");
		assertThat(this.brokers.getActive()).isEqualTo(TestBrokers.broker("one"));
		this.moves.activate("three");
		this.access.ready("three");
		assertThat(this.brokers.getActive()).isEqualTo(TestBrokers.broker("three"));
	}

	@Test
	void failbackDoesNotTakeThePlaceOfAMoveThatWasAskedFor() {
		CompletableFuture<Activation> moved = this.moves.activate("two");
		assertThat(this.moves.failBack("three")).failsWithin(Duration.ZERO)
			.withThrowableThat()
			.withCauseInstanceOf(IllegalStateException.class)
			.withMessageContaining("Broker 'three' does not become active: another move was asked for");
		this.access.ready("two");
		assertThat(moved).isCompletedWithValue(new Activation(TestBrokers.broker("two"), 0));
		CompletableFuture<Activation> back = this.moves.failBack("three");
		this.access.ready("three");
		assertThat(back).isCompletedWithValue(new Activation(TestBrokers.broker("three"), 0));
	}

	@Test
	void failbackGivesWayToAMoveThatIsAskedForLater() {
		CompletableFuture<Activation> back = this.moves.failBack("three");
		CompletableFuture<Activation> moved = this.moves.activate("two");
		assertGivenWay(back, "three", "two");
		this.access.ready("two");
		assertThat(moved).isCompletedWithValue(new Activation(TestBrokers.broker("two"), 0));
	}

	@Test
	void endOfAMoveIsToldWithItsSteps() {
		List<BrokerEvent> ended = ends();
		this.moves.activate("two");
		assertThat(ended).isEmpty();
		this.access.ready("two");
		assertThat(ended).singleElement().isInstanceOfSatisfying(BrokerEvent.MoveEnded.class, (end) -> {
			assertThat(end.from()).isEqualTo(TestBrokers.broker("one"));
			assertThat(end.to()).isEqualTo(TestBrokers.broker("two"));
			assertThat(end.steps()).containsOnlyKeys(MoveStep.values());
			assertThat(end.steps().values()).allMatch((duration) -> !duration.isNegative());
		});
	}

	@Test
	void moveWhoseBrokerIsUsedForTooLongHasNoLastStep() {
		PlannedMoves impatient = new PlannedMoves(this.brokers, this.access, Duration.ofMillis(50));
		List<BrokerEvent> ended = ends();
		this.access.listener.accept(new OpenConnection(TestBrokers.broker("one"), 0, mock(), new Socket()));
		impatient.activate("two");
		this.access.ready("two");
		Awaitility.await().untilAsserted(() -> assertThat(ended).hasSize(1));
		assertThat(((BrokerEvent.MoveEnded) ended.get(0)).steps()).containsOnlyKeys(MoveStep.PREPARE, MoveStep.SWITCH,
				MoveStep.FOLLOW);
	}

	@Test
	void noEndIsToldOfAMoveThatIsNotMade() {
		List<BrokerEvent> ended = ends();
		this.moves.activate("one");
		this.moves.activate("two");
		this.access.demands.remove("two").completeExceptionally(new IOException("unreachable"));
		assertThat(ended).isEmpty();
	}

	private List<BrokerEvent> ends() {
		List<BrokerEvent> ended = new CopyOnWriteArrayList<>();
		this.brokers.addListener((event) -> {
			if (event instanceof BrokerEvent.MoveEnded) {
				ended.add(event);
			}
		}, EventStage.REPORTS);
		return ended;
	}

	@Test
	void withoutAnActiveBrokerTheNewOneIsConnectedToFirst() {
		this.brokers.failed(TestBrokers.broker("one"), 0, FailureReason.CONNECTION_LOST, null);
		CompletableFuture<Activation> moved = this.moves.activate("two");
		assertThat(this.brokers.getActive()).isNull();
		this.access.demands.remove("two").completeExceptionally(new IOException("unreachable"));
		assertThat(moved).isCompletedExceptionally();
		assertThat(this.brokers.getActive()).isNull();
		moved = this.moves.activate("three");
		this.access.ready("three");
		assertThat(moved).isCompletedWithValue(new Activation(TestBrokers.broker("three"), 0));
	}

	@Test
	void brokerThatIsEnabledMeanwhileIsNotDisabled() {
		CompletableFuture<Void> disabled = this.moves.disable("one");
		assertThat(this.moves.isDeparting("one")).isTrue();
		this.brokers.operations().enable("one");
		assertThat(this.moves.isDeparting("one")).isFalse();
		this.access.ready("two");
		assertThat(disabled).failsWithin(Duration.ZERO)
			.withThrowableThat()
			.withCauseInstanceOf(IllegalStateException.class)
			.withMessageContaining("Broker 'one' is not disabled: it was enabled meanwhile");
		assertThat(state("one")).isEqualTo(BrokerState.UP);
	}

	@Test
	void brokerThatIsEnabledMeanwhileIsNotRemoved() {
		CompletableFuture<Void> removed = this.moves.remove("one");
		this.brokers.operations().enable("one");
		this.access.ready("two");
		assertThat(removed).isCompletedExceptionally();
		assertThat(state("one")).isEqualTo(BrokerState.UP);
	}

	@Test
	void brokerIsDisabledWhenTheApplicationHasLeftIt() {
		CompletableFuture<Void> disabled = this.moves.disable("one");
		assertThat(disabled).isNotDone();
		this.access.ready("two");
		assertThat(disabled).isCompleted();
		assertThat(this.moves.isDeparting("one")).isFalse();
		assertThat(state("one")).isEqualTo(BrokerState.DISABLED);
	}

	private static void assertGivenWay(CompletableFuture<Activation> move, String to, String later) {
		assertThat(move).failsWithin(Duration.ZERO)
			.withThrowableThat()
			.withCauseInstanceOf(IllegalStateException.class)
			.withMessageContaining(
					"Broker '%s' does not become active: a later move, to '%s', was asked for".formatted(to, later));
	}

	private BrokerState state(String broker) {
		return this.brokers.getStatus(broker).orElseThrow().state();
	}

	/**
	 * Has connections ready when a test says so.
	 */
	private static final class Access implements BrokerAccess {

		private final Map<String, CompletableFuture<Void>> demands = new LinkedHashMap<>();

		private Consumer<OpenConnection> listener;

		private Error error;

		void ready(String broker) {
			this.demands.get(broker).complete(null);
		}

		@Override
		public CompletableFuture<Void> prepare(Broker broker) {
			return standBy(broker);
		}

		@Override
		public CompletableFuture<Void> standBy(Broker broker) {
			Error thrown = this.error;
			this.error = null;
			if (thrown != null) {
				throw thrown;
			}
			endStandBy();
			return this.demands.computeIfAbsent(broker.name(), (key) -> new CompletableFuture<>());
		}

		@Override
		public void endStandBy() {
			List<CompletableFuture<Void>> ended = List.copyOf(this.demands.values());
			this.demands.clear();
			ended.forEach((demand) -> demand.cancel(false));
		}

		@Override
		public Broker nextBeside(Broker active) {
			return TestBrokers.broker("two");
		}

		@Override
		public CompletableFuture<Void> settled() {
			return CompletableFuture.completedFuture(null);
		}

		@Override
		public boolean isInUse(String broker) {
			return false;
		}

		@Override
		public void addListener(Consumer<OpenConnection> listener) {
			this.listener = listener;
		}

		@Override
		public void onClose(Runnable task) {
		}

		@Override
		public CompletableFuture<Void> check(Broker broker) {
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
		public void close(OpenConnection connection) {
			throw new UnsupportedOperationException();
		}

	}

}
