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
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeoutException;

import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Command;
import com.rabbitmq.client.ShutdownSignalException;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;

import dev.failover.broker.Brokers;
import dev.failover.broker.FailureReason;
import dev.failover.connection.BrokerAccess;
import dev.failover.connection.OpenConnection;

/**
 * Probes one connection of the application with a cheap request ({@code basic.qos}) on a
 * channel of its own. When an answer is overdue, a second connection is tried beside it:
 * the broker is given up only if it does not answer there either, so that a client that
 * is slow to read, or a broker that does not read a blocked connection, is not taken for
 * a frozen one.
 * <p>
 * Its state belongs to the timer's thread.
 */
final class ConnectionProbe {

	private static final Log logger = LogFactory.getLog(BrokerDetector.class);

	private final OpenConnection target;

	private final Brokers brokers;

	private final BrokerAccess access;

	private final DetectionSettings settings;

	private final DetectionThreads threads;

	private volatile @Nullable Channel channel;

	private CompletableFuture<Command> answer = CompletableFuture
		.failedFuture(new IllegalStateException("no probe yet"));

	private @Nullable CompletableFuture<?> knock;

	private int misses;

	ConnectionProbe(OpenConnection target, Brokers brokers, BrokerAccess access, DetectionSettings settings,
			DetectionThreads threads) {
		this.target = target;
		this.brokers = brokers;
		this.access = access;
		this.settings = settings;
		this.threads = threads;
	}

	void start() {
		this.threads.later(this.settings.probeInterval(), this::probe);
	}

	private void probe() {
		if (!this.target.connection().isOpen()) {
			return;
		}
		this.misses = 0;
		this.knock = null;
		if (this.answer.isDone()) {
			CompletableFuture<Command> next = new CompletableFuture<>();
			this.answer = next;
			this.threads.work(() -> request(next));
		}
		await();
	}

	private void request(CompletableFuture<Command> next) {
		try {
			Channel current = this.channel;
			if (current == null || !current.isOpen()) {
				current = this.target.connection().createChannel();
				this.channel = current;
			}
			if (current != null) {
				current.asyncCompletableRpc(new AMQP.Basic.Qos.Builder().build()).thenAccept(next::complete);
			}
			else {
				next.completeExceptionally(new IOException("No channel is left for probes"));
			}
		}
		catch (IOException | ShutdownSignalException ex) {
			next.completeExceptionally(ex);
		}
	}

	private void await() {
		long due = System.nanoTime() + this.settings.probeTimeout().toNanos();
		this.threads.later(this.settings.probeTimeout(), () -> check(due));
	}

	private void check(long due) {
		if (this.answer.isDone()) {
			start();
			return;
		}
		long late = System.nanoTime() - due;
		if (late > this.settings.probeTimeout().toNanos() / 2) {
			logger.debug("This process stood still for %d ms, a probe of %s is given more time"
				.formatted(Duration.ofNanos(late).toMillis(), this.target.broker()));
			await();
			return;
		}
		if (!this.target.connection().isOpen()) {
			return;
		}
		this.misses++;
		CompletableFuture<?> beside = this.knock;
		if (beside == null) {
			this.knock = this.access.knock(this.target.broker(), this.settings.probeTimeout());
		}
		if (this.misses < this.settings.failureThreshold() || beside == null) {
			await();
		}
		else if (beside.isDone() && !beside.isCompletedExceptionally()) {
			logger.debug("%s answers, but not on this connection yet".formatted(this.target.broker()));
			start();
		}
		else {
			TimeoutException failure = new TimeoutException("%d probes in a row were not answered within %d ms"
				.formatted(this.misses, this.settings.probeTimeout().toMillis()));
			this.brokers.failed(this.target.broker(), this.target.incarnation(), FailureReason.TIMEOUT, failure);
		}
	}

}
