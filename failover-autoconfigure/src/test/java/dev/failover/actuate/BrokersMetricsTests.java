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

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;

import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.Tag;
import io.micrometer.core.instrument.Timer;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

import dev.failover.broker.Activation;
import dev.failover.broker.Broker;
import dev.failover.broker.BrokerCredentials;
import dev.failover.broker.BrokerHealth;
import dev.failover.broker.BrokerNotices;
import dev.failover.broker.Brokers;
import dev.failover.broker.FailureReason;
import dev.failover.broker.MoveStep;
import dev.failover.broker.TestBrokers;

import static org.assertj.core.api.Assertions.assertThat;

class BrokersMetricsTests {

	private final AtomicReference<Instant> now = new AtomicReference<>(Instant.EPOCH);

	private final Broker first = TestBrokers.broker("first");

	private final Broker second = TestBrokers.broker("second");

	private final Brokers brokers = new Brokers(List.of(this.first, this.second), clock(this.now::get));

	private final SimpleMeterRegistry registry = new SimpleMeterRegistry();

	private final BrokersMetrics metrics = new BrokersMetrics(this.brokers);

	@Test
	void tellsWhoIsUpAndWhoIsActive() {
		this.metrics.bindTo(this.registry);
		assertThat(gauge("failover.broker.up", "first")).isZero();
		this.brokers.connected(this.first, 0);
		this.brokers.answered(this.second);
		assertThat(gauge("failover.broker.up", "first")).isOne();
		assertThat(gauge("failover.broker.up", "second")).isOne();
		assertThat(gauge("failover.broker.active", "first")).isOne();
		assertThat(gauge("failover.broker.active", "second")).isZero();
	}

	@Test
	void tellsWhatTheHealthChecksSay() {
		this.metrics.bindTo(this.registry);
		this.brokers.connected(this.first, 0);
		assertThat(gauge("failover.broker.healthy", "first")).isOne();
		this.brokers.checked(this.first, 0, BrokerHealth.unhealthy("no majority"));
		assertThat(gauge("failover.broker.healthy", "first")).isZero();
		assertThat(gauge("failover.broker.healthy", "second")).isOne();
		this.brokers.checked(this.first, 0, BrokerHealth.healthy());
		assertThat(gauge("failover.broker.healthy", "first")).isOne();
	}

	@Test
	void countsSwitchesAndTimesOutages() {
		this.metrics.bindTo(this.registry);
		switchFromFirstToSecond();
		assertThat(this.registry.get("failover.switches")
			.tags("from", "first", "to", "second", "reason", "connection_lost")
			.counter()
			.count()).isOne();
		assertThat(this.registry.get("failover.outage").timer().count()).isOne();
		assertThat(this.registry.get("failover.outage").timer().totalTime(TimeUnit.MILLISECONDS)).isEqualTo(120);
	}

	@Test
	void firstConnectIsNoSwitch() {
		this.metrics.bindTo(this.registry);
		this.brokers.connected(this.first, 0);
		assertThat(this.registry.find("failover.switches").counter()).isNull();
		assertThat(this.registry.get("failover.outage").timer().count()).isZero();
	}

	@Test
	void tellsWhatIsKnownAgainstABroker() {
		this.metrics.bindTo(this.registry);
		this.brokers.connected(this.first, 0);
		this.brokers.suspected(this.first, 0, Set.of("orders", "letters"));
		this.brokers.unconsumed(this.first, 0, Set.of("orders"));
		this.brokers.pending(this.first, 0, Set.of("Queue 'orders'"));
		this.brokers.blocked(this.first, 0, "memory");
		this.brokers.operations().disable("second");
		assertThat(gauge("failover.queues.suspect", "first")).isEqualTo(2);
		assertThat(gauge("failover.queues.unconsumed", "first")).isOne();
		assertThat(gauge("failover.declarations.pending", "first")).isOne();
		assertThat(gauge("failover.broker.blocked", "first")).isOne();
		assertThat(gauge("failover.broker.disabled", "first")).isZero();
		assertThat(gauge("failover.broker.disabled", "second")).isOne();
		assertThat(gauge("failover.queues.suspect", "second")).isZero();
	}

	@Test
	void countsMovesAndWhatTheyHaveCut() {
		this.metrics.bindTo(this.registry);
		this.brokers.connected(this.first, 0);
		BrokerNotices notices = new BrokerNotices(this.brokers);
		notices.consumersReady(this.brokers.getActivation(), 2, Duration.ofMillis(700));
		assertThat(this.registry.get("failover.consumers.ready").tag("planned", "false").timer().count()).isZero();
		this.brokers.answered(this.second);
		Activation left = this.brokers.getActivation();
		this.brokers.operations().activate("second");
		notices.replayed(left, 3, 2);
		notices.consumersReady(this.brokers.getActivation(), 2, Duration.ofMillis(20));
		notices.moveEnded(this.first, this.second,
				Map.of(MoveStep.PREPARE, Duration.ofMillis(80), MoveStep.SWITCH, Duration.ofMillis(1)));
		assertThat(counter("failover.planned.moves", "broker", "second")).isOne();
		assertThat(counter("failover.planned.moves", "broker", "first")).isZero();
		assertThat(this.registry.get("failover.planned.moves.cut").counter().count()).isEqualTo(3);
		assertThat(counter("failover.replayed", "broker", "first")).isEqualTo(2);
		assertThat(this.registry.get("failover.consumers.ready")
			.tag("planned", "true")
			.timer()
			.totalTime(TimeUnit.MILLISECONDS)).isEqualTo(20);
		assertThat(step("prepare").totalTime(TimeUnit.MILLISECONDS)).isEqualTo(80);
		assertThat(step("close").count()).isZero();
		assertThat(this.registry.get("failover.outage").timer().count()).isZero();
	}

