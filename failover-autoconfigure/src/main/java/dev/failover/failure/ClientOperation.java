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

package dev.failover.failure;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;

import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.AlreadyClosedException;
import com.rabbitmq.client.Method;
import com.rabbitmq.client.ShutdownSignalException;
import org.jspecify.annotations.Nullable;

/**
 * An operation of AMQP 0-9-1 on a channel. When a broker closes a whole connection, it
 * names the operation that it does so for; all others that were under way on the
 * connection end with the same exception.
 */
public enum ClientOperation {

	/**
	 * Open a channel.
	 */
	CHANNEL_OPEN(20, 10, "createChannel", "open"),

	/**
	 * Declare an exchange, or ask whether it is there.
	 */
	EXCHANGE_DECLARE(40, 10, "exchangeDeclare", "exchangeDeclarePassive"),

	/**
	 * Delete an exchange.
	 */
	EXCHANGE_DELETE(40, 20, "exchangeDelete"),

	/**
	 * Bind an exchange to another one.
	 */
	EXCHANGE_BIND(40, 30, "exchangeBind"),

	/**
	 * Unbind an exchange from another one.
	 */
	EXCHANGE_UNBIND(40, 40, "exchangeUnbind"),

	/**
	 * Declare a queue, or ask whether it is there.
	 */
	QUEUE_DECLARE(50, 10, "queueDeclare", "queueDeclarePassive", "messageCount", "consumerCount"),

	/**
	 * Bind a queue to an exchange.
	 */
	QUEUE_BIND(50, 20, "queueBind"),

	/**
	 * Remove all messages of a queue.
	 */
	QUEUE_PURGE(50, 30, "queuePurge"),

	/**
	 * Delete a queue.
	 */
	QUEUE_DELETE(50, 40, "queueDelete"),

	/**
	 * Unbind a queue from an exchange.
	 */
	QUEUE_UNBIND(50, 50, "queueUnbind"),

	/**
	 * Set how much may be delivered ahead.
	 */
	BASIC_QOS(60, 10, "basicQos"),

	/**
	 * Start a consumer.
	 */
	BASIC_CONSUME(60, 20, "basicConsume"),

	/**
	 * End a consumer.
	 */
	BASIC_CANCEL(60, 30, "basicCancel"),

	/**
	 * Publish a message, which is answered by a confirm if at all.
	 */
	BASIC_PUBLISH(60, 40, "basicPublish", "waitForConfirms", "waitForConfirmsOrDie"),

	/**
	 * Fetch one message.
	 */
	BASIC_GET(60, 70, "basicGet"),

	/**
	 * Acknowledge messages.
	 */
	BASIC_ACK(60, 80, "basicAck"),

	/**
	 * Reject a message.
	 */
	BASIC_REJECT(60, 90, "basicReject"),

	/**
	 * Have messages delivered again.
	 */
	BASIC_RECOVER(60, 110, "basicRecover"),

	/**
	 * Reject messages.
	 */
	BASIC_NACK(60, 120, "basicNack"),

	/**
	 * Ask for confirms.
	 */
	CONFIRM_SELECT(85, 10, "confirmSelect"),

	/**
	 * Begin the transactions of a channel.
	 */
	TX_SELECT(90, 10, "txSelect"),

	/**
	 * Commit the transaction of a channel.
	 */
	TX_COMMIT(90, 20, "txCommit"),

	/**
	 * Roll the transaction of a channel back.
	 */
	TX_ROLLBACK(90, 30, "txRollback");

	private static final String CLIENT = "com.rabbitmq.client.impl.";

	private final int classId;

	private final int methodId;

	private final List<String> clientMethods;

	ClientOperation(int classId, int methodId, String... clientMethods) {
		this.classId = classId;
		this.methodId = methodId;
		this.clientMethods = List.of(clientMethods);
	}

	/**
	 * Return the operation for which a broker has closed a connection or channel.
	 * @param signal what the client tells of the end
	 * @return the operation, or {@code null} if none is named
	 */
	public static @Nullable ClientOperation named(ShutdownSignalException signal) {
		Method reason = signal.getReason();
		if (reason instanceof AMQP.Connection.Close close) {
			return of(close.getClassId(), close.getMethodId());
		}
		return (reason instanceof AMQP.Channel.Close close) ? of(close.getClassId(), close.getMethodId()) : null;
	}

	private static @Nullable ClientOperation of(int classId, int methodId) {
		return Arrays.stream(values())
			.filter((operation) -> operation.classId == classId && operation.methodId == methodId)
			.findFirst()
			.orElse(null);
	}

	/**
	 * Return the operation that threw an exception.
	 * @param failure what was thrown
	 * @return the operation of the client that was called, or {@code null} if none is
	 * found
	 */
	public static @Nullable ClientOperation calledIn(Throwable failure) {
		for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
			for (StackTraceElement frame : cause.getStackTrace()) {
				ClientOperation called = of(frame);
				if (called != null) {
					return called;
				}
			}
		}
		return null;
	}

	private static @Nullable ClientOperation of(StackTraceElement frame) {
		if (!frame.getClassName().startsWith(CLIENT)) {
			return null;
		}
		return Arrays.stream(values())
			.filter((operation) -> operation.clientMethods.contains(frame.getMethodName()))
			.findFirst()
			.orElse(null);
	}

	/**
	 * Return what an operation has to do with the end of its connection.
	 * @param failure what the operation threw
	 * @param signal why the connection was closed
	 * @return how far the operation is the cause
	 */
	public static Part partIn(Throwable failure, ShutdownSignalException signal) {
		ClientOperation named = named(signal);
		ClientOperation called = calledIn(failure);
		for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
			if (cause instanceof AlreadyClosedException) {
				return Part.NOT_BEGUN;
			}
		}
		return (named == null || called == null || named == called) ? Part.POSSIBLE : Part.NONE;
	}

	@Override
	public String toString() {
		return name().toLowerCase(Locale.ROOT).replace('_', '.');
	}

	/**
	 * What an operation has to do with the end of its connection.
	 */
	public enum Part {

		/**
		 * The connection was closed for this operation, or for one that is not known.
		 */
		POSSIBLE,

		/**
		 * The connection was closed before the operation began, perhaps for what the same
		 * caller had done before.
		 */
		NOT_BEGUN,

		/**
		 * The connection was closed for another operation.
		 */
		NONE

	}

}
