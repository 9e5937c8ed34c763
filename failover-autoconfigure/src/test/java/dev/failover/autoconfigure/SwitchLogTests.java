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
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Queue;
import java.util.stream.Collectors;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;
import org.springframework.boot.logging.logback.StructuredLogEncoder;
import org.springframework.core.env.Environment;
import org.springframework.mock.env.MockEnvironment;

import dev.failover.broker.Activation;
import dev.failover.broker.Broker;
import dev.failover.broker.BrokerNotices;
import dev.failover.broker.Brokers;
import dev.failover.broker.EventStage;
import dev.failover.broker.FailureReason;
import dev.failover.broker.RecoveryPolicy;
import dev.failover.broker.TestBrokers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.atIndex;
import static org.awaitility.Awaitility.await;

/**
 * Tests for {@link SwitchLog}.
 */
class SwitchLogTests {

	private final Broker north = TestBrokers.broker("north");

	private final Broker south = TestBrokers.broker("south");

	private final Brokers brokers = new Brokers(List.of(this.north, this.south),
			new RecoveryPolicy(1, Duration.ZERO, Duration.ZERO, Duration.ZERO), Clock.systemUTC());

	private final BrokerNotices notices = new BrokerNotices(this.brokers);

	private final Queue<Runnable> waiting = new ArrayDeque<>();

	private List<Integer> inFlight = List.of(0);

	private boolean withoutThreads;

	private final SwitchLog log = new SwitchLog(() -> this.inFlight, (task, delay) -> {
		assertThat(delay).isEqualTo(SwitchLog.PATIENCE);
		if (this.withoutThreads) {
			throw new OutOfMemoryError("unable to create native thread");
		}
		this.waiting.add(task);
	}, this.waiting::clear);

	private final Logger logger = (Logger) LoggerFactory.getLogger("dev.failover.events");

	private final ListAppender<ILoggingEvent> lines = new ListAppender<>();

	@BeforeEach
	void listen() {
		this.brokers.addListener(new BrokerEventLogger((broker) -> null, this.log), EventStage.REPORTS);
		connect(this.north);
		this.lines.start();
		this.logger.addAppender(this.lines);
	}

	@AfterEach
	void stop() {
		this.logger.detachAppender(this.lines);
	}

	private Activation connect(Broker broker) {
		Activation activation = this.brokers.connected(broker, this.brokers.getIncarnation(broker));
		assertThat(activation).isNotNull();
		return activation;
	}

	private Activation lose(Broker broker) {
		Activation lost = this.brokers.getActivation();
		assertThat(lost).isNotNull();
		assertThat(lost.broker()).isEqualTo(broker);
		this.brokers.failed(lost, FailureReason.CONNECTION_LOST, new IOException("Connection reset"));
		return lost;
	}

	private void passTime() {
		for (Runnable task = this.waiting.poll(); task != null; task = this.waiting.poll()) {
			task.run();
		}
	}

	private List<String> told() {
		return this.lines.list.stream()
			.map((line) -> line.getLevel() + " " + line.getFormattedMessage())
			.collect(Collectors.toList());
	}

	private static String pairs(ILoggingEvent event) {
		return event.getKeyValuePairs()
			.stream()
			.map((pair) -> pair.key + "=" + pair.value)
			.collect(Collectors.joining(" "));
	}

	@Test
	void outageOfAllBrokersIsAnError() {
		this.inFlight = List.of(3);
		lose(this.north);
		this.brokers.failed(this.south, this.brokers.getIncarnation(this.south), FailureReason.UNREACHABLE,
				new IOException("Connection refused"));
		passTime();
		assertThat(told()).last()
			.isEqualTo("ERROR No broker can be used since broker north was lost; 3 messages were in flight to it");
		this.inFlight = List.of(0);
		connect(this.south);
		passTime();
		assertThat(told()).filteredOn((line) -> line.startsWith("ERROR")).hasSize(1);
		assertThat(told()).last().asString().startsWith("WARN Switched from broker north to south");
	}

	@Test
	void maintenanceOfABrokerThatIsNotActiveIsForInformation() {
		this.brokers.failed(this.south, this.brokers.getIncarnation(this.south), FailureReason.MAINTENANCE,
				new IOException("Node was put into maintenance mode"));
		assertThat(told()).singleElement()
			.asString()
			.isEqualTo("INFO Broker south is in maintenance, and is not used until it accepts connections again");
	}

	@Test
	void switchWithNothingInFlightIsToldAtOnceInOneLine() {
		lose(this.north);
		assertThat(told()).isEmpty();
		connect(this.south);
		assertThat(told()).singleElement()
			.asString()
			.matches("WARN Switched from broker north to south \\(.*\\) after \\d+ ms, as north had failed: "
					+ "CONNECTION_LOST.*Connection reset.*; no message was in flight");
		passTime();
		assertThat(told()).hasSize(1);
	}

	@Test
	void switchWaitsForTheMessagesOfEachPublisher() {
		this.inFlight = List.of(3, 0, 2);
		Activation lost = lose(this.north);
		connect(this.south);
		this.notices.replayed(lost, 3, 3);
		assertThat(told()).isEmpty();
		this.notices.replayed(lost, 2, 1);
		assertThat(told()).singleElement().asString().endsWith("; 4 of 5 messages in flight were published again");
		assertThat(pairs(this.lines.list.get(0)))
			.matches("failover.from=north failover.to=south failover.planned=false "
					+ "failover.reason=CONNECTION_LOST failover.outageMillis=\\d+ failover.inFlight=5 failover.replayed=4");
	}

