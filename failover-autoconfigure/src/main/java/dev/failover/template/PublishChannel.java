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

import java.io.IOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.Predicate;

import com.rabbitmq.client.AlreadyClosedException;
import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Return;
import com.rabbitmq.client.ShutdownSignalException;
import org.jspecify.annotations.Nullable;
import org.springframework.amqp.core.Message;
import org.springframework.amqp.core.ReturnedMessage;
import org.springframework.amqp.rabbit.support.DefaultMessagePropertiesConverter;
import org.springframework.amqp.rabbit.support.MessagePropertiesConverter;

import dev.failover.broker.Activation;
import dev.failover.connection.RoutingKeys;
import dev.failover.connection.WriteBatch;

/**
 * A native channel in confirm mode, with the ledger of what was published on it and is
 * not confirmed yet. One thread at a time publishes; confirms and returns come from the
 * connection's thread. What comes for an earlier channel cannot touch this ledger.
 */
final class PublishChannel {

	/**
	 * What a socket takes even if the broker reads nothing, on all common systems.
	 */
	private static final long SOCKET_BUFFER_BYTES = 16 * 1024;

	/**
	 * So many messages can be written behind one that a queue does not take before
	 * RabbitMQ stops reading from the whole connection: 32 that wait for the queue, and
	 * 200 for the channel that is held up by it.
	 */
	private static final int LIMIT = 230;

	/**
	 * Leaves some of them for messages that find out which destinations confirm.
	 */
	private static final int CONGESTION = 190;

	private static final MessagePropertiesConverter CONVERTER = new DefaultMessagePropertiesConverter();

	private final Channel channel;

	private final @Nullable Activation activation;

	private final @Nullable WriteBatch writeBatch;

	private final RoutingKeys routingKeys;

	private final Set<String> confirmedExchanges;

	private final NavigableMap<Long, Publication> ledger = new ConcurrentSkipListMap<>();

	private final Consumer<Publication> onNack;

	private final RejectedMessages rejected;

	private final ChannelQuestion question;

	private final AtomicLong unconfirmedBytes = new AtomicLong();

	private final int frameMax;

	private final ConfirmTimes times;

	private @Nullable Publication unwritten;

	/**
	 * No message before this one is unconfirmed. For the writer only.
	 */
	private long unconfirmedFrom = 1;

	private volatile long lastConfirmed;

	private volatile long confirmedAt = System.nanoTime();

	private volatile boolean awaited;

	private volatile @Nullable Runnable onProgress;

	private volatile boolean spoiled;

	/**
	 * Whether RabbitMQ reads nothing from the connection, as far as is known.
	 */
	private volatile boolean stalled;

	/**
	 * Set a native channel up.
	 * @param opened a new channel in confirm mode
	 * @param confirmedExchanges where the exchanges are noted to which the broker has
	 * confirmed a message
	 * @param onNack called for each message that the broker rejects or returns
	 * @param onClose called when the channel is closed
	 * @param aside does what may block
	 * @param times told how long confirms take
	 */
	PublishChannel(PublishSource.Opened opened, Set<String> confirmedExchanges, Consumer<Publication> onNack,
			Runnable onClose, Executor aside, ConfirmTimes times) {
		this.confirmedExchanges = confirmedExchanges;
		this.times = times;
		this.channel = opened.channel();
		this.activation = opened.activation();
		this.writeBatch = opened.writeBatch();
		this.routingKeys = opened.routingKeys();
		this.onNack = onNack;
		this.rejected = new RejectedMessages(this.channel, aside, onNack);
		this.question = new ChannelQuestion(this.channel, aside);
		this.frameMax = opened.frameMax();
		this.channel.addConfirmListener(this::acknowledged, this::rejected);
		this.channel.addReturnListener(this::returned);
		this.channel.addShutdownListener((signal) -> onClose.run());
	}

	@Nullable Activation activation() {
		return this.activation;
	}

	boolean isOpen() {
		return this.channel.isOpen();
	}

	/**
	 * Return why the channel is closed. It is known as soon as the channel is not open
	 * any more, before any listener is told.
	 */
	@Nullable ShutdownSignalException closedBy() {
		return this.channel.getCloseReason();
	}

	/**
	 * Write a message that has not ended. It is in the ledger also if this fails. A
	 * message whose headers the connection cannot carry ends before it is written, as all
	 * others on the channel would suffer from it.
	 * @throws IOException if the connection is lost
	 * @throws AlreadyClosedException if nothing was written because the channel is closed
	 */
	void publish(Publication publication) throws IOException {
		if (this.frameMax > 0 && publication.headerSize() > this.frameMax) {
			publication
				.fail("Properties and headers of the message take %d bytes, and the connection allows %d (frame_max)"
					.formatted(publication.headerSize(), this.frameMax));
			return;
		}
		if (!publication.beginTry(this, System.nanoTime())) {
			return;
		}
		this.unconfirmedBytes.addAndGet(publication.size());
		long sequenceNumber = this.channel.getNextPublishSeqNo();
		publication.sequenceNumber(sequenceNumber);
		this.ledger.put(sequenceNumber, publication);
		try {
			SendTrace trace = publication.trace();
			if (trace == null) {
				write(publication);
			}
			else {
				writeTraced(publication, trace);
			}
		}
		catch (AlreadyClosedException ex) {
			publication.notWritten();
			this.unwritten = publication;
			throw ex;
		}
		catch (RuntimeException | Error ex) {
			this.spoiled = true;
			throw ex;
		}
	}

