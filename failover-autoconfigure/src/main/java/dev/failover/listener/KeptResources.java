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
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

import com.rabbitmq.client.ShutdownSignalException;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.springframework.amqp.rabbit.connection.RabbitResourceHolder;
import org.springframework.amqp.rabbit.connection.RabbitUtils;
import org.springframework.amqp.rabbit.listener.BlockingQueueConsumer;
import org.springframework.amqp.rabbit.support.Delivery;

import dev.failover.connection.SettlingChannel;

/**
 * The channel of a simple container's consumer, which does not release it at its end if
 * it is to be kept. What the consumer was sent and has not given to its listener goes
 * back to the queue, as it does when a channel is closed.
 */
final class KeptResources extends RabbitResourceHolder {

	private static final Log logger = LogFactory.getLog(UnsettledConsumers.class);

	/**
	 * A broker that does not answer any more does not confirm a cancel.
	 */
	private static final Duration CANCEL = Duration.ofSeconds(1);

	private static final String RESOURCES = "resourceHolder";

	private static final String QUEUE = "queue";

	private final BlockingQueueConsumer consumer;

	private final SettlingChannel channel;

	private final UnsettledConsumers unsettled;

	private final CountDownLatch cancelled;

	private KeptResources(RabbitResourceHolder holder, BlockingQueueConsumer consumer, SettlingChannel channel,
			UnsettledConsumers unsettled) {
		addChannel(consumer.getChannel());
		if (holder.getConnection() != null) {
			addConnection(holder.getConnection());
		}
		this.consumer = consumer;
		this.channel = channel;
		this.unsettled = unsettled;
		this.cancelled = new CountDownLatch(consumer.getConsumerTags().size());
	}

	static boolean areKnown(BlockingQueueConsumer consumer) {
		return Settings.exists(consumer, RESOURCES) && Settings.exists(consumer, QUEUE)
				&& Settings.read(consumer, RESOURCES) instanceof RabbitResourceHolder
				&& Settings.read(consumer, QUEUE) instanceof BlockingQueue<?>;
	}

	/**
	 * Have a consumer keep its channel.
	 */
	static void keep(BlockingQueueConsumer consumer, SettlingChannel channel, UnsettledConsumers unsettled) {
		if (Settings.read(consumer, RESOURCES) instanceof RabbitResourceHolder holder) {
			KeptResources kept = new KeptResources(holder, consumer, channel, unsettled);
			channel.onCancelOk((tell) -> {
				tell.run();
				kept.cancelled.countDown();
			});
			Settings.write(consumer, RESOURCES, kept);
		}
	}

	/**
	 * Asked once the consumer has ended, before it forgets what it has not given to its
	 * listener: whether somebody else releases this.
	 */
	@Override
	public boolean isSynchronizedWithTransaction() {
		if (!this.unsettled.isToBeKept(this.channel)) {
			return false;
		}
		giveBack();
		if (!this.unsettled.isToBeKept(this.channel)) {
			return false;
		}
		RabbitUtils.clearPhysicalCloseRequired();
		this.unsettled.closeWhenSettled(this.channel, this.consumer.getChannel(), getConnection());
		return true;
	}

	/**
	 * Nothing arrives any more when the cancel is through.
	 */
	private void giveBack() {
		try {
			if (!this.cancelled.await(CANCEL.toMillis(), TimeUnit.MILLISECONDS)) {
				logger.debug("Cancel is not confirmed: " + this.consumer);
			}
			for (Delivery delivery : takeRest()) {
				this.channel.basicReject(delivery.getEnvelope().getDeliveryTag(), true);
			}
		}
		catch (IOException | ShutdownSignalException ex) {
			logger.debug("Messages go back when the channel is closed: " + this.consumer, ex);
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
		}
	}

	private List<Delivery> takeRest() {
		List<Object> rest = new ArrayList<>();
		if (Settings.read(this.consumer, QUEUE) instanceof BlockingQueue<?> queue) {
			queue.drainTo(rest);
		}
		return rest.stream().map(Delivery.class::cast).toList();
	}

}
