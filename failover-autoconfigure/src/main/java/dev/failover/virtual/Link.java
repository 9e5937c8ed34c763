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

package dev.failover.virtual;

import java.io.IOException;
import java.util.Collection;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;

import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.ShutdownListener;

import dev.failover.broker.Broker;
import dev.failover.failure.CloseReason;

/**
 * A connection to one broker, and what is open on it. It is closed when it was left and
 * nothing is open on it any more.
 */
final class Link {

	private final BrokerLink target;

	private final LinkSource source;

	private final Set<Channel> channels = ConcurrentHashMap.newKeySet();

	private final ReentrantLock lock = new ReentrantLock();

	private boolean closed;

	private int opening;

	private volatile boolean left;

	private volatile boolean blocked;

	Link(BrokerLink target, LinkSource source) {
		this.target = target;
		this.source = source;
		target.connection().addBlockedListener((reason) -> this.blocked = true, () -> this.blocked = false);
	}

	BrokerLink target() {
		return this.target;
	}

	LinkSource source() {
		return this.source;
	}

	Broker broker() {
		return this.target.broker();
	}

	Connection connection() {
		return this.target.connection();
	}

	boolean isOn(Broker broker) {
		return broker().name().equals(broker.name());
	}

	boolean isOpen() {
		return this.target.isOpen();
	}

	boolean isLeft() {
		return this.left;
	}

	/**
	 * Return whether the broker reads nothing from the connection because of an alarm.
	 */
	boolean isBlocked() {
		return this.blocked;
	}

	/**
	 * Open a channel, until whose end the connection is not closed.
	 * @throws ChannelLimitException if the connection has as many as it may have
	 * @throws LeftLinkException if the connection is being closed, as it was left
	 */
	Channel openChannel() throws IOException {
		beginOpening();
		try {
			Channel channel = connection().createChannel();
			if (channel == null) {
				throw new ChannelLimitException(connection().getChannelMax());
			}
			return track(channel);
		}
		finally {
			endOpening();
		}
	}

	/**
	 * Open a channel for consumers, or take one that was opened before.
	 * @param prefetch the prefetch count that consumers get on it
	 */
	Channel openChannel(int prefetch) throws IOException {
		beginOpening();
		try {
			Channel ready = this.target.takeChannel(prefetch);
			if (ready != null) {
				return track(ready);
			}
		}
		finally {
			endOpening();
		}
		Channel channel = openChannel();
		if (prefetch > 0) {
			try {
				channel.basicQos(prefetch);
			}
			catch (IOException | RuntimeException | Error ex) {
				channel.abort();
				throw ex;
			}
		}
		return channel;
	}

	private void beginOpening() throws LeftLinkException {
		this.lock.lock();
		try {
			if (this.closed) {
				throw new LeftLinkException(broker());
			}
			this.opening++;
		}
		finally {
			this.lock.unlock();
		}
	}

	private void endOpening() {
		this.lock.lock();
		try {
			this.opening--;
		}
		finally {
			this.lock.unlock();
		}
		closeIfUnused();
	}

	Channel track(Channel channel) {
		this.channels.add(channel);
		channel.addShutdownListener((ShutdownListener) (signal) -> {
			this.channels.remove(channel);
			closeIfUnused();
		});
		return channel;
	}

	/**
	 * Return how many messages wait in a queue.
	 * @return nothing if there is no such queue, or if it belongs to another connection
	 */
	OptionalInt count(String queue) throws IOException {
		Integer count = count(List.of(queue)).get(queue);
		return (count != null) ? OptionalInt.of(count) : OptionalInt.empty();
	}

	/**
	 * Return how many messages wait in queues. Blocks for a round trip for each.
	 * @return the counts by the names of the queues, without those that there are not, or
	 * that belong to another connection
	 */
	Map<String, Integer> count(Collection<String> queues) throws IOException {
		Map<String, Integer> counts = new HashMap<>();
		Iterator<String> rest = queues.iterator();
		while (rest.hasNext()) {
			Channel channel = openChannel();
			try {
				count(channel, rest, counts);
			}
			finally {
				channel.abort();
			}
		}
		return counts;
	}

	/**
	 * Go on until the broker closes the channel, because it does not have a queue.
	 */
	private static void count(Channel channel, Iterator<String> rest, Map<String, Integer> counts) throws IOException {
		try {
			while (rest.hasNext()) {
				String queue = rest.next();
				counts.put(queue, channel.queueDeclarePassive(queue).getMessageCount());
			}
		}
		catch (IOException ex) {
			CloseReason reason = CloseReason.in(ex);
			if (reason != CloseReason.NOT_FOUND && reason != CloseReason.RESOURCE_LOCKED) {
				throw ex;
			}
		}
	}

	/**
	 * Close the connection when nothing is open on it any more.
	 */
	void leave() {
		this.left = true;
		closeIfUnused();
	}

	private void closeIfUnused() {
		if (close(() -> this.left && this.opening == 0 && this.channels.isEmpty())) {
			this.source.close(this.target);
		}
	}

	/**
	 * Close the connection with what is open on it.
	 */
	void close() {
		if (close(() -> true)) {
			this.source.close(this.target);
		}
	}

	private boolean close(BooleanSupplier condition) {
		this.lock.lock();
		try {
			boolean first = !this.closed && condition.getAsBoolean();
			this.closed |= first;
			return first;
		}
		finally {
			this.lock.unlock();
		}
	}

	@Override
	public String toString() {
		return broker().toString();
	}

}