	private void write(Publication publication) throws IOException {
		this.channel.basicPublish(publication.exchange(),
				this.routingKeys.get(publication.exchange(), publication.routingKey()), publication.mandatory(),
				publication.properties(), publication.body());
	}

	/**
	 * Whatever is observed or traced below belongs to the sender of the message, not to
	 * the thread that writes it.
	 */
	private void writeTraced(Publication publication, SendTrace trace) throws IOException {
		trace.tried(publication.tries(), (this.activation != null) ? this.activation.broker() : null);
		ThreadContext.Restored restored = trace.restoreForWriting();
		try {
			write(publication);
		}
		finally {
			restored.close();
		}
	}

	/**
	 * Whether the client has thrown something in the middle of publishing. It counts the
	 * message then, the broker may not: confirms of what is published later cannot be
	 * told from each other, those of what was published before can.
	 */
	boolean isSpoiled() {
		return this.spoiled;
	}

	/**
	 * Have what the calling thread publishes from now on written at once, if possible.
	 */
	void beginBatch() {
		if (this.writeBatch != null) {
			this.writeBatch.begin();
		}
	}

	/**
	 * Write what was published since the batch was begun.
	 * @throws IOException if the connection is lost
	 */
	void endBatch() throws IOException {
		if (this.writeBatch != null) {
			this.writeBatch.end();
		}
	}

	/**
	 * Whether the message came too late to be written. Known to the writer only.
	 */
	boolean isUnwritten(Publication publication) {
		return this.unwritten == publication;
	}

	/**
	 * Whether the operating system takes the message without waiting for the broker.
	 */
	boolean takesNow(Publication publication) {
		return this.unconfirmedBytes.get() + publication.size() <= SOCKET_BUFFER_BYTES;
	}

	/**
	 * Return the oldest message that is not confirmed yet, whether or not it has ended.
	 */
	@Nullable Publication oldest() {
		Map.Entry<Long, Publication> first = this.ledger.firstEntry();
		return (first != null) ? first.getValue() : null;
	}

	/**
	 * Return the oldest message that is not confirmed and has not ended.
	 */
	@Nullable Publication unfinished() {
		for (Publication publication : this.ledger.values()) {
			if (!publication.isDone()) {
				return publication;
			}
		}
		return this.rejected.undecided();
	}

	/**
	 * Return the messages that are not confirmed yet, whether or not they have ended, in
	 * the order in which they were published.
	 */
	Collection<Publication> unconfirmed() {
		return this.ledger.values();
	}

	/**
	 * Whether the broker has decided on everything that was written.
	 */
	boolean isSettled() {
		return this.ledger.isEmpty() && this.rejected.undecided() == null;
	}

	/**
	 * Call something, which does not block, when messages are confirmed or rejected.
	 */
	void onProgress(@Nullable Runnable task) {
		this.onProgress = task;
	}

	/**
	 * Whether the broker reads on if one more message is written, although a queue does
	 * not take the oldest one. For the writer only.
	 */
	boolean hasRoom() {
		return !this.spoiled && !this.stalled && !isBehindOldest(LIMIT);
	}

	/**
	 * Whether no more should be written until the oldest message is confirmed, or known
	 * to be late. For the writer only.
	 */
	boolean isCongested() {
		if (!isBehindOldest(CONGESTION)) {
			return false;
		}
		Publication oldest = oldest();
		return oldest != null && this.times.isSlow(System.nanoTime() - oldest.writtenAt());
	}

	private boolean isBehindOldest(int messages) {
		long next = this.channel.getNextPublishSeqNo();
		if (next - this.unconfirmedFrom < messages) {
			return false;
		}
		Map.Entry<Long, Publication> first = this.ledger.firstEntry();
		this.unconfirmedFrom = (first != null) ? first.getKey() : next;
		return next - this.unconfirmedFrom >= messages;
	}

	/**
	 * Whether somebody waits because the given message, the oldest one, is not confirmed
	 * while others are.
	 */
	boolean isHeldUpBy(Publication oldest) {
		return this.lastConfirmed > oldest.sequenceNumber()
				|| oldest.sequenceNumber() + CONGESTION <= this.channel.getNextPublishSeqNo();
	}

	/**
	 * Whether the writer waits until everything is confirmed.
	 */
	boolean isAwaited() {
		return this.awaited;
	}

	/**
	 * Return the number of the last message that was confirmed.
	 */
	long lastConfirmed() {
		return this.lastConfirmed;
	}

	/**
	 * When the broker has confirmed something, or the channel was opened.
	 */
	long confirmedAt() {
		return this.confirmedAt;
	}

