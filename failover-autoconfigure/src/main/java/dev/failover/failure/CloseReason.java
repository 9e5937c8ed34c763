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

import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.Method;
import com.rabbitmq.client.ShutdownSignalException;
import org.jspecify.annotations.Nullable;

import dev.failover.broker.FailureReason;

/**
 * What a broker closes a connection or channel with: one constant for each row of the
 * table that all parts of this library share. Rows are tried in the order of their
 * declaration, and the first one that fits decides.
 * <p>
 * The versions name the releases of RabbitMQ on which a row was observed by a test, or in
 * whose sources it was only read.
 */
public enum CloseReason {

	// connections that are being opened, or are closed for a reason of the broker

	/**
	 * {@code rabbitmq-upgrade drain}: all connections are closed, and none is accepted
	 * until the node is revived.
	 */
	MAINTENANCE(connection(AMQP.CONNECTION_FORCED, "maintenance mode"), CloseVerdict.MAINTENANCE,
			FailureReason.MAINTENANCE, Source.tested("3.10, 4.3")),

	/**
	 * The node stops.
	 */
	SHUTDOWN(connection(AMQP.CONNECTION_FORCED, "broker forced connection closure"), CloseVerdict.BROKER,
			FailureReason.CONNECTION_CLOSED, Source.tested("3.10, 4.3")),

	/**
	 * The virtual host is stopped on this node, or deleted.
	 */
	VIRTUAL_HOST_GONE(connection(AMQP.CONNECTION_FORCED, "' is down", "' is deleted"), CloseVerdict.BROKER,
			FailureReason.CONNECTION_CLOSED, Source.tested("3.10, 4.3")),

	/**
	 * A token is not valid any more.
	 */
	CREDENTIALS_EXPIRED(connection(AMQP.CONNECTION_FORCED, "credential expired"), CloseVerdict.CREDENTIALS,
			FailureReason.CONNECTION_CLOSED, Source.read("3.10, 4.3")),

	/**
	 * An operator has closed the connection, with a text of his own.
	 */
	CLOSED_BY_OPERATOR(connection(AMQP.CONNECTION_FORCED), CloseVerdict.CONNECTION, FailureReason.CONNECTION_CLOSED,
			Source.tested("3.10, 4.3")),

	/**
	 * The broker has closed the connection without any reason.
	 */
	NORMAL(connection(AMQP.REPLY_SUCCESS), CloseVerdict.CONNECTION, FailureReason.CONNECTION_CLOSED,
			Source.read("3.10, 4.3")),

	/**
	 * The node cannot look the limit up, because the metadata of its cluster has no
	 * majority.
	 */
	CONNECTION_LIMIT_UNKNOWN(opening(AMQP.NOT_ALLOWED, "connection limit cannot be queried"), CloseVerdict.BROKER,
			FailureReason.CONNECTION_CLOSED, Source.read("4.3")),

	/**
	 * A limit on connections, of the virtual host, the user or the node.
	 */
	CONNECTION_LIMIT(opening(AMQP.NOT_ALLOWED, "connection limit "), CloseVerdict.LIMIT, FailureReason.ACCESS_REFUSED,
			Source.tested("3.10, 4.3")),

	/**
	 * A limit on channels, of the user or the node.
	 */
	CHANNEL_LIMIT(opening(AMQP.NOT_ALLOWED, " limit "), CloseVerdict.LIMIT, FailureReason.ACCESS_REFUSED,
			Source.tested("3.10, 4.3")),

	/**
	 * The virtual host does not exist, or is not for this user.
	 */
	VIRTUAL_HOST_REFUSED(opening(AMQP.NOT_ALLOWED), CloseVerdict.LOGIN, FailureReason.ACCESS_REFUSED,
			Source.tested("3.10, 4.3")),

	/**
	 * The virtual host does not run on this node.
	 */
	VIRTUAL_HOST_DOWN(opening(AMQP.INTERNAL_ERROR, "' is down"), CloseVerdict.BROKER, FailureReason.CONNECTION_CLOSED,
			Source.read("3.10, 4.3")),

	/**
	 * Wrong user or password.
	 */
	LOGIN_REFUSED(connection(AMQP.ACCESS_REFUSED), CloseVerdict.LOGIN, FailureReason.ACCESS_REFUSED,
			Source.tested("3.10, 4.3")),

