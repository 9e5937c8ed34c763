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
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;
import java.util.stream.Collectors;

import com.rabbitmq.client.Connection;
import com.rabbitmq.client.DefaultConsumer;
import org.jspecify.annotations.Nullable;
import org.springframework.amqp.rabbit.listener.ConsumeOkEvent;
import org.springframework.beans.factory.DisposableBean;
import org.springframework.context.ApplicationContext;
import org.springframework.context.ApplicationEvent;
import org.springframework.context.event.ContextRefreshedEvent;
import org.springframework.context.event.SmartApplicationListener;
import org.springframework.util.Assert;

import dev.failover.broker.Activation;
import dev.failover.broker.BrokerEvent;
import dev.failover.broker.BrokerListener;
import dev.failover.broker.BrokerNotices;
import dev.failover.broker.Brokers;
import dev.failover.broker.EventStage;

/**
 * Notices when every queue of the running containers is consumed from on the broker that
 * has become active, and tells so once. Not before the application context is refreshed,
 * as containers are started one after the other, and not while containers are being
 * moved.
 */
public final class ConsumerReadiness implements BrokerListener, SmartApplicationListener, DisposableBean {

	private final ReentrantLock lock = new ReentrantLock();

	private final Brokers brokers;

	private final BrokerNotices notices;

	private final ContainerBook containers;

	private final Function<Connection, @Nullable Activation> activations;

	private final ApplicationContext context;

	/**
	 * What a queue is consumed from, by its name.
	 */
	private final Map<String, Activation> consumed = new HashMap<>();

	private boolean refreshed;

	private @Nullable Activation awaited;

	private long activatedAt = System.nanoTime();

	/**
	 * Create an instance that follows the given brokers until it is destroyed.
	 * @param brokers the brokers
	 * @param containers the containers
	 * @param activations tells what was active when a connection was opened, if that is
	 * one of the application's, and open
	 * @param context the application context that the containers belong to
	 */
	public ConsumerReadiness(Brokers brokers, ContainerBook containers,
			Function<Connection, @Nullable Activation> activations, ApplicationContext context) {
		Assert.notNull(brokers, "'brokers' must not be null");
		Assert.notNull(containers, "'containers' must not be null");
		Assert.notNull(activations, "'activations' must not be null");
		Assert.notNull(context, "'context' must not be null");
		this.brokers = brokers;
		this.notices = new BrokerNotices(brokers);
		this.containers = containers;
		this.activations = activations;
		this.context = context;
		this.awaited = brokers.getActivation();
		containers.addMoveListener(() -> update(() -> {
		}));
		brokers.addListener(this, EventStage.CONNECTIONS);
	}

	/**
	 * Consumers that have begun on the new broker before this is told of it count.
	 */
	@Override
	public void onEvent(BrokerEvent event) {
		if (event instanceof BrokerEvent.Activated activated) {
			update(() -> {
				this.activatedAt = System.nanoTime();
				this.awaited = this.brokers.getActivation();
				this.consumed.values().removeIf((activation) -> !activation.broker().isSameAs(activated.to()));
			});
		}
	}

	@Override
	public void onApplicationEvent(ApplicationEvent event) {
		if (event instanceof ConsumeOkEvent consuming) {
			Activation activation = activationOf(consuming);
			if (activation != null) {
				update(() -> this.consumed.put(consuming.getQueue(), activation));
			}
		}
		else if (event instanceof ContextRefreshedEvent own && own.getApplicationContext() == this.context) {
			update(() -> this.refreshed = true);
		}
	}

	/**
	 * A consumer of the broker that was left may be late to tell that it has begun.
	 */
	private @Nullable Activation activationOf(ConsumeOkEvent consuming) {
		if (!(consuming.getSource() instanceof DefaultConsumer consumer)) {
			return this.brokers.getActivation();
		}
		Connection connection = ContainerConsumers.connection(consumer.getChannel());
		return (connection != null) ? this.activations.apply(connection) : null;
	}

	private void update(Runnable change) {
		Activation ready = null;
		int queues = 0;
		long activatedAt = 0;
		this.lock.lock();
		try {
			change.run();
			boolean settled = this.awaited != null && this.refreshed && !this.containers.isMoving();
			Set<String> expected = settled ? queues() : Set.of();
			if (!expected.isEmpty() && expected.stream().allMatch(this::isConsumed)) {
				ready = this.awaited;
				queues = expected.size();
				activatedAt = this.activatedAt;
				this.awaited = null;
			}
		}
		finally {
			this.lock.unlock();
		}
		if (ready != null) {
			this.notices.consumersReady(ready, queues, Duration.ofNanos(System.nanoTime() - activatedAt));
		}
	}

	private boolean isConsumed(String queue) {
		return this.awaited != null && this.awaited.equals(this.consumed.get(queue));
	}

	private Set<String> queues() {
		return this.containers.running()
			.stream()
			.flatMap((container) -> Arrays.stream(container.getQueueNames()))
			.collect(Collectors.toSet());
	}

	@Override
	public boolean supportsEventType(Class<? extends ApplicationEvent> type) {
		return ConsumeOkEvent.class.isAssignableFrom(type) || ContextRefreshedEvent.class.isAssignableFrom(type);
	}

	@Override
	public boolean supportsAsyncExecution() {
		return false;
	}

	@Override
	public void destroy() {
		this.brokers.removeListener(this);
	}

}
