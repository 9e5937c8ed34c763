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

import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.ReentrantLock;

import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;

/**
 * Channels that wait on a standby connection, one for each channel with consumers and
 * with the prefetch count of the first of them, so that it needs not be opened when the
 * connection is taken into use. Safe for use by any number of threads.
 */
final class ReadyChannels {

	private static final Log logger = LogFactory.getLog(ReadyChannels.class);

	private final Connection connection;

	private final ReentrantLock lock = new ReentrantLock();

	private final Map<Integer, Deque<Channel>> channels = new HashMap<>();

	private final AtomicInteger changes = new AtomicInteger();

	private List<Integer> wanted = List.of();

	private boolean ended;

	ReadyChannels(Connection connection) {
		this.connection = connection;
	}

	/**
	 * Have channels with these prefetch counts, and no others. Blocks for two round trips
	 * for each that is missing.
	 * @param prefetchCounts one for each channel
	 * @return whether they may be had: not if a limit on channels is reached
	 */
	boolean have(List<Integer> prefetchCounts) {
		if (!want(prefetchCounts) || this.changes.getAndIncrement() > 0) {
			return true;
		}
		boolean allowed = true;
		boolean done = false;
		try {
			int seen;
			do {
				seen = this.changes.get();
				allowed &= change();
			}
			while (this.changes.addAndGet(-seen) != 0);
			done = true;
		}
		finally {
			if (!done) {
				this.changes.set(0);
			}
		}
		return allowed;
	}

	private boolean want(List<Integer> prefetchCounts) {
		this.lock.lock();
		try {
			if (!this.ended) {
				this.wanted = prefetchCounts;
			}
			return !this.ended;
		}
		finally {
			this.lock.unlock();
		}
	}

	private boolean change() {
		try {
			surplus().forEach(ReadyChannels::abort);
			return openMissing();
		}
		catch (IOException | RuntimeException ex) {
			logger.debug("Channels cannot be kept ready on %s".formatted(this.connection), ex);
			end();
			return !FailureReasons.isLimit(ex);
		}
	}

	private boolean openMissing() throws IOException {
		for (Integer count = missing(); count != null; count = missing()) {
			Channel channel = this.connection.createChannel();
			if (channel == null) {
				return false;
			}
			boolean kept = false;
			try {
				if (count > 0) {
					channel.basicQos(count);
				}
				kept = add(count, channel);
			}
			finally {
				if (!kept) {
					abort(channel);
				}
			}
		}
		return true;
	}

	private boolean add(int prefetch, Channel channel) {
		this.lock.lock();
		try {
			if (!this.ended) {
				this.channels.computeIfAbsent(prefetch, (key) -> new ArrayDeque<>()).add(channel);
			}
			return !this.ended;
		}
		finally {
			this.lock.unlock();
		}
	}

	private @Nullable Integer missing() {
		this.lock.lock();
		try {
			Map<Integer, Integer> counts = counts();
			return this.ended ? null
					: counts.entrySet()
						.stream()
						.filter((entry) -> entry.getValue() > size(entry.getKey()))
						.map(Map.Entry::getKey)
						.findFirst()
						.orElse(null);
		}
		finally {
			this.lock.unlock();
		}
	}

	private List<Channel> surplus() {
		List<Channel> surplus = new ArrayList<>();
		this.lock.lock();
		try {
			Map<Integer, Integer> counts = counts();
			this.channels.forEach((prefetch, ready) -> {
				while (ready.size() > counts.getOrDefault(prefetch, 0)) {
					surplus.add(ready.remove());
				}
			});
		}
		finally {
			this.lock.unlock();
		}
		return surplus;
	}

	private Map<Integer, Integer> counts() {
		Map<Integer, Integer> counts = new HashMap<>();
		this.wanted.forEach((prefetch) -> counts.merge(prefetch, 1, Integer::sum));
		return counts;
	}

	private int size(int prefetch) {
		Deque<Channel> ready = this.channels.get(prefetch);
		return (ready != null) ? ready.size() : 0;
	}

	/**
	 * Take a channel.
	 * @param prefetch the prefetch count that it has
	 * @return the channel, or {@code null} if there is none
	 */
	@Nullable Channel take(int prefetch) {
		this.lock.lock();
		try {
			Deque<Channel> ready = this.channels.getOrDefault(prefetch, new ArrayDeque<>());
			Channel channel = ready.poll();
			while (channel != null && !channel.isOpen()) {
				channel = ready.poll();
			}
			return channel;
		}
		finally {
			this.lock.unlock();
		}
	}

	/**
	 * Open no more, as the connection is taken into use.
	 */
	void end() {
		this.lock.lock();
		try {
			this.ended = true;
		}
		finally {
			this.lock.unlock();
		}
	}

	/**
	 * Close what was not taken. Blocks for a round trip for each.
	 */
	void close() {
		List<Channel> left = new ArrayList<>();
		this.lock.lock();
		try {
			this.ended = true;
			this.channels.values().forEach(left::addAll);
			this.channels.clear();
		}
		finally {
			this.lock.unlock();
		}
		left.forEach(ReadyChannels::abort);
	}

	private static void abort(Channel channel) {
		try {
			channel.abort();
		}
		catch (IOException | RuntimeException ex) {
			logger.debug("A channel was closed already", ex);
		}
	}

}
