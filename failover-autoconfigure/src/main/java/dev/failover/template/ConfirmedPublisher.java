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
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;

import dev.failover.broker.Broker;
import dev.failover.connection.DestinationFault;

/**
 * Publishes messages on one channel, in the order in which they were submitted, with a
 * bounded number of them unconfirmed at a time. When the channel is lost, what was not
 * confirmed is published again on a channel to the broker that is active next, in the
 * same order. Every message that was submitted ends, at its deadline or at the shutdown
 * at the latest.
 */
final class ConfirmedPublisher {

	static final Duration RETRY = Duration.ofMillis(250);

	static final Duration POLL = Duration.ofMillis(10);

	private static final int MAX_DOUBLINGS = 7;

	/**
	 * How long a permission is waited for that the user had before.
	 */
	private static final Duration PERMISSION_PATIENCE = Duration.ofSeconds(10);

	private static final Duration LONGEST_PERMISSION_PAUSE = Duration.ofSeconds(2);

	private static final Duration BETWEEN_WARNINGS = Duration.ofSeconds(10);

	private static final Duration WORTH_A_WARNING = Duration.ofSeconds(1);

	private static final Log logger = LogFactory.getLog(ConfirmedPublisher.class);

	private final PublishSource source;

	private final PublishSettings settings;

	private final int maxRetries;

	private final PublishObservers observers = new PublishObservers();

	private final ConfirmTimes times = new ConfirmTimes(this.observers);

	private final PublishWindow window;

	private final PublishWriter writer;

	private final PublishWatch watch;

	private final OpeningPublisher opening;

	private final AtomicLong warnedAt = new AtomicLong(System.nanoTime() - BETWEEN_WARNINGS.toNanos());

	private final AtomicLong warnedOfLateAt = new AtomicLong(System.nanoTime() - BETWEEN_WARNINGS.toNanos());

	private volatile boolean closing;

	private volatile boolean closed;

	ConfirmedPublisher(PublishSource source, PublishSettings settings, @Nullable Integer maxRetries) {
		this.source = source;
		this.settings = settings;
		this.maxRetries = (maxRetries != null) ? maxRetries : Integer.MAX_VALUE;
		this.watch = new PublishWatch(this::inspect, source, settings.confirmTimeout());
		this.writer = new PublishWriter(source, this::isRepeatable, this::rejected, this::denied, this.watch,
				this.times, this::setApart);
		this.window = new PublishWindow(settings.maxInFlight(), this.writer.late()::isHeldBack, this.observers::failed);
		this.opening = new OpeningPublisher(source, this.watch::aside, settings.confirmTimeout());
	}

	/**
	 * Hand a message over. Waits for room in the window, but for no broker, unless it is
	 * sent by code that runs while a connection is opened.
	 */
	void submit(Publication publication) {
		publication.explainedBy(this.source::getOutage);
		if (this.closing) {
			publication.fail("The publisher is closed");
		}
		else if (this.source.isOpening()) {
			this.opening.publish(publication);
			publication.result().whenComplete((confirmation, failure) -> this.observers.failed(failure));
		}
		if (publication.isDone() || !this.window.enter(publication)) {
			return;
		}
		if (this.closed) {
			publication.fail("The publisher is closed");
			return;
		}
		this.writer.submit(publication);
		this.watch.start();
		if (this.closed) {
			publication.fail("The publisher is closed");
		}
	}

	/**
	 * Decide on a message whose channel was lost.
	 */
	private boolean isRepeatable(Publication publication) {
		if (publication.returned() != null) {
			publication.confirmed();
		}
		else if (!publication.isRepeatable()) {
			publication.fail("The connection was lost before the confirm, and the message must not be sent twice");
		}
		else if (publication.tries() > this.maxRetries) {
			publication.fail("The message was not confirmed after " + tries(publication));
		}
		return !publication.isDone();
	}

