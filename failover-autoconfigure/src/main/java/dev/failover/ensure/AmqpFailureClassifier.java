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

import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.ConnectException;
import java.net.NoRouteToHostException;
import java.net.SocketTimeoutException;
import java.net.UnknownHostException;
import java.util.List;
import java.util.concurrent.TimeoutException;

import javax.net.ssl.SSLException;
import javax.net.ssl.SSLHandshakeException;

import com.rabbitmq.client.Channel;
import com.rabbitmq.client.ChannelContinuationTimeoutException;
import com.rabbitmq.client.ConsumerCancelledException;
import com.rabbitmq.client.MalformedFrameException;
import com.rabbitmq.client.MissedHeartbeatException;
import com.rabbitmq.client.PossibleAuthenticationFailureException;
import com.rabbitmq.client.ProtocolVersionMismatchException;
import com.rabbitmq.client.ShutdownSignalException;
import com.rabbitmq.client.UnroutableRpcRequestException;
import org.jspecify.annotations.Nullable;
import org.springframework.amqp.AmqpApplicationContextClosedException;
import org.springframework.amqp.AmqpAuthenticationException;
import org.springframework.amqp.AmqpConnectException;
import org.springframework.amqp.AmqpException;
import org.springframework.amqp.AmqpIOException;
import org.springframework.amqp.AmqpIllegalStateException;
import org.springframework.amqp.AmqpRejectAndDontRequeueException;
import org.springframework.amqp.AmqpRemoteException;
import org.springframework.amqp.AmqpResourceNotAvailableException;
import org.springframework.amqp.AmqpTimeoutException;
import org.springframework.amqp.AmqpUnsupportedEncodingException;
import org.springframework.amqp.ImmediateAcknowledgeAmqpException;
import org.springframework.amqp.ImmediateRequeueAmqpException;
import org.springframework.amqp.core.AmqpMessageReturnedException;
import org.springframework.amqp.core.AmqpReplyTimeoutException;
import org.springframework.amqp.listener.ListenerExecutionFailedException;
import org.springframework.amqp.support.converter.MessageConversionException;

import dev.failover.broker.BrokersUnavailableException;
import dev.failover.broker.FailureReason;

/**
 * The table of failures. The chain of causes is walked from the outside: the first
 * exception that is unmistakable decides; if there is none, the first one of Spring AMQP
 * that at least tells of I/O.
 */
final class AmqpFailureClassifier implements FailureClassifier {

	private static final int MAX_DEPTH = 32;

	private static final List<Class<? extends Throwable>> NO_BROKER_FAILURES = List.of(InterruptedException.class,
			AmqpApplicationContextClosedException.class, AmqpRemoteException.class,
			ListenerExecutionFailedException.class, MessageConversionException.class, AmqpReplyTimeoutException.class,
			AmqpMessageReturnedException.class, AmqpIllegalStateException.class, AmqpUnsupportedEncodingException.class,
			AmqpRejectAndDontRequeueException.class, ImmediateAcknowledgeAmqpException.class,
			ImmediateRequeueAmqpException.class, UnroutableRpcRequestException.class);

	private static final FailureVerdict EXHAUSTED = new FailureVerdict(FailureAction.SAME_BROKER,
			FailureReason.CONNECTION_LOST, true);

	@Override
	public FailureVerdict classify(Throwable failure, @Nullable Channel channel) {
		boolean amqp = channel != null && !channel.isOpen();
		FailureVerdict vague = null;
		Throwable cause = failure;
		for (int depth = 0; cause != null && depth < MAX_DEPTH; depth++) {
			FailureVerdict verdict = unmistakable(cause, failure);
			if (verdict != null) {
				return verdict;
			}
			amqp = amqp || cause instanceof AmqpException || ClientStack.isThrownInClient(cause);
			verdict = amqp ? io(cause) : null;
			if (verdict != null) {
				return verdict;
			}
			if (vague == null && amqp) {
				vague = vague(cause);
			}
			cause = cause.getCause();
		}
		return (vague != null) ? vague : FailureVerdict.NEVER;
	}

	private static @Nullable FailureVerdict unmistakable(Throwable cause, Throwable failure) {
		if (cause instanceof ClassifiedFailure classified) {
			return classified.getVerdict();
		}
		if (NO_BROKER_FAILURES.stream().anyMatch((type) -> type.isInstance(cause))) {
			return FailureVerdict.NEVER;
		}
		if (cause instanceof InterruptedIOException && !(cause instanceof SocketTimeoutException)) {
			return FailureVerdict.NEVER;
		}
		if (cause instanceof BrokersUnavailableException || cause instanceof ProtocolVersionMismatchException) {
			return FailureVerdict.notConnected(FailureReason.UNREACHABLE);
		}
		if (cause instanceof PossibleAuthenticationFailureException || cause instanceof AmqpAuthenticationException) {
			return FailureVerdict.notConnected(FailureReason.ACCESS_REFUSED);
		}
		if (cause instanceof ShutdownSignalException signal) {
			return ShutdownVerdicts.classify(signal, failure);
		}
		if (cause instanceof ChannelContinuationTimeoutException) {
			return FailureVerdict.nextBroker(FailureReason.TIMEOUT);
		}
		if (cause instanceof MissedHeartbeatException || cause instanceof MalformedFrameException) {
			return FailureVerdict.nextBroker(FailureReason.CONNECTION_LOST);
		}
		return ofLocalState(cause);
	}

	/**
	 * Failures that tell of channels of this application, not of a broker.
	 */
	private static @Nullable FailureVerdict ofLocalState(Throwable cause) {
		if (cause instanceof AmqpResourceNotAvailableException || ClosedChannelText.isCacheExhausted(cause)) {
			return EXHAUSTED;
		}
		if (cause instanceof ConsumerCancelledException || ClosedChannelText.isClosedChannel(cause)) {
			return FailureVerdict.SAME_BROKER;
		}
		return null;
	}

	private static @Nullable FailureVerdict io(Throwable cause) {
		if (cause instanceof ConnectException || cause instanceof UnknownHostException
				|| cause instanceof NoRouteToHostException) {
			return FailureVerdict.notConnected(FailureReason.UNREACHABLE);
		}
		if (cause instanceof SSLHandshakeException) {
			return FailureVerdict.notConnected(FailureReason.TLS);
		}
		if (cause instanceof SSLException) {
			return FailureVerdict.nextBroker(FailureReason.TLS);
		}
		if (cause instanceof TimeoutException || cause instanceof SocketTimeoutException) {
			return FailureVerdict.nextBroker(FailureReason.TIMEOUT);
		}
		return null;
	}

	private static @Nullable FailureVerdict vague(Throwable cause) {
		if (cause instanceof AmqpTimeoutException) {
			return FailureVerdict.nextBroker(FailureReason.TIMEOUT);
		}
		if (cause instanceof AmqpConnectException || cause instanceof AmqpIOException || cause instanceof IOException) {
			return FailureVerdict.nextBroker(FailureReason.CONNECTION_LOST);
		}
		return null;
	}

}
