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

package dev.failover.topology;

import java.io.IOException;
import java.time.Duration;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Collectors;

import com.rabbitmq.client.ShutdownSignalException;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;

import dev.failover.broker.Broker;
import dev.failover.connection.BrokerAccess;
import dev.failover.connection.DestinationFault;
import dev.failover.connection.OpenConnection;

/**
 * What is pending on one broker since it failed last. Everything that blocks is done on
 * the thread of {@link PendingDeclarations}.
 */
final class BrokerDeclarations {

	private static final Log logger = LogFactory.getLog(BrokerDeclarations.class);

	private static final String CONNECTION = "failover-topology";

	private static final Duration FIRST_PAUSE = Duration.ofMillis(500);

	private static final Duration LONGEST_PAUSE = Duration.ofSeconds(5);

	/**
	 * What is refused is mended by an operator, if at all.
	 */
	private static final Duration PAUSE_AFTER_REFUSAL = Duration.ofMinutes(1);

	/**
	 * Messages may be rejected for other reasons, again and again.
	 */
	private static final Duration BETWEEN_LOOKS = Duration.ofSeconds(5);

	private final Broker broker;

	private final long incarnation;

	private final KnownDeclarations known;

	private final PendingDeclarations owner;

	private final Map<String, PendingDeclaration> pending = new ConcurrentHashMap<>();

	/**
	 * When something that was suspected was found to be well, in nanoseconds.
	 */
	private final Map<String, Long> foundWell = new ConcurrentHashMap<>();

	private final Set<OpenConnection> connections = ConcurrentHashMap.newKeySet();

	private final AtomicBoolean retrying = new AtomicBoolean();

	private @Nullable Declarer declarer;

	private volatile Duration pause = FIRST_PAUSE;

	BrokerDeclarations(Broker broker, long incarnation, KnownDeclarations known, PendingDeclarations owner) {
		this.broker = broker;
		this.incarnation = incarnation;
		this.known = known;
		this.owner = owner;
	}

	Broker broker() {
		return this.broker;
	}

	long incarnation() {
		return this.incarnation;
	}

	/**
	 * Return how long the broker may take to answer a declaration.
	 */
	Duration timeout() {
		return this.owner.timeout();
	}

	boolean isPending(Declaration declaration) {
		return this.pending.containsKey(declaration.description());
	}

	boolean isAnyPending(Collection<String> descriptions) {
		return descriptions.stream().anyMatch(this.pending::containsKey);
	}

	@Nullable PendingDeclaration find(String description) {
		return this.pending.get(description);
	}

	/**
	 * Return whether something was declared on this cluster before, or was pending there.
	 */
	boolean isKnown(Declaration declaration) {
		return this.known.contains(declaration);
	}

	void declared(Declaration declaration) {
		this.known.add(declaration);
	}

	TopologyException refusal(Declaration declaration, Throwable thrown) {
		return TopologyException.of(this.broker.name(), declaration, thrown);
	}

	/**
	 * Add what the broker cannot do at the moment.
	 * @param failure what it said, or {@code null} if something else has to be declared
	 * before
	 */
	void add(Declaration declaration, @Nullable Throwable failure) {
		String reason = (failure != null) ? TopologyException.reason(failure) : null;
		put(new PendingDeclaration(declaration, reason));
		retryLater();
	}

	/**
	 * Two connections may find the same at the same time.
	 */
	private PendingDeclaration put(PendingDeclaration added) {
		this.known.add(added.declaration());
		PendingDeclaration other = this.pending.putIfAbsent(added.declaration().description(), added);
		this.owner.schedule(this::report, this.owner.timeout());
		return (other != null) ? other : added;
	}

	/**
	 * Add what the broker does not answer, and wait for the answers.
	 * @param spent the connection that is to be closed then, or {@code null} if it is not
	 * ours
	 */
	void add(List<AskedDeclaration> unanswered, @Nullable OpenConnection spent) {
		if (spent != null) {
			this.connections.add(spent);
		}
		for (AskedDeclaration asked : unanswered) {
			PendingDeclaration added = new PendingDeclaration(asked.declaration(), null);
			added.asked = true;
			await(put(added), asked.answer());
		}
		CompletableFuture.allOf(unanswered.stream().map(AskedDeclaration::answer).toArray(CompletableFuture[]::new))
			.whenComplete((nothing, failure) -> this.owner.execute(() -> close(spent)));
	}

