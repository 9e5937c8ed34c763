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

package dev.failover.benchmarks.support;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

/**
 * Waits that end with an exception that says what did not happen, and never later than a
 * healthy machine takes many times over.
 */
public final class Waits {

	private static final Duration PATIENCE = Duration.ofMinutes(3);

	private static final Duration POLL = Duration.ofMillis(20);

	private Waits() {
	}

	/**
	 * Wait for a result.
	 * @param <T> its type
	 * @param future completes with the result
	 * @param what what is waited for, for the exception
	 * @return the result
	 * @throws ExecutionException if there was a failure instead
	 * @throws InterruptedException if the thread is interrupted
	 * @throws BenchmarkException after 3 minutes
	 */
	public static <T> T get(Future<T> future, String what) throws ExecutionException, InterruptedException {
		try {
			return future.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
		}
		catch (TimeoutException ex) {
			throw tooLate(what);
		}
	}

	/**
	 * Wait until a latch is at zero.
	 * @param latch the latch
	 * @param what what is waited for, for the exception
	 * @throws InterruptedException if the thread is interrupted
	 * @throws BenchmarkException after 3 minutes
	 */
	public static void await(CountDownLatch latch, String what) throws InterruptedException {
		if (!latch.await(PATIENCE.toSeconds(), TimeUnit.SECONDS)) {
			throw tooLate("%s, %d are missing".formatted(what, latch.getCount()));
		}
	}

	/**
	 * Acquire permits.
	 * @param semaphore has the permits
	 * @param permits how many
	 * @param what what is waited for, for the exception
	 * @throws InterruptedException if the thread is interrupted
	 * @throws BenchmarkException after 3 minutes
	 */
	public static void acquire(Semaphore semaphore, int permits, String what) throws InterruptedException {
		if (!semaphore.tryAcquire(permits, PATIENCE.toSeconds(), TimeUnit.SECONDS)) {
			throw tooLate(what);
		}
	}

	/**
	 * Wait for a condition.
	 * @param condition asked again and again
	 * @param what what is waited for, for the exception
	 * @throws BenchmarkException after 3 minutes
	 */
	public static void until(BooleanSupplier condition, String what) {
		long deadline = System.nanoTime() + PATIENCE.toNanos();
		while (!condition.getAsBoolean()) {
			if (System.nanoTime() > deadline) {
				throw tooLate(what);
			}
			pass(POLL);
		}
	}

	/**
	 * Let time pass.
	 * @param duration how much
	 */
	public static void pass(Duration duration) {
		long end = System.nanoTime() + duration.toNanos();
		for (long left = duration.toNanos(); left > 0; left = end - System.nanoTime()) {
			LockSupport.parkNanos(left);
		}
	}

	private static BenchmarkException tooLate(String what) {
		return new BenchmarkException("Waited in vain for %d s: %s".formatted(PATIENCE.toSeconds(), what));
	}

}
