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

package dev.failover.autoconfigure.ensure;

import java.io.IOException;
import java.time.Duration;

import com.rabbitmq.client.Channel;
import org.jspecify.annotations.Nullable;
import org.springframework.amqp.AmqpIOException;
import org.springframework.amqp.rabbit.connection.Connection;
import org.springframework.amqp.rabbit.connection.ConnectionFactory;
import org.springframework.amqp.rabbit.connection.ConnectionFactoryUtils;
import org.springframework.amqp.rabbit.connection.RabbitUtils;

import dev.failover.ensure.ChannelLease;
import dev.failover.ensure.ChannelSource;

/**
 * Leases channels of Spring's connection factory, and gives them back to its cache.
 */
final class RabbitChannelSource implements ChannelSource {

	private final ConnectionFactory connectionFactory;

	private final Duration confirmTimeout;

	RabbitChannelSource(ConnectionFactory connectionFactory, Duration confirmTimeout) {
		this.connectionFactory = connectionFactory;
		this.confirmTimeout = confirmTimeout;
	}

	@Override
	public ChannelLease lease(@Nullable Channel given) {
		if (given != null) {
			return new RabbitChannelLease(given, this.confirmTimeout, () -> {
			});
		}
		Connection connection = ConnectionFactoryUtils.createConnection(this.connectionFactory, true);
		try {
			Channel channel = connection.createChannel(false);
			confirm(channel);
			return new RabbitChannelLease(channel, this.confirmTimeout, () -> {
				RabbitUtils.closeChannel(channel);
				RabbitUtils.closeConnection(connection);
			});
		}
		catch (RuntimeException | Error ex) {
			RabbitUtils.closeConnection(connection);
			throw ex;
		}
	}

	/**
	 * Let the broker confirm what is published on the channel. Channels are confirmed for
	 * their lifetime; those of transactions, which cannot be, are never leased.
	 */
	private static void confirm(Channel channel) {
		try {
			if (channel.getNextPublishSeqNo() == 0) {
				channel.confirmSelect();
			}
		}
		catch (IOException ex) {
			RabbitUtils.closeChannel(channel);
			throw new AmqpIOException(ex);
		}
	}

}
