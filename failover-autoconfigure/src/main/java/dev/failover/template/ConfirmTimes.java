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

import java.util.concurrent.TimeUnit;

import org.jspecify.annotations.Nullable;

import dev.failover.broker.Activation;

/**
 * How long confirms take, and what is therefore late. A long confirm counts as a quarter
 * of a second at most, so that a queue that was without a leader does not make later ones
 * go unnoticed.
 */
final class ConfirmTimes {

	/**
	 * A broker that can confirm sooner needs few messages at a time, so that no more than
	 * it takes without reading on are written before the first of them is confirmed.
	 */
	private static final long NEAR = TimeUnit.MILLISECONDS.toNanos(5);

	private static final long PERIOD = TimeUnit.SECONDS.toNanos(5);

	private static final long SHORTEST_DELAY = TimeUnit.MILLISECONDS.toNanos(100);

	private static final long LONGEST_SAMPLE = TimeUnit.MILLISECONDS.toNanos(250);

	private final PublishObservers observers;

	/**
	 * The moving average. A sample that is lost to a race does no harm.
	 */
	private volatile long usual;

	/**
	 * What network and disks take, however much there is to do: the shortest time of the
	 * current period, and of the one before. 0 while no message was confirmed.
	 */
	private volatile long shortest;

	private volatile long shortestBefore;

	private volatile long periodBegan;

	ConfirmTimes() {
		this(new PublishObservers());
	}

	/**
	 * Create times.
	 * @param observers told of each confirm, whatever counts here
	 */
	ConfirmTimes(PublishObservers observers) {
		this.observers = observers;
	}

	void confirmed(@Nullable Activation activation, long nanos, long now) {
		confirmedAfter(nanos, now);
		this.observers.confirmed(activation, nanos);
	}

	void confirmedAfter(long nanos, long now) {
		long sample = Math.min(nanos, LONGEST_SAMPLE);
		long known = this.usual;
		this.usual = known + (sample - known) / 8;
		if (this.shortest == 0 || now - this.periodBegan > PERIOD) {
			this.shortestBefore = (this.shortest == 0) ? sample : this.shortest;
			this.shortest = sample;
			this.periodBegan = now;
		}
		else if (sample < this.shortest) {
			this.shortest = sample;
		}
	}

	/**
	 * Whether no more than a broker takes without reading on may be written behind a
	 * message that is unconfirmed for the given time. How busy the broker or this machine
	 * is must make no difference: it is then that a destination that does not confirm
	 * comes at the worst time.
	 */
	boolean isSlow(long nanos) {
		long needed = Math.min(this.shortest, this.shortestBefore);
		return needed < NEAR || nanos > 2 * needed;
	}

	/**
	 * Whether a confirm is so late that the destination of the message is to blame if
	 * others are confirmed.
	 */
	boolean isLate(long nanos) {
		return nanos > Math.max(SHORTEST_DELAY, 2 * this.usual);
	}

}
