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

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.ReentrantLock;

import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;
import org.springframework.amqp.core.MessageListener;
import org.springframework.amqp.listener.ConditionalRejectingErrorHandler;
import org.springframework.amqp.listener.ListenerExecutionFailedException;
import org.springframework.amqp.rabbit.connection.ConnectionFactory;
import org.springframework.context.SmartLifecycle;
import org.springframework.util.Assert;
import org.springframework.util.ErrorHandler;

import dev.failover.broker.Brokers;

/**
 * Consumes a queue in a loop, one message at a time, without a listener container: either
 * on a thread of its own, from {@link #start()} to {@link #stop()}, or on the thread that
 * calls {@link #run()}.
 * <p>
 * A message is acknowledged when the listener has returned. If the listener throws an
 * exception or an {@link Error}, the error handler is called, and the message goes back
 * to the queue, or is rejected permanently, by the rules of Spring's listener containers.
 * The broker sends the next message only then.
 * <p>
 * The loop survives the loss of brokers, and all that may be mended, such as a missing
 * queue: it begins anew on the broker that is active then, with a back-off of up to 2
 * seconds. A message that was not acknowledged when its broker was lost is delivered
 * again. If another broker becomes active while the one in use still works, the loop
 * moves there after the message in hand.
 * <p>
 * Settings are to be made before the start. All other methods are safe for use by any
 * number of threads.
 */
public final class PullConsumer implements SmartLifecycle, Runnable {

	private static final Log logger = LogFactory.getLog(PullConsumer.class);

	private final ReentrantLock lock = new ReentrantLock();

	private final ConnectionFactory connectionFactory;

	private final Brokers brokers;

	private final String queue;

	private final MessageListener listener;

	private ErrorHandler errorHandler = new ConditionalRejectingErrorHandler();

	private boolean defaultRequeueRejected = true;

	private boolean autoStartup = true;

	private int phase = DEFAULT_PHASE;

	private Duration shutdownTimeout = Duration.ofSeconds(5);

	private final AtomicReference<@Nullable PullLoop> loop = new AtomicReference<>();

	/**
	 * Create a consumer. No connection is opened.
	 * @param connectionFactory the connection factory that fails over
	 * @param brokers the brokers
	 * @param queue the name of the queue, which has to exist on each broker
	 * @param listener handles each message
	 */
	public PullConsumer(ConnectionFactory connectionFactory, Brokers brokers, String queue, MessageListener listener) {
		Assert.notNull(connectionFactory, "'connectionFactory' must not be null");
		Assert.notNull(brokers, "'brokers' must not be null");
		Assert.hasText(queue, "'queue' must not be empty");
		Assert.notNull(listener, "'listener' must not be null");
		this.connectionFactory = connectionFactory;
		this.brokers = brokers;
		this.queue = queue;
		this.listener = listener;
	}

	/**
	 * Set what is notified of exceptions and errors of the listener, wrapped in a
	 * {@link ListenerExecutionFailedException}. What it throws takes their place. By
	 * default, messages that cannot be converted are rejected permanently.
	 * @param errorHandler the error handler
	 */
	public void setErrorHandler(ErrorHandler errorHandler) {
		Assert.notNull(errorHandler, "'errorHandler' must not be null");
		this.errorHandler = errorHandler;
	}

	/**
	 * Set whether a message goes back to the queue when the listener throws an exception
	 * that does not say itself what is to happen. By default, it does.
	 * @param defaultRequeueRejected whether it does
	 */
	public void setDefaultRequeueRejected(boolean defaultRequeueRejected) {
		this.defaultRequeueRejected = defaultRequeueRejected;
	}

	/**
	 * Set whether the loop is started with the application context. By default, it is.
	 * @param autoStartup whether it is
	 */
	public void setAutoStartup(boolean autoStartup) {
		this.autoStartup = autoStartup;
	}

	@Override
	public boolean isAutoStartup() {
		return this.autoStartup;
	}

	/**
	 * Set the phase in which the loop is started and stopped. By default, it is that of
	 * listener containers.
	 * @param phase the phase
	 */
	public void setPhase(int phase) {
		this.phase = phase;
	}

