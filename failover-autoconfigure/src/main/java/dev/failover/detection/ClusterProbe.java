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

package dev.failover.detection;

import java.io.IOException;
import java.util.Map;
import java.util.concurrent.TimeoutException;

import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import org.jspecify.annotations.Nullable;

import dev.failover.failure.CloseReason;

/**
 * A queue that only one connection may use, and that other connections of the same
 * cluster and virtual host are told of nevertheless: it is locked for them, where it does
 * not exist on other brokers. The queue ends with the connection.
 */
final class ClusterProbe {

	private final String queue;

	private ClusterProbe(String queue) {
		this.queue = queue;
	}

	/**
	 * Declare the queue.
	 * @param connection the connection that it belongs to
	 * @throws IOException if the broker refuses or does not answer
	 */
	static ClusterProbe declare(Connection connection) throws IOException, TimeoutException {
		Channel channel = open(connection);
		return new ClusterProbe(channel.queueDeclare("", false, true, true, Map.of()).getQueue());
	}

	/**
	 * Return whether another connection is one to the same cluster and virtual host.
	 * @return whether it is, or {@code null} if that cannot be told
	 */
	@Nullable Boolean isKnownTo(Connection connection) throws IOException, TimeoutException {
		Channel channel = open(connection);
		try {
			channel.queueDeclarePassive(this.queue);
			return true;
		}
		catch (IOException ex) {
			CloseReason reason = CloseReason.in(ex);
			if (reason == CloseReason.RESOURCE_LOCKED) {
				return true;
			}
			return (reason == CloseReason.NOT_FOUND) ? false : null;
		}
		finally {
			channel.abort();
		}
	}

	private static Channel open(Connection connection) throws IOException {
		Channel channel = connection.createChannel();
		if (channel == null) {
			throw new IOException("The connection has no channel left");
		}
		return channel;
	}

}
