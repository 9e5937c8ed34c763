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

package dev.failover.actuate;

import java.lang.reflect.RecordComponent;
import java.net.ConnectException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.mockito.Mockito;
import org.springframework.context.support.StaticApplicationContext;

import dev.failover.broker.Broker;
import dev.failover.broker.BrokerCredentials;
import dev.failover.broker.BrokerEvent;
import dev.failover.broker.BrokerFailure;
import dev.failover.broker.BrokerHealth;
import dev.failover.broker.BrokerNotices;
import dev.failover.broker.BrokerServer;
import dev.failover.broker.BrokerState;
import dev.failover.broker.Brokers;
import dev.failover.broker.FailureReason;
import dev.failover.broker.MoveStep;
import dev.failover.broker.RecoveryPolicy;
import dev.failover.broker.SwitchCause;
import dev.failover.broker.TestBrokers;
import dev.failover.connection.PlannedMoves;
import dev.failover.template.PublishStatus;

import static org.assertj.core.api.Assertions.assertThat;

class FailoverEndpointTests {

	private static final Instant NOW = Instant.parse("2026-01-01T00:00:00Z");

	private static final String PASSWORD = "verysecret";

	private final Broker first = TestBrokers.broker("first");

	private final Broker second = TestBrokers.broker("second").withWeight(2, 3);

	private final Clock clock = Clock.fixed(NOW, ZoneOffset.UTC);

	private final Brokers brokers = new Brokers(List.of(this.first, this.second),
			(broker) -> BrokerCredentials.of("app", PASSWORD), RecoveryPolicy.DEFAULTS, this.clock);

	private final BrokerEventHistory history = new BrokerEventHistory(this.brokers, this.clock);

	@Test
	void tellsOfBrokersThatWereNotTriedYet() {
		WebEndpoint.Answer answer = get();
		assertThat(answer.status()).isEqualTo(200);
		assertThat(answer.<Map<String, Object>>read("$")).doesNotContainKeys("active", "lastSwitch");
		assertThat(answer.<Map<String, Object>>read("$.brokers")).containsOnlyKeys("first", "second");
		assertThat(answer.<Map<String, Object>>read("$.brokers.second"))
			.isEqualTo(Map.of("uri", "amqp://second.example.com:5672", "state", "UNKNOWN", "active", false, "since",
					NOW.toString(), "standbyConnections", 2, "drainRemaining", 9, "priority", 2, "weight", 3));
	}

	@Test
	void tellsWhichBrokerIsActiveAndWhy() {
		this.brokers.connected(this.first, 0);
		fail(this.first, FailureReason.CONNECTION_LOST);
		this.brokers.connected(this.second, 0);
		WebEndpoint.Answer answer = get();
		assertThat(answer.<String>read("$.active")).isEqualTo("second");
		assertThat(answer.<Map<String, Object>>read("$.lastSwitch")).containsEntry("at", NOW.toString())
			.containsEntry("type", "Activated")
			.containsEntry("details", Map.of("from", "first", "to", "second", "planned", false, "outage", "PT0S",
					"reason", "CONNECTION_LOST", "description", "ConnectException: refused by ******"));
		assertThat(answer.<Map<String, Object>>read("$.brokers.first")).containsEntry("state", "DOWN")
			.containsEntry("reason", "CONNECTION_LOST")
			.containsEntry("lastFailure", Map.of("reason", "CONNECTION_LOST", "description",
					"ConnectException: refused by ******", "at", NOW.toString()));
		assertThat(answer.<Map<String, Object>>read("$.brokers.second")).containsEntry("active", true)
			.doesNotContainKeys("reason", "lastFailure");
	}

	@Test
	void keepsTheLastFailureButNoReasonOfABrokerThatIsBack() {
		fail(this.first, FailureReason.TIMEOUT);
		this.brokers.connected(this.first, 1);
		assertThat(get().<Map<String, Object>>read("$.brokers.first")).containsKey("lastFailure")
			.doesNotContainKey("reason");
	}

	@Test
	void tellsThatAnOperatorHasDisabledABroker() {
		this.brokers.connected(this.first, 0);
		this.brokers.operations().disable("second");
		assertThat(get().<String>read("$.brokers.second.reason")).isEqualTo("OPERATOR");
	}

	@Test
	void tellsWhatABrokerHasToldOfItself() {
		this.brokers.introduced(this.first, 0,
				new BrokerServer("RabbitMQ", "4.3.0", 2047, 131072, Duration.ofSeconds(60)));
		this.brokers.identified(this.first, 0, "north");
		fail(this.first, FailureReason.TIMEOUT);
		assertThat(get().<Map<String, Object>>read("$.brokers.first.server")).isEqualTo(Map.of("product", "RabbitMQ",
				"version", "4.3.0", "cluster", "north", "channelMax", 2047, "frameMax", 131072, "heartbeat", "PT1M"));
	}

	@Test
	void tellsWhatIsWrongWithABrokerThatIsUp() {
		this.brokers.connected(this.first, 0);
		this.brokers.unconsumed(this.first, 0, Set.of("orders", "bills"));
		this.brokers.pending(this.first, 0, Set.of("Queue 'orders'"));
		this.brokers.suspected(this.first, 0, Set.of("stuck"));
		this.brokers.checked(this.first, 0, BrokerHealth.unhealthy("minority of " + PASSWORD));
		this.brokers.located(this.first, 0, "run");
		this.brokers.located(this.second, 0, "run");
		assertThat(get().<Map<String, Object>>read("$.brokers.first"))
			.containsEntry("unconsumedQueues", List.of("bills", "orders"))
			.containsEntry("pendingDeclarations", List.of("Queue 'orders'"))
			.containsEntry("suspectQueues", List.of("stuck"))
			.containsEntry("sameNodeAs", List.of("second"))
			.containsEntry("healthChecks", "unhealthy: minority of ******");
	}

