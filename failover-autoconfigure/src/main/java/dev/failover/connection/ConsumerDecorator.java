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

import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.Consumer;
import com.rabbitmq.client.Envelope;
import com.rabbitmq.client.ShutdownSignalException;

/**
 * Passes on everything to a consumer.
 */
abstract class ConsumerDecorator implements Consumer {

	private final Consumer consumer;

	ConsumerDecorator(Consumer consumer) {
		this.consumer = consumer;
	}

	@Override
	public void handleConsumeOk(String consumerTag) {
		this.consumer.handleConsumeOk(consumerTag);
	}

	@Override
	public void handleCancelOk(String consumerTag) {
		this.consumer.handleCancelOk(consumerTag);
	}

	@Override
	public void handleCancel(String consumerTag) throws IOException {
		this.consumer.handleCancel(consumerTag);
	}

	@Override
	public void handleShutdownSignal(String consumerTag, ShutdownSignalException signal) {
		this.consumer.handleShutdownSignal(consumerTag, signal);
	}

	@Override
	public void handleRecoverOk(String consumerTag) {
		this.consumer.handleRecoverOk(consumerTag);
	}

	@Override
	public void handleDelivery(String consumerTag, Envelope envelope, AMQP.BasicProperties properties, byte[] body)
			throws IOException {
		this.consumer.handleDelivery(consumerTag, envelope, properties, body);
	}

}
