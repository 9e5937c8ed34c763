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
import java.util.Iterator;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

import javax.net.ssl.SSLSocket;

import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;

import dev.failover.broker.Broker;

/**
 * Book of the sockets that are open to each broker, so that a broker that failed can be
 * left at once. Closing the socket frees whoever is blocked in reading or writing it,
 * which nothing above the socket does.
 */
final class OpenSockets {

	private static final Log logger = LogFactory.getLog(OpenSockets.class);

	private final Map<String, Set<Entry>> sockets = new ConcurrentHashMap<>();

	void add(Broker broker, long incarnation, Socket socket) {
		Set<Entry> entries = this.sockets.computeIfAbsent(broker.name(), (name) -> ConcurrentHashMap.newKeySet());
		entries.removeIf((entry) -> entry.socket().isClosed());
		entries.add(new Entry(socket, incarnation));
	}

	/**
	 * Close the sockets that were opened to earlier incarnations of a broker.
	 */
	void closeBefore(Broker broker, long incarnation) {
		Iterator<Entry> entries = this.sockets.getOrDefault(broker.name(), Set.of()).iterator();
		while (entries.hasNext()) {
			Entry entry = entries.next();
			if (entry.incarnation() < incarnation) {
				close(entry.socket());
				entries.remove();
			}
		}
	}

	void closeAll() {
		this.sockets.values().forEach((entries) -> entries.forEach((entry) -> close(entry.socket())));
		this.sockets.clear();
	}

	boolean isAnyOpen(Broker broker) {
		return this.sockets.getOrDefault(broker.name(), Set.of())
			.stream()
			.anyMatch((entry) -> !entry.socket().isClosed());
	}

	/**
	 * Close a socket without waiting for its peer. TLS would write a closing alert first,
	 * behind whoever is blocked in a write; to linger for no time avoids it.
	 */
	static void close(Socket socket) {
		try {
			if (socket instanceof SSLSocket) {
				socket.setSoLinger(true, 0);
			}
			socket.close();
		}
		catch (IOException ex) {
			logger.debug("Failed to close " + socket, ex);
		}
	}

	private record Entry(Socket socket, long incarnation) {
	}

}
