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

import java.util.regex.Pattern;

import javax.net.ssl.SSLException;

import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.MissedHeartbeatException;
import com.rabbitmq.client.ShutdownSignalException;
import org.jspecify.annotations.Nullable;

import dev.failover.broker.FailureReason;

/**
 * Verdicts on connections and channels that were shut down, by the reply code.
 */
final class ReplyCodes {

	private static final String QUEUE_ON_LOST_NODE = "down or inaccessible";

	private static final String CONFIRM_TIMEOUT = "TIMEOUT WAITING FOR ACK";

	/**
	 * A request with a direct reply on a cached channel that was lost, and opened again
	 * without its consumer.
	 */
	private static final String NO_REPLY_CONSUMER = "fast reply consumer does not exist";

	/**
	 * The class of the methods that open a connection: the broker does not allow the
	 * virtual host, not what is done with it.
	 */
	private static final int CONNECTION_CLASS = 10;

	private static final Pattern LIMIT = Pattern.compile("\\blimit\\b", Pattern.CASE_INSENSITIVE);

	private ReplyCodes() {
	}

	static FailureVerdict classify(ShutdownSignalException signal) {
		if (signal.getReason() instanceof AMQP.Connection.Close close) {
			return isLimit(close) ? ofLimit(close.getClassId())
					: ofConnection(close.getReplyCode(), close.getClassId());
		}
		if (signal.getReason() instanceof AMQP.Channel.Close close) {
			return ofChannel(close.getReplyCode(), close.getReplyText());
		}
		boolean lost = signal.isHardError() && !(signal.getCause() instanceof RuntimeException);
		return lost ? FailureVerdict.nextBroker(lossReason(signal.getCause())) : FailureVerdict.SAME_BROKER;
	}

	/**
	 * A limit on connections or channels is load, which passes.
	 */
	private static boolean isLimit(AMQP.Connection.Close close) {
		return close.getReplyCode() == AMQP.NOT_ALLOWED && close.getClassId() <= CONNECTION_CLASS
				&& LIMIT.matcher(String.valueOf(close.getReplyText())).find();
	}

	private static FailureVerdict ofLimit(int classId) {
		return new FailureVerdict(FailureAction.SAME_BROKER, FailureReason.ACCESS_REFUSED, classId == CONNECTION_CLASS);
	}

	private static FailureVerdict ofConnection(int code, int classId) {
		return switch (code) {
			case AMQP.REPLY_SUCCESS -> FailureVerdict.SAME_BROKER;
			case AMQP.ACCESS_REFUSED, AMQP.INVALID_PATH -> FailureVerdict.nextBroker(FailureReason.ACCESS_REFUSED);
			case AMQP.NOT_ALLOWED -> (classId > CONNECTION_CLASS) ? FailureVerdict.NEVER
					: FailureVerdict.nextBroker(FailureReason.ACCESS_REFUSED);
			case AMQP.FRAME_ERROR, AMQP.SYNTAX_ERROR, AMQP.COMMAND_INVALID, AMQP.CHANNEL_ERROR, AMQP.UNEXPECTED_FRAME,
					AMQP.NOT_IMPLEMENTED ->
				FailureVerdict.NEVER;
			default -> FailureVerdict.nextBroker(FailureReason.CONNECTION_CLOSED);
		};
	}

	private static FailureVerdict ofChannel(int code, @Nullable String text) {
		return switch (code) {
			case AMQP.CONNECTION_FORCED, AMQP.RESOURCE_ERROR, AMQP.INTERNAL_ERROR ->
				FailureVerdict.nextBroker(FailureReason.CONNECTION_CLOSED);
			case AMQP.NOT_FOUND -> contains(text, QUEUE_ON_LOST_NODE)
					? new FailureVerdict(FailureAction.SAME_THEN_NEXT_BROKER, FailureReason.CONNECTION_CLOSED, false)
					: FailureVerdict.NEVER;
			case AMQP.PRECONDITION_FAILED -> ofPrecondition(text);
			case AMQP.ACCESS_REFUSED, AMQP.NO_ROUTE, AMQP.INVALID_PATH, AMQP.FRAME_ERROR, AMQP.SYNTAX_ERROR,
					AMQP.COMMAND_INVALID, AMQP.CHANNEL_ERROR, AMQP.UNEXPECTED_FRAME, AMQP.NOT_ALLOWED,
					AMQP.NOT_IMPLEMENTED ->
				FailureVerdict.NEVER;
			default -> FailureVerdict.SAME_BROKER;
		};
	}

	private static FailureVerdict ofPrecondition(@Nullable String text) {
		if (contains(text, NO_REPLY_CONSUMER)) {
			return new FailureVerdict(FailureAction.SAME_BROKER, FailureReason.CONNECTION_LOST, true);
		}
		return contains(text, CONFIRM_TIMEOUT) ? FailureVerdict.nextBroker(FailureReason.TIMEOUT)
				: FailureVerdict.NEVER;
	}

	private static FailureReason lossReason(@Nullable Throwable cause) {
		if (cause instanceof MissedHeartbeatException) {
			return FailureReason.TIMEOUT;
		}
		return (cause instanceof SSLException) ? FailureReason.TLS : FailureReason.CONNECTION_LOST;
	}

	private static boolean contains(@Nullable String text, String part) {
		return text != null && text.contains(part);
	}

}
