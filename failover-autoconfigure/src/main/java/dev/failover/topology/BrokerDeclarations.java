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

import java.time.Duration;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeoutException;
import java.util.stream.Collectors;

import com.rabbitmq.client.ShutdownSignalException;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;

import dev.failover.broker.Broker;
import dev.failover.connection.DestinationFault;
import dev.failover.connection.OpenConnection;

/**
 * What is pending on one broker since it failed last, and what is told of it.
 */
final class BrokerDeclarations {

	private static final Log logger = LogFactory.getLog(BrokerDeclarations.class);

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

	private final DeclarationRetries retries;

	BrokerDeclarations(Broker broker, long incarnation, KnownDeclarations known, PendingDeclarations owner) {
		this.broker = broker;
		this.incarnation = incarnation;
		this.known = known;
		this.owner = owner;
		this.retries = new DeclarationRetries(this, owner);
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
		this.retries.later();
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
		for (AskedDeclaration asked : unanswered) {
			PendingDeclaration added = new PendingDeclaration(asked.declaration(), null);
			added.asked = true;
			this.retries.await(put(added), asked.answer());
		}
		if (spent != null) {
			this.retries.closeAfter(unanswered, spent);
		}
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
		this.owner.execute(this.retries::run);
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
	 * Return what the broker is not being asked for already, and could do.
	 */
	List<PendingDeclaration> due() {
		return this.pending.values().stream().filter(this::isDue).toList();
	}

	private boolean isDue(PendingDeclaration declaration) {
		return !declaration.asked && !isAnyPending(declaration.declaration().needs());
	}

	/**
	 * Take note of what the broker has answered.
	 * @param failure why it did not declare, or {@code null} if it did
	 */
	void answered(PendingDeclaration declaration, @Nullable Throwable failure) {
		declaration.asked = false;
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
			this.retries.failed();
		}
		report();
	}

	/**
	 * Whether it was not the broker that has ended a declaration.
	 */
	private static boolean isOurs(Throwable failure) {
		Throwable cause = (failure instanceof CompletionException) ? failure.getCause() : failure;
		return cause instanceof Error || cause instanceof TimeoutException
				|| (cause instanceof ShutdownSignalException signal && signal.isInitiatedByApplication());
	}

	private void succeeded(PendingDeclaration declaration) {
		if (!this.pending.remove(declaration.declaration().description(), declaration)) {
			return;
		}
		declaration.end();
		this.foundWell.put(declaration.declaration().description(), System.nanoTime());
		if (declaration.told) {
			logger.info("%s is declared on broker '%s', after %d s".formatted(declaration.declaration(),
					this.broker.name(), declaration.age().toSeconds()));
		}
		report();
		this.retries.succeeded(this.pending.isEmpty());
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
			this.retries.run();
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

	/**
	 * Give everything up.
	 */
	void end() {
		this.pending.values().forEach(PendingDeclaration::end);
		this.pending.clear();
		this.retries.end();
	}

}
