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

package dev.failover.detection;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Function;
import java.util.function.Supplier;

import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.springframework.util.Assert;

import dev.failover.broker.Broker;
import dev.failover.broker.BrokerState;
import dev.failover.broker.BrokerStatus;
import dev.failover.broker.Brokers;
import dev.failover.connection.BrokerAccess;
import dev.failover.connection.OpenConnection;

/**
 * Looks now and then whether messages wait on a broker where nobody consumes them, and
 * tells {@link Brokers}: applications that list the same independent brokers may not
 * meet. A queue counts if it has messages and no consumer twice in a row, and either it
 * is consumed from on another broker, or nothing that the application knows is consumed
 * from on this one. What else has no consumer, such as a dead-letter queue, is nobody's
 * business.
 * <p>
 * Each look asks, for each queue that the application declares or consumes and does not
 * consume from there itself, for its counts, on a connection that there is already or on
 * one for the look alone. It begins with the first connection of the application.
 */
public final class QueueWatch implements AutoCloseable {

	private static final Log logger = LogFactory.getLog(QueueWatch.class);

	/**
	 * No more queues are asked for.
	 */
	private static final int MAX_QUEUES = 50;

	private static final String CONNECTION = "failover-queues";

	private final Brokers brokers;

	private final BrokerAccess access;

	private final Supplier<? extends Collection<String>> known;

	private final Function<Broker, ? extends Collection<String>> consumed;

	private final Duration interval;

	private final DetectionThreads threads = new DetectionThreads();

	private final AtomicBoolean started = new AtomicBoolean();

	private final Set<OpenConnection> inUse = ConcurrentHashMap.newKeySet();

	private final Map<String, QueueCounter> counters = new ConcurrentHashMap<>();

	/**
	 * What was found last time, by the name of the broker.
	 */
	private final Map<String, Set<String>> last = new ConcurrentHashMap<>();

	/**
	 * Create a watch, which begins with the first connection, and ends with the access.
	 * @param brokers the brokers
	 * @param access access to them
	 * @param known tells the queues of the application, without those that belong to one
	 * connection
	 * @param consumed tells the queues that the application consumes from on a broker
	 * @param interval how often to look, or zero never to do so
	 */
	public QueueWatch(Brokers brokers, BrokerAccess access, Supplier<? extends Collection<String>> known,
			Function<Broker, ? extends Collection<String>> consumed, Duration interval) {
		Assert.notNull(brokers, "'brokers' must not be null");
		Assert.notNull(access, "'access' must not be null");
		Assert.notNull(known, "'known' must not be null");
		Assert.notNull(consumed, "'consumed' must not be null");
		Assert.isTrue(!interval.isNegative(), () -> "'interval' must not be negative, but is " + interval);
		this.brokers = brokers;
		this.access = access;
		this.known = known;
		this.consumed = consumed;
		this.interval = interval;
		if (!interval.isZero()) {
			access.addListener(this::opened);
			access.onClose(this::close);
		}
	}

	private void opened(OpenConnection opened) {
		this.inUse.add(opened);
		opened.connection().addShutdownListener((signal) -> this.inUse.remove(opened));
		if (this.started.compareAndSet(false, true)) {
			later();
		}
	}

	private void later() {
		this.threads.later(this.interval, () -> {
			if (!this.threads.work(this::lookAndGoOn)) {
				later();
			}
		});
	}

	private void lookAndGoOn() {
		try {
			look();
		}
		catch (RuntimeException ex) {
			logger.debug("The queues cannot be looked at now", ex);
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
		}
		finally {
			later();
		}
	}

	private void look() throws InterruptedException {
		Set<String> queues = new TreeSet<>(this.known.get());
		List<QueueLook> looks = new ArrayList<>();
		for (BrokerStatus status : this.brokers.getStatuses()) {
			if (status.state() == BrokerState.UP) {
				QueueLook look = new QueueLook(status.broker(), this.brokers.getIncarnation(status.broker()),
						this.consumed.apply(status.broker()));
				if (look(look, queues)) {
					looks.add(look);
				}
			}
		}
		looks.forEach((look) -> judge(look, looks));
	}

	/**
	 * Look at one broker.
	 * @return whether it has answered
	 */
	private boolean look(QueueLook look, Set<String> queues) throws InterruptedException {
		Broker broker = look.broker();
		List<String> asked = queues.stream()
			.filter((queue) -> !look.consumed().contains(queue))
			.limit(MAX_QUEUES)
			.toList();
		if (asked.isEmpty()) {
			return true;
		}
		QueueCounter counter = this.counters.computeIfAbsent(broker.name(), (name) -> new QueueCounter());
		try {
			OpenConnection own = this.inUse.stream()
				.filter((opened) -> opened.broker().name().equals(broker.name()))
				.findFirst()
				.orElse(null);
			if (own != null) {
				counter.count(own.connection(), asked, look);
				return true;
			}
			OpenConnection opened = this.access.open(broker, CONNECTION).get();
			try {
				counter.count(opened.connection(), asked, look);
			}
			finally {
				this.access.close(opened);
			}
			return true;
		}
		catch (ExecutionException | IOException | TimeoutException | RuntimeException ex) {
			logger.debug("The queues of %s cannot be looked at now".formatted(broker), ex);
			return false;
		}
	}

	private void judge(QueueLook look, List<QueueLook> all) {
		Set<String> found = new TreeSet<>(look.waiting());
		if (!look.consumed().isEmpty()) {
			found.removeIf((queue) -> all.stream().noneMatch((other) -> other.consumed().contains(queue)));
		}
		Set<String> before = this.last.put(look.broker().name(), found);
		Set<String> twice = new TreeSet<>(found);
		twice.retainAll((before != null) ? before : Set.of());
		this.brokers.unconsumed(look.broker(), look.incarnation(), twice);
	}

	/**
	 * End all threads. Nothing is looked at any more.
	 */
	@Override
	public void close() {
		this.threads.close();
	}

}