	@Test
	void messagesThatHaveFailedBeforeTheSwitchAreCounted() {
		this.inFlight = List.of(2);
		Activation lost = lose(this.north);
		this.notices.replayed(lost, 2, 0);
		connect(this.south);
		assertThat(told()).singleElement().asString().endsWith("; 0 of 2 messages in flight were published again");
	}

	@Test
	void messagesThatTakeLongHaveALineOfTheirOwn() {
		this.inFlight = List.of(2);
		Activation lost = lose(this.north);
		connect(this.south);
		passTime();
		assertThat(told()).singleElement().asString().endsWith("; 2 messages were in flight");
		assertThat(pairs(this.lines.list.get(0))).endsWith("failover.inFlight=2");
		this.notices.replayed(lost, 2, 2);
		assertThat(told()).last()
			.isEqualTo("INFO 2 of 2 messages that were in flight to broker north were published again");
	}

	@Test
	void lossWithoutASwitchIsTold() {
		lose(this.north);
		passTime();
		assertThat(told()).hasSize(2).first().asString().startsWith("WARN Broker north (").contains("CONNECTION_LOST");
		assertThat(pairs(this.lines.list.get(0))).isEqualTo("failover.broker=north failover.reason=CONNECTION_LOST");
		connect(this.south);
		assertThat(told()).last().asString().startsWith("WARN Switched from broker north to south");
	}

	@Test
	void reconnectIsAWarningUnlessTheLossWasTold() {
		lose(this.north);
		connect(this.north);
		assertThat(told()).last()
			.asString()
			.startsWith("WARN Connected again to broker north")
			.contains("as it had failed");
		lose(this.north);
		passTime();
		connect(this.north);
		assertThat(told()).last().asString().startsWith("INFO Connected again to broker north");
	}

	@Test
	void alarmIsOneLineWithItsSwitchAndAnotherWithoutOne() {
		this.brokers.answered(this.south);
		this.brokers.blocked(this.north, 0, "low on memory");
		this.brokers.leaveBlocked(this.north, 0);
		connect(this.south);
		assertThat(told()).singleElement().asString().contains("as north had failed: BLOCKED");
		long incarnation = this.brokers.getIncarnation(this.south);
		this.brokers.blocked(this.south, incarnation, "low on memory");
		this.brokers.unblocked(this.south, incarnation);
		assertThat(told()).hasSize(3)
			.satisfies((line) -> assertThat(line).startsWith("WARN Broker south (").contains("BLOCKED"), atIndex(1))
			.last()
			.asString()
			.startsWith("INFO Broker south (");
		passTime();
		assertThat(told()).hasSize(3);
	}

	@Test
	void secondLossTellsTheFirstSwitch() {
		this.inFlight = List.of(1);
		lose(this.north);
		connect(this.south);
		assertThat(told()).isEmpty();
		lose(this.south);
		assertThat(told()).singleElement().asString().contains("Switched from broker north to south");
		connect(this.north);
		passTime();
		assertThat(told()).hasSize(3).last().asString().contains("Switched from broker south to north");
	}

	@Test
	void otherBrokerThatFailsIsToldAtOnce() {
		this.brokers.failed(this.south, 0, FailureReason.UNREACHABLE, new IOException("refused"));
		assertThat(told()).singleElement().asString().startsWith("WARN Broker south (");
	}

	@Test
	void plannedMoveIsToldAtOnce() {
		this.inFlight = List.of(1, 3);
		this.brokers.operations().activate("south");
		assertThat(told()).singleElement()
			.asString()
			.startsWith("INFO Moved from broker north to south")
			.endsWith("as planned; 4 messages were in flight");
		assertThat(pairs(this.lines.list.get(0)))
			.isEqualTo("failover.from=north failover.to=south failover.planned=true failover.inFlight=4");
	}

	@Test
	void endOfTheApplicationTellsWhatWaitsAndNothingWaitsAfterwards() {
		lose(this.north);
		this.log.close();
		assertThat(told()).singleElement().asString().startsWith("WARN Broker north (");
		this.inFlight = List.of(1);
		connect(this.south);
		assertThat(told()).hasSize(2);
		lose(this.south);
		assertThat(told()).hasSize(3);
		assertThat(this.waiting).isEmpty();
	}

	@Test
	void withoutThreadsAllIsToldAtOnce() {
		this.withoutThreads = true;
		this.inFlight = List.of(1);
		lose(this.north);
		connect(this.south);
		assertThat(told()).hasSize(2);
	}

	@Test
	void ownThreadTellsWhatNothingFollowsAndEnds() {
		try (SwitchLog threaded = SwitchLog.withThread(List::of)) {
			Brokers others = new Brokers(List.of(this.north), Clock.systemUTC());
			others.addListener(new BrokerEventLogger((broker) -> null, threaded), EventStage.REPORTS);
			others.connected(this.north, 0);
			this.lines.list.clear();
			others.failed(this.north, 0, FailureReason.CONNECTION_LOST, null);
			await().until(() -> !this.lines.list.isEmpty());
			assertThat(this.lines.list.get(0).getThreadName()).startsWith("failover-log-");
		}
	}

	@Test
	void structuredLogHasThePairs() {
		this.lines.list.clear();
		lose(this.north);
		connect(this.south);
		LoggerContext context = new LoggerContext();
		context.putObject(Environment.class.getName(), new MockEnvironment());
		StructuredLogEncoder encoder = new StructuredLogEncoder();
		encoder.setContext(context);
		encoder.setFormat("logstash");
		encoder.start();
		String json = new String(encoder.encode(this.lines.list.get(0)), StandardCharsets.UTF_8);
		assertThat(json).contains("\"failover.from\":\"north\"", "\"failover.to\":\"south\"",
				"\"failover.reason\":\"CONNECTION_LOST\"", "\"failover.inFlight\":0");
	}

}
