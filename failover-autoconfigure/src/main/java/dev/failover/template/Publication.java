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

package dev.failover.template;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;

import com.rabbitmq.client.AMQP.BasicProperties;
import com.rabbitmq.client.ShutdownSignalException;
import org.jspecify.annotations.Nullable;
import org.springframework.amqp.AmqpException;
import org.springframework.amqp.core.ReturnedMessage;

import dev.failover.failure.CloseReason;

/**
 * One message on its way to a confirm. Ends once: confirmed, or with an exception.
 */
final class Publication {

	private static final int OVERHEAD = 512;

	private final String exchange;

	private final String routingKey;

	private final boolean mandatory;

	private final BasicProperties properties;

	private final int headerSize;

	private final byte[] body;

	private final boolean idempotent;

	private final long deadline;

	private final @Nullable SendTrace trace;

	private final CompletableFuture<Confirmation> result = new CompletableFuture<>();

	private final ReentrantLock lock = new ReentrantLock();

	private volatile int tries;

	private volatile long sequenceNumber;

	private volatile int rejections;

	private volatile int refusals;

	private volatile @Nullable PublishChannel on;

	private volatile @Nullable PublishChannel rejectedBy;

	private volatile long writtenAt;

	private volatile @Nullable ReturnedMessage returned;

	private volatile @Nullable Throwable lastFailure;

	private volatile Supplier<@Nullable String> outage = () -> null;

	private boolean suspect;

	private volatile long deniedAt;

	Publication(String exchange, String routingKey, boolean mandatory, BasicProperties properties, int headerSize,
			byte[] body, boolean idempotent, long deadline, @Nullable SendTrace trace) {
		this.exchange = exchange;
		this.routingKey = routingKey;
		this.mandatory = mandatory;
		this.properties = properties;
		this.headerSize = headerSize;
		this.body = body;
		this.idempotent = idempotent;
		this.deadline = deadline;
		this.trace = trace;
	}

	String exchange() {
		return this.exchange;
	}

	String routingKey() {
		return this.routingKey;
	}

	boolean mandatory() {
		return this.mandatory;
	}

	BasicProperties properties() {
		return this.properties;
	}

	/**
	 * Bytes of the frame that takes the properties and headers.
	 */
	int headerSize() {
		return this.headerSize;
	}

	byte[] body() {
		return this.body;
	}

	/**
	 * Bytes that the message takes up, roughly.
	 */
	int size() {
		return this.body.length + OVERHEAD;
	}

	String messageId() {
		return this.properties.getMessageId();
	}

	/**
	 * Return what follows the message, if anything does.
	 */
	@Nullable SendTrace trace() {
		return this.trace;
	}

	int tries() {
		return this.tries;
	}

	/**
	 * Return the sequence number on the channel that the message was written to last, or
	 * 0 if it was not.
	 */
	long sequenceNumber() {
		return this.sequenceNumber;
	}

	void sequenceNumber(long number) {
		this.sequenceNumber = number;
	}

	long writtenAt() {
		return this.writtenAt;
	}

	boolean isDone() {
		return this.result.isDone();
	}

	CompletableFuture<Confirmation> result() {
		return this.result;
	}

	/**
	 * Nanoseconds that are left until the deadline, zero or less if it is over.
	 */
	long remaining(long now) {
		return this.deadline - now;
	}

	/**
	 * Whether the message may be written: it is not yet, or twice does no harm.
	 */
	boolean isRepeatable() {
		return this.tries == 0 || this.idempotent;
	}

	/**
	 * Whether the broker may have closed a channel for this message. For the writer only.
	 */
	boolean isSuspect() {
		return this.suspect;
	}

	void suspect() {
		this.suspect = true;
	}

	/**
	 * Count a try on a channel, unless the message has ended.
	 * @return whether the message may be written
	 */
	boolean beginTry(PublishChannel channel, long now) {
		this.lock.lock();
		try {
			if (isDone()) {
				return false;
			}
			this.on = channel;
			this.returned = null;
			this.writtenAt = now;
			this.tries++;
			return true;
		}
		finally {
			this.lock.unlock();
		}
	}

	void notWritten() {
		locked(() -> this.tries--);
	}

	/**
	 * Take note that the broker has answered a try with no.
	 */
	void rejected(Throwable failure) {
		failedWith(failure);
		this.rejectedBy = this.on;
		locked(() -> this.rejections++);
	}

