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

import java.io.IOException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.stream.Stream;

import dev.failover.broker.Broker;
import dev.failover.connection.ConsumerAccess;

/**
 * Knows how many messages remain on one broker beside the active one: the sum of what was
 * seen of each queue last. Each look asks for a few queues only, and the next one goes on
 * there. Looks belong to one thread.
 */
final class RemainingMessages {

	/**
	 * How many queues are asked for by one look.
	 */
	static final int QUEUES = 20;

	private final Broker broker;

	private final ConsumerAccess consumers;

	private final Map<String, Integer> seen = new HashMap<>();

	private String last = "";

	private volatile long sum;

	RemainingMessages(Broker broker, ConsumerAccess consumers) {
		this.broker = broker;
		this.consumers = consumers;
	}

	/**
	 * Look at the next queues, even if those before could not be looked at. Blocks for a
	 * round trip for each.
	 * @throws IOException if the broker does not answer
	 */
	void look() throws IOException {
		TreeSet<String> queues = new TreeSet<>(this.consumers.getQueuesBeside(this.broker));
		List<String> next = Stream
			.concat(queues.tailSet(this.last, false).stream(), queues.headSet(this.last, true).stream())
			.limit(QUEUES)
			.toList();
		this.seen.keySet().retainAll(queues);
		if (!next.isEmpty()) {
			this.last = next.get(next.size() - 1);
			Map<String, Integer> counts = this.consumers.countMessages(this.broker, next);
			this.seen.keySet().removeAll(next);
			this.seen.putAll(counts);
		}
		this.sum = this.seen.values().stream().mapToLong(Integer::longValue).sum();
	}

	/**
	 * Return how many messages remain. Does not block.
	 */
	long get() {
		return this.sum;
	}

	/**
	 * Forget what was seen.
	 */
	void clear() {
		this.seen.clear();
		this.last = "";
		this.sum = 0;
	}

}
