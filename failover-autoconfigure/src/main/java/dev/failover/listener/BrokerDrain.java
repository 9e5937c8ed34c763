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

package dev.failover.listener;

import java.time.Duration;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.Stream;

import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;
import org.springframework.amqp.AmqpException;
import org.springframework.amqp.core.Queue;
import org.springframework.amqp.rabbit.connection.CachingConnectionFactory;
import org.springframework.amqp.rabbit.listener.AbstractMessageListenerContainer;

import dev.failover.connection.SingleBrokerConnectionFactory;

/**
 * Consumption from one broker that is not the active one, from its begin to its end: a
 * connection of its own, and on it a copy of each container that runs.
 * <p>
 * Belongs to one thread, except for the end.
 */
final class BrokerDrain {

	private static final Log logger = LogFactory.getLog(BrokerDrains.class);

	/**
	 * How long messages that were delivered already may take to be handled, when there
	 * are no others.
	 */
	private static final Duration PATIENCE = Duration.ofSeconds(60);

	private final CachingConnectionFactory connectionFactory;

	private final BrokerQueues queues;

	private final Supplier<Set<String>> undrained;

	private final DirectContainerPacer pacer;

	private final Executor stopper;

	private final Map<AbstractMessageListenerContainer, DrainedContainer> copies = new ConcurrentHashMap<>();

	private final Set<CompletableFuture<?>> stopping = ConcurrentHashMap.newKeySet();

	private final WeakSet<AbstractMessageListenerContainer> uncopyable = new WeakSet<>();

	private Set<String> excluded = Set.of();

	BrokerDrain(CachingConnectionFactory connectionFactory, Supplier<Set<String>> undrained, DirectContainerPacer pacer,
			Executor stopper) {
		this.connectionFactory = connectionFactory;
		this.queues = new BrokerQueues(connectionFactory);
		this.undrained = undrained;
		this.pacer = pacer;
		this.stopper = stopper;
	}

	/**
	 * Have a copy of each of the given containers, and no other.
	 * @param thoroughly whether to look again for what was missing or has failed
	 * @throws AmqpException if the broker does not answer
	 */
	void follow(Collection<AbstractMessageListenerContainer> originals, boolean thoroughly) {
		retain(originals);
		if (thoroughly) {
			this.excluded = this.undrained.get();
		}
		for (AbstractMessageListenerContainer original : originals) {
			Set<String> wanted = queues(original);
			DrainedContainer copy = this.copies.get(original);
			if (copy == null || !copy.wanted().equals(wanted) || (thoroughly && isToBeRenewed(original, copy))) {
				remove(original);
				this.copies.put(original, start(original, wanted));
			}
			else if (copy.container() != null) {
				ContainerBatches.align(original, copy.container());
			}
		}
	}

	/**
	 * Have no copies of other than the given containers.
	 */
	void retain(Collection<AbstractMessageListenerContainer> originals) {
		for (AbstractMessageListenerContainer original : this.copies.keySet()) {
			if (!originals.contains(original)) {
				remove(original);
			}
		}
	}

	int size() {
		return (int) this.copies.values().stream().filter(DrainedContainer::isRunning).count();
	}

	/**
	 * Return the queues of a container that other connections may consume from, too, and
	 * that a consumer empties.
	 */
	private Set<String> queues(AbstractMessageListenerContainer original) {
		if (original.getConsumerArguments().containsKey("x-stream-offset")) {
			return Set.of();
		}
		Object queues = Settings.read(original, "queues");
		return ((queues instanceof Collection<?> known) ? known.stream() : Stream.empty()).map(Queue.class::cast)
			.filter(BrokerQueues::isShared)
			.map(Queue::getName)
			.filter((name) -> !this.excluded.contains(name))
			.collect(Collectors.toCollection(LinkedHashSet::new));
	}

	private boolean isToBeRenewed(AbstractMessageListenerContainer original, DrainedContainer copy) {
		if (this.uncopyable.contains(original)) {
			return false;
		}
		return (!copy.isRunning() && !copy.wanted().equals(copy.missing()))
				|| copy.missing().stream().anyMatch(this.queues::exists);
	}

	private DrainedContainer start(AbstractMessageListenerContainer original, Set<String> wanted) {
		Set<String> there = wanted.stream().filter(this.queues::exists).collect(Collectors.toSet());
		Set<String> missing = wanted.stream().filter((name) -> !there.contains(name)).collect(Collectors.toSet());
		return new DrainedContainer(there.isEmpty() ? null : start(original, there.toArray(String[]::new)), wanted,
				missing);
	}

