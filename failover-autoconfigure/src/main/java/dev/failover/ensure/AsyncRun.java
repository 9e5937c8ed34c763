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

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.RejectedExecutionException;

import org.jspecify.annotations.Nullable;
import org.springframework.retry.RetryContext;
import org.springframework.retry.backoff.BackOffInterruptedException;

/**
 * One call of ensured work that ends later, on another thread. Only the waits between two
 * tries take up a thread of the {@link Ensurer}.
 */
final class AsyncRun {

	private final Ensurer ensurer;

	private final EnsureThreads threads;

	private final long deadline;

	private final EnsurePolicy policy;

	private final EnsureRun run;

	private final EnsureRetryPolicy retryPolicy;

	private final RetryContext context;

	private volatile int tries;

	private volatile long failedAt;

	AsyncRun(Ensurer ensurer, EnsureThreads threads, EnsurePolicy policy) {
		this.ensurer = ensurer;
		this.threads = threads;
		this.policy = policy;
		long[] scope = new long[EnsureScope.state().length];
		EnsureScope.enter(scope, ensurer.time.now() + policy.timeout().toNanos(), policy.idempotent());
		EnsureScope.inherit(scope, EnsureScope.state());
		EnsureScope.markSent(scope);
		this.deadline = EnsureScope.deadline(scope);
		this.run = new EnsureRun(ensurer, policy, scope, ensurer.brokers.getActivation(), null);
		this.retryPolicy = new EnsureRetryPolicy(this.run);
		this.context = this.retryPolicy.open(null);
	}

	<T extends @Nullable Object> CompletableFuture<T> follow(CompletionStage<T> first,
			EnsuredWork<? extends CompletionStage<T>, ?> work) {
		CompletableFuture<T> result = new CompletableFuture<>();
		follow(first, work, result);
		result.whenComplete((value, failure) -> ended(failure));
		return result;
	}

	/**
	 * Take note that the work is begun, by one thread at a time.
	 */
	void begun() {
		long now = this.ensurer.time.now();
		if (this.tries == 1) {
			this.failedAt = now;
		}
		this.tries = this.tries + 1;
	}

	/**
	 * Take note of the end.
	 */
	void ended(@Nullable Throwable failure) {
		boolean retried = this.tries > 1;
		EnsureOutcome succeeded = retried ? EnsureOutcome.AFTER_RETRY : EnsureOutcome.FIRST_TRY;
		EnsureOutcome failed = retried ? EnsureOutcome.GAVE_UP : EnsureOutcome.NOT_RETRIED;
		EnsureOutcome outcome = (failure != null) ? failed : succeeded;
		this.ensurer.ended(outcome, retried ? this.ensurer.time.now() - this.failedAt : 0);
	}

	private <T extends @Nullable Object> void follow(CompletionStage<T> stage,
			EnsuredWork<? extends CompletionStage<T>, ?> work, CompletableFuture<T> result) {
		stage.whenComplete((value, failure) -> {
			if (failure == null) {
				result.complete(value);
			}
			else if (!result.isDone()) {
				retry(unwrap(failure), work, result);
			}
		});
	}

	private <T extends @Nullable Object> void retry(Throwable failure,
			EnsuredWork<? extends CompletionStage<T>, ?> work, CompletableFuture<T> result) {
		next(failure).whenComplete((ready, end) -> {
			if (end != null) {
				result.completeExceptionally(unwrap(end));
				return;
			}
			CompletionStage<T> stage;
			try {
				stage = call(work);
			}
			catch (Throwable ex) {
				retry(ex, work, result);
				return;
			}
			follow(stage, work, result);
		});
	}

	/**
	 * Call the work again, with its deadline bound to the thread.
	 */
	<T extends @Nullable Object, E extends Throwable> T call(EnsuredWork<T, E> work) throws E {
		this.tries = this.tries + 1;
		long[] scope = EnsureScope.state();
		long outerFlags = EnsureScope.flags(scope);
		long outerDeadline = EnsureScope.deadline(scope);
		EnsureScope.enter(scope, this.deadline, this.policy.idempotent());
		try {
			return work.run();
		}
		finally {
			EnsureScope.exit(scope, outerFlags, outerDeadline);
		}
	}

	/**
	 * Decide on a failure.
	 * @return a future that completes when the next try may begin, or exceptionally with
	 * what the work has to end with
	 */
	CompletableFuture<@Nullable Void> next(Throwable failure) {
		if (this.tries == 1) {
			this.failedAt = this.ensurer.time.now();
		}
		CompletableFuture<@Nullable Void> ready = new CompletableFuture<>();
		try {
			this.retryPolicy.registerThrowable(this.context, failure);
			if (!this.retryPolicy.canRetry(this.context)) {
				ready.completeExceptionally(failure);
				return ready;
			}
			this.threads.execute(new Waiting(ready, failure));
		}
		catch (RejectedExecutionException ex) {
			ready.completeExceptionally(failure);
		}
		catch (Throwable ex) {
			if (ex != failure) {
				ex.addSuppressed(failure);
			}
			ready.completeExceptionally(ex);
		}
		return ready;
	}

	private void awaitNext(CompletableFuture<@Nullable Void> ready) {
		try {
			retryUntilReady(ready);
		}
		catch (Throwable ex) {
			ready.completeExceptionally(ex);
		}
	}

	private void retryUntilReady(CompletableFuture<@Nullable Void> ready) {
		while (this.retryPolicy.canRetry(this.context)) {
			try {
				this.retryPolicy.backOff(null);
				this.run.prepare();
				ready.complete(null);
				return;
			}
			catch (BackOffInterruptedException ex) {
				ready.completeExceptionally(this.run.interrupted(ex));
				return;
			}
			catch (RuntimeException | Error ex) {
				this.retryPolicy.registerThrowable(this.context, ex);
			}
		}
		ready.completeExceptionally(this.context.getLastThrowable());
	}

	static Throwable unwrap(Throwable failure) {
		Throwable cause = failure;
		while ((cause instanceof CompletionException || cause instanceof ExecutionException)
				&& cause.getCause() != null) {
			cause = cause.getCause();
		}
		return cause;
	}

	/**
	 * Waits for the next try on a thread of its own.
	 */
	private final class Waiting implements EnsureThreads.Task {

		private final CompletableFuture<@Nullable Void> ready;

		private final Throwable failure;

		Waiting(CompletableFuture<@Nullable Void> ready, Throwable failure) {
			this.ready = ready;
			this.failure = failure;
		}

		@Override
		public void run() {
			awaitNext(this.ready);
		}

		@Override
		public void abandon() {
			this.ready.completeExceptionally(this.failure);
		}

	}

}
