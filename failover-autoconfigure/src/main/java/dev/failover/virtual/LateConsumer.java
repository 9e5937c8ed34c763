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

import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.DefaultConsumer;
import com.rabbitmq.client.Envelope;

/**
 * Takes what a broker delivers to a consumer that it has cancelled itself.
 */
final class LateConsumer extends DefaultConsumer {

	private final VirtualChannel virtual;

	private final RealChannel real;

	LateConsumer(VirtualChannel virtual, RealChannel real) {
		super(real.channel());
		this.virtual = virtual;
		this.real = real;
	}

	@Override
	public void handleDelivery(String consumerTag, Envelope envelope, AMQP.BasicProperties properties, byte[] body) {
		this.virtual.deliveredLate(this.real, envelope.getDeliveryTag());
	}

}