	/**
	 * Decide on a message that a broker has rejected, which is not at fault otherwise, or
	 * returned. If a queue cannot be used at the moment, a broker does either. The pauses
	 * double, because a queue that dead-letters what it rejects gets one more copy of the
	 * message there with each try.
	 */
	private void rejected(Publication publication) {
		DestinationFault fault = this.source.rejected(publication.exchange(), publication.routingKey());
		if (publication.returned() != null && (fault == null || !(fault.certain() || publication.isRepeatable()))) {
			publication.confirmed();
			return;
		}
		publication.rejected(new IOException("The broker rejected the message (basic.nack)"));
		if (fault != null && fault.certain()) {
			publication.unavailable(fault.description());
			return;
		}
		warnOfRejected(publication);
		if (!publication.isRepeatable()) {
			publication.fail("The broker rejected the message, which must not be sent twice");
		}
		else if (publication.tries() > this.maxRetries) {
			publication.fail("The broker rejected the message after " + tries(publication));
		}
		else {
			Duration pause = RETRY.multipliedBy(1L << Math.min(publication.tries() - 1, MAX_DOUBLINGS));
			this.watch.later(() -> this.writer.submit(publication), pause);
		}
	}

	/**
	 * Decide on a message that the user may not publish any more. A permission that is
	 * taken away and given back, by hand or by a back end that does not answer for a
	 * while, is waited for.
	 */
	private void denied(Publication publication) {
		Duration waited = publication.deniedFor(System.nanoTime());
		if (!publication.isRepeatable() || publication.tries() > this.maxRetries
				|| waited.compareTo(PERMISSION_PATIENCE) > 0) {
			publication.fail("The broker refused the message: " + publication.refusal());
			return;
		}
		long pause = Math.min(RETRY.toMillis() << Math.min(publication.tries() - 1, MAX_DOUBLINGS),
				LONGEST_PERMISSION_PAUSE.toMillis());
		this.watch.later(() -> this.writer.submit(publication), Duration.ofMillis(pause));
	}

	private static String tries(Publication publication) {
		return (publication.tries() == 1) ? "1 try" : publication.tries() + " tries";
	}

	private void warnOfRejected(Publication publication) {
		long now = System.nanoTime();
		long last = this.warnedAt.get();
		if (now - last >= BETWEEN_WARNINGS.toNanos() && this.warnedAt.compareAndSet(last, now)) {
			logger.warn("Messages are rejected (basic.nack), one of them to exchange '%s' with routing key '%s', try %d"
				.formatted(publication.exchange(), publication.routingKey(), publication.tries()));
		}
	}

	private void setApart(Publication publication) {
		this.window.setApart(publication);
	}

	/**
	 * End messages whose time is over, and look for destinations and brokers that do not
	 * confirm.
	 * @return whether there is anything to look after
	 */
	private boolean inspect() {
		this.window.expire(System.nanoTime());
		this.writer.wake();
		PublishChannel current = this.writer.channel();
		if (current != null && this.watch.judge(current, this.times)) {
			this.writer.setAside(current);
		}
		inspectLate();
		return (current != null && current.oldest() != null) || this.window.inFlight() > 0
				|| !this.writer.late().isEmpty();
	}

	private void inspectLate() {
		LateDestinations late = this.writer.late();
		if (late.isEmpty()) {
			return;
		}
		late.noteTime();
		if (late.channels().stream().anyMatch(this.watch::isExhausted)) {
			late.note();
		}
		late.overdue(WORTH_A_WARNING.toNanos()).stream().findFirst().ifPresent(this::warnOfLate);
	}

	private void warnOfLate(Publication oldest) {
		long now = System.nanoTime();
		long last = this.warnedOfLateAt.get();
		if (now - last >= BETWEEN_WARNINGS.toNanos() && this.warnedOfLateAt.compareAndSet(last, now)) {
			logger.warn(("Messages to %s have not been confirmed for %d ms, although the broker answers. Further ones "
					+ "wait until they are; other destinations are not affected")
				.formatted(Destination.of(oldest), TimeUnit.NANOSECONDS.toMillis(now - oldest.writtenAt())));
		}
	}

	void addObserver(PublishObserver observer) {
		this.observers.add(observer);
	}

	/**
	 * Return the broker that was published to last, if it is known.
	 */
	@Nullable Broker lastBroker() {
		return this.source.lastBroker();
	}

	PublishStatus status() {
		return this.window.status();
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
		this.source.close();
		this.watch.close();
		this.writer.close();
		this.window.forEach((publication) -> publication.fail("The application was shut down before the confirm"));
	}

}
