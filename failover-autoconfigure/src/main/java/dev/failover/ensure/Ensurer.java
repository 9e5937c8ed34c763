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
import java.util.concurrent.CompletionStage;
import java.util.function.BooleanSupplier;

import com.rabbitmq.client.Channel;
import org.jspecify.annotations.Nullable;
import org.springframework.retry.backoff.BackOffInterruptedException;
import org.springframework.retry.support.RetryTemplate;
import org.springframework.util.Assert;

import dev.failover.broker.Activation;
import dev.failover.broker.Brokers;
import dev.failover.broker.Reconnector;

/**
 * Does work that fails over: when a broker fails, the work is done again with the next
 * one, within the limits of an {@link EnsurePolicy}.
 * <p>
 * The first try runs bare. Only when it has failed with something that a repetition can
 * cure, the loop begins, a {@link RetryTemplate} of which that failure is the first. The
 * calling thread does everything: the tries, the waits, and, shared with all others that
 * wait, the reconnect. When the loop ends without success, the last failure is thrown;
 * while no broker is available, that is an
 * {@link org.springframework.amqp.AmqpConnectException} with the last failure of each
 * broker in its message, and with what the work itself threw last as suppressed
 * exception. When the thread is interrupted, the loop ends at once in the same way, and
 * the thread stays interrupted.
 * <p>
 * Safe for use by any number of threads.
 */
public final class Ensurer implements AutoCloseable {

	final Brokers brokers;

	final Reconnector reconnector;

	final FailureClassifier classifier;

	final BooleanSupplier boundWork;

	final EnsureTime time;

	private final EnsureThreads threads;

	private final EnsureObservers observers;

	private final @Nullable String name;

	/**
	 * Create an instance.
	 * @param brokers the brokers
	 * @param reconnector how to connect again
	 * @param classifier what can cure a failure
	 * @param boundWork whether the work of the current thread is bound to a channel that
	 * cannot be replaced, because a transaction uses it
	 */
	public Ensurer(Brokers brokers, Reconnector reconnector, FailureClassifier classifier, BooleanSupplier boundWork) {
		this(brokers, reconnector, classifier, boundWork, EnsureTime.SYSTEM);
	}

	Ensurer(Brokers brokers, Reconnector reconnector, FailureClassifier classifier, BooleanSupplier boundWork,
			EnsureTime time) {
		Assert.notNull(brokers, "'brokers' must not be null");
		Assert.notNull(reconnector, "'reconnector' must not be null");
		Assert.notNull(classifier, "'classifier' must not be null");
		Assert.notNull(boundWork, "'boundWork' must not be null");
		this.brokers = brokers;
		this.reconnector = reconnector;
		this.classifier = classifier;
		this.boundWork = boundWork;
		this.time = time;
		this.threads = new EnsureThreads();
		this.observers = new EnsureObservers();
		this.name = null;
	}

	private Ensurer(Ensurer shared, String name) {
		this.brokers = shared.brokers;
		this.reconnector = shared.reconnector;
		this.classifier = shared.classifier;
		this.boundWork = shared.boundWork;
		this.time = shared.time;
		this.threads = shared.threads;
		this.observers = shared.observers;
		this.name = name;
	}

	/**
	 * Return the same ensurer for the calls of one method, which are observed by its
	 * name. Threads and observers are shared, and end with this one.
	 * @param method the name of the method; there must not be many
	 * @return an ensurer that need not be closed
	 */
	public Ensurer named(String method) {
		Assert.hasText(method, "'method' must not be empty");
		return new Ensurer(this, method);
	}

	/**
	 * Add an observer of the calls of {@linkplain #named(String) named} methods. Where
	 * there is none, nothing is observed.
	 * @param observer the observer
	 */
	public void addObserver(EnsureObserver observer) {
		Assert.notNull(observer, "'observer' must not be null");
		this.observers.add(observer);
	}

	void ended(EnsureOutcome outcome, long nanos) {
		this.observers.ended(this.name, outcome, nanos);
	}

	/**
	 * Return the brokers.
	 * @return the brokers
	 */
	public Brokers getBrokers() {
		return this.brokers;
	}

	/**
	 * Return what connects again.
	 * @return the reconnector
	 */
	public Reconnector getReconnector() {
		return this.reconnector;
	}

	/**
	 * Do work.
	 * @param <T> the type of the result
	 * @param <E> the type of the checked exceptions of the work, if any
	 * @param policy the limits
	 * @param work the work
	 * @return the result of the try that succeeded
	 * @throws E what the work threw last
	 */
	public <T extends @Nullable Object, E extends Throwable> T execute(EnsurePolicy policy, EnsuredWork<T, E> work)
			throws E {
		return execute(policy, work, null, false);
	}

