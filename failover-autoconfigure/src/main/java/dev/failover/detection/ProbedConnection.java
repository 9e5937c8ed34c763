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

package dev.failover.detection;

import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;

import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.Channel;
import com.rabbitmq.client.ShutdownSignalException;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;

import dev.failover.broker.Brokers;
import dev.failover.broker.FailureReason;
import dev.failover.connection.BrokerAccess;
import dev.failover.connection.OpenConnection;

/**
 * A connection that is asked with a cheap request ({@code basic.qos}) on a channel of its
 * own.
 */
final class ProbedConnection implements ProbeTarget {

	private static final Log logger = LogFactory.getLog(BrokerDetector.class);

	private final OpenConnection target;

	private final Brokers brokers;

	private final BrokerAccess access;

	private final Duration timeout;

	private final DetectionScheduler scheduler;

	private final List<ProbeObserver> observers;

	private final AtomicBoolean told = new AtomicBoolean();

	private volatile @Nullable Channel channel;

	ProbedConnection(OpenConnection target, Brokers brokers, BrokerAccess access, Duration timeout,
			DetectionScheduler scheduler, List<ProbeObserver> observers) {
		this.observers = observers;
		this.target = target;
		this.brokers = brokers;
		this.access = access;
		this.timeout = timeout;
		this.scheduler = scheduler;
		target.connection().addShutdownListener((signal) -> this.told.set(true));
	}

	@Override
	public boolean isOpen() {
		return this.target.connection().isOpen();
	}

	@Override
	public void closed() {
		ShutdownSignalException signal = this.target.connection().getCloseReason();
		if (signal != null && !signal.isInitiatedByApplication() && this.told.compareAndSet(false, true)) {
			this.access.check(this.target.broker());
		}
	}

	@Override
	public CompletableFuture<?> ask() {
		CompletableFuture<@Nullable Object> answer = new CompletableFuture<>();
		if (!this.scheduler.work(() -> ask(answer))) {
			answer.completeExceptionally(new IOException("No thread is free to ask"));
		}
		return answer;
	}

	/**
	 * Tell how it ended, unless it ended with a connection that nobody needs any more.
	 */
	private void observe(long askedAt, @Nullable Throwable failure) {
		if (failure instanceof ShutdownSignalException signal && signal.isInitiatedByApplication()) {
			return;
		}
		Duration time = Duration.ofNanos(System.nanoTime() - askedAt);
		ProbeOutcome answered = (time.compareTo(this.timeout) <= 0) ? ProbeOutcome.ANSWERED : ProbeOutcome.LATE;
		for (ProbeObserver observer : this.observers) {
			try {
				observer.probed(this.target.broker(), (failure != null) ? ProbeOutcome.FAILED : answered, time);
			}
			catch (RuntimeException ex) {
				logger.error("Observer %s failed".formatted(observer), ex);
			}
		}
	}

	private void ask(CompletableFuture<@Nullable Object> answer) {
		try {
			Channel current = this.channel;
			if (current == null || !current.isOpen()) {
				current = this.target.connection().createChannel();
				this.channel = current;
			}
			if (current == null) {
				throw new IOException("The connection has no channel left for probes");
			}
			long askedAt = System.nanoTime();
			current.asyncCompletableRpc(new AMQP.Basic.Qos.Builder().build()).whenComplete((command, failure) -> {
				observe(askedAt, failure);
				if (failure != null) {
					answer.completeExceptionally(failure);
				}
				else {
					answer.complete(command);
				}
			});
		}
		catch (Throwable ex) {
			answer.completeExceptionally(ex);
		}
	}

	@Override
	public CompletableFuture<?> knock() {
		return this.access.knock(this.target.broker(), this.timeout);
	}

	@Override
	public void giveUp(int misses) {
		TimeoutException failure = new TimeoutException(
				"%d probes in a row were not answered within %d ms".formatted(misses, this.timeout.toMillis()));
		this.brokers.failed(this.target.broker(), this.target.incarnation(), FailureReason.TIMEOUT, failure);
	}

	@Override
	public String toString() {
		return this.target.broker().toString();
	}

}
