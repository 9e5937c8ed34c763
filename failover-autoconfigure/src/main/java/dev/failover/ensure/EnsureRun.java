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

import java.io.IOException;
import java.time.Duration;

import com.rabbitmq.client.Channel;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;
import org.springframework.amqp.AmqpConnectException;
import org.springframework.amqp.AmqpIOException;
import org.springframework.retry.RetryListener;
import org.springframework.retry.RetryPolicy;
import org.springframework.retry.backoff.BackOffInterruptedException;
import org.springframework.retry.support.RetryTemplate;

import dev.failover.broker.Activation;
import dev.failover.broker.BrokersUnavailableException;

/**
 * One call of ensured work whose first try has failed: decides after each failure whether
 * and how it goes on. Used by one thread at a time.
 */
final class EnsureRun {

	private static final Log logger = LogFactory.getLog(Ensurer.class);

	private final Ensurer ensurer;

	private final EnsurePolicy policy;

	private final long[] scope;

	private final @Nullable ChannelTry<?, ?> channelTry;

	private final EnsureHooks hooks;

	private @Nullable Activation activation;

	private @Nullable Throwable lastOfWork;

	private @Nullable Throwable reconnectFailure;

	private FailureVerdict lastVerdict = FailureVerdict.NEVER;

	private int failedInPass;

	private int waits;

	private boolean reconnectDue;

	private boolean reconnected;

	EnsureRun(Ensurer ensurer, EnsurePolicy policy, long[] scope, @Nullable Activation activation,
			@Nullable ChannelTry<?, ?> channelTry) {
		this.ensurer = ensurer;
		this.policy = policy;
		this.scope = scope;
		this.activation = activation;
		this.channelTry = channelTry;
		this.hooks = new EnsureHooks(policy.listeners(), ensurer.reconnector);
	}

	RetryTemplate template() {
		RetryTemplate template = new RetryTemplate();
		EnsureRetryPolicy retryPolicy = new EnsureRetryPolicy(this);
		template.setRetryPolicy(retryPolicy);
		template.setBackOffPolicy(retryPolicy);
		template.setListeners(this.policy.listeners().toArray(new RetryListener[0]));
		template.setLogger(logger);
		return template;
	}

	int maxAttempts() {
		Integer maxRetries = this.policy.maxRetries();
		return (maxRetries != null) ? maxRetries + 1 : RetryPolicy.NO_MAXIMUM_ATTEMPTS_SET;
	}

	boolean isRetryable(Throwable failure) {
		return decide(failure, 1) != null;
	}

	/**
	 * Decide whether the work is tried again after a failure, and how.
	 * @param failure the failure
	 * @param tries how many tries have failed, this one included
	 * @return what to do, or {@code null} if the failure is the end
	 */
	@Nullable EnsureStep decide(Throwable failure, int tries) {
		FailureVerdict verdict = verdict(failure);
		Integer maxRetries = this.policy.maxRetries();
		long remaining = remaining();
		if (!verdict.isRetryable() || remaining <= 0 || (maxRetries != null && tries > maxRetries)
				|| Thread.currentThread().isInterrupted() || isUnsafe(verdict) || isProven(verdict)
				|| this.ensurer.boundWork.getAsBoolean()) {
			return null;
		}
		boolean next = verdict.action() == FailureAction.NEXT_BROKER
				|| (verdict.action() == FailureAction.SAME_THEN_NEXT_BROKER && this.lastVerdict.equals(verdict));
		BrokersUnavailableException pass = pass(failure);
		boolean waits = !next || pass != null || this.failedInPass + 1 >= this.ensurer.brokers.getAll().size();
		long interval = waits ? this.policy.interval().nanos(this.waits, this.ensurer.time.random().getAsDouble()) : 0;
		if (pass == null && interval >= remaining) {
			return null;
		}
		return new EnsureStep(failure, verdict, next, pass, waits, Math.min(interval, remaining));
	}

	private FailureVerdict verdict(Throwable failure) {
		Channel channel = (this.channelTry != null) ? this.channelTry.current() : null;
		Throwable cause = (failure == this.reconnectFailure) ? failure.getCause() : null;
		return this.policy.classify(this.ensurer.classifier, (cause != null) ? cause : failure, failure, channel);
	}

	private boolean isProven(FailureVerdict verdict) {
		return verdict.action() == FailureAction.SAME_BROKER_ONCE && this.lastVerdict.equals(verdict);
	}

