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

import org.springframework.amqp.rabbit.listener.AbstractMessageListenerContainer;
import org.springframework.amqp.rabbit.listener.DirectMessageListenerContainer;
import org.springframework.scheduling.concurrent.CustomizableThreadFactory;
import org.springframework.util.Assert;

import dev.failover.broker.BrokerEvent;
import dev.failover.broker.BrokerListener;
import dev.failover.broker.Brokers;

/**
 * Sets how soon direct containers restart their consumers: at once for a moment after the
 * active broker was lost and after another one became active, else at leisure, so that a
 * missing queue or a long outage does not flood the log.
 */
public final class DirectContainerPacer implements BrokerListener, AutoCloseable {

	/**
	 * Below the interval of the monitor, to pass at each of its rounds.
	 */
	private static final long HURRY_MILLIS = ContainerTuner.POLL_MILLIS / 2;

	private static final Duration HURRY_AFTER_LOSS = Duration.ofSeconds(1);

	private static final Duration HURRY_AFTER_ACTIVATION = Duration.ofSeconds(3);

	private final Brokers brokers;

	private final WeakSet<DirectMessageListenerContainer> containers = new WeakSet<>();

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
		brokers.addListener(this);
	}

	void add(DirectMessageListenerContainer container) {
		this.containers.add(container);
		container.setFailedDeclarationRetryInterval(this.interval);
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
	}

	private void relax(long change) {
		if (this.changes.get() == change) {
			set(ContainerTuner.RETRY_MILLIS);
		}
	}

	private void set(long millis) {
		this.interval = millis;
		this.containers.list().forEach((container) -> container.setFailedDeclarationRetryInterval(millis));
	}

	@Override
	public void close() {
		this.brokers.removeListener(this);
		this.timer.shutdownNow();
	}

}