	/**
	 * Do work with a channel. Each try has a lease of its own; before a try counts as
	 * successful, the broker must have confirmed what was published on the channel, if it
	 * is in confirm mode.
	 * @param <T> the type of the result
	 * @param <E> the type of the checked exceptions of the work, if any
	 * @param policy the limits
	 * @param channels where the channels come from
	 * @param given the channel of the first try, or {@code null} for a new one
	 * @param work the work
	 * @return the result of the try that succeeded
	 * @throws E what the work threw last
	 */
	public <T extends @Nullable Object, E extends Throwable> T execute(EnsurePolicy policy, ChannelSource channels,
			@Nullable Channel given, EnsuredChannelWork<T, E> work) throws E {
		ChannelTry<T, E> channelTry = new ChannelTry<>(channels, given, policy, work);
		return execute(policy, channelTry, channelTry, false);
	}

	/**
	 * Do work whose result arrives later. If the work throws instead of returning a
	 * stage, it is repeated by the calling thread; if the stage fails, the work is
	 * repeated by a thread of this object, unless the policy is not idempotent.
	 * @param <T> the type of the result
	 * @param <E> the type of the checked exceptions of the work, if any
	 * @param policy the limits; the time begins with this call
	 * @param work the work
	 * @return a future with the result of the try that succeeded, or with what the last
	 * one failed with
	 * @throws E what the work threw last
	 */
	public <T extends @Nullable Object, E extends Throwable> CompletableFuture<T> executeAsync(EnsurePolicy policy,
			EnsuredWork<? extends CompletionStage<T>, E> work) throws E {
		AsyncRun run = asyncRun(policy);
		CompletionStage<T> first = this.<CompletionStage<T>, E>execute(policy, () -> {
			run.begun();
			return work.run();
		}, null, true);
		return run.follow(first, work);
	}

	AsyncRun asyncRun(EnsurePolicy policy) {
		return new AsyncRun(this, this.threads, policy);
	}

	/**
	 * Return whether a failure is one that a retry can cure under a policy, whether or
	 * not there is a retry left.
	 * @param policy the policy
	 * @param failure what was thrown
	 * @return {@code false} if the failure is no failure of a broker, or the caller's own
	 */
	public boolean isRetryable(EnsurePolicy policy, Throwable failure) {
		Throwable cause = AsyncRun.unwrap(failure);
		return policy.classify(this.classifier, cause, cause, null).isRetryable();
	}

	/**
	 * End the threads on which asynchronous work waits; what waits fails with its last
	 * failure.
	 */
	@Override
	public void close() {
		this.threads.close();
	}

	private <T extends @Nullable Object, E extends Throwable> T execute(EnsurePolicy policy, EnsuredWork<T, E> work,
			@Nullable ChannelTry<?, ?> channelTry, boolean endsLater) throws E {
		long[] scope = EnsureScope.state();
		long outerFlags = EnsureScope.flags(scope);
		long outerDeadline = EnsureScope.deadline(scope);
		EnsureScope.enter(scope, this.time.now() + policy.timeout().toNanos(), policy.idempotent());
		try {
			Activation activation = this.brokers.getActivation();
			T result;
			try {
				result = work.run();
			}
			catch (Throwable ex) {
				return retry(new EnsureRun(this, policy, scope, activation, channelTry), work, ex, endsLater);
			}
			if (!endsLater) {
				ended(EnsureOutcome.FIRST_TRY, 0);
			}
			return result;
		}
		finally {
			EnsureScope.exit(scope, outerFlags, outerDeadline);
		}
	}

	@SuppressWarnings("unchecked")
	private <T extends @Nullable Object, E extends Throwable> T retry(EnsureRun run, EnsuredWork<T, E> work,
			Throwable first, boolean endsLater) throws E {
		if (!run.isRetryable(first)) {
			ended(EnsureOutcome.NOT_RETRIED, 0);
			throw (E) first;
		}
		long failedAt = this.time.now();
		boolean succeeded = false;
		RetryTemplate template = run.template();
		try {
			T result = template.<T, E>execute((context) -> {
				if (context.getRetryCount() == 0) {
					throw (E) first;
				}
				run.prepare();
				return work.run();
			});
			succeeded = true;
			return result;
		}
		catch (BackOffInterruptedException ex) {
			Thread.currentThread().interrupt();
			throw (E) run.interrupted(ex);
		}
		finally {
			if (!succeeded || !endsLater) {
				ended(succeeded ? EnsureOutcome.AFTER_RETRY : EnsureOutcome.GAVE_UP, this.time.now() - failedAt);
			}
		}
	}

}