	/**
	 * What other brokers say of a virtual host that does not exist.
	 */
	INVALID_PATH(connection(AMQP.INVALID_PATH), CloseVerdict.LOGIN, FailureReason.ACCESS_REFUSED,
			Source.read("AMQP 0-9-1")),

	// connections that are closed in answer to one operation

	/**
	 * A consumer tag that is in use already, for example.
	 */
	NOT_ALLOWED(connection(AMQP.NOT_ALLOWED), CloseVerdict.MISTAKE, FailureReason.CONNECTION_CLOSED,
			Source.tested("3.10, 4.3")),

	/**
	 * {@code basic.publish} with the flag {@code immediate}, for example.
	 */
	NOT_IMPLEMENTED(connection(AMQP.NOT_IMPLEMENTED), CloseVerdict.MISTAKE, FailureReason.CONNECTION_CLOSED,
			Source.tested("3.10, 4.3")),

	/**
	 * An operation on a channel that the broker does not know, or knows already.
	 */
	CHANNEL_ERROR(connection(AMQP.CHANNEL_ERROR), CloseVerdict.OPERATION, FailureReason.CONNECTION_CLOSED,
			Source.tested("3.10, 4.3")),

	/**
	 * A frame that is larger than agreed, for example.
	 */
	FRAME_ERROR(connection(AMQP.FRAME_ERROR), CloseVerdict.MISTAKE, FailureReason.CONNECTION_CLOSED,
			Source.read("3.10, 4.3")),

	/**
	 * What is sent cannot be decoded.
	 */
	SYNTAX_ERROR(connection(AMQP.SYNTAX_ERROR), CloseVerdict.MISTAKE, FailureReason.CONNECTION_CLOSED,
			Source.read("3.10, 4.3")),

	/**
	 * A method at a time when it is not allowed.
	 */
	COMMAND_INVALID(connection(AMQP.COMMAND_INVALID), CloseVerdict.MISTAKE, FailureReason.CONNECTION_CLOSED,
			Source.tested("3.10, 4.3")),

	/**
	 * A frame that does not belong there.
	 */
	UNEXPECTED_FRAME(connection(AMQP.UNEXPECTED_FRAME), CloseVerdict.MISTAKE, FailureReason.CONNECTION_CLOSED,
			Source.read("3.10, 4.3")),

	/**
	 * The broker cannot do what was asked for at the moment: to declare without a
	 * majority, or to consume from a queue whose members are gone, for example.
	 */
	INTERNAL_ERROR(connection(AMQP.INTERNAL_ERROR), CloseVerdict.OPERATION, FailureReason.CONNECTION_CLOSED,
			Source.tested("3.10, 4.3")),

	/**
	 * The broker lacks the resources to go on.
	 */
	RESOURCE_ERROR(connection(AMQP.RESOURCE_ERROR), CloseVerdict.BROKER, FailureReason.CONNECTION_CLOSED,
			Source.read("3.10, 4.3")),

	/**
	 * Everything else that a connection is closed with.
	 */
	OTHER_CONNECTION(connection(0), CloseVerdict.BROKER, FailureReason.CONNECTION_CLOSED, Source.read("AMQP 0-9-1")),

	// channels

	/**
	 * A durable classic queue whose node is away.
	 */
	HOME_NODE_DOWN(channel(AMQP.NOT_FOUND, "down or inaccessible"), CloseVerdict.QUEUE, Source.read("3.10")),

	/**
	 * The same, after 68 seconds without an answer.
	 */
	QUEUE_TIMEOUT(channel(AMQP.NOT_FOUND, "due to timeout", "timed out"), CloseVerdict.QUEUE, Source.read("4.3")),

	/**
	 * The process of a classic queue was stopped.
	 */
	QUEUE_STOPPED(channel(AMQP.NOT_FOUND, "process is stopped by supervisor"), CloseVerdict.QUEUE,
			Source.tested("3.10, 4.3")),

	/**
	 * The process of a classic queue cannot be started.
	 */
	QUEUE_CRASHED(channel(AMQP.NOT_FOUND, "has crashed and failed to restart"), CloseVerdict.QUEUE,
			Source.read("3.10, 4.3")),

	/**
	 * The leader of a queue is about to change.
	 */
	LEADER_CHANGING(channel(AMQP.NOT_FOUND, "may be stopping or being demoted"), CloseVerdict.QUEUE,
			Source.read("4.3")),

