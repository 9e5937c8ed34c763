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

import java.net.ConnectException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;

import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

/**
 * Tests for {@link Brokers}.
 */
class BrokersTests {

	private static final Instant START = Instant.parse("2026-01-01T00:00:00Z");

	private final Broker one = TestBrokers.broker("one");

	private final Broker two = TestBrokers.broker("two");

	private final AtomicReference<Instant> now = new AtomicReference<>(START);

	private final List<BrokerEvent> events = new ArrayList<>();

	private Brokers brokers;

	@BeforeEach
	void createBrokers() {
		Clock clock = new Clock() {

			@Override
			public ZoneId getZone() {
				return ZoneOffset.UTC;
			}

			@Override
			public Clock withZone(ZoneId zone) {
				return this;
			}

			@Override
			public Instant instant() {
				return BrokersTests.this.now.get();
			}

		};
		this.brokers = new Brokers(List.of(this.one, this.two),
				(broker) -> BrokerCredentials.of("app", "secret-of-" + broker.name()), RecoveryPolicy.DEFAULTS, clock);
		this.brokers.addListener(this.events::add, EventStage.REPORTS);
	}

	@Test
	void nothingIsKnownAndNoneIsActiveAtFirst() {
		assertThat(this.brokers.getActive()).isNull();
		assertThat(this.brokers.getPrevious()).isNull();
		assertThat(this.brokers.getStatuses()).extracting(BrokerStatus::state)
			.containsExactly(BrokerState.UNKNOWN, BrokerState.UNKNOWN);
		assertThat(this.brokers.getStatuses()).extracting(BrokerStatus::since).containsOnly(START);
	}

	@Test
	void firstConnectionActivatesItsBroker() {
		Activation activation = this.brokers.connected(this.two, 0);
		assertThat(activation).isEqualTo(new Activation(this.two, 0));
		assertThat(this.brokers.getActive()).isEqualTo(this.two);
		assertThat(this.events).containsExactly(
				new BrokerEvent.StateChanged(this.two, BrokerState.UNKNOWN, BrokerState.UP, null),
				new BrokerEvent.Activated(null, this.two, Duration.ZERO, null));
	}

	@Test
	void activeBrokerStaysActiveWhenAnotherOneConnects() {
		this.brokers.connected(this.one, 0);
		assertThat(this.brokers.connected(this.two, 0)).isEqualTo(new Activation(this.one, 0));
		assertThat(this.brokers.getActive()).isEqualTo(this.one);
	}

	@Test
	void tellsTheClusterThatABrokerReportsAndEachChangeOfIt() {
		this.brokers.identified(this.one, 0, "east");
		this.brokers.identified(this.one, 0, "east");
		this.brokers.identified(this.two, 0, null);
		assertThat(this.brokers.getStatuses()).extracting(BrokerStatus::cluster).containsExactly("east", null);
		assertThat(this.events).containsExactly(new BrokerEvent.ClusterChanged(this.one, null, "east"));
		this.brokers.failed(this.one, 0, FailureReason.CONNECTION_LOST, null);
		assertThat(this.brokers.getStatus("one").orElseThrow().cluster()).isEqualTo("east");
		this.brokers.identified(this.one, 0, "late");
		assertThat(this.brokers.getStatus("one").orElseThrow().cluster()).isEqualTo("east");
		this.brokers.identified(this.one, 1, "west");
		assertThat(this.events).endsWith(new BrokerEvent.ClusterChanged(this.one, "east", "west"));
	}

	@Test
	void brokersThatAreFoundToBeOfOneClusterReportTheSameUntilTheyAreNot() {
		this.brokers.identified(this.one, 0, "rabbit@one");
		this.brokers.identified(this.two, 0, "rabbit@two");
		this.events.clear();
		this.brokers.compared(this.two, 0, this.one, 0, true);
		this.brokers.compared(this.one, 0, this.two, 0, true);
		assertThat(this.brokers.getStatuses()).extracting(BrokerStatus::cluster)
			.containsExactly("rabbit@one", "rabbit@one");
		this.brokers.compared(this.one, 1, this.two, 0, false);
		this.brokers.compared(this.one, 0, this.two, 1, false);
		assertThat(this.events).as("late").containsExactly(new BrokerEvent.ClusterCompared(this.two, this.one, true));
		this.brokers.compared(this.one, 0, this.two, 0, false);
		assertThat(this.events).last().isEqualTo(new BrokerEvent.ClusterCompared(this.one, this.two, false));
		assertThat(this.brokers.getStatuses()).extracting(BrokerStatus::cluster)
			.containsExactly("rabbit@one", "rabbit@two");
		this.brokers.compared(this.one, 0, this.two, 0, true);
		this.brokers.identified(this.two, 0, "named");
		assertThat(this.brokers.getStatuses()).extracting(BrokerStatus::cluster).containsExactly("rabbit@one", "named");
	}

