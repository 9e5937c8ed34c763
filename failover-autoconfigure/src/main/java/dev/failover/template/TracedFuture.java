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

import java.util.concurrent.CompletableFuture;

import org.jspecify.annotations.Nullable;

/**
 * Future of a message that is followed. What depends on it is run with what the thread of
 * the sender carried, after the observation of the message has ended.
 *
 * @param <T> the type of the result
 */
final class TracedFuture<T> extends CompletableFuture<T> {

	private final SendTrace trace;

	TracedFuture(SendTrace trace) {
		this.trace = trace;
	}

	/**
	 * Complete the future because the message has ended.
	 * @param completion completes it
	 * @param failure why the message is not confirmed, or {@code null} if it is
	 */
	void end(Runnable completion, @Nullable Throwable failure) {
		this.trace.end(failure);
		ThreadContext.Restored restored = this.trace.restoreSender();
		try {
			completion.run();
		}
		finally {
			restored.close();
		}
	}

}
