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

import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;

import com.rabbitmq.client.Connection;

/**
 * The kinds of connections that the application uses, and on which of them it publishes
 * with confirms. A kind is in use until the application has closed all its connections; a
 * connection that was lost is going to be replaced.
 */
final class KindsInUse {

	private final ReentrantLock lock = new ReentrantLock();

	private final Map<ConnectionKind, Boolean> confirming = new HashMap<>();

	private final Map<Connection, ConnectionKind> connections = new HashMap<>();

	void opened(ConnectionKind kind, Connection connection, Runnable onClose) {
		this.lock.lock();
		try {
			this.confirming.putIfAbsent(kind, false);
			this.connections.put(connection, kind);
		}
		finally {
			this.lock.unlock();
		}
		connection.addShutdownListener((signal) -> {
			closed(kind, connection, signal.isInitiatedByApplication());
			onClose.run();
		});
	}

	private void closed(ConnectionKind kind, Connection connection, boolean forGood) {
		this.lock.lock();
		try {
			this.connections.remove(connection);
			if (forGood && !this.connections.containsValue(kind)) {
				this.confirming.remove(kind);
			}
		}
		finally {
			this.lock.unlock();
		}
	}

	/**
	 * Note that confirms are wanted on connections like this one.
	 * @return whether that is news
	 */
	boolean confirming(Connection connection) {
		this.lock.lock();
		try {
			ConnectionKind kind = this.connections.get(connection);
			return kind != null && this.confirming.replace(kind, false, true);
		}
		finally {
			this.lock.unlock();
		}
	}

	/**
	 * Return the kinds in use, and for each of them whether confirms are wanted.
	 */
	Map<ConnectionKind, Boolean> get() {
		this.lock.lock();
		try {
			return Map.copyOf(this.confirming);
		}
		finally {
			this.lock.unlock();
		}
	}

}
