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

import com.rabbitmq.client.Channel;
import org.jspecify.annotations.Nullable;

import dev.failover.broker.Activation;

/**
 * A channel in confirm mode to one broker, for whoever publishes with a ledger of his
 * own: it does not follow when another broker becomes active, and ends with its broker.
 *
 * @param channel the channel, on which nothing was published yet
 * @param activation the activation that its connection belongs to
 * @param writeBatch lets one thread write many commands at once, {@code null} if the
 * connection is one of TLS, or of a socket factory of the application's own
 * @param routingKeys with which routing keys messages have to be published
 */
public record ConfirmChannel(Channel channel, @Nullable Activation activation, @Nullable WriteBatch writeBatch,
		RoutingKeys routingKeys) {

	/**
	 * Open a channel.
	 */
	static ConfirmChannel of(UsedConnection connection, Channel channel, boolean confirming) throws IOException {
		if (!confirming) {
			channel.confirmSelect();
		}
		return new ConfirmChannel(channel, connection.activation(), connection.writeBatch(), connection::routingKey);
	}

}
