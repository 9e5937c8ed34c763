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

import java.io.InterruptedIOException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * A declaration that the broker was sent.
 *
 * @param declaration the declaration
 * @param answer completes when the broker has answered
 * @param askedAt when the broker was sent it, in nanoseconds
 */
record AskedDeclaration(Declaration declaration, CompletableFuture<?> answer, long askedAt) {

	/**
	 * Wait for the answer.
	 * @param patience how long the broker may take, from the time on that it was asked
	 * @return whether it has answered
	 * @throws ExecutionException if the answer is a refusal, or the channel was lost
	 * @throws InterruptedIOException if the thread is interrupted
	 */
	boolean isAnswered(Duration patience) throws ExecutionException, InterruptedIOException {
		try {
			long left = patience.toNanos() - (System.nanoTime() - this.askedAt);
			this.answer.get(Math.max(left, 0), TimeUnit.NANOSECONDS);
			return true;
		}
		catch (TimeoutException ex) {
			return false;
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
			throw new InterruptedIOException("Interrupted while %s is declared".formatted(this.declaration));
		}
	}

}