	/**
	 * Wait until nothing is unconfirmed, the channel is closed, or there is no hope.
	 */
	void awaitConfirms(BooleanSupplier hope) throws InterruptedException {
		this.awaited = true;
		try {
			for (Publication next = unfinished(); next != null && isOpen()
					&& hope.getAsBoolean(); next = unfinished()) {
				next.awaitEnd(ConfirmedPublisher.POLL);
			}
		}
		finally {
			this.awaited = false;
		}
	}

	/**
	 * Ask the broker something that it answers as soon as it has read what was written to
	 * the connection. For the writer only.
	 * @return completes when there is an answer, or the channel is closed
	 */
	CompletableFuture<?> ask() {
		return this.question.ask();
	}

	/**
	 * Have no room until the channel confirms again, as nothing is read from it.
	 */
	void stalled() {
		this.stalled = true;
	}

	/**
	 * Take a message out of the ledger. If it is confirmed here after all, that counts
	 * for nothing.
	 * @return whether it was in the ledger still
	 */
	boolean forget(Publication publication) {
		boolean forgotten = this.ledger.remove(publication.sequenceNumber(), publication);
		if (forgotten) {
			removed(publication);
		}
		return forgotten;
	}

	/**
	 * Take everything that is not confirmed out of the ledger.
	 * @return the messages in the order in which they were published
	 */
	List<Publication> drain() {
		List<Publication> drained = new ArrayList<>(this.ledger.size());
		for (var entry = this.ledger.pollFirstEntry(); entry != null; entry = this.ledger.pollFirstEntry()) {
			if (!entry.getValue().isDone()) {
				drained.add(entry.getValue());
			}
		}
		return drained;
	}

	void close() {
		try {
			if (this.channel.isOpen()) {
				this.channel.close();
			}
		}
		catch (Exception ex) {
			// it is closed one way or the other
			this.ledger.clear();
		}
	}

	private void acknowledged(long sequence, boolean multiple) {
		long now = System.nanoTime();
		this.confirmedAt = now;
		this.lastConfirmed = Math.max(this.lastConfirmed, sequence);
		if (!multiple) {
			Publication publication = this.ledger.remove(sequence);
			if (publication != null) {
				this.times.confirmed(this.activation, now - publication.writtenAt(), now);
				confirmed(publication);
			}
		}
		else {
			var confirmed = this.ledger.headMap(sequence, true);
			for (var entry = confirmed.pollFirstEntry(); entry != null; entry = confirmed.pollFirstEntry()) {
				this.times.confirmed(this.activation, now - entry.getValue().writtenAt(), now);
				confirmed(entry.getValue());
			}
		}
		progress();
	}

	private void progress() {
		this.stalled = false;
		Runnable told = this.onProgress;
		if (told != null) {
			told.run();
		}
	}

	private void confirmed(Publication publication) {
		removed(publication);
		if (!this.confirmedExchanges.contains(publication.exchange())
				&& this.confirmedExchanges.size() < ConfirmedExchanges.MAX) {
			this.confirmedExchanges.add(publication.exchange());
		}
		if (publication.returned() != null) {
			this.onNack.accept(publication);
		}
		else {
			publication.confirmed();
		}
	}

	/**
	 * Whether the broker has confirmed a message to this exchange before, on whatever
	 * channel.
	 */
	boolean hasConfirmed(String exchange) {
		return this.confirmedExchanges.contains(exchange);
	}

	private void removed(Publication publication) {
		this.unconfirmedBytes.addAndGet(-publication.size());
	}

	private void rejected(long sequence, boolean multiple) {
		var rejected = multiple ? this.ledger.headMap(sequence, true)
				: this.ledger.subMap(sequence, true, sequence, true);
		for (var entry = rejected.pollFirstEntry(); entry != null; entry = rejected.pollFirstEntry()) {
			removed(entry.getValue());
			this.rejected.add(entry.getValue());
		}
		progress();
	}

	private void returned(Return message) {
		Predicate<Publication> meant = (publication) -> publication.returned() == null
				&& publication.messageId().equals(message.getProperties().getMessageId())
				&& publication.exchange().equals(message.getExchange())
				&& publication.routingKey().equals(RoutingKeys.original(message.getRoutingKey()));
		Publication rejectedBefore = this.rejected.take(meant);
		if (rejectedBefore != null) {
			rejectedBefore.returned(this, returnedMessage(message));
			rejectedBefore.confirmed();
			return;
		}
		for (Publication publication : this.ledger.values()) {
			if (meant.test(publication)) {
				publication.returned(this, returnedMessage(message));
				return;
			}
		}
	}

	private static ReturnedMessage returnedMessage(Return message) {
		Message body = new Message(message.getBody(),
				CONVERTER.toMessageProperties(message.getProperties(), null, "UTF-8"));
		return new ReturnedMessage(body, message.getReplyCode(), message.getReplyText(), message.getExchange(),
				RoutingKeys.original(message.getRoutingKey()));
	}

}
