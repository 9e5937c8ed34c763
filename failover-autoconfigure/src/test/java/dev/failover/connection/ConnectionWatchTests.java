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
import java.util.List;

import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.ShutdownListener;
import com.rabbitmq.client.ShutdownSignalException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;

import dev.failover.broker.Broker;
import dev.failover.broker.BrokerState;
import dev.failover.broker.Brokers;
import dev.failover.broker.EventStage;
import dev.failover.broker.FailureReason;
import dev.failover.ensure.FailureAction;
import dev.failover.ensure.FailureClassifier;

import static org.assertj.core.api.Assertions.assertThat;
import static org.mockito.ArgumentMatchers.any;
import static org.mockito.BDDMockito.willAnswer;
import static org.mockito.Mockito.mock;

/**
 * Tests for {@link ConnectionWatch}.
 */
@ExtendWith(OutputCaptureExtension.class)
class ConnectionWatchTests {

	private static final int CONNECTION = 10;

	private static final int BASIC = 60;

	private static final Duration AN_INSTANT = Duration.ofMillis(1);

	private final Broker broker = Broker.of("one", "localhost", 5672);

	private final Broker other = Broker.of("two", "localhost", 5673);

	private final Brokers brokers = new Brokers(List.of(this.broker, this.other), Clock.systemUTC());

	private long nanoTime;

	private boolean abandoned;

	private boolean aside;

	private final List<Broker> expired = new ArrayList<>();

	private final List<Broker> limited = new ArrayList<>();

	private final ConnectionWatch watch = new ConnectionWatch(this.brokers, this.expired::add, this.limited::add,
			() -> this.nanoTime);

	@ParameterizedTest
	@ValueSource(ints = { AMQP.FRAME_ERROR, AMQP.SYNTAX_ERROR, AMQP.COMMAND_INVALID, AMQP.CHANNEL_ERROR,
			AMQP.UNEXPECTED_FRAME, AMQP.NOT_IMPLEMENTED })
	void mistakeOfTheCallerIsNoFailureOfTheBroker(int code) {
		open(this.broker).close(closedByBroker(code));
		assertStaysInUse();
	}

	@ParameterizedTest
	@ValueSource(ints = { AMQP.INVALID_PATH, AMQP.ACCESS_REFUSED, AMQP.RESOURCE_ERROR, AMQP.NOT_ALLOWED })
	void whatIsNoMistakeIsAFailureOfTheBroker(int code) {
		open(this.broker).close(closedByBroker(code));
		assertFailed();
	}

	@ParameterizedTest
	@CsvSource(delimiter = '|', textBlock = """
			number of channels opened for user 'guest' has reached the maximum allowed user limit of (5) | true
			number of channels opened on node 'a@b' has reached the maximum allowed limit of (5)         | true
			access to vhost '/' refused for user 'guest': connection limit (3) is reached                | false
			""")
	void limitOnChannelsIsTold(String text, boolean told) {
		open(this.broker).close(closedByBroker(AMQP.NOT_ALLOWED, 0, "NOT_ALLOWED - " + text));
		assertThat(this.limited).hasSize(told ? 1 : 0);
	}

	@ParameterizedTest
	@ValueSource(booleans = { true, false })
	void endInAnswerToAnOperationIsToldOfConnectionsOfTheApplication(boolean ofTheApplication, CapturedOutput output) {
		this.aside = !ofTheApplication;
		open(this.broker).close(closedByBroker(AMQP.INTERNAL_ERROR, BASIC));
		assertStaysInUse();
		assertThat(output.getAll().contains("closed a connection")).isEqualTo(ofTheApplication);
	}

	@Test
	void lostConnectionIsAFailureOfTheBroker() {
		open(this.broker).close(new ShutdownSignalException(true, false, null, null));
		assertFailed();
	}

	/**
	 * Whoever is refused a further connection meanwhile waits for what it says.
	 */
	@Test
	void connectionIsOpenUntilItIsKnownWhyItEnded() {
		FakeConnection connection = open(this.broker);
		List<Integer> open = new ArrayList<>();
		this.brokers.addListener((event) -> open.add(this.watch.open().size()), EventStage.CONNECTIONS);
		connection.close(new ShutdownSignalException(true, false, null, null));
		assertThat(open).isNotEmpty().containsOnly(1);
		assertThat(this.watch.open()).isEmpty();
	}

