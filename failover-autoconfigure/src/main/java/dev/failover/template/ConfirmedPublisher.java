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
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;

import com.rabbitmq.client.AlreadyClosedException;
import com.rabbitmq.client.ShutdownSignalException;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;

import dev.failover.broker.Activation;

/**
 * Publishes messages on one channel, in the order in which they were submitted, with a
 * bounded number of them unconfirmed at a time. When the channel is lost, what was not
 * confirmed is published again on a channel to the broker that is active next, in the
 * same order.
 * <p>
 * One thread writes, so that callers are never caught in a write that blocks; another one
 * looks for messages whose time is over.
 */
final class ConfirmedPublisher {

	private static final Log logger = LogFactory.getLog(ConfirmedPublisher.class);

	private static final Duration RETRY = Duration.ofMillis(250);

	private final PublishSource source;

	private final PublishSettings settings;

	private final int maxRetries;

	private final PublishWindow window;

	/**
	 * What callers have handed over; an empty element tells that something happened to
	 * the channel.
	 */
	private final BlockingQueue<Optional<Publication>> queue = new LinkedBlockingQueue<>();

	private final Deque<Publication> backlog = new ConcurrentLinkedDeque<>();

	private final AtomicReference<@Nullable Thread> writer = new AtomicReference<>();

	private final PublishWatch watch;

	private volatile @Nullable PublishChannel channel;

	private volatile @Nullable Publication inHand;

	private volatile boolean closing;

	private volatile boolean closed;

	ConfirmedPublisher(PublishSource source, PublishSettings settings, @Nullable Integer maxRetries) {
		this.source = source;
		this.settings = settings;
		this.maxRetries = (maxRetries != null) ? maxRetries : Integer.MAX_VALUE;
		this.window = new PublishWindow(settings.maxInFlight());
		this.watch = new PublishWatch(this::inspect, source, settings.confirmTimeout());
	}

	/**
	 * Hand a message over. Waits for room in the window, but for nothing else.
	 */
	void submit(Publication publication) {
		if (this.closing) {
			publication.fail("The publisher is closed");
		}
		if (publication.isDone() || !this.window.enter(publication)) {
			return;
		}
		this.queue.add(Optional.of(publication));
		if (this.closed) {
			publication.fail("The publisher is closed");
		}
		startWriter();
		this.watch.start();
	}

	private void startWriter() {
		if (this.writer.get() == null) {
			Thread thread = new Thread(this::write, "failover-publisher");
			thread.setDaemon(true);
			if (this.writer.compareAndSet(null, thread)) {
				thread.start();
			}
		}
	}

	private void write() {
		while (!this.closed) {
			try {
				takeLossIn();
				this.inHand = next();
				if (this.inHand != null && !this.inHand.isDone()) {
					publish(this.inHand);
				}
				this.inHand = null;
			}
			catch (InterruptedException ex) {
				logger.debug("Publisher is interrupted, closed: " + this.closed);
			}
			catch (RuntimeException | Error ex) {
				logger.error("Publisher failed, and goes on", ex);
			}
		}
		PublishChannel last = this.channel;
		if (last != null) {
			last.close();
		}
	}

	private @Nullable Publication next() throws InterruptedException {
		Publication again = this.backlog.poll();
		if (again != null) {
			return again;
		}
		Optional<Publication> signal = this.queue.poll(1, TimeUnit.MINUTES);
		return (signal != null) ? signal.orElse(null) : null;
	}

	private void publish(Publication publication) throws InterruptedException {
		PublishChannel current = open(publication);
		if (current == null) {
			return;
		}
		if (publication.isSuspect()) {
			awaitConfirms(current);
		}
		try {
			current.publish(publication);
			if (publication.isSuspect()) {
				awaitConfirms(current);
			}
		}
		catch (IOException | AlreadyClosedException ex) {
			publication.failedWith(ex);
			lose(current);
		}
		catch (RuntimeException ex) {
			// the client refused it, but has counted it
			publication.failedWith(ex);
			publication.fail("The message cannot be published", PublishOutcome.NOT_SENT);
			lose(current);
			current.close();
		}
	}

