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

package dev.failover.connection;

import java.io.IOException;
import java.util.Collection;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.Channel;
import com.rabbitmq.client.DefaultConsumer;
import com.rabbitmq.client.Envelope;
import com.rabbitmq.client.ShutdownSignalException;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;

/**
 * What was delivered on a channel to consumers that the broker has cancelled itself.
 * <p>
 * RabbitMQ 4.3 cancels a consumer of a quorum queue when one of its messages has timed
 * out, and takes that back. When such a message is settled late, the broker goes on
 * delivering to the consumer, and the client would close the connection because of that.
 * If the consumer is cancelled by the client as well and another one of its messages
 * times out, the broker closes the channel. So nothing of it is settled any more, and
 * what still comes is held, until the channel is closed.
 */
final class ForsakenDeliveries extends DefaultConsumer {

	private static final Log logger = LogFactory.getLog(CountedChannel.class);

	private final Set<String> consumers = ConcurrentHashMap.newKeySet();

	private final Set<Long> deliveries = ConcurrentHashMap.newKeySet();

	/**
	 * Create an instance that takes what comes on a channel for no consumer.
	 */
	ForsakenDeliveries(Channel channel) {
		super(channel);
		channel.setDefaultConsumer(this);
	}

	/**
	 * Add what a consumer that the broker has cancelled has not settled.
	 */
	void add(String consumerTag, Collection<Long> tags) {
		this.consumers.add(consumerTag);
		this.deliveries.addAll(tags);
	}

	boolean isEmpty() {
		return this.deliveries.isEmpty();
	}

	boolean contains(long deliveryTag) {
		return this.deliveries.contains(deliveryTag);
	}

	/**
	 * Give everything back before the channel is closed, which RabbitMQ would count as
	 * failed deliveries.
	 * @param alone whether nothing else is to be settled on the channel: then what is on
	 * its way goes back as well
	 */
	void giveBack(boolean alone) {
		if (this.consumers.isEmpty()) {
			return;
		}
		try {
			for (String consumerTag : this.consumers) {
				getChannel().asyncRpc(new AMQP.Basic.Cancel.Builder().consumerTag(consumerTag).nowait(true).build());
			}
			if (alone) {
				getChannel().basicNack(0, true, true);
				return;
			}
			for (long tag : this.deliveries) {
				getChannel().basicNack(tag, false, true);
			}
		}
		catch (IOException | ShutdownSignalException ex) {
			logger.debug("Messages go back with their channel", ex);
		}
	}

	@Override
	public void handleDelivery(String consumerTag, Envelope envelope, AMQP.BasicProperties properties, byte[] body) {
		long tag = envelope.getDeliveryTag();
		logger.debug("Delivery %d to '%s' is not handled: there is no such consumer".formatted(tag, consumerTag));
		this.deliveries.add(tag);
	}

}