	@ParameterizedTest
	@ValueSource(ints = { CONNECTION, 0 })
	void virtualHostThatIsNotAllowedIsAFailureOfTheBroker(int classId) {
		open(this.broker).close(closedByBroker(AMQP.NOT_ALLOWED, classId));
		assertFailed();
	}

	@ParameterizedTest
	@CsvSource(delimiter = '|', quoteCharacter = '"',
			textBlock = """
					10 | NOT_ALLOWED - access to vhost '/' refused for user 'guest': connection limit (3) is reached
					10 | NOT_ALLOWED - access to vhost '/' refused for user 'guest': user connection limit (3) is reached
					0 | NOT_ALLOWED - number of channels opened for user 'guest' has reached the maximum allowed user limit of (5)
					0 | NOT_ALLOWED - number of channels opened on node 'a@b' has reached the maximum allowed limit of (5)
					""")
	void limitThatIsReachedIsNoFailureOfTheBroker(int classId, String text) {
		ShutdownSignalException signal = closedByBroker(AMQP.NOT_ALLOWED, classId, text);
		open(this.broker).close(signal);
		assertStaysInUse();
		assertThat(FailureReasons.isLimit(new IOException(signal))).isTrue();
		assertThat(FailureClassifier.standard().classify(signal, null).action())
			.isEqualTo((classId == CONNECTION) ? FailureAction.SAME_BROKER : FailureAction.SAME_BROKER_ONCE);
	}

	@ParameterizedTest
	@ValueSource(strings = { "broker forced connection closure with reason 'shutdown'",
			"Node was put into maintenance mode", "vhost '/' is down", "vhost '/' is deleted" })
	void whatTheBrokerAnnouncesIsAFailureOfTheBroker(String text) {
		open(this.broker).close(closedByBroker(AMQP.CONNECTION_FORCED, 0, "CONNECTION_FORCED - " + text));
		assertFailed();
	}

	@Test
	void connectionThatAnOperatorClosesIsNoFailureOfTheBroker() {
		open(this.broker).close(closedByBroker(AMQP.CONNECTION_FORCED, 0, "CONNECTION_FORCED - too many of yours"));
		assertStaysInUse();
		assertThat(this.expired).isEmpty();
	}

	@Test
	void expiredCredentialsAreNoFailureOfTheBroker() {
		open(this.broker).close(closedByBroker(AMQP.CONNECTION_FORCED, 0, "CONNECTION_FORCED - credential expired"));
		assertStaysInUse();
		assertThat(this.expired).containsExactly(this.broker);
	}

	@ParameterizedTest
	@ValueSource(ints = { AMQP.INTERNAL_ERROR, AMQP.CHANNEL_ERROR })
	void whatOneOperationSuffersIsNeverAFailureOfTheBroker(int code) {
		for (int i = 0; i < 2 * ConnectionWatch.MANY; i++) {
			FakeConnection connection = open(this.broker);
			pass(AN_INSTANT);
			connection.close(new ShutdownSignalException(true, false,
					new AMQP.Connection.Close.Builder().replyCode(code)
						.replyText("failed consuming from quorum queue 'orders'")
						.classId(BASIC)
						.methodId(20)
						.build(),
					null));
			pass(ConnectionWatch.PATIENCE);
		}
		assertStaysInUse();
	}

	@Test
	void brokerThatClosesEveryConnectionForNothingIsGivenUp() {
		for (int i = 0; i <= ConnectionWatch.MANY; i++) {
			FakeConnection connection = open(this.broker);
			pass(AN_INSTANT);
			connection.close(closedByBroker(AMQP.INTERNAL_ERROR));
			pass(ConnectionWatch.PATIENCE.dividedBy(2));
		}
		assertThat(this.brokers.getStatus("one").orElseThrow().lastFailure()).isNotNull();
	}

	@Test
	void whatIsNotAllowedToBeDoneIsAMistakeOfTheCaller() {
		open(this.broker).close(closedByBroker(AMQP.NOT_ALLOWED, BASIC));
		assertStaysInUse();
	}

