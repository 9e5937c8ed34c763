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
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import java.util.function.Predicate;

import com.rabbitmq.client.AlreadyClosedException;
import com.rabbitmq.client.ShutdownSignalException;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;

/**
 * Writes messages to one channel, in the order in which they were handed over, and writes
 * those that are unconfirmed again when the channel is lost.
 * <p>
 * Whoever has the turn writes. That is the caller itself if nothing is before its message
 * and the operating system takes it without waiting for the broker, because little is
 * unconfirmed; it saves two changes of threads. In all other cases it is a thread of this
 * object, so that a broker that reads nothing does not hold callers up. Nobody but this
 * thread waits for the turn.
 */
final class PublishWriter {

	private static final Log logger = LogFactory.getLog(PublishWriter.class);

	private static final Duration CONGESTION_POLL = Duration.ofMillis(1);

	/**
	 * How long a broker may take to answer a question on a connection from which it
	 * reads.
	 */
	private static final Duration ANSWER = Duration.ofMillis(500);

	private final PublishSource source;

	private final Predicate<Publication> repeatable;

	private final Consumer<Publication> onNack;

	private final Consumer<Publication> onDenied;

	private final ConfirmedExchanges confirmedExchanges = new ConfirmedExchanges();

	private final PublishQueue queue = new PublishQueue();

	private final Semaphore turn = new Semaphore(1);

	private final PublishThread thread;

	private final LateDestinations late;

	private final ConfirmTimes times;

	private final PublishWatch watch;

	private volatile @Nullable PublishChannel channel;

	/**
	 * The channel that is to be set aside, because others go on while its oldest message
	 * is not confirmed.
	 */
	private volatile @Nullable PublishChannel overdue;

	/**
	 * Create a writer.
	 * @param source where channels come from
	 * @param repeatable whether a message is written again after its channel was lost;
	 * ends it if not
	 * @param onNack called for each message that the broker rejects or returns
	 * @param onDenied called for each message that the user may not publish, to an
	 * exchange that he could publish to before
	 * @param watch does what may block, in the background, and is told of a channel whose
	 * connection does not answer
	 * @param times how long confirms take
	 * @param onHold called for each message that waits because its destination is late
	 */
	PublishWriter(PublishSource source, Predicate<Publication> repeatable, Consumer<Publication> onNack,
			Consumer<Publication> onDenied, PublishWatch watch, ConfirmTimes times, Consumer<Publication> onHold) {
		this.source = source;
		this.repeatable = repeatable;
		this.onNack = onNack;
		this.onDenied = onDenied;
		this.watch = watch;
		this.times = times;
		this.thread = new PublishThread(this::hasWork, this::work, this::end);
		this.late = new LateDestinations(onHold, this.thread::wake);
		source.onMove(this.thread::wake);
	}

	LateDestinations late() {
		return this.late;
	}

	@Nullable PublishChannel channel() {
		return this.channel;
	}

	/**
	 * Write a message, now or when it is its turn.
	 */
	void submit(Publication publication) {
		if (!writeNow(publication)) {
			this.queue.add(publication);
		}
		wake();
	}

	/**
	 * Have what waits written, also if it was not possible to start the thread before.
	 */
	void wake() {
		if (hasWork()) {
			this.thread.wake();
		}
	}

	private boolean writeNow(Publication publication) {
		if (!this.queue.isEmpty() || !this.late.isEmpty() || !this.turn.tryAcquire()) {
			return false;
		}
		try {
			PublishChannel current = this.channel;
			if (current == null || hasWork() || publication.isRejectedBy(current) || !current.takesNow(publication)
					|| current.isCongested() || !this.late.isEmpty()) {
				return false;
			}
			write(current, publication);
			return true;
		}
		finally {
			this.turn.release();
		}
	}

	private boolean hasWork() {
		PublishChannel current = this.channel;
		return !this.queue.isEmpty() || this.late.hasNews() || this.overdue != null
				|| (current != null && (!current.isOpen() || isLeft(current)));
	}

	private void work() throws InterruptedException {
		if (this.turn.tryAcquire(1, TimeUnit.MINUTES)) {
			try {
				writeAll();
			}
			finally {
				this.turn.release();
			}
		}
	}

	private void writeAll() throws InterruptedException {
		while (!this.thread.isClosed() && hasWork()) {
			PublishChannel current = this.channel;
			if (current != null && !current.isOpen()) {
				lose(current);
			}
			else if (current != null && isLeft(current)) {
				leave(current);
			}
			setAsideOverdue();
			settleLate();
			Publication next = this.queue.poll();
			if (next != null && !next.isDone()) {
				publish(next);
				publishBatch();
			}
		}
	}