	@Test
	void tellsWhatTheApplicationHasInHand() {
		WebEndpoint.Answer answer = get();
		assertThat(answer.<Integer>read("$.callersWaiting")).isEqualTo(5);
		assertThat(answer.<Map<String, Object>>read("$.publishers.rabbitTemplate"))
			.isEqualTo(Map.of("inFlight", 7, "maxInFlight", 1000, "waiting", 3));
		assertThat(answer.<String>read("$.settings['failover.connect.timeout']")).isEqualTo("PT3S");
	}

	@Test
	void tellsTheLastHundredEventsTheLatestOneFirst() {
		this.brokers.connected(this.first, 0);
		BrokerNotices notices = new BrokerNotices(this.brokers);
		for (int i = 1; i <= 105; i++) {
			notices.replayed(this.brokers.getActivation(), i, i);
		}
		List<Map<String, Object>> events = get().read("$.events");
		assertThat(events).hasSize(100);
		assertThat(events.get(0)).containsEntry("type", "Replayed")
			.containsEntry("details", Map.of("broker", "first", "inFlight", 105, "replayed", 105));
		assertThat(events.get(99)).extractingByKey("details").asString().contains("inFlight=6");
		assertThat(get().<String>read("$.lastSwitch.details.to")).isEqualTo("first");
	}

	@Test
	void remembersNothingWhenClosed() {
		this.history.close();
		this.brokers.connected(this.first, 0);
		assertThat(get().<List<Object>>read("$.events")).isEmpty();
	}

	@Test
	void showsNoPassword() {
		this.brokers.connected(this.first, 0);
		this.brokers.checked(this.first, 0, BrokerHealth.unhealthy("said " + PASSWORD));
		for (FailureReason reason : FailureReason.values()) {
			fail(this.first, reason);
			fail(this.second, reason);
		}
		this.brokers.unblocked(this.first, this.brokers.getIncarnation(this.first));
		this.brokers.blocked(this.first, this.brokers.getIncarnation(this.first), "alarm");
		assertThat(get().body()).contains("******").doesNotContain(PASSWORD);
	}

	@ParameterizedTest
	@MethodSource
	void tellsWhatEachEventTells(Class<? extends BrokerEvent> type) throws Exception {
		BrokerEvent event = event(type);
		Map<String, Object> details = EventDetails.of(event).asMap();
		assertThat(details).isNotEmpty();
		assertThat(details.values()).noneMatch(Broker.class::isInstance);
	}

	@Test
	void stepsOfAMoveAreToldInTheirOrder() {
		Map<MoveStep, Duration> steps = Map.of(MoveStep.FOLLOW, Duration.ofMillis(5), MoveStep.PREPARE,
				Duration.ofMillis(80), MoveStep.SWITCH, Duration.ofMillis(1));
		assertThat(EventDetails.of(new BrokerEvent.MoveEnded(this.first, this.second, steps)).asMap())
			.hasToString("{from=first, to=second, steps={prepare=PT0.08S, switch=PT0.001S, follow=PT0.005S}}");
	}

	static Stream<Class<?>> tellsWhatEachEventTells() {
		return Stream.of(BrokerEvent.class.getPermittedSubclasses());
	}

	private static BrokerEvent event(Class<? extends BrokerEvent> type) throws Exception {
		Map<Class<?>, Object> values = new HashMap<>(Map.of(Broker.class, TestBrokers.broker("some"), BrokerState.class,
				BrokerState.UP, BrokerFailure.class, new BrokerFailure(FailureReason.TLS, "none", NOW), Duration.class,
				Duration.ofMillis(1), Set.class, Set.of("some"), String.class, "some", int.class, 1, boolean.class,
				true, BrokerHealth.class, BrokerHealth.healthy(), SwitchCause.class, SwitchCause.ALARM));
		values.put(Map.class, Map.of(MoveStep.PREPARE, Duration.ofMillis(80)));
		RecordComponent[] components = type.getRecordComponents();
		Class<?>[] types = Stream.of(components).map(RecordComponent::getType).toArray(Class<?>[]::new);
		assertThat(values.keySet()).as("values for %s", type).containsAll(List.of(types));
		return (BrokerEvent) type.getDeclaredConstructor(types)
			.newInstance(Stream.of(types).map(values::get).toArray());
	}

	private void fail(Broker broker, FailureReason reason) {
		this.brokers.failed(broker, this.brokers.getIncarnation(broker), reason,
				new ConnectException("refused by " + PASSWORD));
	}

	private WebEndpoint.Answer get() {
		try (StaticApplicationContext context = new StaticApplicationContext()) {
			context.registerBean(FailoverEndpoint.class, () -> new FailoverEndpoint(this.brokers, this.history,
					new FixedReadings(),
					new OperatorRequests(this.brokers.operations(), Mockito.mock(PlannedMoves.class), this.clock)));
			context.refresh();
			return new WebEndpoint(context).get();
		}
	}

	private static final class FixedReadings implements FailoverReadings {

		@Override
		public int getStandbyConnections(String broker) {
			return broker.equals("second") ? 2 : 0;
		}

		@Override
		public long getDrainRemaining(Broker broker) {
			return broker.name().equals("second") ? 9 : 0;
		}

		@Override
		public int getCallersWaiting() {
			return 5;
		}

		@Override
		public Map<String, PublishStatus> getPublishers() {
			return Map.of("rabbitTemplate", new PublishStatus(7, 1000, 3));
		}

		@Override
		public Map<String, Object> getSettings() {
			return Map.of("failover.connect.timeout", Duration.ofSeconds(3));
		}

	}

}