	/**
	 * Take note that the broker has closed the channel for the message, which it has
	 * taken over then in no way.
	 */
	void refused(Throwable failure) {
		failedWith(failure);
		locked(() -> this.refusals++);
	}

	/**
	 * Take note that the user may not publish the message, and return for how long that
	 * is so. For one thread at a time.
	 */
	Duration deniedFor(long now) {
		if (this.deniedAt == 0) {
			this.deniedAt = now;
		}
		return Duration.ofNanos(now - this.deniedAt);
	}

	/**
	 * Return what the broker said when it closed the channel last.
	 */
	String refusal() {
		return (this.lastFailure instanceof ShutdownSignalException signal) ? CloseReason.text(signal) : "";
	}

	/**
	 * Whether the last answer of a broker was a no, on the given channel.
	 */
	boolean isRejectedBy(PublishChannel channel) {
		return this.rejectedBy == channel;
	}

	/**
	 * Take note that the message was returned, unless it is on another channel by now.
	 */
	void returned(PublishChannel channel, ReturnedMessage message) {
		locked(() -> this.returned = (this.on == channel) ? message : this.returned);
	}

	@Nullable ReturnedMessage returned() {
		return this.returned;
	}

	void failedWith(@Nullable Throwable failure) {
		if (failure != null) {
			this.lastFailure = failure;
		}
	}

	/**
	 * End with the broker's answer: confirmed, or returned if it was returned before.
	 */
	void confirmed() {
		ReturnedMessage message = this.returned;
		if (message != null) {
			this.result.completeExceptionally(new MessageReturnedException(messageId(), message, this.tries));
			return;
		}
		this.result.complete(new Confirmation(messageId(), this.tries));
	}

	/**
	 * End because a queue that the message is for cannot be used at the moment.
	 */
	void unavailable(String message) {
		this.returned = null;
		fail(message);
	}

	/**
	 * End because the time is over.
	 */
	void expire() {
		String cause = this.outage.get();
		boolean rejected = this.rejections > 0 && this.rejections == this.tries;
		if (rejected) {
			fail("The broker rejected the message until its time was over");
		}
		else if (this.refusals > 0 && this.refusals == this.tries) {
			fail("The broker refused the message: " + refusal());
		}
		else if (this.tries > 0) {
			fail("The message to %s was not confirmed in time".formatted(Destination.of(this))
					+ ((cause != null) ? "; " + cause : ""));
		}
		else {
			fail((cause != null) ? cause + "; the message was not sent" : "The message was not sent in time");
		}
	}

	/**
	 * Set what tells, when the time is over, why there is no active broker.
	 */
	void explainedBy(Supplier<@Nullable String> outage) {
		this.outage = outage;
	}

	/**
	 * End without a confirm. The outcome cannot be overtaken by a try that begins.
	 */
	void fail(String message) {
		locked(() -> fail(message, (this.tries == this.refusals) ? PublishOutcome.NOT_SENT : PublishOutcome.UNKNOWN));
	}

	private void locked(Runnable change) {
		this.lock.lock();
		try {
			change.run();
		}
		finally {
			this.lock.unlock();
		}
	}

	void fail(String message, PublishOutcome outcome) {
		this.result.completeExceptionally(new PublishException(message, outcome, messageId(), this.lastFailure));
	}

	/**
	 * Wait for the end, however it may be, but not longer than the given time.
	 */
	void awaitEnd(Duration timeout) throws InterruptedException {
		try {
			this.result.get(timeout.toNanos(), TimeUnit.NANOSECONDS);
		}
		catch (ExecutionException | TimeoutException ex) {
			// whoever waits for the result is told
		}
	}

	/**
	 * Wait for the end.
	 * @return the confirmation
	 * @throws AmqpException if the message was returned, or not confirmed in time
	 */
	Confirmation await() {
		try {
			return this.result.get(remaining(System.nanoTime()), TimeUnit.NANOSECONDS);
		}
		catch (TimeoutException ex) {
			expire();
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
			failedWith(ex);
			fail("Interrupted while waiting for the confirm");
		}
		catch (ExecutionException ex) {
			throw rethrown(ex.getCause());
		}
		try {
			return this.result.join();
		}
		catch (CompletionException ex) {
			throw rethrown(ex.getCause());
		}
	}

	private static AmqpException rethrown(@Nullable Throwable failure) {
		return (failure instanceof AmqpException amqp) ? amqp : new AmqpException("Publishing failed", failure);
	}

}
