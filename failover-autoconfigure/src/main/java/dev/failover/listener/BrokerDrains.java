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

import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Predicate;

import org.springframework.context.SmartLifecycle;
import org.springframework.util.Assert;

import dev.failover.broker.Broker;
import dev.failover.broker.BrokerEvent;
import dev.failover.broker.BrokerListener;
import dev.failover.broker.Brokers;
import dev.failover.broker.EventStage;
import dev.failover.connection.ConsumerAccess;

/**
 * Decides which brokers are consumed from that are not the active one, so that no message
 * is stranded there: all consumers of the application are subscribed there, too, with the
 * prefetch count and the concurrency that they have. Deliveries are acknowledged, and
 * replied to, on the broker that they came from.
 * <p>
 * Consumption ends when the broker fails, or becomes the active one, where all consumers
 * are then. No method blocks.
 */
public final class BrokerDrains implements BrokerListener, SmartLifecycle {

	private final Brokers brokers;

	private final DrainPlan plan;

	private final SuperfluousConsumers superfluous;

	private final ConsumerAccess consumers;

	private final Map<Broker, DrainLane> lanes = new ConcurrentHashMap<>();

	private final Set<Broker> wanted = ConcurrentHashMap.newKeySet();

	private volatile boolean running;

	/**
	 * Create it. Nothing happens before the {@link #start() start}.
	 * @param brokers the brokers
	 * @param consumed which brokers to consume from
	 * @param consumers the consumers of the application
	 * @param departing tells by its name whether a broker is about to be taken out of
	 * use: then it is consumed from until it is empty
	 */
	public BrokerDrains(Brokers brokers, ConsumedBrokers consumed, ConsumerAccess consumers,
			Predicate<String> departing) {
		Assert.notNull(brokers, "'brokers' must not be null");
		Assert.notNull(consumed, "'consumed' must not be null");
		Assert.notNull(consumers, "'consumers' must not be null");
		Assert.notNull(departing, "'departing' must not be null");
		this.brokers = brokers;
		this.plan = new DrainPlan(brokers, consumed, departing);
		this.superfluous = new SuperfluousConsumers(brokers, consumed);
		this.consumers = consumers;
		consumers.addListener(this::wakeWaiting);
	}

	@Override
	public void onEvent(BrokerEvent event) {
		this.plan.on(event);
		if (event instanceof BrokerEvent.Removed removed) {
			DrainLane lane = this.lanes.remove(key(removed.broker()));
			if (lane != null) {
				lane.close();
			}
		}
		wakeAll();
	}

	private void wakeAll() {
		if (this.running) {
			this.superfluous.check();
			this.brokers.getAll().forEach((broker) -> this.lanes.computeIfAbsent(key(broker), (key) -> lane(broker)));
			this.lanes.values().forEach(DrainLane::wake);
		}
	}

	/**
	 * Consumers have begun, or gone elsewhere.
	 */
	private void wakeWaiting() {
		if (this.running) {
			this.lanes.values().stream().filter(DrainLane::isWaiting).forEach(DrainLane::wake);
		}
	}

	/**
	 * A broker of another priority or weight is still the same.
	 */
	private static Broker key(Broker broker) {
		return broker.withWeight(Broker.DEFAULT_PRIORITY, Broker.DEFAULT_WEIGHT);
	}

	private DrainLane lane(Broker broker) {
		return new DrainLane(broker, this.plan, this.consumers, (wanted) -> want(broker, wanted));
	}

	private void want(Broker broker, boolean wanted) {
		if (wanted) {
			this.wanted.add(broker);
		}
		else {
			this.wanted.remove(broker);
		}
		this.consumers.consumeBeside(Set.copyOf(this.wanted));
	}

	/**
	 * Return how many consumers are subscribed on a broker beside the active one.
	 * @param broker the broker
	 * @return the number of consumers
	 */
	public int getConsumerCount(Broker broker) {
		return this.consumers.getConsumerCount(broker);
	}

	/**
	 * Return how many messages wait, on a broker that is consumed from beside the active
	 * one, in the queues that are consumed from. What consumers have in hand does not
	 * count.
	 * <p>
	 * It is the sum of what was seen of each queue last. Up to 20 queues are looked at a
	 * second, one after the other; of a broker that is consumed from all the time and has
	 * nothing left, up to 20 every ten seconds. A queue that was not looked at yet counts
	 * as empty.
	 * @param broker the broker
	 * @return the number of messages, 0 if the broker is not consumed from beside the
	 * active one
	 */
	public long getRemaining(Broker broker) {
		DrainLane lane = this.lanes.get(key(broker));
		return (lane != null) ? lane.getRemaining() : 0;
	}

	/**
	 * Return whether the application consumes from a broker: the active one, or one
	 * beside it.
	 * @param broker the broker
	 * @return whether it does, as far as it consumes
	 */
	public boolean isConsumedFrom(Broker broker) {
		Broker active = this.brokers.getActive();
		return (active != null && active.isSameAs(broker)) || getConsumerCount(broker) > 0;
	}

	@Override
	public void start() {
		if (!isRunning()) {
			this.running = true;
			this.brokers.addListener(this, EventStage.CONNECTIONS);
			wakeAll();
		}
	}

	@Override
	public boolean isRunning() {
		return this.running;
	}

	/**
	 * Stop consuming beside the active broker. Consumers end with their containers, which
	 * wait for what they have in hand.
	 */
	@Override
	public void stop() {
		if (this.running) {
			this.running = false;
			this.brokers.removeListener(this);
			this.lanes.values().forEach(DrainLane::close);
			this.lanes.clear();
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
