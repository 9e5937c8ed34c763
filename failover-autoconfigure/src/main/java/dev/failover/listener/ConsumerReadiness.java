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
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;

import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.DisposableBean;
import org.springframework.context.ApplicationContext;
import org.springframework.context.ApplicationListener;
import org.springframework.context.event.ContextRefreshedEvent;
import org.springframework.util.Assert;

import dev.failover.broker.Activation;
import dev.failover.broker.BrokerEvent;
import dev.failover.broker.BrokerListener;
import dev.failover.broker.BrokerNotices;
import dev.failover.broker.Brokers;
import dev.failover.broker.EventStage;
import dev.failover.connection.ConsumerAccess;

/**
 * Notices when every queue of the running containers is consumed from on the broker that
 * has become active, and tells so once. Not before the application context is refreshed,
 * as containers are started one after the other, and not while consumers are on their
 * way.
 */
public final class ConsumerReadiness
		implements BrokerListener, ApplicationListener<ContextRefreshedEvent>, DisposableBean {

	private final ReentrantLock lock = new ReentrantLock();

	private final Brokers brokers;

	private final BrokerNotices notices;

	private final RunningContainers containers;

	private final ConsumerAccess consumers;

	private final ApplicationContext context;

	private boolean refreshed;

	private @Nullable Activation awaited;

	private long activatedAt = System.nanoTime();

	/**
	 * Create an instance that follows the given brokers until it is destroyed.
	 * @param brokers the brokers
	 * @param consumers the consumers
	 * @param context the application context that the containers belong to
	 */
	public ConsumerReadiness(Brokers brokers, ConsumerAccess consumers, ApplicationContext context) {
		Assert.notNull(brokers, "'brokers' must not be null");
		Assert.notNull(consumers, "'consumers' must not be null");
		Assert.notNull(context, "'context' must not be null");
		this.brokers = brokers;
		this.notices = new BrokerNotices(brokers);
		this.containers = new RunningContainers(context);
		this.consumers = consumers;
		this.context = context;
		this.awaited = brokers.getActivation();
		brokers.addListener(this, EventStage.CONNECTIONS);
		consumers.addListener(() -> update(() -> {
		}));
	}

	@Override
	public void onEvent(BrokerEvent event) {
		if (event instanceof BrokerEvent.Activated) {
			update(() -> {
				this.activatedAt = System.nanoTime();
				this.awaited = this.brokers.getActivation();
			});
		}
	}

	@Override
	public void onApplicationEvent(ContextRefreshedEvent event) {
		if (event.getApplicationContext() == this.context) {
			update(() -> this.refreshed = true);
		}
	}

	private void update(Runnable change) {
		Activation settled;
		this.lock.lock();
		try {
			change.run();
			settled = this.refreshed ? this.awaited : null;
		}
		finally {
			this.lock.unlock();
		}
		if (settled != null && settled.equals(this.brokers.getActivation()) && !this.consumers.isMoving()) {
			Set<String> expected = this.containers.queues();
			if (!expected.isEmpty() && this.consumers.getQueuesOnActive().containsAll(expected)) {
				ready(settled, expected.size());
			}
		}
	}

	private void ready(Activation activation, int queues) {
		long since;
		this.lock.lock();
		try {
			if (!activation.equals(this.awaited)) {
				return;
			}
			this.awaited = null;
			since = this.activatedAt;
		}
		finally {
			this.lock.unlock();
		}
		this.notices.consumersReady(activation, queues, Duration.ofNanos(System.nanoTime() - since));
	}

	@Override
	public void destroy() {
		this.brokers.removeListener(this);
	}

}