	/**
	 * No such queue or exchange.
	 */
	NOT_FOUND(channel(AMQP.NOT_FOUND), CloseVerdict.MISTAKE, Source.tested("3.10, 4.3")),

	/**
	 * A queue that belongs to another connection, which may end.
	 */
	RESOURCE_LOCKED(channel(AMQP.RESOURCE_LOCKED), CloseVerdict.QUEUE, Source.tested("3.10, 4.3")),

	/**
	 * The user has no permission for what was done.
	 */
	PERMISSION_DENIED(channel(AMQP.ACCESS_REFUSED, "refused for user"), CloseVerdict.PERMISSION,
			Source.tested("3.10, 4.3")),

	/**
	 * A queue with an exclusive consumer, which may end.
	 */
	EXCLUSIVE_CONSUMER(channel(AMQP.ACCESS_REFUSED, "in exclusive use"), CloseVerdict.QUEUE,
			Source.tested("3.10, 4.3")),

	/**
	 * To publish to an internal exchange, for example.
	 */
	ACCESS_REFUSED(channel(AMQP.ACCESS_REFUSED), CloseVerdict.MISTAKE, Source.tested("3.10, 4.3")),

	/**
	 * A request with a direct reply on a cached channel that was lost, and opened again
	 * without its consumer.
	 */
	NO_REPLY_CONSUMER(channel(AMQP.PRECONDITION_FAILED, "fast reply consumer does not exist"), CloseVerdict.CHANNEL,
			Source.tested("3.10, 4.3")),

	/**
	 * What the client itself closes a channel with when it has waited for confirms in
	 * vain.
	 */
	CONFIRM_TIMEOUT(channel(AMQP.PRECONDITION_FAILED, "TIMEOUT WAITING FOR ACK"), CloseVerdict.BROKER,
			FailureReason.TIMEOUT, Source.read("amqp-client 5.30")),

	/**
	 * A queue that exists with other arguments, or a message over the largest size that
	 * the broker takes, for example.
	 */
	PRECONDITION_FAILED(channel(AMQP.PRECONDITION_FAILED), CloseVerdict.MISTAKE, Source.tested("3.10, 4.3")),

	/**
	 * A message that is too large.
	 */
	CONTENT_TOO_LARGE(channel(AMQP.CONTENT_TOO_LARGE), CloseVerdict.MISTAKE, Source.read("AMQP 0-9-1")),

	/**
	 * An operator has closed the channel.
	 */
	CHANNEL_FORCED(channel(AMQP.CONNECTION_FORCED), CloseVerdict.BROKER, Source.read("AMQP 0-9-1")),

	/**
	 * The broker lacks the resources to go on with the channel.
	 */
	CHANNEL_RESOURCE_ERROR(channel(AMQP.RESOURCE_ERROR), CloseVerdict.BROKER, Source.read("AMQP 0-9-1")),

	/**
	 * The broker failed at what was asked for on the channel.
	 */
	CHANNEL_INTERNAL_ERROR(channel(AMQP.INTERNAL_ERROR), CloseVerdict.BROKER, Source.read("AMQP 0-9-1")),

	/**
	 * What is the caller's mistake at the level of a connection is none the less at that
	 * of a channel.
	 */
	CHANNEL_MISTAKE(
			channelOf(AMQP.NO_ROUTE, AMQP.INVALID_PATH, AMQP.FRAME_ERROR, AMQP.SYNTAX_ERROR, AMQP.COMMAND_INVALID,
					AMQP.CHANNEL_ERROR, AMQP.UNEXPECTED_FRAME, AMQP.NOT_ALLOWED, AMQP.NOT_IMPLEMENTED),
			CloseVerdict.MISTAKE, Source.read("AMQP 0-9-1")),

	/**
	 * Everything else that a channel is closed with.
	 */
	OTHER_CHANNEL(channel(0), CloseVerdict.CHANNEL, Source.read("AMQP 0-9-1"));

	private final ClosePattern pattern;

	private final CloseVerdict verdict;

	private final FailureReason reason;

	private final Source source;

	CloseReason(ClosePattern pattern, CloseVerdict verdict, Source source) {
		this(pattern, verdict, FailureReason.CONNECTION_CLOSED, source);
	}

