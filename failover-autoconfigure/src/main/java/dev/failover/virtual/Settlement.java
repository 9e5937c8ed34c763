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

import java.util.ArrayDeque;
import java.util.List;
import java.util.function.LongConsumer;

/**
 * What is to be settled on one real channel, and is being told to its broker. What is
 * left of it is guarded by the lock of the deliveries.
 */
final class Settlement {

	private final RealChannel real;

	private final ArrayDeque<Unsettled> left;

	private final int size;

	private final long last;

	private final boolean together;

	/**
	 * Create an instance.
	 * @param real the channel
	 * @param unsettled what is to be settled there, in the order in which the broker has
	 * delivered it, at least one
	 * @param complete whether nothing else that came before the last one is unsettled
	 */
	Settlement(RealChannel real, List<? extends Unsettled> unsettled, boolean complete) {
		this.real = real;
		this.left = new ArrayDeque<>(unsettled);
		this.size = unsettled.size();
		this.last = unsettled.get(this.size - 1).realTag();
		this.together = complete && this.size > 1;
	}

	RealChannel real() {
		return this.real;
	}

	int size() {
		return this.size;
	}

	/**
	 * Return the last delivery tag that the broker has given.
	 */
	long last() {
		return this.last;
	}

	/**
	 * Whether the broker is told of the last one and all before.
	 */
	boolean isTogether() {
		return this.together;
	}

	/**
	 * Take what the broker is told of next, one by one.
	 * @return the delivery tag that it has given, or 0 if it was told of everything
	 */
	long next() {
		Unsettled next = this.left.poll();
		return (next != null) ? next.realTag() : 0;
	}

	/**
	 * Leave out what the broker was not told of yet, and has taken back.
	 * @param subscription the consumer that it was delivered to
	 * @param takenBack told of each delivery tag
	 */
	void leaveOut(Subscription subscription, LongConsumer takenBack) {
		this.left.removeIf((each) -> {
			boolean meant = each.subscription() == subscription;
			if (meant) {
				takenBack.accept(each.realTag());
			}
			return meant;
		});
	}

	@Override
	public String toString() {
		return "%d deliveries up to %d of %s".formatted(this.size, this.last, this.real);
	}

}
