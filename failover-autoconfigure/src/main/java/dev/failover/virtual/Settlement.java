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

	private final int size;

	private final long last;

	private final boolean atOnce;

	/**
	 * What the broker is told of one by one. What it is told of by one command counts as
	 * told.
	 */
	private final ArrayDeque<Unsettled> left;

	private Settlement(RealChannel real, List<? extends Unsettled> unsettled, boolean atOnce) {
		this.real = real;
		this.size = unsettled.size();
		this.last = unsettled.stream().mapToLong(Unsettled::realTag).max().orElseThrow();
		this.atOnce = atOnce;
		this.left = new ArrayDeque<>(atOnce ? List.of() : unsettled);
	}

	/**
	 * Create a settlement of which the broker is told by one command, which names the
	 * last delivery.
	 * @param unsettled what is to be settled, at least one: one, or all that is unsettled
	 * up to the last one
	 */
	static Settlement atOnce(RealChannel real, List<? extends Unsettled> unsettled) {
		return new Settlement(real, unsettled, true);
	}

	/**
	 * Create a settlement of which the broker is told one by one.
	 * @param unsettled what is to be settled, at least one
	 */
	static Settlement oneByOne(RealChannel real, List<? extends Unsettled> unsettled) {
		return new Settlement(real, unsettled, false);
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

	boolean isAtOnce() {
		return this.atOnce;
	}

	/**
	 * Whether the broker is told by one command of several deliveries.
	 */
	boolean isMultiple() {
		return this.atOnce && this.size > 1;
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