	@Test
	void brokersHaveTheSameQueuesOnlyInOneVirtualHostOfOneCluster() {
		BrokerStatus node = status(this.one, "east");
		assertThat(node.hasQueuesOf(node)).isTrue();
		assertThat(node.hasQueuesOf(status(this.two, "east"))).isTrue();
		assertThat(node.hasQueuesOf(status(this.two, "west"))).isFalse();
		assertThat(node.hasQueuesOf(status(this.two, null))).isFalse();
		assertThat(status(this.one, null).hasQueuesOf(status(this.two, null))).isFalse();
		Broker elsewhere = this.two.withVirtualHost("elsewhere");
		assertThat(node.hasQueuesOf(status(elsewhere, "east"))).isFalse();
	}

	@Test
	void tellsOfQueuesThatNobodyConsumesWhenTheyChange() {
		this.brokers.unconsumed(this.one, 0, Set.of());
		this.brokers.unconsumed(this.one, 0, Set.of("orders"));
		this.brokers.unconsumed(this.one, 0, Set.of("orders"));
		assertThat(this.brokers.getStatus("one").orElseThrow().unconsumedQueues()).containsExactly("orders");
		this.brokers.unconsumed(this.one, 0, Set.of());
		assertThat(this.brokers.getStatus("one").orElseThrow().unconsumedQueues()).isEmpty();
		assertThat(this.events).containsExactly(new BrokerEvent.ConsumersMissing(this.one, Set.of("orders")),
				new BrokerEvent.ConsumersMissing(this.one, Set.of()));
	}

	@Test
	void tellsOfPendingDeclarationsWhenTheyChange() {
		this.brokers.pending(this.one, 0, Set.of());
		this.brokers.pending(this.one, 0, Set.of("Queue 'orders'"));
		this.brokers.pending(this.one, 0, Set.of("Queue 'orders'"));
		assertThat(this.brokers.getStatus("one").orElseThrow().pendingDeclarations()).containsExactly("Queue 'orders'");
		this.brokers.failed(this.one, 0, FailureReason.CONNECTION_LOST, null);
		assertThat(this.brokers.getStatus("one").orElseThrow().pendingDeclarations()).isEmpty();
		assertThat(this.events).startsWith(new BrokerEvent.DeclarationsPending(this.one, Set.of("Queue 'orders'")),
				new BrokerEvent.DeclarationsPending(this.one, Set.of()));
	}

	@Test
	void tellsOfSuspectQueuesWhenTheyChange() {
		this.brokers.suspected(this.one, 0, Set.of());
		this.brokers.suspected(this.one, 0, Set.of("orders"));
		this.brokers.suspected(this.one, 0, Set.of("orders"));
		assertThat(this.brokers.getStatus("one").orElseThrow().suspectQueues()).containsExactly("orders");
		this.brokers.suspected(this.one, 0, Set.of());
		assertThat(this.events).containsExactly(new BrokerEvent.QueuesSuspected(this.one, Set.of("orders")),
				new BrokerEvent.QueuesSuspected(this.one, Set.of()));
	}

	private static BrokerStatus status(Broker broker, @Nullable String cluster) {
		return new BrokerStatus(broker, BrokerState.UP, false, START, null, cluster, null, Set.of(), Set.of(), Set.of(),
				null, null, null);
	}

	@Test
	void failureOfTheActiveBrokerLeavesNoneUntilTheNextConnects() {
		this.brokers.connected(this.one, 0);
		this.events.clear();
		assertThat(this.brokers.failed(this.one, 0, FailureReason.CONNECTION_LOST, null)).isTrue();
		assertThat(this.brokers.getActive()).isNull();
		assertThat(this.brokers.getPrevious()).isEqualTo(this.one);
		this.now.set(START.plusMillis(250));
		this.brokers.connected(this.two, 0);
		BrokerFailure failure = new BrokerFailure(FailureReason.CONNECTION_LOST, "connection lost", START);
		assertThat(this.events).containsExactly(
				new BrokerEvent.StateChanged(this.one, BrokerState.UP, BrokerState.DOWN, failure),
				new BrokerEvent.Lost(this.one, failure),
				new BrokerEvent.StateChanged(this.two, BrokerState.UNKNOWN, BrokerState.UP, null),
				new BrokerEvent.Activated(this.one, this.two, Duration.ofMillis(250), failure));
	}

