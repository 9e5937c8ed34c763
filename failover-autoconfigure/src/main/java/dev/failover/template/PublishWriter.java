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
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
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

	private final PublishSource source;

	private final Predicate<Publication> repeatable;

	private final Consumer<Publication> onNack;

	private final Consumer<Publication> onDenied;

	private final ConfirmedExchanges confirmedExchanges = new ConfirmedExchanges();

	private final Executor aside;

	private final PublishQueue queue = new PublishQueue();

	private final Semaphore turn = new Semaphore(1);

	private final PublishThread thread;

	private volatile @Nullable PublishChannel channel;

	/**
	 * Create a writer.
	 * @param source where channels come from
	 * @param repeatable whether a message is written again after its channel was lost;
	 * ends it if not
	 * @param onNack called for each message that the broker rejects and does not return
	 * @param onDenied called for each message that the user may not publish, to an
	 * exchange that he could publish to before
	 * @param aside does what may block, in the background
	 */
	PublishWriter(PublishSource source, Predicate<Publication> repeatable, Consumer<Publication> onNack,
			Consumer<Publication> onDenied, Executor aside) {
		this.source = source;
		this.repeatable = repeatable;
		this.onNack = onNack;
		this.onDenied = onDenied;
		this.aside = aside;
		this.thread = new PublishThread(this::hasWork, this::work, this::end);
		source.onMove(this.thread::wake);
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
		if (!this.queue.isEmpty() || !this.turn.tryAcquire()) {
			return false;
		}
		try {
			PublishChannel current = this.channel;
			if (current == null || hasWork() || publication.isRejectedBy(current) || !current.takesNow(publication)) {
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
		return !this.queue.isEmpty() || (current != null && (!current.isOpen() || isLeft(current)));
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
				&& !publication.isRejectedBy(current) && !isLeft(current);
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
		PublishChannel before = this.channel;
		if (before != null && (publication.isSuspect() || publication.isRejectedBy(before))) {
			before.awaitConfirms(() -> !this.source.isLeft());
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
			current.awaitConfirms(() -> !this.source.isLeft());
		}
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
			PublishSource.Opened opened = this.source.open();
			PublishChannel fresh = new PublishChannel(opened, this.confirmedExchanges.of(opened.activation()),
					this.onNack, this.thread::wake, this.aside);
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

	/**
	 * Leave a channel when everything on it is confirmed, or the broker accepts nothing.
	 */
	private void leave(PublishChannel left) throws InterruptedException {
		left.awaitConfirms(() -> !this.source.isBlocked(left.activation()));
		lose(left);
		this.aside.execute(left::close);
	}

	private void lose(PublishChannel lost) {
		this.channel = null;
		List<Publication> unconfirmed = lost.drain();
		ShutdownSignalException reason = lost.closedBy();
		unconfirmed.forEach((publication) -> publication.failedWith(reason));
		List<Publication> again = PublishMistake.sort(unconfirmed, lost, this.onDenied)
			.stream()
			.filter(this.repeatable)
			.toList();
		if (!again.isEmpty()) {
			logger.info((again.size() == 1) ? "1 unconfirmed message is published again"
					: "%d unconfirmed messages are published again".formatted(again.size()));
		}
		report(lost, unconfirmed.size(), again);
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
	}

}
