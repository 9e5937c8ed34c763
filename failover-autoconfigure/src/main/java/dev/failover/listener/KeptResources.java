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

import org.springframework.amqp.rabbit.connection.RabbitResourceHolder;
import org.springframework.amqp.rabbit.connection.RabbitUtils;
import org.springframework.amqp.rabbit.listener.BlockingQueueConsumer;

import dev.failover.connection.SettlingChannel;

/**
 * The channel of a simple container's consumer, which does not release it at its end if
 * it is to be kept.
 */
final class KeptResources extends RabbitResourceHolder {

	/**
	 * A broker that does not answer any more does not confirm a cancel.
	 */
	private static final Duration CANCEL = Duration.ofSeconds(1);

	private static final String RESOURCES = "resourceHolder";

	private final BlockingQueueConsumer consumer;

	private final SettlingChannel channel;

	private final UnsettledConsumers unsettled;

	private final PrefetchedMessages prefetched;

	private KeptResources(RabbitResourceHolder holder, BlockingQueueConsumer consumer, SettlingChannel channel,
			PrefetchedMessages prefetched, UnsettledConsumers unsettled) {
		addChannel(consumer.getChannel());
		if (holder.getConnection() != null) {
			addConnection(holder.getConnection());
		}
		this.consumer = consumer;
		this.channel = channel;
		this.unsettled = unsettled;
		this.prefetched = prefetched;
	}

	static boolean areKnown(BlockingQueueConsumer consumer) {
		return Settings.exists(consumer, RESOURCES)
				&& Settings.read(consumer, RESOURCES) instanceof RabbitResourceHolder;
	}

	/**
	 * Have a consumer keep its channel.
	 */
	static void keep(BlockingQueueConsumer consumer, SettlingChannel channel, PrefetchedMessages prefetched,
			UnsettledConsumers unsettled) {
		if (Settings.read(consumer, RESOURCES) instanceof RabbitResourceHolder holder) {
			Settings.write(consumer, RESOURCES, new KeptResources(holder, consumer, channel, prefetched, unsettled));
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
		this.prefetched.awaitCancel(CANCEL);
		if (!this.unsettled.isToBeKept(this.channel)) {
			return false;
		}
		RabbitUtils.clearPhysicalCloseRequired();
		this.unsettled.closeWhenSettled(this.channel, this.consumer.getChannel(), getConnection());
		return true;
	}

}
