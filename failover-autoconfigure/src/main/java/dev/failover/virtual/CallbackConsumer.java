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
import com.rabbitmq.client.CancelCallback;
import com.rabbitmq.client.Consumer;
import com.rabbitmq.client.ConsumerShutdownSignalCallback;
import com.rabbitmq.client.DeliverCallback;
import com.rabbitmq.client.Delivery;
import com.rabbitmq.client.Envelope;
import com.rabbitmq.client.ShutdownSignalException;
import org.jspecify.annotations.Nullable;

/**
 * A consumer that is given as callbacks.
 *
 * @param deliver told of each delivery
 * @param cancel told when the broker cancels the consumer
 * @param shutdown told when the channel is closed
 */
record CallbackConsumer(DeliverCallback deliver, @Nullable CancelCallback cancel,
		@Nullable ConsumerShutdownSignalCallback shutdown) implements Consumer {

	@Override
	public void handleConsumeOk(String consumerTag) {
		// there is no callback for it
	}

	@Override
	public void handleCancelOk(String consumerTag) {
		// there is no callback for it
	}

	@Override
	public void handleCancel(String consumerTag) throws IOException {
		if (this.cancel != null) {
			this.cancel.handle(consumerTag);
		}
	}

	@Override
	public void handleShutdownSignal(String consumerTag, ShutdownSignalException signal) {
		if (this.shutdown != null) {
			this.shutdown.handleShutdownSignal(consumerTag, signal);
		}
	}

	@Override
	public void handleRecoverOk(String consumerTag) {
		// there is no callback for it
	}

	@Override
	public void handleDelivery(String consumerTag, Envelope envelope, AMQP.BasicProperties properties, byte[] body)
			throws IOException {
		this.deliver.handle(consumerTag, new Delivery(envelope, properties, body));
	}

}
