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

import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;

import org.junit.jupiter.api.Test;

/**
 * Random commands against a model: whatever happens in whichever order, messages are
 * handed on once, settled where they were delivered, and none is left over. The order is
 * that of a seed, the same in each build unless the property
 * {@code failover.test.model-seed} is set. A failure shows it, with the fewest commands
 * that still fail.
 */
class VirtualChannelModelTests {

	private static final int LENGTH = 300;

	private static final int STEPS = Integer.getInteger("failover.test.model-steps", 20_000);

	private static final long SEED = Long.getLong("failover.test.model-seed", 1);

	private static final int SHOWN = Integer.getInteger("failover.test.model-shown", 150);

	@Test
	void nothingIsLostOrHandledTwiceWhateverHappens() {
		SplittableRandom seeds = new SplittableRandom(SEED);
		for (int done = 0; done < STEPS; done += LENGTH) {
			long[] program = seeds.longs(LENGTH).toArray();
			long setup = seeds.nextLong();
			Throwable failure = failure(setup, program);
			if (failure != null) {
				throw shrunk(setup, program, failure);
			}
		}
	}

	private static Throwable failure(long setup, long[] program) {
		try {
			new ModelRun(setup, false).run(program, program.length);
			return null;
		}
		catch (AssertionError | RuntimeException ex) {
			return ex;
		}
	}

	/**
	 * Leave out what is not needed to fail, first much, then little.
	 */
	private static AssertionError shrunk(long setup, long[] program, Throwable failure) {
		long[] shortest = program;
		Throwable last = failure;
		for (int size = program.length / 2; size > 0; size /= 2) {
			for (int from = shortest.length - size; from >= 0; from -= size) {
				long[] rest = without(shortest, from, size);
				Throwable still = failure(setup, rest);
				if (still != null && kind(still).equals(kind(failure))) {
					shortest = rest;
					last = still;
				}
			}
		}
		ModelRun shown = new ModelRun(setup, true);
		try {
			shown.run(shortest, shortest.length);
		}
		catch (AssertionError | RuntimeException ex) {
			last = ex;
		}
		List<String> trace = shown.trace();
		return new AssertionError(
				"Seed %d, %d commands: %s%n%s".formatted(SEED, shortest.length, last, String
					.join(System.lineSeparator(), trace.subList(Math.max(0, trace.size() - SHOWN), trace.size()))),
				last);
	}

	private static String kind(Throwable failure) {
		return String.valueOf(failure.getMessage()).replaceAll("\\(.*|[^a-zA-Z ]", "");
	}

	private static long[] without(long[] program, int from, int size) {
		long[] rest = Arrays.copyOf(program, program.length - size);
		System.arraycopy(program, from + size, rest, from, program.length - from - size);
		return rest;
	}

}
