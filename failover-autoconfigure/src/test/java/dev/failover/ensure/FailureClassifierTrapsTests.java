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
import java.io.InterruptedIOException;
import java.lang.reflect.Proxy;
import java.net.ConnectException;
import java.net.NoRouteToHostException;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.net.UnknownHostException;
import java.sql.SQLException;
import java.util.Map;
import java.util.concurrent.TimeoutException;
import java.util.stream.Stream;

import javax.net.ssl.SSLException;
import javax.net.ssl.SSLHandshakeException;

import com.rabbitmq.client.AlreadyClosedException;
import com.rabbitmq.client.AuthenticationFailureException;
import com.rabbitmq.client.Channel;
import com.rabbitmq.client.ChannelContinuationTimeoutException;
import com.rabbitmq.client.MissedHeartbeatException;
import com.rabbitmq.client.PossibleAuthenticationFailureException;
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
import org.springframework.amqp.AmqpRejectAndDontRequeueException;
import org.springframework.amqp.AmqpRemoteException;
import org.springframework.amqp.AmqpResourceNotAvailableException;
import org.springframework.amqp.AmqpTimeoutException;
import org.springframework.amqp.UncategorizedAmqpException;
import org.springframework.amqp.core.AmqpReplyTimeoutException;
import org.springframework.amqp.core.Message;
import org.springframework.amqp.listener.ListenerExecutionFailedException;
import org.springframework.amqp.support.converter.MessageConversionException;

import dev.failover.broker.BrokersUnavailableException;
import dev.failover.broker.FailureReason;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Failures that are easily taken for others.
 */
class FailureClassifierTrapsTests {

	private final FailureClassifier classifier = FailureClassifier.standard();

	static Stream<Arguments> brokerIsGivenUpForItsReason() {
		return Stream.of(Arguments.of(Failures.connectionLost(), FailureReason.CONNECTION_LOST),
				Arguments.of(new AlreadyClosedException(Failures.shutdown(true, null)), FailureReason.CONNECTION_LOST),
				Arguments.of(Failures.shutdown(true, null).initCause(new MissedHeartbeatException("late")),
						FailureReason.TIMEOUT),
				Arguments.of(Failures.shutdown(true, null).initCause(new SSLException("broken")), FailureReason.TLS),
				Arguments.of(new AmqpIOException(new SocketException("reset")), FailureReason.CONNECTION_LOST),
				Arguments.of(new AmqpIOException(new EOFException()), FailureReason.CONNECTION_LOST),
				Arguments.of(new AmqpIOException(new SSLException("broken")), FailureReason.TLS),
				Arguments.of(new AmqpIOException(new SocketTimeoutException()), FailureReason.TIMEOUT),
				Arguments.of(new AmqpTimeoutException(new TimeoutException()), FailureReason.TIMEOUT),
				Arguments.of(new AmqpIOException(new ChannelContinuationTimeoutException(null, null, 1, null)),
						FailureReason.TIMEOUT),
				Arguments.of(new AmqpException("commit", Failures.connection(506)), FailureReason.CONNECTION_CLOSED),
				Arguments.of(Failures.channel(541, "internal"), FailureReason.CONNECTION_CLOSED),
				Arguments.of(Failures.connection(403), FailureReason.ACCESS_REFUSED),
				Arguments.of(Failures.connection(530), FailureReason.ACCESS_REFUSED),
				Arguments.of(Failures.connection(402), FailureReason.ACCESS_REFUSED),
				Arguments.of(Failures.channel(406, "TIMEOUT WAITING FOR ACK"), FailureReason.TIMEOUT),
				Arguments.of(new IllegalArgumentException("order", Failures.connectionLost()),
						FailureReason.CONNECTION_LOST));
	}

	@ParameterizedTest
	@MethodSource
	void brokerIsGivenUpForItsReason(Throwable failure, FailureReason reason) {
		assertThat(this.classifier.classify(failure, null)).isEqualTo(FailureVerdict.nextBroker(reason));
	}

