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
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

import com.rabbitmq.client.Channel;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;
import org.springframework.amqp.rabbit.connection.PublisherCallbackChannel;
import org.springframework.amqp.rabbit.listener.AbstractMessageListenerContainer;
import org.springframework.amqp.rabbit.listener.BlockingQueueConsumer;
import org.springframework.amqp.rabbit.listener.SimpleMessageListenerContainer;
import org.springframework.amqp.rabbit.support.Delivery;

import dev.failover.connection.SettlingChannel;

/**
 * What a consumer of a simple container was sent and has not given to its listener. It
 * goes back to its queue when the consumer is cancelled, by name: RabbitMQ counts what
 * goes back because a channel is closed as a failed delivery, and drops a message of a
 * quorum queue after some of these.
 */
final class PrefetchedMessages {

	private static final Log logger = LogFactory.getLog(UnsettledConsumers.class);

	private static final String QUEUE = "queue";

	private final BlockingQueueConsumer consumer;

	private final CountDownLatch cancelled;

	private PrefetchedMessages(BlockingQueueConsumer consumer) {
		this.consumer = consumer;
		this.cancelled = new CountDownLatch(consumer.getConsumerTags().size());
	}

	/**
	 * Have messages go back when the consumers that a container has now are cancelled. A
	 * transacted one gives back by itself what it has, and what needs no acknowledgement
	 * does not go back.
	 */
	static void giveBackAtCancel(AbstractMessageListenerContainer container) {
		if (container instanceof SimpleMessageListenerContainer simple && areGivenBack(simple)) {
			ContainerConsumers.consumers(simple).forEach((consumer) -> {
				SettlingChannel channel = settling(consumer.getChannel());
				if (channel != null) {
					giveBackAtCancel(consumer, channel);
				}
			});
		}
	}

	static boolean areGivenBack(SimpleMessageListenerContainer container) {
		return !container.getAcknowledgeMode().isAutoAck() && !container.isChannelTransacted();
	}

	/**
	 * Have messages go back when a consumer is cancelled.
	 */
	static PrefetchedMessages giveBackAtCancel(BlockingQueueConsumer consumer, SettlingChannel channel) {
		PrefetchedMessages prefetched = new PrefetchedMessages(consumer);
		channel.giveBackAtCancel(prefetched::takeOnceCancelled);
		return prefetched;
	}

	/**
	 * Return what counts what is to be settled on a channel.
	 */
	static @Nullable SettlingChannel settling(@Nullable Channel channel) {
		Channel target = ContainerConsumers.target(channel);
		Channel bare = (target instanceof PublisherCallbackChannel callback) ? callback.getDelegate() : target;
		return (bare instanceof SettlingChannel settling) ? settling : null;
	}

	/**
	 * Wait until the consumer is cancelled.
	 */
	void awaitCancel(Duration longest) {
		try {
			if (!this.cancelled.await(longest.toMillis(), TimeUnit.MILLISECONDS)) {
				logger.debug("Cancel is not confirmed: " + this.consumer);
			}
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
		}
	}

	/**
	 * A consumer of several queues is cancelled when all of them are.
	 */
	private Collection<Long> takeOnceCancelled() {
		this.cancelled.countDown();
		return (this.cancelled.getCount() == 0) ? take() : List.of();
	}

	private Collection<Long> take() {
		List<Object> messages = new ArrayList<>();
		if (Settings.exists(this.consumer, QUEUE)
				&& Settings.read(this.consumer, QUEUE) instanceof BlockingQueue<?> queue) {
			queue.drainTo(messages);
		}
		return messages.stream()
			.map(Delivery.class::cast)
			.map((delivery) -> delivery.getEnvelope().getDeliveryTag())
			.toList();
	}

}