	private Timer step(String step) {
		return this.registry.get("failover.planned.moves.step").tag("step", step).timer();
	}

	@Test
	void whatIsPublishedAgainAfterALossIsNoCut() {
		this.metrics.bindTo(this.registry);
		this.brokers.connected(this.first, 0);
		Activation lost = this.brokers.getActivation();
		this.brokers.failed(this.first, 0, FailureReason.CONNECTION_LOST, null);
		this.brokers.connected(this.second, 0);
		new BrokerNotices(this.brokers).replayed(lost, 3, 2);
		assertThat(counter("failover.replayed", "broker", "first")).isEqualTo(2);
		assertThat(this.registry.get("failover.planned.moves.cut").counter().count()).isZero();
	}

	@Test
	void countsSwitchesThatAnOperatorHolds() {
		this.metrics.bindTo(this.registry);
		this.brokers.connected(this.first, 0);
		this.brokers.answered(this.second);
		assertThat(this.registry.get("failover.held").gauge().value()).isZero();
		this.brokers.operations().hold();
		this.brokers.blocked(this.first, 0, "memory");
		this.brokers.leaveBlocked(this.first, 0);
		this.brokers.leaveBlocked(this.first, 0);
		assertThat(suppressed("held")).isOne();
		assertThat(suppressed("no_other_broker")).isZero();
		assertThat(this.registry.get("failover.held").gauge().value()).isOne();
	}

	@Test
	void countsEachAlarmWithoutAnotherBrokerOnce() {
		this.metrics.bindTo(this.registry);
		this.brokers.connected(this.first, 0);
		this.brokers.failed(this.second, 0, FailureReason.UNREACHABLE, null);
		this.brokers.blocked(this.first, 0, "memory");
		assertThat(suppressed("no_other_broker")).isZero();
		this.brokers.leaveBlocked(this.first, 0);
		this.brokers.leaveBlocked(this.first, 0);
		assertThat(suppressed("no_other_broker")).isOne();
		this.brokers.unblocked(this.first, 0);
		this.brokers.blocked(this.first, 0, "disk");
		this.brokers.leaveBlocked(this.first, 0);
		assertThat(suppressed("no_other_broker")).isEqualTo(2);
		assertThat(suppressed("held")).isZero();
	}

	@Test
	void countsBrokerThatIsHeldBackOnceForEachFailure() {
		this.metrics.bindTo(this.registry);
		this.brokers.connected(this.first, 0);
		this.brokers.answered(this.second);
		this.brokers.failed(this.second, 0, FailureReason.CONNECTION_LOST, null);
		for (int i = 0; i < 6; i++) {
			assertThat(suppressed("held_back")).isEqualTo((i < 3) ? 0 : 1);
			this.brokers.answered(this.second);
		}
		assertThat(gauge("failover.broker.up", "second")).isZero();
		this.now.set(this.now.get().plus(Duration.ofMinutes(1)));
		this.brokers.answered(this.second);
		assertThat(gauge("failover.broker.up", "second")).isOne();
		assertThat(suppressed("held_back")).isOne();
	}

	@Test
	void brokerThatIsAddedHasMetersAndOneThatIsRemovedHasNoState() {
		this.metrics.bindTo(this.registry);
		this.brokers.connected(this.first, 0);
		this.brokers.operations().add(TestBrokers.broker("third"), BrokerCredentials.of("user", "password"));
		assertThat(gauge("failover.broker.up", "third")).isZero();
		assertThat(counter("failover.replayed", "broker", "third")).isZero();
		this.brokers.operations().remove("third");
		assertThat(this.registry.find("failover.broker.up").tag("broker", "third").gauge()).isNull();
		assertThat(gauge("failover.broker.up", "first")).isOne();
	}

	@Test
	void countsNoMoreWhenClosed() {
		this.metrics.bindTo(this.registry);
		this.metrics.close();
		switchFromFirstToSecond();
		assertThat(this.registry.find("failover.switches").counter()).isNull();
	}

	@Test
	@DisplayName("Behaviour 5: no password in metrics")
	void tagsCarryNamesOnly() {
		this.metrics.bindTo(this.registry);
		switchFromFirstToSecond();
		assertThat(this.registry.getMeters()).flatExtracting((Meter meter) -> meter.getId().getTags())
			.extracting(Tag::getValue)
			.containsOnly("first", "second", "connection_lost", "held", "held_back", "no_other_broker", "true", "false",
					"prepare", "switch", "follow", "close");
	}

	private void switchFromFirstToSecond() {
		this.brokers.connected(this.first, 0);
		this.brokers.failed(this.first, 0, FailureReason.CONNECTION_LOST, null);
		this.now.set(this.now.get().plus(Duration.ofMillis(120)));
		this.brokers.connected(this.second, 0);
	}

	private double suppressed(String reason) {
		return this.registry.get("failover.switch.suppressed").tag("reason", reason).functionCounter().count();
	}

	private double counter(String name, String tag, String value) {
		return this.registry.get(name).tag(tag, value).counter().count();
	}

	private double gauge(String name, String broker) {
		return this.registry.get(name).tag("broker", broker).gauge().value();
	}

	private static Clock clock(InstantSource source) {
		return source.withZone(ZoneOffset.UTC);
	}

}
