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
import java.util.Collection;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.Lock;

import com.rabbitmq.client.Channel;
import org.springframework.amqp.rabbit.listener.AbstractMessageListenerContainer;
import org.springframework.amqp.rabbit.listener.BlockingQueueConsumer;
import org.springframework.amqp.rabbit.listener.SimpleMessageListenerContainer;
import org.springframework.util.Assert;
import org.springframework.util.ReflectionUtils;

/**
 * Consumers of simple containers without acknowledgement that have lost their channel,
 * and are busy with what they had received before.
 * <p>
 * RabbitMQ sends everything at once to a consumer that does not acknowledge. The client
 * waits until the consumer has room for it, and tells it only then that the channel is
 * closed, or never, as it gives up after 10 seconds. Such a consumer works off what it
 * has, and consumes nothing any more, while its container runs.
 */
final class LostConsumers {

	private static final String CANCELLED = "cancelled";

	private LostConsumers() {
	}

	/**
	 * Return whether consumers of a container may be lost while they are busy. Does not
	 * block.
	 */
	static boolean arePossible(AbstractMessageListenerContainer container) {
		return container instanceof SimpleMessageListenerContainer && container.getAcknowledgeMode().isAutoAck();
	}

	/**
	 * Have a container begin with other consumers in place of those that are lost. They
	 * end when they have handled what they have. If the container has a pool of threads,
	 * which may be too few for both, the others begin then.
	 */
	static void replace(AbstractMessageListenerContainer container) {
		if (!arePossible(container)) {
			return;
		}
		SimpleMessageListenerContainer simple = (SimpleMessageListenerContainer) container;
		Lock lock = ContainerConsumers.lock(simple);
		lock.lock();
		try {
			List<BlockingQueueConsumer> lost = ContainerConsumers.consumers(simple)
				.stream()
				.filter(LostConsumers::isLost)
				.toList();
			lost.forEach(LostConsumers::end);
			if (!lost.isEmpty() && !ContainerCopy.hasBoundedExecutor(simple)) {
				remove(simple, lost);
				add(simple, lost.size());
			}
		}
		finally {
			lock.unlock();
		}
	}

	/**
	 * A consumer that has not begun yet has no channel.
	 */
	private static boolean isLost(BlockingQueueConsumer consumer) {
		if (consumer.getChannel() == null || isEnding(consumer)) {
			return false;
		}
		Channel channel = ContainerConsumers.target(consumer.getChannel());
		return channel == null || !channel.isOpen();
	}

	private static boolean isEnding(BlockingQueueConsumer consumer) {
		return cancelled(consumer).get();
	}

	/**
	 * The consumer ends when it has nothing in hand. The broker need not be told.
	 */
	private static void end(BlockingQueueConsumer consumer) {
		cancelled(consumer).set(true);
	}

	private static AtomicBoolean cancelled(BlockingQueueConsumer consumer) {
		Object cancelled = Settings.read(consumer, CANCELLED);
		Assert.state(cancelled instanceof AtomicBoolean, "A consumer knows whether it is cancelled");
		return (AtomicBoolean) cancelled;
	}

	private static void remove(SimpleMessageListenerContainer container, List<BlockingQueueConsumer> lost) {
		Object consumers = Settings.read(container, "consumers");
		if (consumers instanceof Collection<?> known) {
			known.removeAll(lost);
		}
	}

	private static void add(SimpleMessageListenerContainer container, int consumers) {
		Method method = ReflectionUtils.findMethod(container.getClass(), "addAndStartConsumers", int.class);
		Assert.state(method != null, "A container adds consumers");
		ReflectionUtils.makeAccessible(method);
		ReflectionUtils.invokeMethod(method, container, consumers);
	}

}
