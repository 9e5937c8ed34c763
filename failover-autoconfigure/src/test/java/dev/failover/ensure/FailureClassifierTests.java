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

package dev.failover.ensure;

import java.io.EOFException;
import java.io.IOException;
import java.net.ConnectException;
import java.net.SocketException;
import java.net.UnknownHostException;
import java.util.Map;
import java.util.concurrent.TimeoutException;
import java.util.stream.Stream;

import javax.net.ssl.SSLHandshakeException;

import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.AlreadyClosedException;
import com.rabbitmq.client.AuthenticationFailureException;
import com.rabbitmq.client.Channel;
import com.rabbitmq.client.ConsumerCancelledException;
import com.rabbitmq.client.Method;
import com.rabbitmq.client.ShutdownSignalException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.amqp.AmqpApplicationContextClosedException;
import org.springframework.amqp.AmqpAuthenticationException;
import org.springframework.amqp.AmqpConnectException;
import org.springframework.amqp.AmqpException;
import org.springframework.amqp.AmqpIOException;
import org.springframework.amqp.AmqpTimeoutException;

import dev.failover.broker.BrokersUnavailableException;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests for the standard {@link FailureClassifier}, row by row of its table.
 */
class FailureClassifierTests {

	private final FailureClassifier classifier = FailureClassifier.standard();

	@ParameterizedTest(name = "{0}")
	@MethodSource
	void nextBrokerCuresWhatABrokerFailedAt(String name, Throwable failure) {
		assertThat(this.classifier.classify(failure, null).action()).isEqualTo(FailureAction.NEXT_BROKER);
	}

	static Stream<Arguments> nextBrokerCuresWhatABrokerFailedAt() {
		return Stream.of(Arguments.of("lost socket", new AmqpIOException(new SocketException("Connection reset"))),
				Arguments.of("end of stream", new AmqpException(new ShutdownSignalException(true, false, null, "c"))),
				Arguments.of("refused", new AmqpConnectException(new ConnectException("Connection refused"))),
				Arguments.of("DNS", new AmqpIOException(new UnknownHostException("x"))),
				Arguments.of("connect time-out", new AmqpTimeoutException(new TimeoutException())),
				Arguments.of("320 shutdown",
						connectionClose(320, 0, 0, "broker forced connection closure with reason 'shutdown'")),
				Arguments.of("320 maintenance", connectionClose(320, 0, 0, "Node was put into maintenance mode")),
				Arguments.of("506 resource error", connectionClose(506)),
				Arguments.of("541 virtual host", connectionClose(541, 10, 40, "vhost 'orders' is down")),
				Arguments.of("530 not allowed", connectionClose(530)),
				Arguments.of("402 invalid path", connectionClose(402)),
				Arguments.of("403 at login", new AmqpAuthenticationException(new AuthenticationFailureException("no"))),
				Arguments.of("TLS", new AmqpIOException(new SSLHandshakeException("no"))), Arguments.of("no broker",
						new AmqpConnectException(new BrokersUnavailableException("x", Map.of(), null))));
	}

	@ParameterizedTest
	@MethodSource
	void newChannelOfTheSameBrokerCuresWhatAChannelFailedAt(Throwable failure) {
		assertThat(this.classifier.classify(failure, null).action()).isEqualTo(FailureAction.SAME_BROKER);
	}

	static Stream<Throwable> newChannelOfTheSameBrokerCuresWhatAChannelFailedAt() {
		return Stream.of(channelClose(405, "RESOURCE_LOCKED"), channelClose(313, "NO_CONSUMERS"),
				new AmqpException(new ConsumerCancelledException()),
				new AmqpException("PublisherCallbackChannel is closed"));
	}

	@ParameterizedTest
	@ValueSource(strings = { "home node 'a@b' of durable queue 'q' in vhost '/' is down or inaccessible",
			"failed to perform operation on queue 'q' in vhost '/' due to timeout",
			"queue 'q' in vhost '/' process is stopped by supervisor",
			"queue 'q' in vhost '/' has crashed and failed to restart",
			"failed to perform operation on queue 'q' in vhost '/': its leader <1.2.3> may be stopping or being demoted" })
	void queueThatCannotBeUsedAtTheMomentIsTriedAgainOnTheSameBroker(String text) {
		assertThat(this.classifier.classify(channelClose(404, "NOT_FOUND - " + text), null).action())
			.isEqualTo(FailureAction.SAME_BROKER);
	}

	@ParameterizedTest
	@ValueSource(strings = { "credential expired", "closed by an operator" })
	void connectionThatIsNotAtFaultIsOpenedAgainToTheSameBroker(String text) {
		assertThat(this.classifier.classify(connectionClose(320, 0, 0, "CONNECTION_FORCED - " + text), null).action())
			.isEqualTo(FailureAction.SAME_BROKER);
	}

