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

package dev.failover.detection;

import java.util.Collection;
import java.util.HashSet;
import java.util.Set;

import dev.failover.broker.Broker;

/**
 * What a look at the queues on one broker has found. Belongs to one thread.
 */
final class QueueLook {

	private final Broker broker;

	private final long incarnation;

	private final Set<String> consumed;

	private final Set<String> waiting = new HashSet<>();

	QueueLook(Broker broker, long incarnation, Collection<String> consumed) {
		this.broker = broker;
		this.incarnation = incarnation;
		this.consumed = new HashSet<>(consumed);
	}

	Broker broker() {
		return this.broker;
	}

	long incarnation() {
		return this.incarnation;
	}

	/**
	 * Return the queues that somebody consumes from.
	 */
	Set<String> consumed() {
		return this.consumed;
	}

	/**
	 * Return the queues that have messages, and no consumer.
	 */
	Set<String> waiting() {
		return this.waiting;
	}

	void found(String queue, int messages, int consumers) {
		if (consumers > 0) {
			this.consumed.add(queue);
		}
		else if (messages > 0) {
			this.waiting.add(queue);
		}
	}

}
