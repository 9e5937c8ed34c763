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

import java.io.IOException;
import java.time.Duration;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.function.Predicate;

import com.rabbitmq.client.Channel;
import com.rabbitmq.client.ChannelContinuationTimeoutException;
import com.rabbitmq.client.DefaultConsumer;
import com.rabbitmq.client.ShutdownSignalException;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;
import org.springframework.amqp.rabbit.listener.AbstractMessageListenerContainer;
import org.springframework.amqp.rabbit.listener.BlockingQueueConsumer;
import org.springframework.amqp.rabbit.listener.SimpleMessageListenerContainer;

/**
 * What a broker has sent to the consumers of a simple container without acknowledgements,
 * and has forgotten. A consumer that Spring cancels ends as soon as it has nothing in
 * hand, even if the client has received more for it and not passed it on yet, and that is
 * lost. So the broker is told first, without the consumer's knowing, and the consumer is
 * cancelled when it has all.
 * <p>
 * Containers with acknowledgements, and direct ones, lose nothing: they are not waited
 * for.
 */
final class LastDeliveries {

	private static final Log logger = LogFactory.getLog(ContainerMover.class);

	private static final String CANCELLED = "canceled";

	private LastDeliveries() {
	}

	/**
	 * Have the broker send nothing more to the consumers of a container, which are going
	 * to be replaced, and wait until they have what it has sent.
	 * @param longest how long to wait
	 * @param hurry ends the wait
	 */
	static void await(AbstractMessageListenerContainer container, Duration longest, CountDownLatch hurry) {
		if (isConcerned(container)) {
			Set<DefaultConsumer> told = new HashSet<>();
			await(container, (consumer) -> hasAll(consumer, told), longest, hurry);
		}
	}

	/**
	 * Have the broker send nothing more to a container, which is going to be stopped, and
	 * wait until its consumers have nothing in hand but what they handle.
	 * @param longest how long to wait for each
	 * @param hurry ends the wait
	 */
	static void awaitHandled(AbstractMessageListenerContainer container, Duration longest, CountDownLatch hurry) {
		if (isConcerned(container)) {
			await(container, longest, hurry);
			await(container, LastDeliveries::hasNone, longest, hurry);
		}
	}

	private static boolean isConcerned(AbstractMessageListenerContainer container) {
		return container instanceof SimpleMessageListenerContainer && container.getAcknowledgeMode().isAutoAck();
	}

	/**
	 * Consumers that begin meanwhile count, and those that have lost their channel do not
	 * any more.
	 */
	private static void await(AbstractMessageListenerContainer container, Predicate<BlockingQueueConsumer> done,
			Duration longest, CountDownLatch hurry) {
		ContainerConsumers.await(() -> {
			List<BlockingQueueConsumer> rest = ContainerConsumers.consumers((SimpleMessageListenerContainer) container)
				.stream()
				.filter((consumer) -> channel(consumer) != null && !done.test(consumer))
				.toList();
			return rest.isEmpty();
		}, longest, hurry);
	}

	private static @Nullable Channel channel(BlockingQueueConsumer consumer) {
		Channel channel = ContainerConsumers.target(consumer.getChannel());
		return (channel != null && channel.isOpen()) ? channel : null;
	}

	/**
	 * The client passes on in its order what comes on a channel: deliveries, and after
	 * the last one that the broker has cancelled the consumer.
	 */
	private static boolean hasAll(BlockingQueueConsumer consumer, Set<DefaultConsumer> told) {
		boolean all = true;
		for (DefaultConsumer ofQueue : ofQueues(consumer)) {
			if (!told.contains(ofQueue) && cancel(consumer, ofQueue.getConsumerTag())) {
				told.add(ofQueue);
			}
			all &= told.contains(ofQueue) && isPassedOn(ofQueue);
		}
		return all;
	}

	/**
	 * A tag is known when the client has passed on that the consumer has begun.
	 * @return whether the broker has answered
	 */
	private static boolean cancel(BlockingQueueConsumer consumer, @Nullable String tag) {
		Channel channel = channel(consumer);
		if (channel == null || tag == null) {
			return false;
		}
		try {
			channel.basicCancel(tag);
		}
		catch (ChannelContinuationTimeoutException ex) {
			return false;
		}
		catch (IOException | ShutdownSignalException ex) {
			logger.debug("%s cannot be cancelled, or is already".formatted(tag), ex);
		}
		return true;
	}

	/**
	 * Return whether the client has passed on that a consumer is cancelled.
	 */
	private static boolean isPassedOn(DefaultConsumer consumer) {
		return !Settings.exists(consumer, CANCELLED) || Settings.is(consumer, CANCELLED, true);
	}

	private static List<DefaultConsumer> ofQueues(BlockingQueueConsumer consumer) {
		return (Settings.read(consumer, "consumers") instanceof Map<?, ?> known)
				? known.values().stream().map(DefaultConsumer.class::cast).toList() : List.of();
	}

	private static boolean hasNone(BlockingQueueConsumer consumer) {
		return isEmpty(consumer, "queue") && isEmpty(consumer, "deliveryTags");
	}

	private static boolean isEmpty(BlockingQueueConsumer consumer, String name) {
		return Settings.read(consumer, name) instanceof Collection<?> messages && messages.isEmpty();
	}

}
