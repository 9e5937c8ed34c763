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

import java.lang.reflect.Method;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;

import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.DefaultConsumer;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;
import org.springframework.amqp.core.Queue;
import org.springframework.amqp.rabbit.connection.ChannelProxy;
import org.springframework.amqp.rabbit.listener.AbstractMessageListenerContainer;
import org.springframework.amqp.rabbit.listener.BlockingQueueConsumer;
import org.springframework.amqp.rabbit.listener.DirectMessageListenerContainer;
import org.springframework.amqp.rabbit.listener.SimpleMessageListenerContainer;
import org.springframework.util.Assert;
import org.springframework.util.ReflectionUtils;

/**
 * Replaces the consumers of a container that runs, as if its queues had changed: new ones
 * begin at once, and the old ones end when they have handled what they were given.
 */
final class ContainerConsumers {

	private static final Log logger = LogFactory.getLog(ContainerMover.class);

	private static final String LOCK = "consumersLock";

	private static final String REMOVED = "removedQueues";

	private static final Duration END = Duration.ofSeconds(1);

	private static final Duration LOOK = Duration.ofMillis(2);

	private ContainerConsumers() {
	}

	/**
	 * Replace all consumers of a container.
	 * @return whether that was possible
	 * @throws RuntimeException if it went wrong, and the container may be left with fewer
	 * consumers
	 */
	static boolean replace(AbstractMessageListenerContainer container) {
		if (queues(container).stream().anyMatch((queue) -> queue.getName().isEmpty())) {
			return false;
		}
		if (container instanceof SimpleMessageListenerContainer simple) {
			return !ContainerCopy.hasBoundedExecutor(container) && replace(simple);
		}
		if (container instanceof DirectMessageListenerContainer direct) {
			replace(direct);
			return true;
		}
		return false;
	}

	/**
	 * Give a container those of its queues back which a replacement that went wrong has
	 * left out: a direct container forgets a queue for good if there is no connection at
	 * the moment at which it is to begin with it again. What the application has removed
	 * stays removed.
	 */
	static void restore(AbstractMessageListenerContainer container, List<Queue> queues) {
		if (!(container instanceof DirectMessageListenerContainer direct)) {
			return;
		}
		Collection<?> removed = removedQueues(direct);
		List<Queue> known = queues(direct);
		List<Queue> missing = queues.stream()
			.filter((queue) -> !known.contains(queue) && !removed.contains(queue.getActualName()))
			.toList();
		if (!missing.isEmpty()) {
			direct.setQueues(Stream.concat(known.stream(), missing.stream()).toArray(Queue[]::new));
		}
	}

	private static Collection<?> removedQueues(DirectMessageListenerContainer container) {
		return (Settings.exists(container, REMOVED) && Settings.read(container, REMOVED) instanceof Collection<?> names)
				? names : Set.of();
	}

	/**
	 * End all consumers of a container that runs, which stays active: if it is not any
	 * more, the application has stopped it. Its threads have something to do still when
	 * the consumers have ended, for which they need a lock that the begin of others
	 * holds. If there are no other threads for these, both would wait for each other.
	 * @param hurry ends the wait for the threads
	 */
	static void end(AbstractMessageListenerContainer container, CountDownLatch hurry) {
		List<BlockingQueueConsumer> ended = (container instanceof SimpleMessageListenerContainer simple)
				? consumers(simple) : List.of();
		invoke(container, "doShutdown");
		await(() -> ended.stream().allMatch((consumer) -> consumer.getConsumerTags().isEmpty()), END, hurry);
	}

	/**
	 * Call what a container does itself when it is stopped or started.
	 */
	static void invoke(AbstractMessageListenerContainer container, String name) {
		Method method = ReflectionUtils.findMethod(container.getClass(), name);
		Assert.state(method != null, () -> "%s has no method '%s'".formatted(container.getClass().getName(), name));
		ReflectionUtils.makeAccessible(method);
		ReflectionUtils.invokeMethod(method, container);
	}

	/**
	 * Return the lock that guards the consumers of a container.
	 */
	static Lock lock(AbstractMessageListenerContainer container) {
		return lock(container, LOCK);
	}

