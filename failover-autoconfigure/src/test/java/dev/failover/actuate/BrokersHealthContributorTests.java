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

import java.net.ConnectException;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.springframework.boot.health.actuate.endpoint.StatusAggregator;
import org.springframework.boot.health.contributor.Health;
import org.springframework.boot.health.contributor.HealthContributors;
import org.springframework.boot.health.contributor.HealthIndicator;
import org.springframework.boot.health.contributor.Status;

import dev.failover.broker.Broker;
import dev.failover.broker.BrokerCredentials;
import dev.failover.broker.Brokers;
import dev.failover.broker.FailureReason;
import dev.failover.broker.RecoveryPolicy;
import dev.failover.broker.TestBrokers;

import static org.assertj.core.api.Assertions.assertThat;

class BrokersHealthContributorTests {

	private static final Instant NOW = Instant.parse("2026-01-01T00:00:00Z");

	private final Broker first = TestBrokers.broker("first");

	private final Broker second = TestBrokers.broker("second");

	private final Brokers brokers = new Brokers(List.of(this.first, this.second),
			(broker) -> BrokerCredentials.of("app", "verysecret"), RecoveryPolicy.DEFAULTS,
			Clock.fixed(NOW, ZoneOffset.UTC));

	private final BrokersHealthContributor contributor = new BrokersHealthContributor(this.brokers, () -> null);

	@Test
	void hasOneComponentForEachBroker() {
		assertThat(this.contributor.stream().map(HealthContributors.Entry::name)).containsExactly("first", "second");
		assertThat(this.contributor.getContributor("third")).isNull();
	}

	@Test
	void brokersThatWereNotTriedAreUnknown() {
		assertThat(health("first").getStatus()).isEqualTo(Status.UNKNOWN);
		assertThat(aggregate()).isEqualTo(Status.UNKNOWN);
	}

	@Test
	void isUpWhileABrokerIsActive() {
		this.brokers.connected(this.first, 0);
		assertThat(health("first").getStatus()).isEqualTo(Status.UP);
		assertThat(health("first").getDetails()).containsEntry("active", true).containsEntry("state", "UP");
		assertThat(health("second").getDetails()).containsEntry("active", false);
		assertThat(aggregate()).isEqualTo(Status.UP);
	}

	@Test
	void tellsTheClusterOfABrokerThatReportsOne() {
		this.brokers.connected(this.first, 0);
		assertThat(health("first").getDetails()).doesNotContainKey("cluster");
		this.brokers.identified(this.first, 0, "rabbit@first");
		assertThat(health("first").getDetails()).containsEntry("cluster", "rabbit@first");
	}

	@Test
	void tellsInWhichQueuesMessagesWaitThatNobodyConsumes() {
		this.brokers.connected(this.first, 0);
		assertThat(health("first").getDetails()).doesNotContainKey("unconsumedQueues");
		this.brokers.unconsumed(this.first, 0, Set.of("orders", "bills"));
		assertThat(health("first").getDetails()).containsEntry("unconsumedQueues", List.of("bills", "orders"));
		assertThat(health("first").getStatus()).isEqualTo(Status.UP);
	}

	@Test
	void tellsWhatCannotBeDeclared() {
		this.brokers.connected(this.first, 0);
		assertThat(health("first").getDetails()).doesNotContainKey("pendingDeclarations");
		this.brokers.pending(this.first, 0, Set.of("Queue 'orders'", "Queue 'bills'"));
		assertThat(health("first").getDetails()).containsEntry("pendingDeclarations",
				List.of("Queue 'bills'", "Queue 'orders'"));
		assertThat(health("first").getStatus()).isEqualTo(Status.UP);
	}

	@Test
	void tellsWhatCannotBeConsumed() {
		this.brokers.connected(this.first, 0);
		assertThat(health("first").getDetails()).doesNotContainKey("suspectQueues");
		this.brokers.suspected(this.first, 0, Set.of("orders", "bills"));
		assertThat(health("first").getDetails()).containsEntry("suspectQueues", List.of("bills", "orders"));
		assertThat(health("first").getStatus()).isEqualTo(Status.UP);
	}

	@Test
	void hasFailedOverWhenOneBrokerIsDownAndShowsWhichOne() {
		fail(this.first);
		this.brokers.connected(this.second, 0);
		assertThat(health("first").getStatus()).isEqualTo(BrokersHealthContributor.FAILED_OVER);
		assertThat(health("first").getDetails()).containsEntry("state", "DOWN");
		assertThat(aggregate()).isEqualTo(BrokersHealthContributor.FAILED_OVER);
	}

	@Test
	void isNotDownWhileABrokerIsLeftToTry() {
		fail(this.first);
		assertThat(aggregate()).isEqualTo(BrokersHealthContributor.FAILED_OVER);
	}

	@Test
	void isDownWhenNoBrokerIsUsable() {
		fail(this.first);
		fail(this.second);
		assertThat(health("first").getStatus()).isEqualTo(Status.DOWN);
		assertThat(health("second").getStatus()).isEqualTo(Status.DOWN);
		assertThat(aggregate()).isEqualTo(Status.DOWN);
	}

	@Test
	void tellsTheLastFailureAlsoWhenTheBrokerIsBack() {
		fail(this.first);
		this.brokers.connected(this.first, 1);
		Health health = health("first");
		assertThat(health.getStatus()).isEqualTo(Status.UP);
		assertThat(health.getDetails().get("lastFailure")).isEqualTo(Map.of("reason", "UNREACHABLE", "description",
				"ConnectException: refused by ******", "at", NOW.toString()));
	}

	@Test
	@DisplayName("Behaviour 5: no password in health")
	void showsNoPassword() {
		fail(this.first);
		assertThat(health("first").toString()).doesNotContain("verysecret").contains("amqp://first.example.com:5672");
	}

	@Test
	void componentsHaveNoSlashAndStayApart() {
		Brokers slashed = new Brokers(List.of(TestBrokers.broker("a/b"), TestBrokers.broker("a_b")), Clock.systemUTC());
		assertThat(new BrokersHealthContributor(slashed, () -> null).stream().map(HealthContributors.Entry::name))
			.containsExactly("a_b", "a_b_");
	}

	private void fail(Broker broker) {
		this.brokers.failed(broker, this.brokers.getIncarnation(broker), FailureReason.UNREACHABLE,
				new ConnectException("refused by verysecret"));
	}

	private Health health(String name) {
		HealthIndicator indicator = (HealthIndicator) this.contributor.getContributor(name);
		return indicator.health();
	}

	private Status aggregate() {
		Set<Status> statuses = this.contributor.stream()
			.map((entry) -> ((HealthIndicator) entry.contributor()).health().getStatus())
			.collect(Collectors.toSet());
		return StatusAggregator.of(BrokersHealthContributor.STATUS_ORDER).getAggregateStatus(statuses);
	}

}
