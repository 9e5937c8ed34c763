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

package dev.failover.ensure;

/**
 * What holds for the ensured work that the current thread does, for code that it calls:
 * the deadline, and whether it may be repeated after something was sent.
 */
public final class EnsureScope {

	private static final int FLAGS = 0;

	private static final int DEADLINE = 1;

	private static final long ACTIVE = 1;

	private static final long NOT_IDEMPOTENT = 2;

	private static final long SENT = 4;

	private static final ThreadLocal<long[]> STATE = ThreadLocal.withInitial(() -> new long[2]);

	private EnsureScope() {
	}

	/**
	 * Return whether the current thread does ensured work.
	 * @return {@code true} within ensured work
	 */
	public static boolean isActive() {
		return (STATE.get()[FLAGS] & ACTIVE) != 0;
	}

	/**
	 * Return whether the work may be repeated although something may have been sent.
	 * @return {@code false} if any of the surrounding policies is not idempotent
	 */
	public static boolean isIdempotent() {
		return isIdempotent(STATE.get());
	}

	/**
	 * Return how much time is left until the deadline of the surrounding work.
	 * @param otherwise what to return outside of ensured work
	 * @return the time left in nanoseconds, negative if the deadline is over
	 */
	public static long remainingNanos(long otherwise) {
		long[] state = STATE.get();
		return ((state[FLAGS] & ACTIVE) != 0) ? state[DEADLINE] - System.nanoTime() : otherwise;
	}

	/**
	 * Remember that the work has begun to send something, so that later failures prove
	 * nothing: work that is not idempotent is not retried from here on.
	 */
	public static void markSent() {
		markSent(STATE.get());
	}

	static long[] state() {
		return STATE.get();
	}

	static long flags(long[] state) {
		return state[FLAGS];
	}

	static long deadline(long[] state) {
		return state[DEADLINE];
	}

	static void enter(long[] state, long deadline, boolean idempotent) {
		long outer = state[FLAGS];
		boolean later = (outer & ACTIVE) != 0 && deadline - state[DEADLINE] > 0;
		if (!later) {
			state[DEADLINE] = deadline;
		}
		state[FLAGS] = ACTIVE | (outer & NOT_IDEMPOTENT) | (idempotent ? 0 : NOT_IDEMPOTENT);
	}

	static boolean isIdempotent(long[] state) {
		return (state[FLAGS] & NOT_IDEMPOTENT) == 0;
	}

	static void markSent(long[] state) {
		state[FLAGS] |= SENT;
	}

	/**
	 * Take over what is stricter in a surrounding state.
	 */
	static void inherit(long[] state, long[] outer) {
		if ((outer[FLAGS] & ACTIVE) == 0) {
			return;
		}
		state[FLAGS] |= outer[FLAGS] & NOT_IDEMPOTENT;
		if (state[DEADLINE] - outer[DEADLINE] > 0) {
			state[DEADLINE] = outer[DEADLINE];
		}
	}

	static boolean isSent(long[] state) {
		return (state[FLAGS] & SENT) != 0;
	}

	static void exit(long[] state, long outerFlags, long outerDeadline) {
		state[FLAGS] = outerFlags | (((outerFlags & ACTIVE) != 0) ? state[FLAGS] & SENT : 0);
		state[DEADLINE] = outerDeadline;
	}

}