	CloseReason(ClosePattern pattern, CloseVerdict verdict, FailureReason reason, Source source) {
		this.pattern = pattern;
		this.verdict = verdict;
		this.reason = reason;
		this.source = source;
	}

	private static ClosePattern connection(int code, String... texts) {
		return new ClosePattern(true, codes(code), false, List.of(texts));
	}

	private static ClosePattern opening(int code, String... texts) {
		return new ClosePattern(true, codes(code), true, List.of(texts));
	}

	private static ClosePattern channel(int code, String... texts) {
		return new ClosePattern(false, codes(code), false, List.of(texts));
	}

	private static ClosePattern channelOf(Integer... codes) {
		return new ClosePattern(false, List.of(codes), false, List.of());
	}

	private static List<Integer> codes(int code) {
		return (code != 0) ? List.of(code) : List.of();
	}

	/**
	 * Return who is to blame.
	 * @return the verdict
	 */
	public CloseVerdict getVerdict() {
		return this.verdict;
	}

	/**
	 * Return why the broker is given up, where it is.
	 * @return the reason
	 */
	public FailureReason getReason() {
		return this.reason;
	}

	/**
	 * Return whether the whole connection is closed.
	 * @return {@code false} for a channel
	 */
	public boolean isOfConnection() {
		return this.pattern.ofConnection();
	}

	/**
	 * Return the row of the table, as the reference documentation shows it.
	 * @return what is closed, code, text, verdict, versions and source, as a row of
	 * Markdown
	 */
	public String toRow() {
		return "| %s | %s | %s | %s |".formatted(this.pattern, this.verdict.name().toLowerCase(),
				this.source.versions(), this.source.tested() ? "test" : "sources");
	}

	/**
	 * Return whether a test drives this row with a real broker.
	 * @return {@code false} if the row was only read in sources
	 */
	public boolean isTested() {
		return this.source.tested();
	}

	/**
	 * Find out what was closed, and why.
	 * @param signal what the client tells of the end of a connection or channel
	 * @return the row of the table, or {@code null} if it ended without being closed by
	 * the protocol
	 */
	public static @Nullable CloseReason of(ShutdownSignalException signal) {
		Method reason = signal.getReason();
		if (reason instanceof AMQP.Connection.Close close) {
			return of(true, close.getReplyCode(), close.getClassId(), close.getReplyText());
		}
		if (reason instanceof AMQP.Channel.Close close) {
			return of(false, close.getReplyCode(), close.getClassId(), close.getReplyText());
		}
		return null;
	}

	/**
	 * Find out why a connection or channel was closed from what was thrown on it.
	 * @param failure what was thrown
	 * @return the row of the table for the first close in the chain of causes, or
	 * {@code null} if there is none
	 */
	public static @Nullable CloseReason in(@Nullable Throwable failure) {
		for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
			if (cause instanceof ShutdownSignalException signal) {
				return of(signal);
			}
		}
		return null;
	}

	/**
	 * Return the reply code that a broker closes a connection or channel with.
	 * @param signal what the client tells of the end
	 * @return the code, 0 if there is none
	 */
	public static int code(ShutdownSignalException signal) {
		Method reason = signal.getReason();
		if (reason instanceof AMQP.Connection.Close close) {
			return close.getReplyCode();
		}
		return (reason instanceof AMQP.Channel.Close close) ? close.getReplyCode() : 0;
	}

	/**
	 * Return what a broker says when it closes a connection or channel.
	 * @param signal what the client tells of the end
	 * @return the reply text, empty if there is none
	 */
	public static String text(ShutdownSignalException signal) {
		Method reason = signal.getReason();
		if (reason instanceof AMQP.Connection.Close close) {
			return close.getReplyText();
		}
		return (reason instanceof AMQP.Channel.Close close) ? close.getReplyText() : "";
	}

	private static CloseReason of(boolean ofConnection, int code, int classId, String text) {
		return Arrays.stream(values())
			.filter((reason) -> reason.pattern.fits(ofConnection, code, classId, text))
			.findFirst()
			.orElseThrow();
	}

	/**
	 * Where a row is from.
	 *
	 * @param versions the versions that it holds for
	 * @param tested whether a test drives it
	 */
	private record Source(String versions, boolean tested) {

		static Source tested(String versions) {
			return new Source(versions, true);
		}

		static Source read(String versions) {
			return new Source(versions, false);
		}

	}

}
