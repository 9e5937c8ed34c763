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

package dev.failover.listener;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;
import org.springframework.amqp.AmqpApplicationContextClosedException;
import org.springframework.amqp.core.Message;
import org.springframework.amqp.rabbit.connection.ConnectionFactory;
import org.springframework.util.backoff.BackOffExecution;

import dev.failover.broker.Activation;
import dev.failover.broker.Brokers;

/**
 * Consumes until it is stopped, on one thread, which connects again when the broker is
 * lost, and moves on when another one is active.
 */
final class PullLoop implements Runnable {

	private static final Log logger = LogFactory.getLog(PullConsumer.class);

	private static final long POLL_MILLIS = 100;

	/**
	 * A consumption that has lasted that long is begun anew without a pause.
	 */
	private static final long LASTING_NANOS = TimeUnit.SECONDS.toNanos(1);

	private final BackOffExecution backOff = new RenewingBackOff().start();

	private final CountDownLatch stop = new CountDownLatch(1);

	private final CompletableFuture<@Nullable Void> ended = new CompletableFuture<>();

	private final ConnectionFactory connectionFactory;

	private final Brokers brokers;

	private final String queue;

	private final PullHandler handler;

	private volatile @Nullable Thread ownThread;

	private volatile @Nullable Thread thread;

	private @Nullable String lastProblem;

	PullLoop(ConnectionFactory connectionFactory, Brokers brokers, String queue, PullHandler handler) {
		this.connectionFactory = connectionFactory;
		this.brokers = brokers;
		this.queue = queue;
		this.handler = handler;
	}

	/**
	 * Run on a thread of its own, which keeps the JVM running, whoever starts it.
	 * @throws OutOfMemoryError if there is no thread for it: then it has ended
	 */
	void start() {
		Thread started = new Thread(this, "failover-pull-" + this.queue);
		started.setDaemon(false);
		this.ownThread = started;
		boolean running = false;
		try {
			started.start();
			running = true;
		}
		finally {
			if (!running) {
				this.ended.complete(null);
			}
		}
	}

	/**
	 * End the loop after the message in hand.
	 */
	void stop() {
		this.stop.countDown();
	}

	/**
	 * Return what completes when the loop has ended.
	 */
	CompletableFuture<@Nullable Void> ended() {
		return this.ended;
	}

	boolean isRunning() {
		return !this.ended.isDone();
	}

	boolean isCurrentThread() {
		return Thread.currentThread() == this.thread;
	}

	/**
	 * Interrupt the thread if it is the loop's own.
	 */
	void interrupt() {
		Thread interrupted = this.ownThread;
		if (interrupted != null) {
			interrupted.interrupt();
		}
	}

	@Override
	public void run() {
		this.thread = Thread.currentThread();
		try {
			while (!isStopped()) {
				consume();
			}
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
			logger.info("Interrupted, nothing is consumed any more from queue " + this.queue);
		}
		finally {
			this.ended.complete(null);
		}
	}

	private boolean isStopped() {
		return this.stop.getCount() == 0;
	}

	private void consume() throws InterruptedException {
		Activation before = this.brokers.getActivation();
		long begin = System.nanoTime();
		try (PullSession session = PullSession.open(this.connectionFactory, this.queue)) {
			this.lastProblem = null;
			Activation activation = (before != null) ? before : this.brokers.getActivation();
			while (!isStopped() && isActive(activation)) {
				Message message = session.next(POLL_MILLIS);
				if (message != null) {
					this.handler.handle(session, message);
				}
			}
		}
		catch (AmqpApplicationContextClosedException ex) {
			logger.debug("The application context is closed", ex);
			stop();
		}
		catch (InterruptedException ex) {
			throw ex;
		}
		catch (Throwable ex) {
			report(ex);
			if (System.nanoTime() - begin < LASTING_NANOS) {
				pause();
			}
		}
	}

	private void pause() throws InterruptedException {
		this.stop.await(this.backOff.nextBackOff(), TimeUnit.MILLISECONDS);
	}

	/**
	 * Tell of a problem once, as long as it is the same and something follows.
	 */
	private void report(Throwable problem) {
		String message = String.valueOf(problem.getMessage());
		if (!isStopped() && !message.equals(this.lastProblem)) {
			logger.warn("Consumption from queue %s ended, and is begun anew: %s".formatted(this.queue, message));
		}
		logger.debug("Consumption from queue %s ended".formatted(this.queue), problem);
		this.lastProblem = message;
	}

	/**
	 * Return whether no other broker than that of the session is active.
	 */
	private boolean isActive(@Nullable Activation activation) {
		Activation now = this.brokers.getActivation();
		return now == null || activation == null || now.equals(activation);
	}

}
