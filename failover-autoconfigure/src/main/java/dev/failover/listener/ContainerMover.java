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
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.Predicate;

import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.DefaultConsumer;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;
import org.springframework.amqp.core.Queue;
import org.springframework.amqp.rabbit.listener.AbstractMessageListenerContainer;
import org.springframework.amqp.rabbit.listener.ConsumeOkEvent;
import org.springframework.context.ApplicationContext;
import org.springframework.context.ApplicationEvent;
import org.springframework.context.event.ContextClosedEvent;
import org.springframework.context.event.SmartApplicationListener;
import org.springframework.scheduling.concurrent.CustomizableThreadFactory;
import org.springframework.util.Assert;

import dev.failover.broker.BrokerEvent;
import dev.failover.broker.BrokerListener;
import dev.failover.broker.Brokers;
import dev.failover.broker.EventStage;
import dev.failover.connection.FailoverConnectionFactory;

/**
 * Moves the listener containers of the application when another broker becomes the active
 * one while the one before serves still: consumers on the new broker take the place of
 * those on the old one, which are cancelled, and end when they have handled what they
 * were given. A consumer that begins on a connection that is left, on a channel that lay
 * idle, is moved again: the connection is closed only when nothing is consumed on it.
 * <p>
 * Consumers that have lost their broker are replaced if they would not notice it.
 * <p>
 * No method blocks; containers are moved side by side on threads of this object, which
 * keep the JVM running meanwhile, as a container may have no thread while it is moved.
 */
public final class ContainerMover implements BrokerListener, SmartApplicationListener, AutoCloseable {

	private static final Log logger = LogFactory.getLog(ContainerMover.class);

	/**
	 * A broker that does not answer any more may keep channels from being closed.
	 */
	private static final Duration SETTLING = Duration.ofSeconds(1);

	/**
	 * What a broker has sent already may take as long as it takes to handle it.
	 */
	private static final Duration ARRIVAL = Duration.ofMinutes(1);

	private final Brokers brokers;

	private final ContainerBook containers;

	private final FailoverConnectionFactory connectionFactory;

	private final ApplicationContext context;

	private final Duration timeout;

	private final ThreadPoolExecutor executor;

	private final ReentrantLock lock = new ReentrantLock();

	private CompletableFuture<?> last = CompletableFuture.completedFuture(null);

	private final CountDownLatch closed = new CountDownLatch(1);

	private final ContainerBatches batches;

	/**
	 * Create a mover that follows the given brokers until it is closed.
	 * @param brokers the brokers
	 * @param containers the containers of the application
	 * @param connectionFactory the native factory of their connections
	 * @param context the application context that the containers belong to, whose end
	 * closes the mover
	 * @param timeout how long a listener may take to settle messages after it has
	 * returned, before they go back to their queue
	 */
	public ContainerMover(Brokers brokers, ContainerBook containers, FailoverConnectionFactory connectionFactory,
			ApplicationContext context, Duration timeout) {
		Assert.notNull(brokers, "'brokers' must not be null");
		Assert.notNull(containers, "'containers' must not be null");
		Assert.notNull(connectionFactory, "'connectionFactory' must not be null");
		Assert.notNull(context, "'context' must not be null");
		Assert.notNull(timeout, "'timeout' must not be null");
		this.brokers = brokers;
		this.containers = containers;
		this.connectionFactory = connectionFactory;
		this.context = context;
		this.timeout = timeout;
		CustomizableThreadFactory threads = new CustomizableThreadFactory("failover-move-");
		this.executor = new ThreadPoolExecutor(0, Integer.MAX_VALUE, 1, TimeUnit.SECONDS, new SynchronousQueue<>(),
				threads);
		this.batches = new ContainerBatches(this.executor, this.closed);
		brokers.addListener(this, EventStage.CONNECTIONS);
	}

	@Override
	public void onEvent(BrokerEvent event) {
		if (event instanceof BrokerEvent.Activated activated && activated.isPlanned()) {
			begin((container) -> true);
		}
		else if (event instanceof BrokerEvent.Activated || event instanceof BrokerEvent.Lost) {
			beginLost();
		}
	}

	/**
	 * Move again what has begun on a connection that is left, and nothing any more before
	 * the context stops its containers.
	 */
	@Override
	public void onApplicationEvent(ApplicationEvent event) {
		if (event instanceof ConsumeOkEvent consuming && consuming.getSource() instanceof DefaultConsumer consumer) {
			begun(consumer.getChannel());
		}
		else if (event instanceof ContextClosedEvent own && own.getApplicationContext() == this.context) {
			close();
			this.containers.running().forEach(PrefetchedMessages::giveBackAtCancel);
		}
	}

	private void begun(Channel channel) {
		Channel target = ContainerConsumers.target(channel);
		if (target != null && hasPossibleLosses()) {
			target.addShutdownListener((signal) -> {
				if (!signal.isInitiatedByApplication()) {
					beginLost();
				}
			});
		}
		if (isLeft(ContainerConsumers.connection(channel))) {
			begin((container) -> ContainerConsumers.connections(container).anyMatch(this::isLeft));
		}
	}

