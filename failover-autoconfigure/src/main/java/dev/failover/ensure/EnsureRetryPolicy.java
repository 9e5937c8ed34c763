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

import org.jspecify.annotations.Nullable;
import org.springframework.retry.RetryContext;
import org.springframework.retry.RetryPolicy;
import org.springframework.retry.backoff.BackOffContext;
import org.springframework.retry.backoff.BackOffInterruptedException;
import org.springframework.retry.backoff.BackOffPolicy;
import org.springframework.retry.context.RetryContextSupport;

/**
 * A run as the two policies of a {@link org.springframework.retry.support.RetryTemplate}.
 * A decision is made once for each failure and then holds, so that a try does follow once
 * the hooks have been told so.
 */
final class EnsureRetryPolicy implements RetryPolicy, BackOffPolicy {

	private final transient EnsureRun run;

	private transient @Nullable EnsureStep step;

	EnsureRetryPolicy(EnsureRun run) {
		this.run = run;
	}

	@Override
	public RetryContext open(@Nullable RetryContext parent) {
		return new RetryContextSupport(parent);
	}

	@Override
	public void registerThrowable(RetryContext context, Throwable failure) {
		((RetryContextSupport) context).registerThrowable(failure);
		this.step = this.run.decide(failure, context.getRetryCount());
	}

	@Override
	public boolean canRetry(RetryContext context) {
		return context.getLastThrowable() == null || this.step != null;
	}

	@Override
	public void close(RetryContext context) {
	}

	@Override
	public @Nullable BackOffContext start(RetryContext context) {
		return null;
	}

	@Override
	public void backOff(@Nullable BackOffContext context) throws BackOffInterruptedException {
		if (this.step != null) {
			this.run.carryOut(this.step);
		}
	}

	@Override
	public int getMaxAttempts() {
		return this.run.maxAttempts();
	}

}
