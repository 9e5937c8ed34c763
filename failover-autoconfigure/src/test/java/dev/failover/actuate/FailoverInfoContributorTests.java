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
import java.util.List;
import java.util.Map;

import org.junit.jupiter.api.Test;
import org.springframework.boot.actuate.info.Info;

import dev.failover.broker.Broker;
import dev.failover.broker.BrokerServer;
import dev.failover.broker.Brokers;
import dev.failover.broker.FailureReason;
import dev.failover.broker.TestBrokers;

import static org.assertj.core.api.Assertions.assertThat;

class FailoverInfoContributorTests {

	private final Broker first = TestBrokers.broker("first");

	private final Broker second = TestBrokers.broker("second");

	private final Brokers brokers = new Brokers(List.of(this.first, this.second), Clock.systemUTC());

	@Test
	void tellsOfBrokersThatWereNotTriedYet() {
		assertThat(contributed()).isEqualTo(Map.of("held", false, "brokers",
				Map.of("first", Map.of("state", "UNKNOWN"), "second", Map.of("state", "UNKNOWN"))));
	}

	@Test
	void tellsWhichBrokerIsActiveAndWhatEachOneIs() {
		this.brokers.introduced(this.first, 0, new BrokerServer("RabbitMQ", "4.3.0", 2047, 131072, Duration.ZERO));
		this.brokers.introduced(this.second, 0, new BrokerServer(null, null, 0, 0, Duration.ZERO));
		this.brokers.connected(this.first, 0);
		this.brokers.failed(this.second, 0, FailureReason.TIMEOUT, null);
		this.brokers.operations().hold();
		assertThat(contributed()).isEqualTo(Map.of("active", "first", "held", true, "brokers", Map.of("first",
				Map.of("state", "UP", "product", "RabbitMQ", "version", "4.3.0"), "second", Map.of("state", "DOWN"))));
	}

	private Object contributed() {
		Info.Builder builder = new Info.Builder();
		new FailoverInfoContributor(this.brokers).contribute(builder);
		return builder.build().get("failover");
	}

}
