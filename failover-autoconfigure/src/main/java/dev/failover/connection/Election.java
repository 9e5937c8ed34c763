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

package dev.failover.connection;

import java.io.IOException;
import java.net.ConnectException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

import com.rabbitmq.client.AuthenticationFailureException;
import org.jspecify.annotations.Nullable;

import dev.failover.broker.BrokersUnavailableException;

/**
 * The result of one search for a broker that can be active, shared by all who want to
 * connect meanwhile. A failure holds for a moment longer, so that callers who had to
 * queue behind the search (Spring connects under a lock) do not repeat it one by one.
 */
final class Election {

	private static final Duration FAILURE_HOLDS = Duration.ofMillis(100);

	private final CompletableFuture<@Nullable Void> result = new CompletableFuture<>();

	private volatile long failedAt;

	void succeed() {
		this.result.complete(null);
	}

	void fail(Throwable failure) {
		this.failedAt = System.nanoTime();
		this.result.completeExceptionally(failure);
	}

	boolean isOver() {
		if (!this.result.isDone()) {
			return false;
		}
		return !this.result.isCompletedExceptionally() || System.nanoTime() - this.failedAt > FAILURE_HOLDS.toNanos();
	}

	void await(long nanos) throws IOException, InterruptedException {
		try {
			this.result.get(nanos, TimeUnit.NANOSECONDS);
		}
		catch (ExecutionException ex) {
			throw copyOf(ex.getCause());
		}
		catch (TimeoutException ex) {
			throw new ConnectException("No broker was found in time");
		}
	}

	/**
	 * Each caller throws an exception of its own.
	 */
	private static IOException copyOf(@Nullable Throwable failure) {
		if (failure instanceof AuthenticationFailureException) {
			IOException copy = new AuthenticationFailureException(failure.getMessage());
			copy.initCause(failure);
			return copy;
		}
		if (failure instanceof BrokersUnavailableException unavailable) {
			return new BrokersUnavailableException(unavailable);
		}
		return new IOException("The search for a broker failed", failure);
	}

}