	/**
	 * Publish what waits and needs nothing but to be written, with few calls of the
	 * operating system.
	 */
	private void publishBatch() {
		PublishChannel current = this.channel;
		Publication next = this.queue.peek();
		if (current == null || next == null || !isReady(next, current)) {
			return;
		}
		current.beginBatch();
		try {
			while (next != null && isReady(next, current)) {
				this.queue.poll();
				write(current, next);
				next = this.queue.peek();
			}
		}
		finally {
			endBatch(current);
		}
	}

	private boolean isReady(Publication publication, PublishChannel current) {
		return !this.thread.isClosed() && this.channel == current && current.isOpen() && !publication.isSuspect()
				&& !publication.isRejectedBy(current) && !isLeft(current) && !current.isCongested()
				&& (this.late.isEmpty() || this.late.goesOn(publication));
	}

	private boolean isLeft(PublishChannel current) {
		return current.isSpoiled() || this.source.isLeft();
	}

	private void endBatch(PublishChannel current) {
		try {
			current.endBatch();
		}
		catch (IOException | AlreadyClosedException ex) {
			logger.debug("The connection is lost with messages that are written again", ex);
			if (this.channel == current) {
				lose(current);
			}
		}
	}

	private void publish(Publication publication) throws InterruptedException {
		PublishChannel current = (this.channel != null) ? this.channel : open(publication);
		if (current == null) {
			return;
		}
		PublishChannel place = this.late.isEmpty() ? current : this.late.place(publication, current);
		if (place == current) {
			publish(publication, current);
		}
		else if (place != null) {
			write(place, publication);
		}
	}

	private void publish(Publication publication, PublishChannel before) throws InterruptedException {
		if (before.isCongested()) {
			this.queue.addFirst(List.of(publication));
			LockSupport.parkNanos(this, CONGESTION_POLL.toNanos());
			return;
		}
		if (publication.isSuspect() || publication.isRejectedBy(before)) {
			awaitConfirms(before);
			if (this.overdue == before) {
				this.queue.addFirst(List.of(publication));
				return;
			}
			if (publication.isRejectedBy(before) || this.source.isLeft()) {
				leave(before);
			}
		}
		PublishChannel current = (this.channel != null) ? this.channel : open(publication);
		if (current == null) {
			return;
		}
		write(current, publication);
		if (publication.isSuspect()) {
			awaitConfirms(current);
		}
	}

	private void awaitConfirms(PublishChannel current) throws InterruptedException {
		current.awaitConfirms(() -> !this.source.isLeft() && this.overdue != current);
	}

	private void write(PublishChannel current, Publication publication) {
		try {
			current.publish(publication);
		}
		catch (IOException | ShutdownSignalException ex) {
			publication.failedWith(ex);
			lose(current);
		}
		catch (RuntimeException ex) {
			broken(publication, ex);
		}
		catch (Error ex) {
			broken(publication, ex);
			throw ex;
		}
	}

	/**
	 * The channel is left when all others on it are confirmed.
	 */
	private static void broken(Publication publication, Throwable failure) {
		publication.failedWith(failure);
		publication.fail("The client failed to publish the message");
	}

	private @Nullable PublishChannel open(Publication publication) throws InterruptedException {
		try {
			PublishChannel fresh = open();
			this.channel = fresh;
			return fresh;
		}
		catch (IOException | RuntimeException | Error ex) {
			logger.debug("No channel to publish on", ex);
			publication.failedWith(ex);
			if (this.source.isClosed()) {
				publication.fail("The application is shut down");
				return null;
			}
			this.queue.addFirst(List.of(publication));
			this.source.awaitActive(ConfirmedPublisher.RETRY);
			LockSupport.parkNanos(this, ConfirmedPublisher.POLL.toNanos());
			return null;
		}
	}

	private PublishChannel open() throws IOException {
		return publishChannel(this.source.open());
	}

	private PublishChannel publishChannel(PublishSource.Opened opened) {
		return new PublishChannel(opened, this.confirmedExchanges.of(opened.activation()), this.onNack, this.late::note,
				this.watch::aside, this.times);
	}

	/**
	 * Have a channel set aside. For all threads.
	 */
	void setAside(PublishChannel late) {
		this.overdue = late;
		this.thread.wake();
	}

