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

package dev.failover.autoconfigure;

import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

import javax.net.ssl.SSLHandshakeException;

import com.rabbitmq.client.AuthenticationFailureException;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;

import dev.failover.broker.Broker;
import dev.failover.broker.BrokerCredentials;
import dev.failover.broker.BrokerHealth;
import dev.failover.broker.BrokerNotices;
import dev.failover.broker.Brokers;
import dev.failover.broker.EventStage;
import dev.failover.broker.FailureReason;
import dev.failover.broker.MoveStep;
import dev.failover.broker.RecoveryPolicy;
import dev.failover.broker.SwitchCause;
import dev.failover.broker.TestBrokers;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests for {@link BrokerEventLogger}.
 */
@ExtendWith(OutputCaptureExtension.class)
class BrokerEventLoggerTests {

	private static final String PASSWORD = "s3cret-of-north";

	private final Broker north = TestBrokers.broker("north").withTls(null);

	private final Brokers brokers = new Brokers(List.of(this.north, TestBrokers.broker("south")),
			(broker) -> BrokerCredentials.of("app", PASSWORD),
			new RecoveryPolicy(1, Duration.ZERO, Duration.ZERO, Duration.ZERO), Clock.systemUTC());

	@BeforeEach
	void listen() {
		SwitchLog switches = new SwitchLog(List::of, (task, delay) -> {
		}, () -> {
		});
		this.brokers.addListener(new BrokerEventLogger((broker) -> "app", switches), EventStage.REPORTS);
		Broker south = this.brokers.getAll().get(1);
		this.brokers.connected(south, this.brokers.getIncarnation(south));
	}

	private void refuse() {
		fail(FailureReason.ACCESS_REFUSED, new AuthenticationFailureException("refused, password " + PASSWORD));
	}

	private void fail(FailureReason reason, Exception cause) {
		this.brokers.failed(this.north, this.brokers.getIncarnation(this.north), reason, cause);
	}

	private static List<String> errors(CapturedOutput output) {
		return output.getAll().lines().filter((line) -> line.contains("ERROR")).toList();
	}

	@Test
	void healthIsToldOnceForEachChange(CapturedOutput output) {
		this.brokers.checked(this.north, 0, BrokerHealth.healthy());
		assertThat(output).doesNotContain("health");
		this.brokers.checked(this.north, 0, BrokerHealth.unhealthy("no majority"));
		this.brokers.checked(this.north, 0, BrokerHealth.unhealthy("no majority"));
		this.brokers.checked(this.north, 0, BrokerHealth.healthy());
		assertThat(output.getAll()
			.lines()
			.filter((line) -> line.contains("dev.failover.events"))
			.filter((line) -> line.contains("health")))
			.satisfiesExactly(
					(line) -> assertThat(line).contains("WARN",
							"Broker north (amqps://north.example.com:5672) is unhealthy: no majority."),
					(line) -> assertThat(line).contains("INFO", "is healthy again"));
	}

	@Test
	void switchThatIsHeldIsAWarningIfPublishersWait(CapturedOutput output) {
		Broker south = this.brokers.getAll().get(1);
		this.brokers.operations().hold();
		new BrokerNotices(this.brokers).switchHeld(south, this.north, SwitchCause.PREFERENCE);
		new BrokerNotices(this.brokers).switchHeld(south, null, SwitchCause.REBALANCE);
		new BrokerNotices(this.brokers).switchHeld(south, null, SwitchCause.ALARM);
		this.brokers.operations().release();
		assertThat(output.getAll().lines().filter((line) -> line.contains("held"))).satisfiesExactly(
				(line) -> assertThat(line).contains("INFO", "alarm are held by an operator"),
				(line) -> assertThat(line).contains("INFO", "is preferred to south"),
				(line) -> assertThat(line).contains("INFO", "applications spread"),
				(line) -> assertThat(line).contains("WARN", "broker south is blocked by an alarm"),
				(line) -> assertThat(line).contains("INFO", "no longer held"));
	}

