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

import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.springframework.amqp.core.Queue;
import org.springframework.amqp.rabbit.listener.AbstractMessageListenerContainer;
import org.springframework.context.ApplicationListener;
import org.springframework.context.event.ContextClosedEvent;
import org.springframework.scheduling.concurrent.CustomizableThreadFactory;
import org.springframework.util.Assert;

import dev.failover.broker.BrokerEvent;
import dev.failover.broker.BrokerListener;
import dev.failover.broker.Brokers;

/**
 * Moves the listener containers of the application when another broker becomes the active
 * one while the one before serves still: consumers on the new broker take the place of
 * those on the old one, which are cancelled, and end when they have handled what they
 * were given.
 * <p>
 * No method blocks; containers are moved side by side on threads of this object.
 */
public final class ContainerMover implements BrokerListener, ApplicationListener<ContextClosedEvent>, AutoCloseable {

	private static final Log logger = LogFactory.getLog(ContainerMover.class);

	private final Brokers brokers;

	private final ContainerBook containers;

	private final ThreadPoolExecutor executor;

	private volatile CompletableFuture<?> last = CompletableFuture.completedFuture(null);

	private final CountDownLatch closed = new CountDownLatch(1);

	/**
	 * Create a mover that follows the given brokers until it is closed.
	 * @param brokers the brokers
	 * @param containers the containers of the application
	 */
	public ContainerMover(Brokers brokers, ContainerBook containers) {
		Assert.notNull(brokers, "'brokers' must not be null");
		Assert.notNull(containers, "'containers' must not be null");
		this.brokers = brokers;
		this.containers = containers;
		CustomizableThreadFactory threads = new CustomizableThreadFactory("failover-move-");
		threads.setDaemon(true);
		this.executor = new ThreadPoolExecutor(0, Integer.MAX_VALUE, 10, TimeUnit.SECONDS, new SynchronousQueue<>(),
				threads);
		brokers.addListener(this);
	}

	/**
	 * Events come one at a time, and a move waits for the one before.
	 */
	@Override
	public void onEvent(BrokerEvent event) {
		if (event instanceof BrokerEvent.Activated activated && activated.isPlanned() && !isClosed()) {
			this.containers.beginMove();
			this.last = this.last.handleAsync((moved, failure) -> moveAll(), this.executor)
				.thenCompose((moves) -> moves)
				.whenComplete((moved, failure) -> this.containers.endMove());
		}
	}

	private CompletableFuture<?> moveAll() {
		List<AbstractMessageListenerContainer> running = this.containers.running();
		return CompletableFuture.allOf(running.stream()
			.map((container) -> CompletableFuture.runAsync(() -> move(container), this.executor))
			.toArray(CompletableFuture<?>[]::new));
	}

	private void move(AbstractMessageListenerContainer container) {
		List<Queue> queues = ContainerConsumers.queues(container);
		try {
			if (!ContainerConsumers.replace(container)) {
				restart(container, queues);
			}
		}
		catch (RuntimeException ex) {
			logger.debug("Consumers of %s cannot be replaced, it is restarted".formatted(container), ex);
			restart(container, queues);
		}
	}

	private void restart(AbstractMessageListenerContainer container, List<Queue> queues) {
		if (isClosed()) {
			return;
		}
		try {
			boolean running = container.isRunning();
			if (running) {
				ContainerConsumers.stop(container, this.closed);
			}
			ContainerConsumers.restore(container, queues);
			if (running) {
				ContainerConsumers.start(container);
			}
			if (isClosed()) {
				container.stop();
			}
		}
		catch (RuntimeException ex) {
			logger.error("Listener container cannot be moved: " + container, ex);
		}
	}

	private boolean isClosed() {
		return this.closed.getCount() == 0;
	}

	/**
	 * Move nothing any more, before the context stops its containers.
	 */
	@Override
	public void onApplicationEvent(ContextClosedEvent event) {
		close();
	}

	@Override
	public void close() {
		this.closed.countDown();
		this.brokers.removeListener(this);
		this.executor.shutdown();
	}

}
