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
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

import com.rabbitmq.client.ShutdownSignalException;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;
import org.springframework.amqp.rabbit.connection.Connection;
import org.springframework.amqp.rabbit.connection.ConnectionFactory;
import org.springframework.amqp.rabbit.connection.ConnectionListener;
import org.springframework.amqp.rabbit.listener.AbstractMessageListenerContainer;
import org.springframework.amqp.rabbit.listener.DirectMessageListenerContainer;
import org.springframework.scheduling.concurrent.CustomizableThreadFactory;
import org.springframework.util.Assert;

import dev.failover.broker.BrokerEvent;
import dev.failover.broker.BrokerListener;
import dev.failover.broker.Brokers;
import dev.failover.broker.EventStage;

/**
 * Sets how soon direct containers restart their consumers: at once for a moment after a
 * connection was lost and after a broker became active, which their monitors are woken
 * for, else at leisure, so that a missing queue or a long outage does not flood the log.
 */
public final class DirectContainerPacer implements BrokerListener, AutoCloseable {

	private static final Log logger = LogFactory.getLog(DirectContainerPacer.class);

	/**
	 * Below the interval of the monitor, to pass at each of its rounds.
	 */
	private static final long HURRY_MILLIS = 20;

	/**
	 * When a monitor passes that was woken in vain because its last round was just
	 * before.
	 */
	private static final Duration AGAIN = Duration.ofMillis(HURRY_MILLIS + 5);

	private static final Duration HURRY_AFTER_LOSS = Duration.ofSeconds(1);

	private static final Duration HURRY_AFTER_ACTIVATION = Duration.ofSeconds(3);

	private final Brokers brokers;

	private final WeakSet<DirectMessageListenerContainer> containers = new WeakSet<>();

	private final WeakSet<ConnectionFactory> connectionFactories = new WeakSet<>();

	private final ConnectionListener connectionListener = new LossListener();

	private final MonitorScheduler monitors = new MonitorScheduler();

	private final AtomicLong changes = new AtomicLong();

	private final ScheduledThreadPoolExecutor timer;

	private volatile long interval = ContainerTuner.RETRY_MILLIS;

	/**
	 * Create a pacer that follows the given brokers until it is closed.
	 * @param brokers the brokers
	 */
	public DirectContainerPacer(Brokers brokers) {
		Assert.notNull(brokers, "'brokers' must not be null");
		this.brokers = brokers;
		CustomizableThreadFactory threads = new CustomizableThreadFactory("failover-listener-timer-");
		threads.setDaemon(true);
		this.timer = new ScheduledThreadPoolExecutor(1, threads);
		this.timer.setKeepAliveTime(1, TimeUnit.SECONDS);
		this.timer.allowCoreThreadTimeOut(true);
		brokers.addListener(this, EventStage.CONNECTIONS);
	}

	void add(DirectMessageListenerContainer container) {
		this.containers.add(container);
		set(container, this.interval);
	}

	/**
	 * Wake the monitor of a container that has not been started yet, from now on.
	 */
	void wake(DirectMessageListenerContainer container) {
		container.setTaskScheduler(this.monitors);
		ConnectionFactory connectionFactory = container.getConnectionFactory();
		if (this.connectionFactories.add(connectionFactory)) {
			connectionFactory.addConnectionListener(this.connectionListener);
		}
	}

	/**
	 * Pace the copy of a container if the container itself is paced.
	 */
	void pace(AbstractMessageListenerContainer original, AbstractMessageListenerContainer copy) {
		if (copy instanceof DirectMessageListenerContainer direct && this.containers.contains(original)) {
			add(direct);
		}
	}

	@Override
	public void onEvent(BrokerEvent event) {
		if (event instanceof BrokerEvent.Lost) {
			hurry(HURRY_AFTER_LOSS);
		}
		else if (event instanceof BrokerEvent.Activated) {
			hurry(HURRY_AFTER_ACTIVATION);
			this.monitors.wake(AGAIN);
		}
	}

	private void hurry(Duration time) {
		long change = this.changes.incrementAndGet();
		set(HURRY_MILLIS);
		try {
			this.timer.schedule(() -> relax(change), time.toMillis(), TimeUnit.MILLISECONDS);
		}
		catch (RejectedExecutionException ex) {
			set(ContainerTuner.RETRY_MILLIS);
		}
		catch (Throwable ex) {
			logger.error("Listener containers are in no hurry", ex);
			set(ContainerTuner.RETRY_MILLIS);
		}
	}

	private void relax(long change) {
		if (this.changes.get() == change) {
			set(ContainerTuner.RETRY_MILLIS);
		}
	}

	private void set(long millis) {
		this.interval = millis;
		for (DirectMessageListenerContainer container : this.containers.list()) {
			try {
				set(container, millis);
			}
			catch (Throwable ex) {
				logger.error("Listener container keeps its pace: " + container, ex);
			}
		}
	}

	/**
	 * A container takes this for the interval of its monitor, too, if it is the shorter
	 * one at its start.
	 */
	private static void set(DirectMessageListenerContainer container, long millis) {
		container.setFailedDeclarationRetryInterval(
				container.isRunning() ? millis : Math.max(millis, ContainerTuner.MONITOR_MILLIS));
	}

	@Override
	public void close() {
		this.brokers.removeListener(this);
		this.connectionFactories.list()
			.forEach((connectionFactory) -> connectionFactory.removeConnectionListener(this.connectionListener));
		this.timer.shutdownNow();
		this.monitors.shutdown();
	}

	/**
	 * Told when the channels of the connection are closed, which may be before and after
	 * the event of the broker's loss.
	 */
	private final class LossListener implements ConnectionListener {

		@Override
		public void onCreate(@Nullable Connection connection) {
		}

		@Override
		public void onShutDown(ShutdownSignalException signal) {
			if (signal.isInitiatedByApplication()) {
				return;
			}
			if (DirectContainerPacer.this.interval != HURRY_MILLIS) {
				hurry(HURRY_AFTER_LOSS);
			}
			DirectContainerPacer.this.monitors.wake(AGAIN);
		}

	}

}