	@Test
	void suspicionOfTheCurrentActivationIsToldAndChangesNothing() {
		List<Activation> suspects = new ArrayList<>();
		this.brokers.addListener(new BrokerListener() {

			@Override
			public void onEvent(BrokerEvent event) {
			}

			@Override
			public void onSuspicion(Activation suspect) {
				suspects.add(suspect);
			}

		}, EventStage.REPORTS);
		Activation activation = this.brokers.connected(this.one, 0);
		this.events.clear();
		this.brokers.suspect(activation);
		assertThat(suspects).containsExactly(activation);
		assertThat(this.events).isEmpty();
		assertThat(this.brokers.getActivation()).isEqualTo(activation);
		this.brokers.failed(activation, FailureReason.TIMEOUT, null);
		this.brokers.suspect(activation);
		assertThat(suspects).as("nothing about an activation that is over").hasSize(1);
	}

	@Test
	void lateReportAboutAnEarlierConnectionDoesNoHarm() {
		Activation activation = this.brokers.connected(this.one, 0);
		this.brokers.failed(activation, FailureReason.CONNECTION_LOST, null);
		this.brokers.connected(this.one, 1);
		assertThat(this.brokers.failed(activation, FailureReason.TIMEOUT, null)).isFalse();
		assertThat(this.brokers.getActive()).isEqualTo(this.one);
	}

	@Test
	void connectionThatWasOpenedBeforeAFailureActivatesNothing() {
		long incarnation = this.brokers.getIncarnation(this.one);
		this.brokers.failed(this.one, incarnation, FailureReason.TIMEOUT, null);
		assertThat(this.brokers.connected(this.one, incarnation)).isNull();
		assertThat(this.brokers.getStatus("one")).map(BrokerStatus::state).contains(BrokerState.DOWN);
	}

	@Test
	@DisplayName("Behaviour 5: no password in failures and events")
	void descriptionsOfFailuresContainNoPassword() {
		Exception failure = new IllegalStateException("outer",
				new ConnectException("amqp://app:secret-of-one@host and again secret-of-two"));
		this.brokers.failed(this.one, 0, FailureReason.UNREACHABLE, failure);
		BrokerFailure last = this.brokers.getStatus("one").orElseThrow().lastFailure();
		assertThat(last.description()).startsWith("ConnectException: ")
			.contains("app:******@host")
			.doesNotContain("secret-of");
		assertThat(this.brokers.toString()).doesNotContain("secret-of");
		assertThat(this.brokers.getStatuses().toString()).doesNotContain("secret-of");
	}

	@Test
	void descriptionsOfFailuresNameNoUser() {
		this.brokers.failed(this.one, 0, FailureReason.ACCESS_REFUSED, new IllegalStateException(
				"NOT_ALLOWED - access to vhost 'orders' refused for user 'bob', class-id=10"));
		assertThat(this.brokers.getStatus("one").orElseThrow().lastFailure().description())
			.contains("access to vhost 'orders' refused for the user, class-id=10")
			.doesNotContain("bob");
	}

	@Test
	void lastFailureIsKeptWhenTheBrokerComesBack() {
		this.brokers.failed(this.one, 0, FailureReason.TLS, null);
		this.brokers.connected(this.one, 1);
		BrokerStatus status = this.brokers.getStatus("one").orElseThrow();
		assertThat(status.state()).isEqualTo(BrokerState.UP);
		assertThat(status.lastFailure().reason()).isEqualTo(FailureReason.TLS);
	}

	@Test
	void brokersNeedUniqueNames() {
		assertThatIllegalArgumentException()
			.isThrownBy(() -> new Brokers(List.of(this.one, TestBrokers.broker("one")), Clock.systemUTC()))
			.withMessage("'brokers' must have unique names, but 'one' is given twice");
	}

	@Test
	void reportAboutAStrangerDoesNotCount() {
		Broker stranger = TestBrokers.broker("stranger");
		assertThat(this.brokers.connected(stranger, this.brokers.getIncarnation(stranger))).isNull();
		assertThat(this.brokers.failed(stranger, 0, FailureReason.TIMEOUT, null)).isFalse();
		assertThat(this.events).isEmpty();
	}

	@ParameterizedTest
	@EnumSource(EventStage.class)
	void listenerThatThrowsKeepsNobodyFromEvents(EventStage stage) {
		this.events.clear();
		this.brokers.addListener(new Thrower(new IllegalStateException("expected by the test")), stage);
		this.brokers.addListener(new Thrower(new NoClassDefFoundError("expected by the test")), stage);
		this.brokers.addListener(new Thrower(new AssertionError("expected by the test")), stage);
		List<BrokerEvent> others = new CopyOnWriteArrayList<>();
		this.brokers.addListener(others::add, stage);
		this.brokers.connected(this.one, 0);
		this.brokers.failed(this.one, 0, FailureReason.CONNECTION_LOST, null);
		this.brokers.connected(this.two, 0);
		assertThat(this.events).hasSize(6);
		Awaitility.await().untilAsserted(() -> assertThat(others).isEqualTo(this.events));
		Activation activation = this.brokers.getActivation();
		this.brokers.suspect(activation);
		assertThat(this.brokers.getActivation()).isEqualTo(activation);
	}

