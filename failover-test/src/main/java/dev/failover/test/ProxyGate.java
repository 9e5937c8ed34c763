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

package dev.failover.test;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;

import dev.failover.test.FaultProxy.Direction;

/**
 * The proxy's mode, and the place where its threads wait for the mode to let them go on.
 */
final class ProxyGate {

	private final ReentrantLock lock = new ReentrantLock();

	private final Condition changed = this.lock.newCondition();

	private volatile ProxyMode mode = ProxyMode.PASS;

	ProxyMode mode() {
		return this.mode;
	}

	void set(ProxyMode mode) {
		this.mode = mode;
		wakeUp();
	}

	/**
	 * Let the threads that wait look at their condition again.
	 */
	void wakeUp() {
		this.lock.lock();
		try {
			this.changed.signalAll();
		}
		finally {
			this.lock.unlock();
		}
	}

	/**
	 * Wait until a direction is open.
	 * @return whether it is; {@code false} if the thread was told to give up
	 */
	boolean await(Direction direction, BooleanSupplier giveUp) {
		return awaitUntil(() -> this.mode.open().contains(direction), giveUp);
	}

	/**
	 * Wait until at least one direction is open.
	 * @return whether one is; {@code false} if the thread was told to give up
	 */
	boolean awaitAny(BooleanSupplier giveUp) {
		return awaitUntil(() -> !this.mode.open().isEmpty(), giveUp);
	}

	/**
	 * Wait for a point in time.
	 * @return whether it was reached; {@code false} if the thread was told to give up
	 */
	boolean awaitTime(long nanoTime, BooleanSupplier giveUp) {
		this.lock.lock();
		try {
			long remaining = nanoTime - System.nanoTime();
			while (remaining > 0 && !giveUp.getAsBoolean()) {
				remaining = this.changed.awaitNanos(remaining);
				remaining = nanoTime - System.nanoTime();
			}
			return !giveUp.getAsBoolean();
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
			return false;
		}
		finally {
			this.lock.unlock();
		}
	}

	private boolean awaitUntil(BooleanSupplier condition, BooleanSupplier giveUp) {
		this.lock.lock();
		try {
			while (!condition.getAsBoolean() && !giveUp.getAsBoolean()) {
				this.changed.await(1, TimeUnit.SECONDS);
			}
			return !giveUp.getAsBoolean();
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
			return false;
		}
		finally {
			this.lock.unlock();
		}
	}

}