	private boolean isUnsafe(FailureVerdict verdict) {
		return !EnsureScope.isIdempotent(this.scope) && (!verdict.nothingSent() || EnsureScope.isSent(this.scope));
	}

	/**
	 * Do what is to be done between two tries: report, call the hooks, wait.
	 */
	void carryOut(EnsureStep step) {
		this.lastVerdict = step.next() ? FailureVerdict.NEVER : step.verdict();
		this.reconnectDue = step.next();
		if (step.failure() != this.reconnectFailure) {
			this.lastOfWork = step.failure();
		}
		Activation failed = this.activation;
		if (step.next() && !step.verdict().nothingSent() && failed != null && !isLeft(failed)
				&& !isOfEarlierConnection(step.failure())) {
			this.ensurer.brokers.failed(failed, step.verdict().reason(), step.failure());
		}
		this.failedInPass = step.waits() ? 0 : this.failedInPass + 1;
		this.waits += step.waits() ? 1 : 0;
		logger.debug(
				"Ensured work is tried again on %s broker after a wait of %d ms"
					.formatted(step.next() ? "the next" : "the same", Duration.ofNanos(step.nanos()).toMillis()),
				step.failure());
		this.hooks.onFailure(step, (failed != null) ? failed.broker() : null);
		try {
			pause(step);
		}
		catch (InterruptedException ex) {
			throw new BackOffInterruptedException("Interrupted between two tries", ex);
		}
	}

	/**
	 * After a move in the middle of a try nobody knows on which broker it has failed. The
	 * one that was left is watched as long as it has connections.
	 */
	private boolean isLeft(Activation begun) {
		return !begun.equals(this.ensurer.brokers.getActivation());
	}

	/**
	 * The sockets to a broker that was given up are closed by this side. Its channels are
	 * handed out until the client has noticed: a try on one of them tells nothing of the
	 * broker that has been connected to since.
	 */
	private boolean isOfEarlierConnection(Throwable failure) {
		return this.reconnected && ClosedSocketText.isClosedByThisSide(failure);
	}

	private void pause(EnsureStep step) throws InterruptedException {
		if (step.nanos() <= 0) {
			return;
		}
		if (step.pass() != null) {
			this.ensurer.reconnector.awaitActive(Duration.ofNanos(step.nanos()));
		}
		else {
			long millis = Math.max(1, Duration.ofNanos(step.nanos()).toMillis());
			this.ensurer.time.sleeper().sleep(millis);
		}
	}

	/**
	 * Get ready for the next try: connect again if a broker was given up.
	 */
	void prepare() {
		boolean revived = this.reconnectDue;
		if (revived) {
			reconnect();
			this.reconnected = true;
		}
		this.reconnectDue = false;
		this.activation = this.ensurer.brokers.getActivation();
		if (this.channelTry != null) {
			this.channelTry.whenLeased(revived ? this.hooks::onRevive : null);
		}
		else if (revived) {
			this.hooks.onRevive(null);
		}
	}

	private void reconnect() {
		try {
			this.ensurer.reconnector.reconnect(Duration.ofNanos(Math.max(0, remaining())));
		}
		catch (BrokersUnavailableException ex) {
			throw reconnectFailure(new AmqpConnectException(String.valueOf(ex.getMessage()), ex));
		}
		catch (IOException ex) {
			throw reconnectFailure(new AmqpIOException(ex));
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
			throw new BackOffInterruptedException("Interrupted while reconnecting", ex);
		}
	}

	private <X extends RuntimeException> X reconnectFailure(X failure) {
		this.reconnectFailure = failure;
		if (this.lastOfWork != null) {
			failure.addSuppressed(this.lastOfWork);
		}
		return failure;
	}

	Throwable interrupted(BackOffInterruptedException interruption) {
		Throwable last = (this.reconnectFailure != null) ? this.reconnectFailure : this.lastOfWork;
		if (last == null) {
			return interruption;
		}
		last.addSuppressed(interruption);
		return last;
	}

	private long remaining() {
		return EnsureScope.deadline(this.scope) - this.ensurer.time.now();
	}

	private static @Nullable BrokersUnavailableException pass(Throwable failure) {
		for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
			if (cause instanceof BrokersUnavailableException unavailable) {
				return unavailable;
			}
		}
		return null;
	}

}