	@Test
	void listenerThatReportsAFailureIsNotifiedOfItNext() {
		List<String> seen = new ArrayList<>();
		this.brokers.addListener((event) -> {
			seen.add("first " + event.getClass().getSimpleName());
			if (event instanceof BrokerEvent.Activated) {
				this.brokers.failed(this.one, 0, FailureReason.TIMEOUT, null);
				seen.add("reported");
			}
		}, EventStage.CONNECTIONS);
		this.brokers.addListener((event) -> seen.add("then " + event.getClass().getSimpleName()), EventStage.REPORTS);
		this.brokers.connected(this.one, 0);
		assertThat(seen).containsExactly("first StateChanged", "first Activated", "reported", "first StateChanged",
				"first Lost", "then StateChanged", "then Activated", "then StateChanged", "then Lost");
	}

	@Test
	void listenerOfTheApplicationHoldsUpNobodyElse() throws Exception {
		CountDownLatch called = new CountDownLatch(1);
		CountDownLatch release = new CountDownLatch(1);
		List<BrokerEvent> seen = new CopyOnWriteArrayList<>();
		this.brokers.addListener((event) -> {
			called.countDown();
			awaitQuietly(release);
			seen.add(event);
		});
		this.events.clear();
		this.brokers.connected(this.one, 0);
		assertThat(called.await(30, TimeUnit.SECONDS)).isTrue();
		this.brokers.failed(this.one, 0, FailureReason.CONNECTION_LOST, null);
		assertThat(this.events).hasSize(4);
		assertThat(seen).isEmpty();
		release.countDown();
		Awaitility.await().untilAsserted(() -> assertThat(seen).isEqualTo(this.events));
	}

	@Test
	void closeEndsTheThreadOfTheApplicationsListenersWhateverTheyDo() throws Exception {
		AtomicReference<Thread> thread = new AtomicReference<>();
		CountDownLatch called = new CountDownLatch(1);
		this.brokers.addListener((event) -> {
			thread.set(Thread.currentThread());
			called.countDown();
			awaitQuietly(new CountDownLatch(1));
		});
		this.brokers.connected(this.one, 0);
		assertThat(called.await(30, TimeUnit.SECONDS)).isTrue();
		assertThat(thread.get().getName()).startsWith("failover-listeners-");
		this.brokers.close();
		thread.get().join(30_000);
		assertThat(thread.get().isAlive()).isFalse();
		assertThat(this.brokers.failed(this.one, 0, FailureReason.CONNECTION_LOST, null)).isTrue();
	}

	private static void awaitQuietly(CountDownLatch latch) {
		try {
			latch.await(60, TimeUnit.SECONDS);
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
		}
	}

	@Test
	void eventsOfManyThreadsArriveOneByOneInTheOrderOfTheChanges() throws Exception {
		int threads = 8;
		int rounds = 200;
		ConcurrentLinkedQueue<BrokerEvent> seen = new ConcurrentLinkedQueue<>();
		this.brokers.addListener(seen::add, EventStage.REPORTS);
		ExecutorService executor = Executors.newFixedThreadPool(threads);
		CountDownLatch done = new CountDownLatch(threads);
		for (int thread = 0; thread < threads; thread++) {
			Broker mine = (thread % 2 == 0) ? this.one : this.two;
			executor.execute(() -> {
				for (int i = 0; i < rounds; i++) {
					long incarnation = this.brokers.getIncarnation(mine);
					this.brokers.connected(mine, incarnation);
					this.brokers.failed(mine, incarnation, FailureReason.CONNECTION_LOST, null);
				}
				done.countDown();
			});
		}
		assertThat(done.await(30, TimeUnit.SECONDS)).isTrue();
		executor.shutdown();
		Broker active = null;
		for (BrokerEvent event : seen) {
			if (event instanceof BrokerEvent.Activated activated) {
				assertThat(active).isNull();
				active = activated.to();
			}
			else if (event instanceof BrokerEvent.Lost lost) {
				assertThat(active).isEqualTo(lost.broker());
				active = null;
			}
		}
		assertThat(active).isEqualTo(this.brokers.getActive());
	}

	/**
	 * Throws whatever is called.
	 */
	private static final class Thrower implements BrokerListener {

		private final Throwable failure;

		Thrower(Throwable failure) {
			this.failure = failure;
		}

		@Override
		public void onEvent(BrokerEvent event) {
			throwIt();
		}

		@Override
		public void onSuspicion(Activation suspect) {
			throwIt();
		}

		@Override
		public String toString() {
			throwIt();
			return "never";
		}

		private void throwIt() {
			if (this.failure instanceof Error error) {
				throw error;
			}
			throw (RuntimeException) this.failure;
		}

	}

}
