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
import java.net.Socket;

import com.rabbitmq.client.Connection;
import com.rabbitmq.client.impl.AMQConnection;
import org.jspecify.annotations.Nullable;

/**
 * {@link WriteBatch} of a connection on a plain socket.
 *
 * @param connection the connection
 * @param socket its socket
 */
record SocketWriteBatch(AMQConnection connection, GatheringSocket socket) implements WriteBatch {

	/**
	 * Return the batch of a connection.
	 * @param socket the socket of the connection
	 * @return the batch, or {@code null} if writes to this socket cannot be gathered
	 */
	static @Nullable WriteBatch of(Connection connection, Socket socket) {
		return (connection instanceof AMQConnection client && socket instanceof GatheringSocket gathering)
				? new SocketWriteBatch(client, gathering) : null;
	}

	@Override
	public void begin() {
		this.socket.gather();
	}

	@Override
	public void end() throws IOException {
		this.socket.gatherNoMore();
		this.connection.flush();
	}

}
