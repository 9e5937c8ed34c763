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
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Predicate;
import java.util.function.Supplier;

import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;
import org.springframework.amqp.rabbit.connection.CachingConnectionFactory;
import org.springframework.context.SmartLifecycle;
import org.springframework.scheduling.concurrent.CustomizableThreadFactory;
import org.springframework.util.Assert;

import dev.failover.broker.Broker;
import dev.failover.broker.BrokerEvent;
import dev.failover.broker.BrokerListener;
import dev.failover.broker.Brokers;
import dev.failover.broker.EventStage;

/**
 * Consumes from brokers that are not the active one, so that no message is stranded
 * there: for each container that runs, there is a copy on each such broker, with the same
 * settings and the same listener, on a connection to that broker alone. Deliveries are
 * acknowledged, and replied to, on the channel that they came from.
 * <p>
 * Copies follow their original: they run while it runs, and consume from its queues. They
 * end when their broker fails, and when it becomes the active one, after the original has
 * moved there. No method blocks, except for those that stop.
 */
public final class BrokerDrains implements BrokerListener, SmartLifecycle {

	private static final Log logger = LogFactory.getLog(BrokerDrains.class);

	private static final Duration END = Duration.ofSeconds(10);

	private final Brokers brokers;

	private final DrainPlan plan;

	private final SuperfluousConsumers superfluous;

	private final ContainerBook containers;

	private final DirectContainerPacer pacer;

	private final DrainConnections connections;

	private final Supplier<Set<String>> undrained;

	private final Map<Broker, DrainLane> lanes = new ConcurrentHashMap<>();

	private volatile @Nullable ThreadPoolExecutor stopper;

	/**
	 * Create it. Nothing happens before the {@link #start() start}.
	 * @param brokers the brokers
	 * @param consumed which brokers to consume from
	 * @param containers the containers of the application
	 * @param pacer the pacer of direct containers
	 * @param connections opens connections to single brokers
	 * @param undrained tells the names of the queues that are not drained: those that
	 * belong to the connection that declares them, and streams
	 * @param departing tells by its name whether a broker is about to be taken out of
	 * use: then it is consumed from until it is empty
	 * @param inUse tells by its name whether the application has a connection to a broker
	 * still: what it has in hand there may go back to a queue, which is not empty for
	 * good before
	 */
	public BrokerDrains(Brokers brokers, ConsumedBrokers consumed, ContainerBook containers, DirectContainerPacer pacer,
			DrainConnections connections, Supplier<Set<String>> undrained, Predicate<String> departing,
			Predicate<String> inUse) {
		Assert.notNull(brokers, "'brokers' must not be null");
		Assert.notNull(consumed, "'consumed' must not be null");
		this.brokers = brokers;
		this.plan = new DrainPlan(brokers, consumed, departing, inUse);
		this.superfluous = new SuperfluousConsumers(brokers, consumed);
		this.containers = containers;
		this.pacer = pacer;
		containers.addAdditionListener(this::wakeAll);
		this.connections = connections;
		this.undrained = undrained;
	}

	@Override
	public void onEvent(BrokerEvent event) {
		this.plan.on(event);
		if (event instanceof BrokerEvent.Removed removed) {
			forget(removed.broker());
		}
		wakeAll();
	}

	private void wakeAll() {
		ThreadPoolExecutor running = this.stopper;
		if (running != null) {
			this.superfluous.check();
			this.brokers.getAll()
				.forEach((broker) -> this.lanes.computeIfAbsent(key(broker), (key) -> lane(broker, running)));
			this.lanes.values().forEach(DrainLane::wake);
		}
	}

	private void forget(Broker broker) {
		DrainLane lane = this.lanes.remove(key(broker));
		if (lane != null) {
			lane.close();
		}
	}

	/**
	 * A broker of another priority or weight is still the same.
	 */
	private static Broker key(Broker broker) {
		return broker.withWeight(Broker.DEFAULT_PRIORITY, Broker.DEFAULT_WEIGHT);
	}

	private DrainLane lane(Broker broker, ThreadPoolExecutor running) {
		return new DrainLane(broker, this.plan, this.containers, () -> {
			CachingConnectionFactory connectionFactory = this.connections.create(broker);
			return new BrokerDrain(connectionFactory, this.undrained, this.pacer, running);
		});
	}

	/**
	 * Return how many containers consume from a broker beside the active one.
	 * @param broker the broker
	 * @return the number of containers that were copied for it
	 */
	public int getContainerCount(Broker broker) {
		DrainLane lane = this.lanes.get(key(broker));
		return (lane != null) ? lane.size() : 0;
	}

	/**
	 * Return whether the containers of the application consume from a broker: the active
	 * one, or one beside it.
	 * @param broker the broker
	 * @return whether they do, as far as they run
	 */
	public boolean isConsumedFrom(Broker broker) {
		Broker active = this.brokers.getActive();
		return (active != null && active.isSameAs(broker)) || getContainerCount(broker) > 0;
	}

	@Override
	public void start() {
		if (!isRunning()) {
			CustomizableThreadFactory threads = new CustomizableThreadFactory("failover-drain-stop-");
			threads.setDaemon(true);
			this.stopper = new ThreadPoolExecutor(0, Integer.MAX_VALUE, 10, TimeUnit.SECONDS, new SynchronousQueue<>(),
					threads);
			this.brokers.addListener(this, EventStage.CONNECTIONS);
			wakeAll();
		}
	}

	@Override
	public boolean isRunning() {
		return this.stopper != null;
	}

	/**
	 * Stop consuming, and wait for the messages in hand, as long as their containers'
	 * shutdown time-outs say, and 10 seconds at most.
	 */
	@Override
	public void stop() {
		ThreadPoolExecutor running = this.stopper;
		if (running == null) {
			return;
		}
		this.brokers.removeListener(this);
		this.stopper = null;
		await(this.lanes.values());
		this.lanes.values().forEach(DrainLane::abandon);
		this.lanes.clear();
		running.shutdown();
	}

	private static void await(Collection<DrainLane> lanes) {
		CompletableFuture<?>[] ends = lanes.stream().map(DrainLane::close).toArray(CompletableFuture<?>[]::new);
		try {
			CompletableFuture.allOf(ends).get(END.toMillis(), TimeUnit.MILLISECONDS);
		}
		catch (ExecutionException | TimeoutException ex) {
			logger.warn("Not all containers that drain brokers have stopped in time", ex);
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
		}
	}

	/**
	 * Together with listener containers, which are in the last phase unless set.
	 */
	@Override
	public int getPhase() {
		return Integer.MAX_VALUE;
	}

}
