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

package dev.failover.template;

import java.util.Deque;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.concurrent.ConcurrentLinkedQueue;

import org.jspecify.annotations.Nullable;

/**
 * Messages that wait to be written: first those that are written again, then the new
 * ones. Any thread adds new ones; only who has the turn to write does the rest.
 */
final class PublishQueue {

	private final Deque<Publication> backlog = new ConcurrentLinkedDeque<>();

	private final Queue<Publication> fresh = new ConcurrentLinkedQueue<>();

	void add(Publication publication) {
		this.fresh.add(publication);
	}

	/**
	 * Put messages back, in their order, before all others.
	 */
	void addFirst(List<Publication> publications) {
		for (int i = publications.size() - 1; i >= 0; i--) {
			this.backlog.addFirst(publications.get(i));
		}
	}

	boolean isEmpty() {
		return this.fresh.isEmpty() && this.backlog.isEmpty();
	}

	@Nullable Publication peek() {
		Publication first = this.backlog.peek();
		return (first != null) ? first : this.fresh.peek();
	}

	@Nullable Publication poll() {
		Publication first = this.backlog.poll();
		return (first != null) ? first : this.fresh.poll();
	}

}