	/**
	 * Return what is wrong with a queue that a message is for which was not taken over. A
	 * queue of which nothing is known is looked at.
	 */
	@Nullable DestinationFault rejected(String exchange, String routingKey) {
		List<PendingDeclaration> faulty = this.known.queuesOf(exchange, routingKey)
			.stream()
			.map(this::suspect)
			.filter(Objects::nonNull)
			.toList();
		PendingDeclaration certain = faulty.stream()
			.filter((declaration) -> declaration.isCertain(this.owner.timeout()))
			.findFirst()
			.orElse(null);
		PendingDeclaration told = (certain != null || faulty.isEmpty()) ? certain : faulty.get(0);
		return (told != null) ? new DestinationFault(fault(told), certain != null) : null;
	}

	private @Nullable PendingDeclaration suspect(Declaration queue) {
		PendingDeclaration pendingAlready = this.pending.get(queue.description());
		if (pendingAlready != null) {
			return pendingAlready;
		}
		long now = System.nanoTime();
		Long last = this.foundWell.get(queue.description());
		if (last != null && now - last < BETWEEN_LOOKS.toNanos()) {
			return null;
		}
		PendingDeclaration suspected = put(PendingDeclaration.suspected(queue));
		this.owner.execute(this::retry);
		return suspected;
	}

	/**
	 * Describe what is pending to whoever needs it.
	 */
	String fault(PendingDeclaration declaration) {
		return "%s is not available on broker '%s': %s".formatted(declaration.declaration(), this.broker.name(),
				declaration.reason());
	}

	/**
	 * Wait for an answer, but not for ever.
	 */
	private void await(PendingDeclaration asked, CompletableFuture<?> answer) {
		CompletableFuture<?> first = answer.copy();
		Runnable endOfWait = this.owner.schedule(() -> first.completeExceptionally(new TimeoutException()),
				this.owner.lastAnswer());
		first.whenComplete((nothing, failure) -> {
			endOfWait.run();
			this.owner.execute(() -> answered(asked, failure));
		});
	}

	private void retryLater() {
		if (this.retrying.compareAndSet(false, true)) {
			this.owner.schedule(this::retry, this.pause);
		}
	}

	/**
	 * Ask the broker for what it is not being asked for already.
	 */
	void retry() {
		this.retrying.set(false);
		if (this.owner.isOver(this)) {
			end();
			return;
		}
		List<PendingDeclaration> due = this.pending.values().stream().filter(this::isDue).toList();
		BrokerAccess access = this.owner.access();
		if (due.isEmpty() || access == null) {
			return;
		}
		Declarer current = this.declarer;
		if (current != null) {
			due.forEach((declaration) -> ask(declaration, current));
		}
		else if (this.retrying.compareAndSet(false, true)) {
			access.open(this.broker, CONNECTION)
				.whenComplete((opened, failure) -> this.owner.execute(() -> opened(opened)));
		}
	}

	private boolean isDue(PendingDeclaration declaration) {
		return !declaration.asked && !isAnyPending(declaration.declaration().needs());
	}

	private void opened(@Nullable OpenConnection opened) {
		this.retrying.set(false);
		if (opened == null) {
			failedAgain(FIRST_PAUSE);
			return;
		}
		this.connections.add(opened);
		Declarer current = new Declarer(opened.connection());
		this.declarer = current;
		opened.connection().addShutdownListener((signal) -> this.owner.execute(() -> {
			this.connections.remove(opened);
			if (this.declarer == current) {
				this.declarer = null;
			}
		}));
		retry();
	}

	private void ask(PendingDeclaration declaration, Declarer current) {
		try {
			AskedDeclaration asked = current.ask(declaration.question());
			declaration.asked = true;
			await(declaration, asked.answer());
		}
		catch (IOException | ShutdownSignalException ex) {
			answered(declaration, ex);
		}
	}

