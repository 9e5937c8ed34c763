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

import java.util.concurrent.TimeUnit;

/**
 * How many messages a consumer is given before it has begun to handle them. If it hands
 * them on to another thread, these are lost with their broker and handled twice, so that
 * there are as few as its speed allows: what it handles within a millisecond. Guarded by
 * the lock of the deliveries.
 */
final class HandingOn {

	private static final long AHEAD_NANOS = TimeUnit.MILLISECONDS.toNanos(1);

	private static final int MAX = 64;

	private int given;

	private int window = 4;

	private long takenAt;

	/**
	 * Nanoseconds from one message to the next, smoothed, while it has some.
	 */
	private long pace = AHEAD_NANOS / this.window;

	boolean hasRoom() {
		return this.given < this.window;
	}

	void given() {
		this.given++;
	}

	/**
	 * The consumer begins to handle a message, or has settled it without.
	 * @param waiting whether there are others for it
	 * @return whether there is room for others again
	 */
	boolean taken(long now, boolean waiting) {
		this.given--;
		if (this.takenAt != 0) {
			long interval = Math.min(now - this.takenAt, 4 * AHEAD_NANOS);
			this.pace += (interval - this.pace) / 8;
			this.window = (int) Math.max(1, Math.min(MAX, AHEAD_NANOS / Math.max(1, this.pace)));
		}
		this.takenAt = (this.given > 0 || waiting) ? now : 0;
		return this.given <= this.window / 2;
	}

}