	private static Lock lock(AbstractMessageListenerContainer container, String name) {
		return (Settings.exists(container, name) && Settings.read(container, name) instanceof Lock lock) ? lock
				: new ReentrantLock();
	}

	/**
	 * Return the queues of a container as they are at the moment.
	 */
	static List<Queue> queues(AbstractMessageListenerContainer container) {
		Object queues = Settings.read(container, "queues");
		return (queues instanceof Collection<?> known) ? known.stream().map(Queue.class::cast).toList() : List.of();
	}

	/**
	 * Return what the consumers of a container are on that have not been cancelled.
	 */
	static Stream<Connection> connections(AbstractMessageListenerContainer container) {
		Stream<Channel> channels = Stream.empty();
		if (container instanceof SimpleMessageListenerContainer simple) {
			channels = consumers(simple).stream().map(BlockingQueueConsumer::getChannel);
		}
		else if (container instanceof DirectMessageListenerContainer direct) {
			channels = consumers(direct).stream().map(DefaultConsumer::getChannel);
		}
		return channels.map(ContainerConsumers::connection).flatMap(Stream::ofNullable);
	}

	/**
	 * Return what a channel is on, if there is one.
	 */
	static @Nullable Connection connection(@Nullable Channel channel) {
		Channel target = target(channel);
		return (target != null) ? target.getConnection() : null;
	}

	/**
	 * Return what is behind a channel of Spring's, which would open another one if it is
	 * closed.
	 */
	static @Nullable Channel target(@Nullable Channel channel) {
		return (channel instanceof ChannelProxy proxy) ? proxy.getTargetChannel() : channel;
	}

	/**
	 * Wait until something is the case.
	 * @param longest how long to wait
	 * @param hurry ends the wait
	 */
	static void await(BooleanSupplier done, Duration longest, CountDownLatch hurry) {
		long deadline = System.nanoTime() + longest.toNanos();
		try {
			while (!done.getAsBoolean() && System.nanoTime() - deadline < 0
					&& !hurry.await(LOOK.toMillis(), TimeUnit.MILLISECONDS)) {
				logger.trace("Waiting for consumers");
			}
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
		}
	}

	/**
	 * The old consumers need not have ended before the new ones begin, which is what the
	 * shutdown time-out is for here.
	 */
	private static boolean replace(SimpleMessageListenerContainer container) {
		int before = consumers(container).size();
		Object setting = Settings.read(container, "shutdownTimeout");
		long timeout = (setting instanceof Long millis) ? millis
				: AbstractMessageListenerContainer.DEFAULT_SHUTDOWN_TIMEOUT;
		container.setShutdownTimeout(0);
		try {
			container.addQueues();
		}
		finally {
			container.setShutdownTimeout(timeout);
		}
		Collection<BlockingQueueConsumer> after = consumers(container);
		after.forEach((consumer) -> consumer.setShutdownTimeout(timeout));
		return after.size() >= before || !container.isActive();
	}

	/**
	 * Return the consumers of a container as they are at the moment.
	 */
	static List<BlockingQueueConsumer> consumers(SimpleMessageListenerContainer container) {
		return consumers(container, BlockingQueueConsumer.class);
	}

	/**
	 * Return the consumers of a container as they are at the moment.
	 */
	static List<DefaultConsumer> consumers(DirectMessageListenerContainer container) {
		return consumers(container, DefaultConsumer.class);
	}

	private static <T> List<T> consumers(AbstractMessageListenerContainer container, Class<T> type) {
		Lock lock = lock(container);
		lock.lock();
		try {
			return (Settings.read(container, "consumers") instanceof Collection<?> known)
					? known.stream().filter(type::isInstance).map(type::cast).toList() : List.of();
		}
		finally {
			lock.unlock();
		}
	}

	/**
	 * The application may remove a queue before or after, but not in between.
	 */
	private static void replace(DirectMessageListenerContainer container) {
		Lock lock = lock(container);
		lock.lock();
		try {
			Queue[] queues = queues(container).toArray(Queue[]::new);
			container.removeQueues(queues);
			container.addQueues(queues);
		}
		finally {
			lock.unlock();
		}
	}

}