	@Test
	void stepsOfAMoveAreToldInTheirOrder(CapturedOutput output) {
		Broker south = this.brokers.getAll().get(1);
		Map<MoveStep, Duration> steps = new EnumMap<>(Map.of(MoveStep.SWITCH, Duration.ofMillis(1), MoveStep.PREPARE,
				Duration.ofMillis(80), MoveStep.FOLLOW, Duration.ofMillis(5)));
		new BrokerNotices(this.brokers).moveEnded(south, this.north, steps);
		steps.put(MoveStep.CLOSE, Duration.ofMillis(300));
		new BrokerNotices(this.brokers).moveEnded(this.north, south, steps);
		assertThat(output.getAll().lines().filter((line) -> line.contains("Steps of the move")))
			.satisfiesExactly((line) -> assertThat(line).contains("INFO")
				.endsWith("from broker south to north: prepare 80 ms, switch 1 ms, follow 5 ms; south is still in use"),
					(line) -> assertThat(line)
						.endsWith("from broker north to south: prepare 80 ms, switch 1 ms, follow 5 ms, close 300 ms"));
	}

	@Test
	@DisplayName("Behaviour 5: no password in the log")
	void refusedLoginIsAnErrorWithTheBrokerAndAMendButNoPassword(CapturedOutput output) {
		refuse();
		assertThat(errors(output)).singleElement()
			.asString()
			.contains("Broker north", "ACCESS_REFUSED", "Check user 'app', password and virtual host",
					"failover.brokers")
			.doesNotContain(PASSWORD);
	}

	@Test
	void refusedLoginIsToldOnceHoweverOftenItIsTried(CapturedOutput output) {
		for (int i = 0; i < 10; i++) {
			refuse();
		}
		assertThat(errors(output)).hasSize(1);
	}

	@Test
	void otherReasonIsToldAgain(CapturedOutput output) {
		refuse();
		fail(FailureReason.TLS, new IOException(new SSLHandshakeException("unable to find valid certification path")));
		fail(FailureReason.TLS, new IOException(new SSLHandshakeException("unable to find valid certification path")));
		assertThat(errors(output)).hasSize(2)
			.last()
			.asString()
			.contains("Broker north", "TLS", "Check the port and the certificate of this broker");
	}

	@Test
	void sameReasonIsToldAgainAfterTheBrokerWasUp(CapturedOutput output) {
		refuse();
		this.brokers.answered(this.north);
		refuse();
		assertThat(errors(output)).hasSize(2);
	}

	@Test
	void unreachableBrokerIsAWarning(CapturedOutput output) {
		fail(FailureReason.UNREACHABLE, new IOException("Connection refused"));
		assertThat(errors(output)).isEmpty();
		assertThat(output).contains("WARN", "Broker north", "Connection refused");
	}

	@Test
	void maintenanceIsForInformation(CapturedOutput output) {
		this.brokers.operations().activate("north");
		fail(FailureReason.MAINTENANCE, new IOException("Node was put into maintenance mode"));
		Broker south = this.brokers.getAll().get(1);
		this.brokers.connected(south, this.brokers.getIncarnation(south));
		assertThat(output)
			.containsPattern("INFO .*Switched from broker north to south .* MAINTENANCE.*; no message was in flight")
			.doesNotContain("is in maintenance", "WARN", "ERROR");
		this.brokers.failed(south, this.brokers.getIncarnation(south), FailureReason.MAINTENANCE,
				new IOException("Node was put into maintenance mode"));
	}

	@Test
	void anotherClusterOfABrokerIsToldAndTheFirstOneIsNot(CapturedOutput output) {
		this.brokers.identified(this.north, 0, "rabbit@a");
		assertThat(output).doesNotContain("rabbit@a");
		this.brokers.identified(this.north, 0, "rabbit@b");
		assertThat(output).contains("WARN",
				"Broker " + this.north + " reports 'rabbit@b' as its cluster, no longer 'rabbit@a'");
		this.brokers.identified(this.north, 0, null);
		assertThat(output).contains("reports nothing as its cluster, no longer 'rabbit@b'");
	}

	@Test
	void messagesThatNobodyConsumesAreAWarningWithWhatToDo(CapturedOutput output) {
		this.brokers.unconsumed(this.north, 0, Set.of("orders"));
		assertThat(output)
			.containsPattern("WARN .*Messages wait on broker north that nobody consumes, in \\[orders\\]\\. "
					+ "Let the applications .* 'failover.listener.brokers' at 'auto' or 'all'");
		this.brokers.unconsumed(this.north, 0, Set.of());
		assertThat(output).contains("All messages that wait on broker north are being consumed again");
	}

}
