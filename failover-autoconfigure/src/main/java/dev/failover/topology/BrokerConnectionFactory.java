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

package dev.failover.topology;

import com.rabbitmq.client.Channel;
import org.springframework.amqp.rabbit.connection.Connection;
import org.springframework.amqp.rabbit.connection.ConnectionFactory;
import org.springframework.amqp.rabbit.connection.ConnectionListener;
import org.springframework.amqp.rabbit.connection.SimpleConnection;

import dev.failover.broker.Broker;

/**
 * Spring's view of one connection that is open already and stays so. All work shares one
 * channel.
 */
final class BrokerConnectionFactory implements ConnectionFactory {

	private final Broker broker;

	private final Connection connection;

	/**
	 * Create a view.
	 * @param broker the broker
	 * @param connection a connection to it
	 * @param channel the channel
	 */
	BrokerConnectionFactory(Broker broker, com.rabbitmq.client.Connection connection, Channel channel) {
		this.broker = broker;
		this.connection = new SharedConnection(connection, channel);
	}

	@Override
	public Connection createConnection() {
		return this.connection;
	}

	@Override
	public String getHost() {
		return this.broker.host();
	}

	@Override
	public int getPort() {
		return this.broker.port();
	}

	@Override
	public String getVirtualHost() {
		return this.broker.virtualHost();
	}

	/**
	 * Nobody who declares asks for it, and a broker does not tell.
	 */
	@Override
	public String getUsername() {
		return "";
	}

	@Override
	public void addConnectionListener(ConnectionListener listener) {
	}

	@Override
	public boolean removeConnectionListener(ConnectionListener listener) {
		return false;
	}

	@Override
	public void clearConnectionListeners() {
	}

	/**
	 * The connection belongs to somebody else, who closes it.
	 */
	private static final class SharedConnection extends SimpleConnection {

		private final Channel channel;

		SharedConnection(com.rabbitmq.client.Connection delegate, Channel channel) {
			super(delegate, 0);
			this.channel = channel;
		}

		@Override
		public Channel createChannel(boolean transactional) {
			return this.channel;
		}

		@Override
		public void close() {
		}

	}

}
