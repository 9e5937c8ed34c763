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

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.BooleanSupplier;

/**
 * Everything that would run on threads of its own, on one thread, in an order that a seed
 * decides. What "waits" lets others go on in the meantime.
 */
final class Schedule {

	private static final int MAX_DEPTH = 3;

	private static final int MAX_STEPS = 100_000;

	private final List<Actor> actors = new ArrayList<>();

	private final List<String> trace = new ArrayList<>();

	private SplittableRandom random = new SplittableRandom();

	private int depth;

	private int still;

	private int prune = 64;

	boolean tracing;

	/**
	 * The time, in nanoseconds.
	 */
	long now = 1;

	void random(SplittableRandom random) {
		this.random = random;
	}

	SplittableRandom random() {
		return this.random;
	}

	boolean chance(int percent) {
		return this.random.nextInt(100) < percent;
	}

	int below(int bound) {
		return this.random.nextInt(bound);
	}

	<T> T any(List<T> list) {
		return list.get(below(list.size()));
	}

	/**
	 * Add somebody who acts when it is ready, until it is over.
	 */
	void actor(BooleanSupplier ready, BooleanSupplier over, Runnable action) {
		if (this.actors.size() >= this.prune) {
			this.actors.removeIf((actor) -> actor.over().getAsBoolean());
			this.prune = Math.max(64, 2 * this.actors.size());
		}
		this.actors.add(new Actor(ready, over, action));
	}

	void trace(String text) {
		if (this.tracing) {
			this.trace.add("  ".repeat(this.depth) + text);
		}
	}

	List<String> trace() {
		return this.trace;
	}

	boolean isNested() {
		return this.depth > 0;
	}

	/**
	 * Run something that nothing else may interrupt.
	 */
	void still(Runnable action) {
		this.still++;
		try {
			action.run();
		}
		finally {
			this.still--;
		}
	}

	boolean isStill() {
		return this.still > 0;
	}

	/**
	 * The running thread is interrupted by others, or waits.
	 */
	void others() {
		if (this.still > 0 || this.depth >= MAX_DEPTH) {
			return;
		}
		VirtualEnvelope taken = Taken.current();
		while (chance(40)) {
			this.depth++;
			try {
				if (!step()) {
					break;
				}
			}
			finally {
				this.depth--;
				Taken.restore(taken);
			}
		}
	}

	/**
	 * Have one of those act that can.
	 */
	boolean step() {
		int size = this.actors.size();
		int start = (size > 0) ? below(size) : 0;
		for (int i = 0; i < size; i++) {
			Actor actor = this.actors.get((start + i) % size);
			if (actor.ready().getAsBoolean()) {
				actor.action().run();
				return true;
			}
		}
		return false;
	}

	/**
	 * Until there is nothing to be done.
	 */
	void rest() {
		for (int i = 0; step(); i++) {
			if (i > MAX_STEPS) {
				throw new AssertionError("Never at rest");
			}
		}
	}

	private record Actor(BooleanSupplier ready, BooleanSupplier over, Runnable action) {

	}

	/**
	 * Which delivery the running thread handles.
	 */
	static final class Taken {

		private static VirtualEnvelope envelope;

		private Taken() {
		}

		static VirtualEnvelope current() {
			return envelope;
		}

		static void restore(VirtualEnvelope taken) {
			envelope = taken;
			if (taken != null) {
				taken.getDeliveryTag();
			}
			else {
				VirtualEnvelope.forget();
			}
		}

	}

}
