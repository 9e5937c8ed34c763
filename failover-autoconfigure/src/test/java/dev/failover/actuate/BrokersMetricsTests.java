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
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;

import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.Tag;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

import dev.failover.broker.Broker;
import dev.failover.broker.BrokerHealth;
import dev.failover.broker.Brokers;
import dev.failover.broker.FailureReason;
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
			.containsOnly("first", "second", "connection_lost");
	}

	private void switchFromFirstToSecond() {
		this.brokers.connected(this.first, 0);
		this.brokers.failed(this.first, 0, FailureReason.CONNECTION_LOST, null);
		this.now.set(this.now.get().plus(Duration.ofMillis(120)));
		this.brokers.connected(this.second, 0);
	}

	private double gauge(String name, String broker) {
		return this.registry.get(name).tag("broker", broker).gauge().value();
	}

	private static Clock clock(InstantSource source) {
		return source.withZone(ZoneOffset.UTC);
	}

}
