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

import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

import com.rabbitmq.client.Connection;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;

import dev.failover.broker.Broker;
import dev.failover.broker.BrokerHealth;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests for {@link ConnectRace}.
 */
@ExtendWith(OutputCaptureExtension.class)
class ConnectRaceTests {

	@Test
	@DisplayName("Behaviour 13: a connect tries the whole list")
	void wholeListIsTriedByEachConnect() throws Exception {
		try (ProxiedBrokers brokers = new ProxiedBrokers(ProxiedBrokers.PATIENT)) {
			brokers.one.refuse();
			brokers.two.refuse();
			brokers.factory.newConnection();
			assertThat(brokers.active()).isEqualTo("three");
		}
	}

	@Test
	void failureOfAnOvertakenAttemptDoesNotHurryTheNextOne() throws Exception {
		try (ProxiedBrokers brokers = new ProxiedBrokers(
				new ConnectSettings(ProxiedBrokers.PATIENCE, Duration.ofSeconds(3), false))) {
			brokers.one.blackHole();
			brokers.two.blackHole();
			CompletableFuture<Connection> connecting = new CompletableFuture<>();
			connecting.completeAsync(() -> open(brokers));
			Awaitility.await().atMost(ProxiedBrokers.PATIENCE).until(() -> brokers.two.openConnections() > 0);
			brokers.one.cut();
			Awaitility.await().atMost(ProxiedBrokers.PATIENCE).until(() -> brokers.status("one").lastFailure() != null);
			brokers.two.pass();
			try (Connection connection = connecting.get(ProxiedBrokers.PATIENCE.toMillis(), TimeUnit.MILLISECONDS)) {
				assertThat(connection.getPort()).isEqualTo(brokers.two.port());
			}
			assertThat(brokers.three.acceptedConnections()).isZero();
		}
	}

	@Test
	void tellsWhyBrokersWerePassedOver(CapturedOutput output) throws Exception {
		try (ProxiedBrokers brokers = new ProxiedBrokers(
				new ConnectSettings(ProxiedBrokers.PATIENCE, Duration.ofSeconds(1), false))) {
			brokers.one.blackHole();
			brokers.two.refuse();
			Connection first = brokers.factory.newConnection();
			assertThat(brokers.active()).isEqualTo("three");
			assertThat(output)
				.containsPattern(
						"Broker one was passed over, three is used: it did not answer within [1-9][0-9]{3,} ms")
				.containsPattern("Broker two was passed over, three is used: UNREACHABLE: ConnectException");
			brokers.one.pass();
			brokers.two.pass();
			brokers.brokers.operations().disable("two");
			brokers.three.cut();
			Awaitility.await().atMost(ProxiedBrokers.PATIENCE).until(() -> !first.isOpen());
			brokers.factory.newConnection();
			assertThat(brokers.active()).isEqualTo("one");
			assertThat(output).contains("Broker two was passed over, one is used: it is disabled")
				.doesNotContain("Broker three was passed over");
		}
	}

	@Test
	void brokerThatIsUnhealthyIsUsedWhenThereIsNoOther(CapturedOutput output) throws Exception {
		try (ProxiedBrokers brokers = new ProxiedBrokers(ProxiedBrokers.PATIENT)) {
			for (String name : List.of("one", "two")) {
				Broker broker = brokers.status(name).broker();
				brokers.brokers.answered(broker);
				brokers.brokers.checked(broker, 0, BrokerHealth.unhealthy("no majority"));
			}
			Connection first = brokers.factory.newConnection();
			assertThat(brokers.active()).isEqualTo("three");
			assertThat(output).contains("Broker one was passed over, three is used: it is unhealthy: no majority");
			brokers.three.refuse();
			brokers.three.cut();
			Awaitility.await().atMost(ProxiedBrokers.PATIENCE).until(() -> !first.isOpen());
			brokers.factory.newConnection();
			assertThat(brokers.active()).isEqualTo("one");
		}
	}

	@Test
	void saysNothingOfBrokersThatJustComeLater(CapturedOutput output) throws Exception {
		try (ProxiedBrokers brokers = new ProxiedBrokers(ProxiedBrokers.PATIENT)) {
			brokers.factory.newConnection();
			assertThat(brokers.active()).isEqualTo("one");
			assertThat(output).doesNotContain("passed over");
		}
	}

	private static Connection open(ProxiedBrokers brokers) {
		try {
			return brokers.factory.newConnection();
		}
		catch (Exception ex) {
			throw new IllegalStateException(ex);
		}
	}

}