	static Stream<Arguments> failureToConnectProvesThatNothingWasSent() {
		return Stream.of(
				Arguments.of(new AmqpConnectException(new ConnectException("refused")), FailureReason.UNREACHABLE),
				Arguments.of(new AmqpIOException(new UnknownHostException("no.example.com")),
						FailureReason.UNREACHABLE),
				Arguments.of(new AmqpIOException(new NoRouteToHostException()), FailureReason.UNREACHABLE),
				Arguments.of(new AmqpIOException(new SSLHandshakeException("expired")), FailureReason.TLS),
				Arguments.of(new AmqpConnectException(new BrokersUnavailableException("none", Map.of(), null)),
						FailureReason.UNREACHABLE),
				Arguments.of(new AmqpAuthenticationException(new AuthenticationFailureException("no")),
						FailureReason.ACCESS_REFUSED),
				Arguments.of(new PossibleAuthenticationFailureException("no"), FailureReason.ACCESS_REFUSED));
	}

	@ParameterizedTest
	@MethodSource
	void failureToConnectProvesThatNothingWasSent(Throwable failure, FailureReason reason) {
		assertThat(this.classifier.classify(failure, null)).isEqualTo(FailureVerdict.notConnected(reason));
	}

	static Stream<Throwable> whatAClosedChannelLeavesBehindKeepsTheBroker() {
		return Stream.of(Failures.shutdown(false, null), Failures.connection(200), Failures.channel(200, "OK"),
				new AmqpException("Channel is closed"), new IllegalStateException("Channel closed; cannot ack/nack"),
				new IllegalStateException("Channel closed during transaction"),
				new UncategorizedAmqpException(new IllegalStateException("Channel closed; cannot ack/nack")),
				new IOException("nacks received"));
	}

	@ParameterizedTest
	@MethodSource
	void whatAClosedChannelLeavesBehindKeepsTheBroker(Throwable failure) {
		assertThat(this.classifier.classify(failure, null)).isEqualTo(FailureVerdict.SAME_BROKER);
	}

	static Stream<Throwable> exhaustedCacheKeepsTheBroker() {
		return Stream.of(new AmqpTimeoutException("No available channels"),
				new AmqpTimeoutException("Timed out attempting to get a connection"),
				new AmqpResourceNotAvailableException("The channelMax limit is reached. Try later."));
	}

	@ParameterizedTest
	@MethodSource
	void exhaustedCacheKeepsTheBroker(Throwable failure) {
		FailureVerdict verdict = this.classifier.classify(failure, null);
		assertThat(verdict.action()).isEqualTo(FailureAction.SAME_BROKER);
		assertThat(verdict.nothingSent()).isTrue();
	}

	@ParameterizedTest
	@ValueSource(ints = { 403, 404, 406, 312, 501, 502, 503, 504, 505, 530, 540 })
	void mistakeOnTheChannelIsNeverRetried(int code) {
		assertThat(this.classifier.classify(Failures.channelClosed(code, "text"), null))
			.isEqualTo(FailureVerdict.NEVER);
	}

	@ParameterizedTest
	@ValueSource(ints = { 501, 502, 503, 505, 540 })
	void mistakeOnTheConnectionIsNeverRetried(int code) {
		assertThat(this.classifier.classify(Failures.connection(code), null)).isEqualTo(FailureVerdict.NEVER);
	}

	static Stream<Throwable> noFailureOfABroker() {
		ShutdownSignalException lost = Failures.shutdown(true, null);
		return Stream.of(new ConnectException("HTTP"), new SocketException("HTTP"), new IOException("file"),
				new TimeoutException("HTTP"), new SQLException("database", new ConnectException("database")),
				new IllegalStateException("own"), new AmqpApplicationContextClosedException("closed"),
				new AmqpRemoteException(new AmqpConnectException(lost)),
				new ListenerExecutionFailedException("listener", lost, new Message(new byte[0])),
				new MessageConversionException("unreadable", new IOException()), new AmqpException("own"),
				new AmqpRejectAndDontRequeueException("own", lost),
				new AmqpReplyTimeoutException("no reply", new Message(new byte[0])),
				new UncategorizedAmqpException(new IllegalArgumentException("own")),
				new AmqpTimeoutException("Interrupted", new InterruptedException()), new InterruptedIOException());
	}

