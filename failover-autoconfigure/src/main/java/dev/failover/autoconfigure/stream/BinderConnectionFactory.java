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

package dev.failover.autoconfigure.stream;

import com.rabbitmq.client.BlockedListener;
import com.rabbitmq.client.Channel;
import org.springframework.amqp.rabbit.connection.Connection;
import org.springframework.amqp.rabbit.connection.ConnectionFactory;
import org.springframework.amqp.rabbit.connection.ConnectionListener;

import dev.failover.template.FailoverTemplate;

/**
 * What the template of a binder publishes with: a connection that is always open, and
 * whose channels hand messages over to a {@link FailoverTemplate}. It connects to
 * nothing, and nothing but publishing can be done with it.
 */
final class BinderConnectionFactory implements ConnectionFactory {

	private final Connection connection;

	BinderConnectionFactory(FailoverTemplate template) {
		this.connection = new BinderConnection(template);
	}

	@Override
	public Connection createConnection() {
		return this.connection;
	}

	/**
	 * Every message is confirmed, and one that is mandatory is returned.
	 */
	@Override
	public boolean isPublisherConfirms() {
		return true;
	}

	@Override
	public boolean isPublisherReturns() {
		return true;
	}

	@Override
	public String getHost() {
		return "";
	}

	@Override
	public int getPort() {
		return 0;
	}

	@Override
	public String getVirtualHost() {
		return "";
	}

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
	 * The connection.
	 *
	 * @param template publishes
	 */
	private record BinderConnection(FailoverTemplate template) implements Connection {

		@Override
		public Channel createChannel(boolean transactional) {
			return BinderChannel.create(this.template);
		}

		@Override
		public void close() {
		}

		@Override
		public boolean isOpen() {
			return true;
		}

		@Override
		public int getLocalPort() {
			return 0;
		}

		@Override
		public void addBlockedListener(BlockedListener listener) {
		}

		@Override
		public boolean removeBlockedListener(BlockedListener listener) {
			return false;
		}

		@Override
		public com.rabbitmq.client.Connection getDelegate() {
			throw new UnsupportedOperationException("The producers of a binder share no connection of the client");
		}

	}

}