	@ParameterizedTest
	@ValueSource(ints = { 541, 504 })
	void operationThatHasTheConnectionClosedIsTriedOnceMore(int code) {
		assertThat(this.classifier.classify(connectionClose(code), null).action())
			.isEqualTo(FailureAction.SAME_BROKER_ONCE);
		assertThat(this.classifier.classify(called("queueDeclare", connectionClose(code, 50, 10, "x")), null).action())
			.isEqualTo(FailureAction.SAME_BROKER_ONCE);
	}

	@ParameterizedTest
	@ValueSource(ints = { 541, 504, 540, 503 })
	void operationThatEndsForAnotherOneIsRepeated(int code) {
		assertThat(this.classifier.classify(called("basicGet", connectionClose(code, 50, 10, "x")), null).action())
			.isEqualTo(FailureAction.SAME_BROKER);
	}

	@Test
	void mistakeIsTheCallersOwn() {
		assertThat(this.classifier.classify(called("queueDeclare", connectionClose(503, 50, 10, "x")), null))
			.isEqualTo(FailureVerdict.NEVER);
	}

	/**
	 * Either somebody else had the connection closed, or the same work did before.
	 */
	@ParameterizedTest
	@ValueSource(ints = { 541, 504, 540, 503 })
	void operationThatFindsTheConnectionClosedIsTriedOnceMore(int code) {
		ShutdownSignalException signal = (ShutdownSignalException) connectionClose(code, 60, 40, "x").getCause()
			.getCause();
		Throwable failure = new AmqpException(called("basicPublish", new AlreadyClosedException(signal)));
		assertThat(this.classifier.classify(failure, null).action()).isEqualTo(FailureAction.SAME_BROKER_ONCE);
	}

	private static <X extends Throwable> X called(String method, X failure) {
		failure.setStackTrace(new StackTraceElement[] {
				new StackTraceElement("com.rabbitmq.client.impl.ChannelN", method, "ChannelN.java", 1) });
		return failure;
	}

	@Test
	void requestOnAChannelWithoutItsReplyConsumerHasNotBeenSent() {
		FailureVerdict verdict = this.classifier
			.classify(channelClose(406, "PRECONDITION_FAILED - fast reply consumer does not exist"), null);
		assertThat(verdict.action()).isEqualTo(FailureAction.SAME_BROKER);
		assertThat(verdict.nothingSent()).isTrue();
	}

	@ParameterizedTest
	@MethodSource
	void callersOwnMistakeIsNeverRepeated(Throwable failure) {
		assertThat(this.classifier.classify(failure, null).isRetryable()).isFalse();
	}

	static Stream<Throwable> callersOwnMistakeIsNeverRepeated() {
		return Stream.of(channelClose(403, "ACCESS_REFUSED"), channelClose(404, "NOT_FOUND - no queue 'x'"),
				channelClose(406, "PRECONDITION_FAILED"), channelClose(311, "CONTENT_TOO_LARGE"),
				channelClose(312, "NO_ROUTE"), connectionClose(501), connectionClose(503), connectionClose(505),
				connectionClose(540), new AmqpApplicationContextClosedException("closed"));
	}

	@ParameterizedTest
	@MethodSource
	void whatIsNoFailureOfABrokerPasses(Throwable failure) {
		assertThat(this.classifier.classify(failure, null).isRetryable()).isFalse();
	}

	static Stream<Throwable> whatIsNoFailureOfABrokerPasses() {
		return Stream.of(new IllegalStateException("own"), new ConnectException("of an HTTP client"),
				new EOFException("of a file"), new TimeoutException("of a task"), new InterruptedException(),
				new RuntimeException(new IOException("disk full")));
	}

	@Test
	void refusedConnectProvesThatNothingWasSent() {
		FailureVerdict verdict = this.classifier
			.classify(new AmqpConnectException(new BrokersUnavailableException("x", Map.of(), null)), null);
		assertThat(verdict.nothingSent()).isTrue();
		assertThat(this.classifier.classify(connectionClose(506), null).nothingSent()).isFalse();
	}

	private static Throwable connectionClose(int code) {
		return connectionClose(code, 0, 0, "code " + code);
	}

	private static Throwable connectionClose(int code, int classId, int methodId, String text) {
		return signal(true,
				new AMQP.Connection.Close.Builder().replyCode(code)
					.replyText(text)
					.classId(classId)
					.methodId(methodId)
					.build());
	}

	private static Throwable channelClose(int code, String text) {
		return signal(false, new AMQP.Channel.Close.Builder().replyCode(code).replyText(text).build());
	}

	private static Throwable signal(boolean hard, Method reason) {
		Object reference = hard ? "connection" : (Channel) null;
		return new AmqpIOException(new IOException(new ShutdownSignalException(hard, false, reason, reference)));
	}

	@Test
	void closedConnectionThatIsUsedAgainIsLeft() {
		ShutdownSignalException lost = new ShutdownSignalException(true, false, null, "connection");
		assertThat(this.classifier.classify(new AmqpException(new AlreadyClosedException(lost)), null).action())
			.isEqualTo(FailureAction.NEXT_BROKER);
	}

}