	private void answered(PendingDeclaration declaration, @Nullable Throwable failure) {
		declaration.asked = false;
		if (failure instanceof TimeoutException) {
			beginAnew();
		}
		boolean refused = failure != null && TopologyException.isRefusal(failure)
				&& !TopologyException.isPassing(failure);
		if (failure == null || (refused && declaration.isSuspected())) {
			succeeded(declaration);
			return;
		}
		declaration.confirmSuspicion();
		if (!isOurs(failure)) {
			declaration.reason(TopologyException.reason(failure));
		}
		if (this.owner.isOver(this)) {
			end();
		}
		else if (refused) {
			refused(declaration);
		}
		else {
			failedAgain(this.pause);
		}
		report();
	}

	/**
	 * Leave the connections on which something is not answered, so that it is asked for
	 * again on another one, and so is what else was under way there.
	 */
	private void beginAnew() {
		this.declarer = null;
		this.connections.forEach(this::close);
	}

	/**
	 * Whether it was not the broker that has ended a declaration.
	 */
	private static boolean isOurs(Throwable failure) {
		Throwable cause = (failure instanceof CompletionException) ? failure.getCause() : failure;
		return cause instanceof TimeoutException
				|| (cause instanceof ShutdownSignalException signal && signal.isInitiatedByApplication());
	}

	private void succeeded(PendingDeclaration declaration) {
		if (!this.pending.remove(declaration.declaration().description(), declaration)) {
			return;
		}
		declaration.end();
		this.foundWell.put(declaration.declaration().description(), System.nanoTime());
		this.pause = FIRST_PAUSE;
		if (declaration.told) {
			logger.info("%s is declared on broker '%s', after %d s".formatted(declaration.declaration(),
					this.broker.name(), declaration.age().toSeconds()));
		}
		report();
		if (this.pending.isEmpty()) {
			this.connections.forEach(this::close);
		}
		else {
			retry();
		}
	}

	private void failedAgain(Duration delay) {
		this.pause = delay.multipliedBy(2);
		if (this.pause.compareTo(LONGEST_PAUSE) > 0) {
			this.pause = LONGEST_PAUSE;
		}
		retryLater();
	}

	private void refused(PendingDeclaration declaration) {
		if (!declaration.refused) {
			declaration.refused = true;
			logger.error("%s, which was pending, cannot be declared on broker '%s', which stays in use without it: %s"
				.formatted(declaration.declaration(), this.broker.name(), declaration.reason()));
		}
		declaration.asked = true;
		this.owner.schedule(() -> {
			declaration.asked = false;
			retry();
		}, PAUSE_AFTER_REFUSAL);
	}

	/**
	 * Tell what has been pending for more than a moment.
	 */
	private void report() {
		if (this.owner.isOver(this)) {
			return;
		}
		List<PendingDeclaration> lasting = this.pending.values().stream().filter(this::isLasting).toList();
		warn(lasting.stream().filter((declaration) -> !declaration.told).toList());
		this.owner.brokers()
			.pending(this.broker, this.incarnation,
					lasting.stream()
						.map((declaration) -> declaration.declaration().description())
						.collect(Collectors.toSet()));
	}

	private boolean isLasting(PendingDeclaration declaration) {
		return declaration.age().compareTo(this.owner.timeout()) >= 0 || declaration.declaration()
			.needs()
			.stream()
			.map(this.pending::get)
			.anyMatch((needed) -> needed != null && isLasting(needed));
	}

	private void warn(List<PendingDeclaration> untold) {
		if (untold.isEmpty()) {
			return;
		}
		logger.warn("Broker '%s' takes traffic without what it cannot declare yet: %s".formatted(this.broker.name(),
				untold.stream()
					.map((declaration) -> "%s (%s)".formatted(declaration.declaration(), declaration.reason()))
					.sorted(Comparator.reverseOrder())
					.collect(Collectors.joining(", "))));
		untold.forEach((declaration) -> declaration.told = true);
	}

	private void close(@Nullable OpenConnection connection) {
		BrokerAccess access = this.owner.access();
		if (connection != null && this.connections.remove(connection) && access != null) {
			access.close(connection);
		}
	}

	/**
	 * Give everything up.
	 */
	void end() {
		this.pending.values().forEach(PendingDeclaration::end);
		this.pending.clear();
		this.connections.forEach(this::close);
	}

}
