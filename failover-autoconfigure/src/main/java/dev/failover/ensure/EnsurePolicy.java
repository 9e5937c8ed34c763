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

import java.time.Duration;
import java.util.List;
import java.util.function.UnaryOperator;

import com.rabbitmq.client.Channel;
import org.jspecify.annotations.Nullable;
import org.springframework.util.Assert;

/**
 * How ensured work is retried. An immutable value, to be shared by any number of calls
 * and threads.
 * <p>
 * What an exception leads to is decided in this order:
 * <ol>
 * <li>An exception that is an instance of one of {@link #noRetryOn()} is thrown at
 * once.</li>
 * <li>A failure that the {@link FailureClassifier} ascribes to a broker is treated as it
 * says.</li>
 * <li>An exception that is an instance of one of {@link #retryOn()} is retried on the
 * same broker, with the growing interval.</li>
 * <li>Everything else is thrown at once.</li>
 * </ol>
 * Only the exception itself is looked at in 1 and 3, not its causes. Whatever the
 * decision, nothing is retried when {@link #maxRetries()} or {@link #timeout()} is used
 * up, when the thread is interrupted, when the work is bound to a channel transaction
 * that is older than it, or, unless {@link #idempotent()}, when something may have been
 * sent. Inside of other ensured work, the shorter deadline holds, and work is idempotent
 * only if both say so.
 *
 * @param maxRetries how many times the work is retried at most, 0 for not at all, or
 * {@code null} for no limit but the time
 * @param timeout how long the work may take altogether, retries and waits included
 * @param interval how long to wait between passes over the brokers
 * @param idempotent whether work may be repeated that possibly has been done
 * @param retryOn types of further exceptions to retry
 * @param noRetryOn types of exceptions not to retry
 * @param listeners the hooks, in the order in which they are called
 */
public record EnsurePolicy(@Nullable Integer maxRetries, Duration timeout, EnsureInterval interval, boolean idempotent,
		List<Class<? extends Throwable>> retryOn, List<Class<? extends Throwable>> noRetryOn,
		List<EnsureListener> listeners) {

	/**
	 * Deadlines are counted in nanoseconds.
	 */
	private static final Duration LONGEST = Duration.ofDays(36_525);

	/**
	 * The default: any number of retries within a minute.
	 */
	public static final EnsurePolicy DEFAULT = new EnsurePolicy(null, Duration.ofMinutes(1), EnsureInterval.DEFAULT,
			true, List.of(), List.of(), List.of());

	public EnsurePolicy {
		Assert.isTrue(maxRetries == null || maxRetries >= 0, "'maxRetries' must not be negative");
		Assert.isTrue(timeout.compareTo(Duration.ZERO) > 0, "'timeout' must be greater than 0");
		Assert.isTrue(timeout.compareTo(LONGEST) <= 0, "'timeout' must not be longer than a hundred years");
		Assert.notNull(interval, "'interval' must not be null");
		retryOn = List.copyOf(retryOn);
		noRetryOn = List.copyOf(noRetryOn);
		listeners = List.copyOf(listeners);
	}

	/**
	 * Return a policy that differs in the number of retries.
	 * @param maxRetries how many times the work is retried at most, or {@code null} for
	 * no limit
	 * @return a new policy
	 */
	public EnsurePolicy withMaxRetries(@Nullable Integer maxRetries) {
		return new EnsurePolicy(maxRetries, this.timeout, this.interval, this.idempotent, this.retryOn, this.noRetryOn,
				this.listeners);
	}

	/**
	 * Return a policy that differs in the total time.
	 * @param timeout how long the work may take altogether
	 * @return a new policy
	 */
	public EnsurePolicy withTimeout(Duration timeout) {
		return new EnsurePolicy(this.maxRetries, timeout, this.interval, this.idempotent, this.retryOn, this.noRetryOn,
				this.listeners);
	}

	/**
	 * Return a policy that differs in the waits.
	 * @param change the change to the interval
	 * @return a new policy
	 */
	public EnsurePolicy withInterval(UnaryOperator<EnsureInterval> change) {
		return new EnsurePolicy(this.maxRetries, this.timeout, change.apply(this.interval), this.idempotent,
				this.retryOn, this.noRetryOn, this.listeners);
	}

	/**
	 * Return a policy that differs in whether work may be repeated.
	 * @param idempotent whether work may be repeated that possibly has been done
	 * @return a new policy
	 */
	public EnsurePolicy withIdempotent(boolean idempotent) {
		return new EnsurePolicy(this.maxRetries, this.timeout, this.interval, idempotent, this.retryOn, this.noRetryOn,
				this.listeners);
	}

	/**
	 * Return a policy that differs in the further exceptions to retry.
	 * @param retryOn the types
	 * @return a new policy
	 */
	public EnsurePolicy withRetryOn(List<Class<? extends Throwable>> retryOn) {
		return new EnsurePolicy(this.maxRetries, this.timeout, this.interval, this.idempotent, retryOn, this.noRetryOn,
				this.listeners);
	}

	/**
	 * Return a policy that differs in the exceptions not to retry.
	 * @param noRetryOn the types
	 * @return a new policy
	 */
	public EnsurePolicy withNoRetryOn(List<Class<? extends Throwable>> noRetryOn) {
		return new EnsurePolicy(this.maxRetries, this.timeout, this.interval, this.idempotent, this.retryOn, noRetryOn,
				this.listeners);
	}

	/**
	 * Return a policy that differs in its hooks.
	 * @param listeners the hooks, in the order in which they are called
	 * @return a new policy
	 */
	public EnsurePolicy withListeners(List<EnsureListener> listeners) {
		return new EnsurePolicy(this.maxRetries, this.timeout, this.interval, this.idempotent, this.retryOn,
				this.noRetryOn, listeners);
	}

	/**
	 * Return the verdict on a failure.
	 * @param classifier what can cure failures of brokers
	 * @param cause what to classify
	 * @param failure what was thrown
	 * @param channel the channel of the work, or {@code null}
	 */
	FailureVerdict classify(FailureClassifier classifier, Throwable cause, Throwable failure,
			@Nullable Channel channel) {
		if (isInstance(this.noRetryOn, failure)) {
			return FailureVerdict.NEVER;
		}
		FailureVerdict verdict = classifier.classify(cause, channel);
		return (!verdict.isRetryable() && isInstance(this.retryOn, failure)) ? FailureVerdict.SAME_BROKER : verdict;
	}

	private static boolean isInstance(List<Class<? extends Throwable>> types, Throwable failure) {
		for (Class<? extends Throwable> type : types) {
			if (type.isInstance(failure)) {
				return true;
			}
		}
		return false;
	}

}