	/**
	 * Go on with another channel: of the same connection if the broker reads from it,
	 * else of another one. That it can be opened shows that the broker answers.
	 */
	private void setAsideOverdue() throws InterruptedException {
		PublishChannel left = this.overdue;
		this.overdue = null;
		if (left == null || left != this.channel || !left.isOpen() || left.isSettled()) {
			return;
		}
		try {
			CompletableFuture<?> answer = left.ask();
			if (isDone(answer, ANSWER)) {
				this.channel = open();
			}
			else {
				openApart(left, answer);
			}
			this.late.add(left);
		}
		catch (IOException | RuntimeException ex) {
			logger.debug("No channel beside one with late confirms", ex);
			this.watch.unanswered(left);
		}
	}

	private static boolean isDone(CompletableFuture<?> future, Duration within) throws InterruptedException {
		try {
			future.get(within.toNanos(), TimeUnit.NANOSECONDS);
			return true;
		}
		catch (ExecutionException ex) {
			return true;
		}
		catch (TimeoutException ex) {
			return false;
		}
	}

	/**
	 * Messages are not published twice where both connections are slow, as on a machine
	 * that is short of processors.
	 */
	private void openApart(PublishChannel left, CompletableFuture<?> answer) throws IOException {
		this.channel = publishChannel(this.source.openApart());
		if (answer.isDone()) {
			return;
		}
		left.stalled();
		List<Publication> heldUp = HeldUpMessages.takeFrom(left);
		logger.warn(("The broker answers, but reads nothing from a connection, as a queue does not take its messages. "
				+ "Other destinations go on with another connection, with %d unconfirmed messages")
			.formatted(heldUp.size()));
		repeat(heldUp, left, heldUp.size());
	}

	/**
	 * Let destinations go on that confirm again. What is not confirmed for long after its
	 * first try is written once more, to another channel.
	 */
	private void settleLate() {
		if (!this.late.hasNews()) {
			return;
		}
		for (PublishChannel channel : this.late.channels()) {
			if (!channel.isOpen()) {
				lose(channel);
			}
			else if (this.watch.isExhausted(channel)) {
				lose(channel);
				this.watch.aside(channel::close);
			}
		}
		this.queue.addFirst(this.late.settle(this.channel, (settled) -> this.watch.aside(settled::close)));
	}

	/**
	 * Leave a channel when everything on it is confirmed, or the broker accepts nothing.
	 */
	private void leave(PublishChannel left) throws InterruptedException {
		left.awaitConfirms(() -> !this.source.isBlocked(left.activation()) && this.overdue != left);
		if (this.overdue != left) {
			lose(left);
			this.watch.aside(left::close);
		}
	}

	private void lose(PublishChannel lost) {
		List<Publication> unconfirmed = lost.drain();
		ShutdownSignalException reason = lost.closedBy();
		unconfirmed.forEach((publication) -> publication.failedWith(reason));
		if (lost == this.channel) {
			this.channel = null;
		}
		else {
			this.queue.addFirst(this.late.remove(lost));
		}
		repeat(PublishMistake.sort(unconfirmed, lost, this.onDenied), lost, unconfirmed.size());
	}

	/**
	 * Write messages again, before all others.
	 */
	private void repeat(List<Publication> unconfirmed, PublishChannel left, int inFlight) {
		List<Publication> again = unconfirmed.stream().filter(this.repeatable).toList();
		logger.debug("%d unconfirmed messages, of which %d are published again".formatted(inFlight, again.size()));
		report(left, inFlight, again);
		this.queue.addFirst(again);
	}

	/**
	 * Report what has become of messages as soon as all of them have ended.
	 */
	private void report(PublishChannel lost, int inFlight, List<Publication> again) {
		if (inFlight > 0) {
			CompletableFuture<?>[] results = again.stream().map(Publication::result).toArray(CompletableFuture[]::new);
			CompletableFuture.allOf(results).whenComplete((nothing, failure) -> {
				long failed = Arrays.stream(results).filter(CompletableFuture::isCompletedExceptionally).count();
				this.source.replayed(lost.activation(), inFlight, (int) (results.length - failed));
			});
		}
	}

	/**
	 * Write nothing any more, and end the thread.
	 */
	void close() {
		this.thread.close();
	}

	private void end() {
		PublishChannel last = this.channel;
		if (last != null) {
			last.close();
		}
		this.late.channels().forEach(PublishChannel::close);
	}

}
