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

/**
 * How long confirms take, and what is therefore late. A long confirm counts as a quarter
 * of a second at most, so that a queue that was without a leader does not make later ones
 * go unnoticed.
 */
final class ConfirmTimes {

	private static final long SHORTEST_PAUSE = TimeUnit.MILLISECONDS.toNanos(5);

	private static final long SHORTEST_DELAY = TimeUnit.MILLISECONDS.toNanos(100);

	private static final long LONGEST_SAMPLE = TimeUnit.MILLISECONDS.toNanos(250);

	/**
	 * The moving average. A sample that is lost to a race does no harm.
	 */
	private volatile long usual;

	void confirmedAfter(long nanos) {
		long known = this.usual;
		this.usual = known + (Math.min(nanos, LONGEST_SAMPLE) - known) / 8;
	}

	/**
	 * Whether a confirm is so slow that no more than a broker takes without reading on
	 * may be written behind the message.
	 */
	boolean isSlow(long nanos) {
		return nanos > Math.max(SHORTEST_PAUSE, 2 * this.usual);
	}

	/**
	 * Whether a confirm is so late that the destination of the message is to blame if
	 * others are confirmed.
	 */
	boolean isLate(long nanos) {
		return nanos > Math.max(SHORTEST_DELAY, 2 * this.usual);
	}

}