	private void beginLost() {
		if (hasPossibleLosses()) {
			begin(LostConsumers::arePossible, this::replaceLost);
		}
	}

	private boolean hasPossibleLosses() {
		return this.containers.running().stream().anyMatch(LostConsumers::arePossible);
	}

	private void replaceLost(AbstractMessageListenerContainer container) {
		try {
			LostConsumers.replace(container);
		}
		catch (RuntimeException ex) {
			logger.error("Consumers of %s that have lost their broker cannot be replaced".formatted(container), ex);
		}
	}

	private boolean isLeft(@Nullable Connection connection) {
		return connection != null && this.connectionFactory.isLeft(connection);
	}

	@Override
	public boolean supportsEventType(Class<? extends ApplicationEvent> type) {
		return ConsumeOkEvent.class.isAssignableFrom(type) || ContextClosedEvent.class.isAssignableFrom(type);
	}

	@Override
	public boolean supportsAsyncExecution() {
		return false;
	}

	/**
	 * A move waits for the one before, and until no channel lies idle on a connection
	 * that is left: the consumers would take it.
	 */
	private void begin(Predicate<AbstractMessageListenerContainer> concerned) {
		begin(concerned, this::move);
	}

	private void begin(Predicate<AbstractMessageListenerContainer> concerned,
			Consumer<AbstractMessageListenerContainer> action) {
		this.lock.lock();
		try {
			if (!isClosed()) {
				this.containers.beginMove();
				this.last = this.last.handleAsync((moved, failure) -> settled(), this.executor)
					.thenCompose((settled) -> settled)
					.thenComposeAsync((settled) -> moveAll(concerned, action), this.executor)
					.whenComplete((moved, failure) -> ended(failure));
			}
		}
		finally {
			this.lock.unlock();
		}
	}

	/**
	 * A container that was not moved begins anew when its connection is closed.
	 */
	private void ended(@Nullable Throwable failure) {
		this.containers.endMove();
		if (failure != null && !isClosed()) {
			logger.error("Not all listener containers were moved", failure);
		}
	}

	private CompletableFuture<@Nullable Void> settled() {
		return this.connectionFactory.getBrokerAccess()
			.settled()
			.completeOnTimeout(null, SETTLING.toNanos(), TimeUnit.NANOSECONDS);
	}

	private CompletableFuture<?> moveAll(Predicate<AbstractMessageListenerContainer> concerned,
			Consumer<AbstractMessageListenerContainer> action) {
		List<AbstractMessageListenerContainer> running = this.containers.running();
		return CompletableFuture.allOf(running.stream().map((container) -> CompletableFuture.runAsync(() -> {
			if (concerned.test(container)) {
				action.accept(container);
			}
		}, this::execute)).toArray(CompletableFuture<?>[]::new));
	}

	/**
	 * Do something beside everything else, or here if there is no thread for it.
	 */
	private void execute(Runnable task) {
		try {
			this.executor.execute(task);
		}
		catch (RejectedExecutionException ex) {
			throw ex;
		}
		catch (Throwable ex) {
			logger.error("Listener containers are moved one after the other", ex);
			task.run();
		}
	}

	private void move(AbstractMessageListenerContainer container) {
		List<Queue> queues = ContainerConsumers.queues(container);
		Runnable end = () -> {
		};
		try {
			end = this.batches.suspend(container);
			LastDeliveries.await(container, ARRIVAL, this.closed);
			UnsettledConsumers.keep(container, this.timeout, this.executor);
			if (!ContainerConsumers.replace(container)) {
				restart(container, queues);
			}
		}
		catch (Throwable ex) {
			logger.debug("Consumers of %s cannot be replaced, it is restarted".formatted(container), ex);
			restart(container, queues);
		}
		finally {
			end.run();
		}
	}

	/**
	 * A container that the application stops meanwhile stays stopped.
	 */
	private void restart(AbstractMessageListenerContainer container, List<Queue> queues) {
		if (isClosed()) {
			return;
		}
		try {
			LastDeliveries.awaitHandled(container, ARRIVAL, this.closed);
			if (container.isActive()) {
				ContainerConsumers.end(container, this.closed);
			}
			ContainerConsumers.restore(container, queues);
			ContainerStart.begin(container);
			if (isClosed()) {
				container.stop();
			}
		}
		catch (Throwable ex) {
			logger.error("Listener container cannot be moved: " + container, ex);
		}
	}

	private boolean isClosed() {
		return this.closed.getCount() == 0;
	}

	@Override
	public void close() {
		this.closed.countDown();
		this.brokers.removeListener(this);
		this.lock.lock();
		try {
			this.executor.shutdown();
		}
		finally {
			this.lock.unlock();
		}
	}

}
