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

import java.io.IOException;
import java.io.InterruptedIOException;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;
import org.springframework.scheduling.concurrent.CustomizableThreadFactory;

import dev.failover.broker.Broker;
import dev.failover.broker.BrokerStatus;
import dev.failover.broker.Brokers;
import dev.failover.broker.LateStart;
import dev.failover.connection.BrokerAccess;
import dev.failover.connection.DestinationFault;
import dev.failover.connection.QueueGuard;

/**
 * What could not be declared on brokers that take traffic all the same. It is tried again
 * on connections apart from those of the application, as a broker may answer with the end
 * of the connection.
 */
final class PendingDeclarations implements QueueGuard, AutoCloseable {

	private static final Log logger = LogFactory.getLog(PendingDeclarations.class);

	/**
	 * RabbitMQ 4.3 answers within 68 seconds that a queue does not, and within 30 that
	 * its cluster has no majority.
	 */
	private static final Duration LAST_ANSWER = Duration.ofSeconds(75);

	private final Brokers brokers;

	private final Duration timeout;

	private final Duration lastAnswer;

	private final Map<String, BrokerDeclarations> byBroker = new ConcurrentHashMap<>();

	private final Map<String, KnownDeclarations> known = new ConcurrentHashMap<>();

	private final ScheduledThreadPoolExecutor executor;

	private volatile @Nullable BrokerAccess access;

	private volatile boolean closed;

	/**
	 * Create an instance.
	 * @param timeout how long a broker may take to answer a declaration
	 */
	PendingDeclarations(Brokers brokers, Duration timeout) {
		this(brokers, timeout, LAST_ANSWER);
	}

	/**
	 * Create an instance.
	 * @param timeout how long a broker may take to answer a declaration
	 * @param lastAnswer how long an answer is waited for at all
	 */
	PendingDeclarations(Brokers brokers, Duration timeout, Duration lastAnswer) {
		this.brokers = brokers;
		this.timeout = timeout;
		this.lastAnswer = lastAnswer;
		CustomizableThreadFactory threads = new CustomizableThreadFactory("failover-declarations-");
		threads.setDaemon(true);
		this.executor = new ScheduledThreadPoolExecutor(1, threads);
		this.executor.setKeepAliveTime(1, TimeUnit.SECONDS);
		this.executor.allowCoreThreadTimeOut(true);
		this.executor.setRemoveOnCancelPolicy(true);
	}

	/**
	 * Try again, from now on, with the access to brokers that is given.
	 */
	void retryWith(BrokerAccess access) {
		this.access = access;
		access.onClose(this::close);
	}

	/**
	 * Return what is pending on a broker, which begins anew when it has failed.
	 */
	BrokerDeclarations of(Broker broker, long incarnation) {
		return this.byBroker.compute(broker.name(), (name, last) -> {
			if (last != null && last.incarnation() == incarnation) {
				return last;
			}
			if (last != null) {
				execute(last::end);
			}
			return new BrokerDeclarations(broker, incarnation, known(broker), this);
		});
	}

	/**
	 * Return what was declared before on the cluster of a broker, or was pending there.
	 */
	private KnownDeclarations known(Broker broker) {
		String cluster = this.brokers.getStatus(broker.name()).map(BrokerStatus::cluster).orElse(null);
		String key = (cluster != null) ? "cluster %s %s".formatted(cluster, broker.virtualHost())
				: "broker " + broker.name();
		return this.known.computeIfAbsent(key, (name) -> new KnownDeclarations());
	}

	@Override
	public void check(Broker broker, String queue) throws IOException {
		BrokerDeclarations declarations = this.byBroker.get(broker.name());
		PendingDeclaration pending = (declarations != null) ? declarations.find(Declaration.queue(queue)) : null;
		if (declarations == null || pending == null) {
			return;
		}
		try {
			if (!pending.hasEnded(this.timeout)) {
				throw new IOException(declarations.fault(pending));
			}
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
			throw new InterruptedIOException("Interrupted while queue '%s' is declared".formatted(queue));
		}
	}

	@Override
	public @Nullable DestinationFault rejected(Broker broker, String exchange, String routingKey) {
		BrokerDeclarations declarations = this.byBroker.get(broker.name());
		return (declarations != null && !isOver(declarations)) ? declarations.rejected(exchange, routingKey) : null;
	}

	Duration timeout() {
		return this.timeout;
	}

	Duration lastAnswer() {
		return this.lastAnswer;
	}

	Brokers brokers() {
		return this.brokers;
	}

	@Nullable BrokerAccess access() {
		return this.access;
	}

	boolean isOver(BrokerDeclarations declarations) {
		return this.closed || this.byBroker.get(declarations.broker().name()) != declarations
				|| this.brokers.getIncarnation(declarations.broker()) != declarations.incarnation();
	}

	/**
	 * Do something on the thread of this instance.
	 */
	void execute(Runnable task) {
		schedule(task, Duration.ZERO);
	}

	/**
	 * Do something on the thread of this instance, later.
	 * @return ends that, unless it is done already
	 */
	Runnable schedule(Runnable task, Duration delay) {
		try {
			Future<?> scheduled = this.executor.schedule(() -> run(task), delay.toMillis(), TimeUnit.MILLISECONDS);
			return () -> scheduled.cancel(false);
		}
		catch (RejectedExecutionException ex) {
			logger.debug("The connection factory is closed", ex);
		}
		catch (Throwable ex) {
			logger.error("Pending declarations are tried with delay", ex);
			LateStart.of(this.executor);
		}
		return () -> {
		};
	}

	private static void run(Runnable task) {
		try {
			task.run();
		}
		catch (Throwable ex) {
			logger.error("Pending declarations cannot be tried at the moment", ex);
		}
	}

	@Override
	public void close() {
		this.closed = true;
		this.executor.shutdownNow();
		this.byBroker.values().forEach(BrokerDeclarations::end);
	}

}