	@ParameterizedTest
	@MethodSource
	void noFailureOfABroker(Throwable failure) {
		assertThat(this.classifier.classify(failure, null)).isEqualTo(FailureVerdict.NEVER);
	}

	@Test
	void rawIoIsTheBrokersWhenItWasThrownInsideOfTheClient() {
		IOException failure = new SocketException("Broken pipe");
		failure.setStackTrace(new StackTraceElement[] { frame("java.net.Socket"),
				frame("com.rabbitmq.client.impl.ChannelN"), frame("com.example.Shop") });
		assertThat(this.classifier.classify(failure, null).action()).isEqualTo(FailureAction.NEXT_BROKER);
	}

	@Test
	void rawIoOfAnotherClientIsNotTheBrokersWhenAConsumerIsCalledByTheClient() {
		IOException failure = new ConnectException("HTTP");
		failure.setStackTrace(new StackTraceElement[] { frame("java.net.Socket"), frame("com.example.Shop"),
				frame("com.rabbitmq.client.impl.ConsumerDispatcher$5"),
				frame("com.rabbitmq.client.impl.ConsumerWorkService") });
		assertThat(this.classifier.classify(failure, null)).isEqualTo(FailureVerdict.NEVER);
		failure.setStackTrace(new StackTraceElement[] { frame("java.net.Socket"), frame(Ensurer.class.getName()),
				frame("com.rabbitmq.client.impl.ChannelN") });
		assertThat(this.classifier.classify(failure, null)).isEqualTo(FailureVerdict.NEVER);
	}

	@Test
	void rawIoIsTheBrokersWhenTheChannelOfTheWorkIsClosed() {
		assertThat(this.classifier.classify(new SocketException(), channel(false)).action())
			.isEqualTo(FailureAction.NEXT_BROKER);
		assertThat(this.classifier.classify(new SocketException(), channel(true))).isEqualTo(FailureVerdict.NEVER);
	}

	@Test
	void connectionThatTheClientItselfHasEndedTellsNothingOfTheBroker() {
		ShutdownSignalException signal = Failures.shutdown(true, null);
		signal.initCause(new IllegalStateException("Message body is too large"));
		assertThat(this.classifier.classify(signal, null)).isEqualTo(FailureVerdict.SAME_BROKER);
	}

	@Test
	void exceptionThatKnowsItsVerdictDecides() {
		assertThat(this.classifier.classify(new KnownFailure(Failures.connectionLost()), null))
			.isEqualTo(FailureVerdict.SAME_BROKER);
	}

	@Test
	void chainWithoutEndIsGivenUp() {
		IllegalStateException one = new IllegalStateException();
		IllegalStateException other = new IllegalStateException(one);
		one.initCause(other);
		assertThat(this.classifier.classify(one, null)).isEqualTo(FailureVerdict.NEVER);
	}

	private static StackTraceElement frame(String type) {
		return new StackTraceElement(type, "method", null, 1);
	}

	private static Channel channel(boolean open) {
		return (Channel) Proxy.newProxyInstance(FailureClassifierTrapsTests.class.getClassLoader(),
				new Class<?>[] { Channel.class }, (proxy, method, args) -> open);
	}

	private static final class KnownFailure extends RuntimeException implements ClassifiedFailure {

		KnownFailure(Throwable cause) {
			super(cause);
		}

		@Override
		public FailureVerdict getVerdict() {
			return FailureVerdict.SAME_BROKER;
		}

	}

}
