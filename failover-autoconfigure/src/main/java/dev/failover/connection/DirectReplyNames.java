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

package dev.failover.connection;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.ReentrantLock;

import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;

import dev.failover.broker.Broker;
import dev.failover.broker.BrokerState;
import dev.failover.broker.BrokerStatus;
import dev.failover.broker.Brokers;

/**
 * Knows from which broker requests with a direct reply have come. The name of such a
 * reply is one of a channel to that broker. RabbitMQ 3.10 and others close the whole
 * connection (541) on which they are given the name of a channel to a broker that they do
 * not know, or no longer: a listener that replies after a failover would take all
 * consumers and channels of the new connection with it.
 */
final class DirectReplyNames {

	private static final Log logger = LogFactory.getLog(DirectReplyNames.class);

	private static final String PREFIX = "amq.rabbitmq.reply-to.";

	/**
	 * Before the name of a direct reply that goes nowhere.
	 */
	private static final String LOST = "lost.";

	/**
	 * A requester has one name for each channel on which it waits for replies.
	 */
	private static final int MAX_SIZE = 10_000;

	private final Brokers brokers;

	private final ReentrantLock lock = new ReentrantLock();

	private final Map<String, Origin> origins = new LinkedHashMap<>(16, 0.75f, true) {

		@Override
		protected boolean removeEldestEntry(Map.Entry<String, Origin> eldest) {
			return size() > MAX_SIZE;
		}

	};

	DirectReplyNames(Brokers brokers) {
		this.brokers = brokers;
	}

	/**
	 * Note that a message was delivered by a broker.
	 */
	void delivered(@Nullable String replyTo, Broker broker) {
		if (replyTo == null || !replyTo.startsWith(PREFIX)) {
			return;
		}
		this.lock.lock();
		try {
			Origin known = this.origins.get(replyTo);
			if (known == null || !known.broker().equals(broker.name())) {
				this.origins.put(replyTo, new Origin(broker.name(), new AtomicBoolean()));
			}
		}
		finally {
			this.lock.unlock();
		}
	}

	/**
	 * Return the routing key with which to publish to a broker: the one that is given,
	 * or, if it is the name of a direct reply that the broker cannot know, one to which
	 * no queue is bound. The message is then dropped, or returned if it is mandatory, as
	 * it is where the requester has ended.
	 */
	String routingKey(@Nullable String exchange, String routingKey, Broker broker) {
		if (!routingKey.startsWith(PREFIX) || (exchange != null && !exchange.isEmpty())) {
			return routingKey;
		}
		Origin origin = origin(routingKey);
		if (origin == null || isReachable(origin.broker(), broker.name())) {
			return routingKey;
		}
		if (origin.told().compareAndSet(false, true)) {
			logger.info(
					"A reply to a request that came from broker '%s' is dropped: its requester cannot be reached through '%s'"
						.formatted(origin.broker(), broker.name()));
		}
		return LOST + routingKey;
	}

	/**
	 * Return the routing key that was given for one that a message was published with.
	 */
	static String original(String routingKey) {
		return routingKey.startsWith(LOST + PREFIX) ? routingKey.substring(LOST.length()) : routingKey;
	}

	private @Nullable Origin origin(String name) {
		this.lock.lock();
		try {
			return this.origins.get(name);
		}
		finally {
			this.lock.unlock();
		}
	}

	/**
	 * Nodes of a cluster know the channels of each other as long as they run.
	 */
	private boolean isReachable(String from, String through) {
		if (from.equals(through)) {
			return true;
		}
		BrokerStatus origin = this.brokers.getStatus(from).orElse(null);
		String cluster = this.brokers.getStatus(through).map(BrokerStatus::cluster).orElse(null);
		return origin != null && origin.state() != BrokerState.DOWN && cluster != null
				&& cluster.equals(origin.cluster());
	}

	/**
	 * Where a name has come from.
	 *
	 * @param broker the name of the broker
	 * @param told whether it has been logged that a reply was dropped
	 */
	private record Origin(String broker, AtomicBoolean told) {
	}

	/**
	 * The names as a connection to a broker sees them.
	 *
	 * @param names all names
	 * @param broker the broker
	 */
	record At(DirectReplyNames names, Broker broker) {

		void delivered(@Nullable String replyTo) {
			this.names.delivered(replyTo, this.broker);
		}

		String routingKey(@Nullable String exchange, String routingKey) {
			return this.names.routingKey(exchange, routingKey, this.broker);
		}

	}

}