	@Override
	public int getPhase() {
		return this.phase;
	}

	/**
	 * Set how long a stop waits for the message in hand, 5 seconds by default.
	 * @param shutdownTimeout the time
	 */
	public void setShutdownTimeout(Duration shutdownTimeout) {
		Assert.isTrue(!shutdownTimeout.isNegative(), "'shutdownTimeout' must not be negative");
		this.shutdownTimeout = shutdownTimeout;
	}

	/**
	 * Start the loop on a thread of its own, unless it runs already. If a loop before it
	 * was stopped and has not ended, its listener may still be busy with its last
	 * message.
	 */
	@Override
	public void start() {
		this.lock.lock();
		try {
			if (!isRunning()) {
				prepare().start();
			}
		}
		finally {
			this.lock.unlock();
		}
	}

	/**
	 * Run the loop on the current thread until it is stopped, or the thread interrupted.
	 * @throws IllegalStateException if it runs already
	 */
	@Override
	public void run() {
		PullLoop started;
		this.lock.lock();
		try {
			Assert.state(!isRunning(), () -> "Queue '%s' is being consumed already".formatted(this.queue));
			started = prepare();
		}
		finally {
			this.lock.unlock();
		}
		started.run();
	}

	private PullLoop prepare() {
		PullHandler handler = new PullHandler(this.listener, this.errorHandler, this.defaultRequeueRejected);
		PullLoop prepared = new PullLoop(this.connectionFactory, this.brokers, this.queue, handler);
		this.loop.set(prepared);
		return prepared;
	}

	/**
	 * Stop the loop: no further message is handled. Waits for the message in hand as long
	 * as the shutdown time-out allows. When it returns, {@link #isRunning()} is
	 * {@code false}.
	 * <p>
	 * A loop that has not ended when the time is over, or when the current thread is
	 * interrupted, is left to itself: it is interrupted, unless it runs on the thread of
	 * a caller of {@link #run()}, and settles the message in hand when the listener
	 * returns or throws, if the connection is open until then.
	 * <p>
	 * Called by the listener itself, it does not wait: the loop ends, and
	 * {@link #isRunning()} turns {@code false}, when the listener has returned.
	 */
	@Override
	public void stop() {
		PullLoop stopped = this.loop.get();
		if (stopped == null) {
			return;
		}
		stopped.stop();
		if (stopped.isCurrentThread()) {
			return;
		}
		try {
			stopped.ended().get(this.shutdownTimeout.toNanos(), TimeUnit.NANOSECONDS);
		}
		catch (TimeoutException | ExecutionException ex) {
			leave(stopped);
		}
		catch (InterruptedException ex) {
			leave(stopped);
			Thread.currentThread().interrupt();
		}
	}

	/**
	 * Stop the loop as {@link #stop()} does, without waiting.
	 * @param callback called when the loop has ended or the shutdown time-out is over,
	 * with {@link #isRunning()} being {@code false}
	 */
	@Override
	public void stop(Runnable callback) {
		PullLoop stopped = this.loop.get();
		if (stopped == null) {
			callback.run();
			return;
		}
		stopped.stop();
		CompletableFuture<@Nullable Void> ended = stopped.ended().copy();
		ended.orTimeout(this.shutdownTimeout.toNanos(), TimeUnit.NANOSECONDS).whenComplete((nothing, timeout) -> {
			if (timeout != null) {
				leave(stopped);
			}
			callback.run();
		});
	}

	private void leave(PullLoop stopped) {
		if (this.loop.compareAndSet(stopped, null)) {
			logger.warn("Consumer of queue %s was stopped and has not ended yet, it is left to itself"
				.formatted(this.queue));
			stopped.interrupt();
		}
	}

	/**
	 * Return whether messages are consumed, or will be when there is a broker.
	 * @return {@code true} from the start until the loop has ended, after a stop or an
	 * interrupt, or was left by a stop whose time was over
	 */
	@Override
	public boolean isRunning() {
		PullLoop current = this.loop.get();
		return current != null && current.isRunning();
	}

}