	private @Nullable PublishChannel open(Publication publication) throws InterruptedException {
		PublishChannel current = this.channel;
		if (current != null) {
			return current;
		}
		try {
			Activation activation = this.source.activation();
			com.rabbitmq.client.Channel opened = this.source.open();
			Activation now = this.source.activation();
			PublishChannel fresh = new PublishChannel(opened, (activation != null) ? activation : now, this::rejected,
					() -> this.queue.add(Optional.empty()));
			this.channel = fresh;
			return fresh;
		}
		catch (IOException | RuntimeException ex) {
			logger.debug("No channel to publish on", ex);
			publication.failedWith(ex);
			this.backlog.addFirst(publication);
			this.source.awaitActive(RETRY);
			return null;
		}
	}

	/**
	 * Wait until the channel has nothing unconfirmed, or is closed.
	 */
	private void awaitConfirms(PublishChannel current) throws InterruptedException {
		for (Publication oldest = current.oldest(); oldest != null && current.isOpen(); oldest = current.oldest()) {
			oldest.awaitEnd(Duration.ofMillis(10));
		}
	}

	private void takeLossIn() {
		PublishChannel current = this.channel;
		if (current != null && !current.isOpen()) {
			lose(current);
		}
	}

	private void lose(PublishChannel lost) {
		this.channel = null;
		List<Publication> unconfirmed = lost.drain();
		ShutdownSignalException reason = lost.closedBy();
		unconfirmed.forEach((publication) -> publication.failedWith(reason));
		List<Publication> again = PublishMistake.sort(unconfirmed, reason).stream().filter(this::isRepeatable).toList();
		if (!again.isEmpty()) {
			logger.info("%d unconfirmed messages are published again".formatted(again.size()));
		}
		for (int i = again.size() - 1; i >= 0; i--) {
			this.backlog.addFirst(again.get(i));
		}
	}

	private boolean isRepeatable(Publication publication) {
		if (!publication.isRepeatable()) {
			publication.fail("The connection was lost before the confirm, and the message must not be sent twice");
		}
		else if (publication.tries() > this.maxRetries) {
			publication.fail("The message was not confirmed after %d tries".formatted(publication.tries()));
		}
		return !publication.isDone();
	}

	private void rejected(PublishChannel by, Publication publication) {
		if (publication.returned() != null) {
			publication.confirmed();
		}
		else if (isRepeatable(publication)) {
			publication.failedWith(new IOException("The broker rejected the message (basic.nack)"));
			this.watch.later(() -> this.queue.add(Optional.of(publication)), RETRY);
		}
	}

	/**
	 * End messages whose time is over, and give a broker up that does not confirm.
	 * @return whether there is anything to look after
	 */
	private boolean inspect() {
		long now = System.nanoTime();
		forEachUnfinished((publication) -> {
			if (publication.remaining(now) <= 0) {
				publication.fail("The message was not confirmed in time");
			}
		});
		PublishChannel current = this.channel;
		Publication oldest = (current != null) ? current.oldest() : null;
		if (current != null && oldest != null) {
			this.watch.judge(current.activation(), oldest.writtenAt());
		}
		return this.window.inFlight() > 0;
	}

	private void forEachUnfinished(Consumer<Publication> action) {
		this.queue.forEach((signal) -> signal.ifPresent(action));
		this.backlog.forEach(action);
		Optional.ofNullable(this.inHand).ifPresent(action);
		PublishChannel current = this.channel;
		if (current != null) {
			current.unconfirmed().forEach(action);
		}
	}

	/**
	 * Take no more messages, wait for the outstanding confirms, and end what is left with
	 * an exception.
	 */
	void close() {
		this.closing = true;
		boolean finished = this.window.awaitEmpty(this.settings.shutdownTimeout());
		this.closed = true;
		if (!finished) {
			logger.warn("Shutdown with %d messages unconfirmed".formatted(this.window.inFlight()));
		}
		this.watch.close();
		Thread thread = this.writer.get();
		if (thread != null) {
			thread.interrupt();
		}
		forEachUnfinished((publication) -> publication.fail("The application was shut down before the confirm"));
	}

}
