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

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

import org.jspecify.annotations.Nullable;
import org.springframework.amqp.rabbit.connection.RabbitUtils;
import org.springframework.amqp.rabbit.listener.AbstractMessageListenerContainer;
import org.springframework.amqp.rabbit.listener.ListenerContainerConsumerFailedEvent;
import org.springframework.context.ApplicationContext;
import org.springframework.context.ApplicationListener;
import org.springframework.core.NestedExceptionUtils;
import org.springframework.util.Assert;

import dev.failover.broker.Broker;
import dev.failover.broker.Brokers;
import dev.failover.connection.ConsumerAccess;

/**
 * Knows which listener containers stand still although they are to consume: those that a
 * failure has stopped permanently, and those that run and consume none of their queues
 * while a broker is active. One that the application has stopped itself or not started is
 * none of them, nor is one that waits for another consumer with exclusive rights.
 * <p>
 * What is stopped is known at once, and what runs only when it has stood still for
 * {@link #PATIENCE} since somebody asked, as consumers begin one after the other. Nothing
 * is connected to or waited for. Safe for use by any number of threads.
 */
public final class IdleContainers implements ApplicationListener<ListenerContainerConsumerFailedEvent> {

	/**
	 * How long a container that runs may consume nothing.
	 */
	public static final Duration PATIENCE = Duration.ofSeconds(5);

	private final Brokers brokers;

	private final ConsumerAccess consumers;

	private final RunningContainers containers;

	private final Clock clock;

	private final Map<AbstractMessageListenerContainer, Idleness> stopped = new ConcurrentHashMap<>();

	private final Map<AbstractMessageListenerContainer, Idleness> running = new ConcurrentHashMap<>();

	private final Set<AbstractMessageListenerContainer> yielding = ConcurrentHashMap.newKeySet();

	/**
	 * Create an instance.
	 * @param brokers the brokers
	 * @param consumers the consumers
	 * @param context the application context that the containers belong to
	 * @param clock the clock that tells since when they stand still
	 */
	public IdleContainers(Brokers brokers, ConsumerAccess consumers, ApplicationContext context, Clock clock) {
		Assert.notNull(brokers, "'brokers' must not be null");
		Assert.notNull(consumers, "'consumers' must not be null");
		Assert.notNull(context, "'context' must not be null");
		Assert.notNull(clock, "'clock' must not be null");
		this.brokers = brokers;
		this.consumers = consumers;
		this.containers = new RunningContainers(context);
		this.clock = clock;
	}

	@Override
	public void onApplicationEvent(ListenerContainerConsumerFailedEvent event) {
		if (!(event.getSource() instanceof AbstractMessageListenerContainer container)) {
			return;
		}
		Throwable failure = event.getThrowable();
		if (event.isFatal() && !container.isRunning()) {
			this.stopped.putIfAbsent(container,
					new Idleness(this.clock.instant(), "It was stopped by a failure that is not retried: %s (%s)"
						.formatted(event.getReason(), cause(failure))));
		}
		else if (failure instanceof Exception refused && RabbitUtils.exclusiveAccesssRefused(refused)) {
			this.yielding.add(container);
		}
	}

	/**
	 * The message stays in the log, as it may be anything.
	 */
	private static String cause(@Nullable Throwable failure) {
		return (failure != null) ? NestedExceptionUtils.getMostSpecificCause(failure).getClass().getSimpleName()
				: "no exception";
	}

	/**
	 * Return how many listener containers run.
	 * @return the number of containers
	 */
	public int getRunning() {
		return (int) this.containers.all().filter(AbstractMessageListenerContainer::isRunning).count();
	}

	/**
	 * Return the containers that stand still.
	 * @return the containers, in no special order
	 */
	public List<IdleContainer> getAll() {
		List<AbstractMessageListenerContainer> all = this.containers.all().toList();
		this.stopped.keySet().removeIf((container) -> container.isRunning() || !all.contains(container));
		Broker active = this.brokers.getActive();
		Set<String> consumed = this.consumers.getQueuesOnActive();
		List<AbstractMessageListenerContainer> idle = (active == null || this.consumers.isMoving()) ? List.of()
				: all.stream().filter((container) -> isIdle(container, consumed)).toList();
		this.yielding.retainAll(idle);
		this.running.keySet().retainAll(idle);
		Instant now = this.clock.instant();
		if (active != null) {
			String reason = "It runs, but consumes none of its queues on broker %s".formatted(active.name());
			idle.stream()
				.filter((container) -> !this.yielding.contains(container))
				.forEach((container) -> this.running.putIfAbsent(container, new Idleness(now, reason)));
		}
		List<IdleContainer> told = new ArrayList<>();
		this.stopped.forEach((container, idleness) -> told.add(idleness.of(container)));
		this.running.forEach((container, idleness) -> {
			if (!now.isBefore(idleness.since().plus(PATIENCE))) {
				told.add(idleness.of(container));
			}
		});
		return told;
	}

	private static boolean isIdle(AbstractMessageListenerContainer container, Set<String> consumed) {
		String[] queues = container.getQueueNames();
		return queues.length > 0 && RunningContainers.followsActiveBroker(container)
				&& Arrays.stream(queues).noneMatch(consumed::contains);
	}

	/**
	 * What is known of a container that stands still.
	 */
	private record Idleness(Instant since, String reason) {

		IdleContainer of(AbstractMessageListenerContainer container) {
			return new IdleContainer(container.getListenerId(), List.of(container.getQueueNames()), this.since,
					this.reason);
		}

	}

}
