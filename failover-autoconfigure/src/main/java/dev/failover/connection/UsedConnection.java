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
import java.io.UncheckedIOException;

import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import org.jspecify.annotations.Nullable;

import dev.failover.broker.Activation;
import dev.failover.broker.Broker;
import dev.failover.broker.BrokerStatus;
import dev.failover.broker.Brokers;
import dev.failover.failure.ClientOperation;
import dev.failover.virtual.BrokerLink;

/**
 * A connection that the application uses.
 *
 * @param opened the connection
 * @param activation what was active when it was opened, {@code null} if its broker was
 * another one
 * @param brokers the brokers
 * @param replies where direct replies may be sent
 * @param queues lets operations on queues pass
 * @param channels wait for consumers, {@code null} if there are none
 * @param writeBatch lets many commands be written at once, {@code null} if it cannot
 */
record UsedConnection(OpenConnection opened, @Nullable Activation activation, Brokers brokers,
		DirectReplyNames.At replies, QueueDoor.At queues, @Nullable ReadyChannels channels,
		@Nullable WriteBatch writeBatch) implements BrokerLink {

	/**
	 * Return what has made the broker active.
	 * @return the activation, or {@code null} if the broker is not active
	 */
	@Override
	public @Nullable Activation activation() {
		if (this.activation != null) {
			return this.activation;
		}
		Activation current = this.brokers.getActivation();
		return (current != null && current.isOf(broker(), this.opened.incarnation())) ? current : null;
	}

	@Override
	public Broker broker() {
		return this.opened.broker();
	}

	@Override
	public Connection connection() {
		return this.opened.connection();
	}

	/**
	 * The client reads what was received before it notices that the socket was closed,
	 * and waits for consumers that have no room for it.
	 */
	@Override
	public boolean isOpen() {
		return connection().isOpen() && !this.opened.socket().isClosed();
	}

	@Override
	public @Nullable Channel takeChannel(int prefetch) {
		return (this.channels != null) ? this.channels.take(prefetch) : null;
	}

	@Override
	public boolean hasQueuesOf(Broker other) {
		BrokerStatus own = this.brokers.getStatus(broker().name()).orElse(null);
		BrokerStatus others = this.brokers.getStatus(other.name()).orElse(null);
		return broker().isSameAs(other) || (own != null && others != null && own.hasQueuesOf(others));
	}

	@Override
	public void delivered(@Nullable String replyTo) {
		this.replies.delivered(replyTo);
	}

	@Override
	public String routingKey(@Nullable String exchange, String routingKey) {
		return this.replies.routingKey(exchange, routingKey);
	}

	@Override
	@SuppressWarnings({ "unchecked", "NullAway" })
	public <T extends @Nullable Object> T pass(ClientOperation operation, String queue, Action<T> action)
			throws IOException {
		try {
			return (T) this.queues.pass(operation, queue, action::run);
		}
		catch (IOException | RuntimeException | Error ex) {
			throw ex;
		}
		catch (Throwable ex) {
			throw new UncheckedIOException(new IOException(ex));
		}
	}

}
