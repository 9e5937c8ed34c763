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

package dev.failover.topology;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;

import org.jspecify.annotations.Nullable;

/**
 * A declaration that is not made yet.
 */
final class PendingDeclaration {

	private static final int AT_ONCE = 10;

	private final Declaration declaration;

	private final AtomicInteger asking = new AtomicInteger();

	private final long since = System.nanoTime();

	private final CompletableFuture<@Nullable Void> end = new CompletableFuture<>();

	private volatile @Nullable String reason;

	/**
	 * Whether the broker is being asked.
	 */
	volatile boolean asked;

	/**
	 * Whether it was told that the broker refuses it.
	 */
	volatile boolean refused;

	/**
	 * Whether it was told that it is pending.
	 */
	volatile boolean told;

	/**
	 * Whether it was declared once, and may be well.
	 */
	private volatile boolean suspected;

	PendingDeclaration(Declaration declaration, @Nullable String reason) {
		this.declaration = declaration;
		this.reason = reason;
	}

	Declaration declaration() {
		return this.declaration;
	}

	/**
	 * Return something that was declared once, and may be out of order now.
	 */
	static PendingDeclaration suspected(Declaration declaration) {
		PendingDeclaration suspected = new PendingDeclaration(declaration, null);
		suspected.suspected = true;
		return suspected;
	}

	boolean isSuspected() {
		return this.suspected;
	}

	void confirmSuspicion() {
		this.suspected = false;
	}

	/**
	 * Return what the broker is to be asked.
	 */
	Declaration question() {
		return this.suspected ? this.declaration.passive() : this.declaration;
	}

	/**
	 * Return whether it is pending for more than a moment, or the broker has said why.
	 */
	boolean isCertain(Duration timeout) {
		return this.reason != null || age().compareTo(timeout) >= 0;
	}

	void reason(String reason) {
		this.reason = reason;
	}

	String reason() {
		String known = this.reason;
		if (known != null) {
			return known;
		}
		return this.declaration.isBinding() ? "what it binds is not there" : "the broker does not answer";
	}

	Duration age() {
		return Duration.ofNanos(System.nanoTime() - this.since);
	}

	/**
	 * Note that it is pending no more.
	 */
	void end() {
		this.end.complete(null);
	}

	/**
	 * Wait until it is pending no more. Those who ask first are told at once, as others
	 * may wait for them; whoever asks again and again is not.
	 * @param patience how long that may take, for the first from the beginning
	 * @return whether it is
	 */
	boolean hasEnded(Duration patience) throws InterruptedException {
		Duration left = (this.asking.incrementAndGet() > AT_ONCE) ? patience : patience.minus(age());
		try {
			this.end.get(Math.max(left.toNanos(), 0), TimeUnit.NANOSECONDS);
			return true;
		}
		catch (TimeoutException ex) {
			return false;
		}
		catch (ExecutionException ex) {
			throw new IllegalStateException(ex);
		}
	}

}