	@Test
	void brokerToWhichNoConnectionLastsIsGivenUp() {
		for (int i = 1; i < ConnectionWatch.MANY; i++) {
			closeByMistakeAfter(AN_INSTANT);
		}
		pass(ConnectionWatch.PATIENCE);
		assertStaysInUse();
		closeByMistakeAfter(AN_INSTANT);
		assertFailed();
	}

	@Test
	void manyMistakesInAShortTimeAreNoFailure() {
		for (int i = 0; i < 10 * ConnectionWatch.MANY; i++) {
			closeByMistakeAfter(AN_INSTANT);
		}
		assertStaysInUse();
	}

	@Test
	void brokerToWhichAnotherConnectionLastsIsNotGivenUp() {
		open(this.other);
		for (int i = 0; i < ConnectionWatch.MANY; i++) {
			closeByMistakeAfter(AN_INSTANT);
		}
		open(this.broker);
		pass(ConnectionWatch.PATIENCE);
		closeByMistakeAfter(AN_INSTANT);
		assertStaysInUse();
	}

	@Test
	void connectionThatLastedShowsThatTheBrokerWorks() {
		for (int i = 0; i < 10 * ConnectionWatch.MANY; i++) {
			closeByMistakeAfter((i % ConnectionWatch.MANY == 0) ? ConnectionWatch.LASTING : AN_INSTANT);
			pass(ConnectionWatch.PATIENCE.dividedBy(ConnectionWatch.MANY));
		}
		assertStaysInUse();
	}

	@Test
	void connectionThatWasGivenUpTellsNothing() {
		FakeConnection connection = open(this.broker);
		this.abandoned = true;
		connection.close(new ShutdownSignalException(true, false, null, null));
		assertStaysInUse();
	}

	@Test
	void nothingIsToldAfterItsEnd() {
		FakeConnection connection = open(this.broker);
		this.watch.close();
		connection.close(closedByBroker(AMQP.RESOURCE_ERROR));
		assertStaysInUse();
	}

	private void closeByMistakeAfter(Duration time) {
		FakeConnection connection = open(this.broker);
		pass(time);
		connection.close(closedByBroker(AMQP.FRAME_ERROR));
	}

	private void pass(Duration time) {
		this.nanoTime += time.toNanos();
	}

	private FakeConnection open(Broker target) {
		long incarnation = this.brokers.getIncarnation(target);
		this.brokers.connected(target, incarnation);
		FakeConnection connection = new FakeConnection();
		this.watch.watch(new OpenConnection(target, incarnation, connection.mock, new Socket()), this.aside,
				() -> this.abandoned);
		return connection;
	}

	private static ShutdownSignalException closedByBroker(int code) {
		return closedByBroker(code, 0);
	}

	private static ShutdownSignalException closedByBroker(int code, int classId) {
		return closedByBroker(code, classId, "by the test");
	}

	private static ShutdownSignalException closedByBroker(int code, int classId, String text) {
		return new ShutdownSignalException(true, false,
				new AMQP.Connection.Close.Builder().replyCode(code).replyText(text).classId(classId).build(), null);
	}

	private void assertStaysInUse() {
		assertThat(this.brokers.getStatus("one").orElseThrow()).satisfies((status) -> {
			assertThat(status.state()).isEqualTo(BrokerState.UP);
			assertThat(status.lastFailure()).isNull();
		});
	}

	private void assertFailed() {
		assertThat(this.brokers.getStatus("one").orElseThrow()).satisfies((status) -> {
			assertThat(status.state()).isEqualTo(BrokerState.DOWN);
			assertThat(status.lastFailure()).isNotNull();
			assertThat(status.lastFailure().reason()).isIn(FailureReason.CONNECTION_CLOSED, FailureReason.MAINTENANCE,
					FailureReason.CONNECTION_LOST, FailureReason.ACCESS_REFUSED);
		});
	}

	private static final class FakeConnection {

		private final Connection mock = mock(Connection.class);

		private ShutdownListener listener;

		private FakeConnection() {
			willAnswer((invocation) -> this.listener = invocation.getArgument(0)).given(this.mock)
				.addShutdownListener(any());
		}

		private void close(ShutdownSignalException signal) {
			this.listener.shutdownCompleted(signal);
		}

	}

}
