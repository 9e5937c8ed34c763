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
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketAddress;

import javax.net.SocketFactory;

import com.rabbitmq.client.ConnectionFactory;
import org.jspecify.annotations.Nullable;

/**
 * Creates plain sockets that can gather writes.
 */
final class GatheringSocketFactory extends SocketFactory {

	private static final GatheringSocketFactory INSTANCE = new GatheringSocketFactory();

	/**
	 * Have plain sockets of the system's default created by this factory. Those of TLS or
	 * of a factory of the application's own stay as they are, whenever it was set.
	 */
	static void use(ConnectionFactory factory) {
		SocketFactory current = factory.getSocketFactory();
		if (current == null && !factory.isSSL()) {
			factory.setSocketFactory(INSTANCE);
		}
		else if (current == INSTANCE && factory.isSSL()) {
			factory.setSocketFactory(null);
		}
	}

	@Override
	public Socket createSocket() {
		return new GatheringSocket();
	}

	@Override
	public Socket createSocket(String host, int port) throws IOException {
		return connected(new InetSocketAddress(host, port), null);
	}

	@Override
	public Socket createSocket(InetAddress host, int port) throws IOException {
		return connected(new InetSocketAddress(host, port), null);
	}

	@Override
	public Socket createSocket(String host, int port, InetAddress localHost, int localPort) throws IOException {
		return connected(new InetSocketAddress(host, port), new InetSocketAddress(localHost, localPort));
	}

	@Override
	public Socket createSocket(InetAddress host, int port, InetAddress localHost, int localPort) throws IOException {
		return connected(new InetSocketAddress(host, port), new InetSocketAddress(localHost, localPort));
	}

	private Socket connected(SocketAddress address, @Nullable SocketAddress local) throws IOException {
		Socket socket = createSocket();
		try {
			socket.bind(local);
			socket.connect(address);
			return socket;
		}
		catch (IOException ex) {
			socket.close();
			throw ex;
		}
	}

}