	private @Nullable AbstractMessageListenerContainer start(AbstractMessageListenerContainer original,
			String[] queues) {
		AbstractMessageListenerContainer copy;
		try {
			copy = ContainerCopy.of(original, this.connectionFactory, this.queues.admin());
		}
		catch (Throwable ex) {
			if (this.uncopyable.add(original)) {
				logger.warn("Listener container cannot be copied, it consumes from the active broker only: " + original,
						ex);
			}
			return null;
		}
		copy.setQueueNames(queues);
		this.pacer.pace(original, copy);
		try {
			copy.start();
			return copy;
		}
		catch (Throwable ex) {
			logger.warn("Copy of %s cannot be started yet: %s".formatted(original, ex.getMessage()));
			logger.debug("Failure of the start", ex);
			stop(copy);
			return null;
		}
	}

	private void remove(AbstractMessageListenerContainer original) {
		DrainedContainer copy = this.copies.remove(original);
		if (copy != null) {
			stop(copy.container());
		}
	}

	private CompletableFuture<?> stop(@Nullable AbstractMessageListenerContainer copy) {
		if (copy == null) {
			return CompletableFuture.completedFuture(null);
		}
		CompletableFuture<?> stopped = begin(() -> {
			UnsettledConsumers unsettled = UnsettledConsumers.keep(copy, shutdownTimeout(copy), this.stopper);
			ContainerBatches.stop(copy);
			return unsettled;
		}).thenCompose(UnsettledConsumers::settled);
		this.stopping.add(stopped);
		return stopped.whenComplete((done, failure) -> this.stopping.remove(stopped));
	}

	private <T> CompletableFuture<T> begin(Supplier<T> task) {
		try {
			return CompletableFuture.supplyAsync(task, this.stopper);
		}
		catch (Throwable ex) {
			logger.error("A listener container is stopped with its connection", ex);
			return CompletableFuture.failedFuture(ex);
		}
	}

	private static Duration shutdownTimeout(AbstractMessageListenerContainer copy) {
		return Duration.ofMillis((Settings.read(copy, "shutdownTimeout") instanceof Long millis) ? millis
				: AbstractMessageListenerContainer.DEFAULT_SHUTDOWN_TIMEOUT);
	}

	/**
	 * Return whether no queue has a message that waits to be delivered, and none waits to
	 * be settled by a listener that has returned.
	 * @throws AmqpException if the broker does not answer
	 */
	boolean isEmpty() {
		return this.copies.values().stream().flatMap((copy) -> copy.wanted().stream()).allMatch(this.queues::isEmpty)
				&& isSettled();
	}

	private boolean isSettled() {
		return this.stopping.isEmpty() && isSettledByCopies();
	}

	private boolean isSettledByCopies() {
		return this.copies.values().stream().noneMatch(BrokerDrain::settlesLater)
				|| !(this.connectionFactory
					.getRabbitConnectionFactory() instanceof SingleBrokerConnectionFactory single)
				|| single.isSettled();
	}

	private static boolean settlesLater(DrainedContainer copy) {
		return copy.container() != null && copy.container().getAcknowledgeMode().isManual();
	}

	/**
	 * Stop consuming, and see to it that what was delivered is handled. What a listener
	 * has just given back is in its queue for sure when the connection is closed, as a
	 * broker works on channels side by side.
	 * @return whether nothing is left
	 */
	boolean finish() throws InterruptedException {
		CompletableFuture<?>[] stopped = this.copies.values().stream().map((copy) -> {
			AbstractMessageListenerContainer container = copy.container();
			if (container != null) {
				container.setShutdownTimeout(PATIENCE.toMillis());
			}
			return stop(container);
		}).toArray(CompletableFuture<?>[]::new);
		try {
			CompletableFuture.allOf(stopped).get(2 * PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
		}
		catch (ExecutionException | TimeoutException ex) {
			logger.debug("Not all containers have stopped", ex);
		}
		this.connectionFactory.resetConnection();
		return isEmpty();
	}

	/**
	 * Stop consuming, and close the connection when the messages in hand are handled, or
	 * the shutdown time-out of their containers is over.
	 * @return a future that completes then
	 */
	CompletableFuture<Void> end() {
		this.copies.values().forEach((copy) -> stop(copy.container()));
		this.copies.clear();
		return CompletableFuture.allOf(this.stopping.toArray(CompletableFuture<?>[]::new))
			.whenCompleteAsync((done, failure) -> this.connectionFactory.destroy(), this::execute);
	}

	/**
	 * Nobody else closes the connection.
	 */
	private void execute(Runnable task) {
		try {
			this.stopper.execute(task);
		}
		catch (Throwable ex) {
			logger.debug("A connection is closed without a thread of its own", ex);
			task.run();
		}
	}

}
