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

package dev.failover.actuate;

import java.time.Instant;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;

import org.jspecify.annotations.Nullable;

/**
 * Something that an operator has asked for, and what becomes of it.
 *
 * @param operation what was asked for
 * @param broker the name of the broker, or {@code null} if it is about none
 * @param force whether it is to be done at once
 * @param at when it was asked for
 * @param outcome completes when it is done, and fails if it is not
 */
record OperatorRequest(String operation, @Nullable String broker, boolean force, Instant at,
		CompletableFuture<?> outcome) {

	OperationDescriptor describe() {
		Throwable failure = failure();
		OperationDescriptor.State state = (failure != null) ? OperationDescriptor.State.FAILED
				: this.outcome.isDone() ? OperationDescriptor.State.DONE : OperationDescriptor.State.RUNNING;
		return new OperationDescriptor(this.operation, this.broker, this.force, this.at, state,
				(failure != null) ? reason(failure) : null);
	}

	/**
	 * Return why it is not done.
	 * @return the failure, or {@code null} if it is done or under way
	 */
	@Nullable Throwable failure() {
		if (!this.outcome.isCompletedExceptionally()) {
			return null;
		}
		try {
			this.outcome.join();
			return null;
		}
		catch (CompletionException ex) {
			return (ex.getCause() != null) ? ex.getCause() : ex;
		}
		catch (CancellationException ex) {
			return ex;
		}
	}

	@Override
	public String toString() {
		return "Operation '%s'%s%s".formatted(this.operation, this.force ? " (forced)" : "",
				(this.broker != null) ? " for broker " + this.broker : "");
	}

	/**
	 * What is thrown on purpose has a message for operators; anything else may have
	 * secrets in it.
	 */
	private static String reason(Throwable failure) {
		String message = failure.getMessage();
		return (failure instanceof IllegalStateException && message != null) ? message
				: failure.getClass().getSimpleName();
	}

}
