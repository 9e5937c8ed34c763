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

package dev.failover.virtual;

import java.io.IOException;

import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.Consumer;
import com.rabbitmq.client.Envelope;
import com.rabbitmq.client.ShutdownSignalException;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;

/**
 * Takes what one broker says to a consumer of a virtual channel. Called by threads of the
 * client, which it does not keep.
 */
final class RealConsumer implements Consumer {

	private static final Log logger = LogFactory.getLog(VirtualChannel.class);

	private final VirtualChannel channel;

	private final RealChannel real;

	private final Subscription subscription;

	private final boolean first;

	/**
	 * Create an instance.
	 * @param first whether this is the first broker that the consumer is subscribed on
	 */
	RealConsumer(VirtualChannel channel, RealChannel real, Subscription subscription, boolean first) {
		this.channel = channel;
		this.real = real;
		this.subscription = subscription;
		this.first = first;
	}

	@Override
	public void handleConsumeOk(String consumerTag) {
		if (this.first) {
			this.channel.consuming(this.subscription, consumerTag);
		}
	}

	@Override
	public void handleDelivery(String consumerTag, Envelope envelope, AMQP.BasicProperties properties, byte[] body) {
		this.channel.delivered(this.real, this.subscription, properties);
		if (this.channel.isGoingBack(this.real, this.subscription)) {
			if (!this.channel.deliveries().isRecovering(this.real, this.subscription)) {
				giveBack(envelope.getDeliveryTag());
			}
		}
		else {
			this.channel.deliveries().deliver(this.real, this.subscription, envelope, properties, body);
		}
	}

	/**
	 * What comes behind a cancel is not for the consumer any more.
	 */
	private void giveBack(long tag) {
		try {
			this.real.giveBack(tag);
		}
		catch (IOException | ShutdownSignalException ex) {
			logger.debug("Delivery %d goes back with its channel".formatted(tag), ex);
		}
	}

	@Override
	public void handleCancelOk(String consumerTag) {
		this.channel.cancelled(this.real, this.subscription);
	}

	@Override
	public void handleCancel(String consumerTag) {
		this.channel.cancelledByBroker(this.real, this.subscription);
	}

	@Override
	public void handleShutdownSignal(String consumerTag, ShutdownSignalException signal) {
		// the channel is told of it
	}

	@Override
	public void handleRecoverOk(String consumerTag) {
		this.channel.deliveries().recovered(this.real, this.subscription);
	}

}
