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

package dev.failover.test;

import java.io.IOException;
import java.lang.reflect.Field;
import java.net.StandardSocketOptions;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

import org.apache.qpid.server.SystemLauncher;
import org.apache.qpid.server.exchange.ExchangeDefaults;
import org.apache.qpid.server.model.Broker;
import org.apache.qpid.server.model.ConfiguredObject;
import org.apache.qpid.server.model.Exchange;
import org.apache.qpid.server.model.Port;
import org.apache.qpid.server.model.Queue;
import org.apache.qpid.server.model.VirtualHost;
import org.apache.qpid.server.model.VirtualHostNode;
import org.apache.qpid.server.queue.QueueEntry;
import org.apache.qpid.server.transport.AMQPConnection;
import org.apache.qpid.server.transport.AbstractAMQPConnection;
import org.apache.qpid.server.transport.NonBlockingConnection;
import org.jspecify.annotations.Nullable;

/**
 * One Qpid Broker-J. Its queues live as long as it does; whether it can be reached is a
 * matter of its port, which comes and goes.
 */
final class QpidBroker {

	private final SystemLauncher launcher;

	private final Broker<?> broker;

	private @Nullable Port<?> port;

	private QpidBroker(SystemLauncher launcher, Broker<?> broker) {
		this.launcher = launcher;
		this.broker = broker;
	}

	static QpidBroker launch(String name, List<BrokerUser> users, List<String> virtualHosts) {
		QpidLaunch launch = new QpidLaunch(name, users, virtualHosts);
		return new QpidBroker(launch.launcher(), launch.broker());
	}

	void listen(String host, int port) {
		QpidLogging.silence();
		this.port = (Port<?>) this.broker.createChild(Port.class, Map.of("name", "AMQP", "type", "AMQP",
				"bindingAddress", host, "port", port, "authenticationProvider", QpidLaunch.AUTHENTICATION));
	}

	/**
	 * Close the port and all connections.
	 */
	void disconnect(boolean abruptly, Duration timeout) {
		if (abruptly) {
			connections().forEach(QpidBroker::reset);
		}
		Port<?> port = this.port;
		this.port = null;
		if (port != null) {
			port.delete();
		}
		boolean done = Waits.until(timeout, () -> {
			Set<AMQPConnection<?>> connections = connections();
			connections.forEach(abruptly ? QpidBroker::reset : QpidBroker::closeWithReason);
			return connections.isEmpty();
		});
		if (port != null) {
			Waits.until(timeout, () -> !AmqpProbe.accepts(port.getPort()));
		}
		if (!done) {
			throw new IllegalStateException("Connections still open: " + connections());
		}
	}

	/**
	 * Delete what would not survive a restart of a process.
	 */
	void dropTransient() {
		for (VirtualHost<?> virtualHost : virtualHosts()) {
			for (Queue<?> queue : children(virtualHost, Queue.class)) {
				if (queue.isDurable()) {
					dropTransientMessages(queue);
				}
				else {
					queue.delete();
				}
			}
			for (Exchange<?> exchange : children(virtualHost, Exchange.class)) {
				if (!exchange.isDurable() && !ExchangeDefaults.DEFAULT_EXCHANGE_NAME.equals(exchange.getName())) {
					exchange.delete();
				}
			}
		}
	}

	Set<AMQPConnection<?>> connections() {
		Set<AMQPConnection<?>> connections = new LinkedHashSet<>();
		Port<?> port = this.port;
		if (port != null) {
			addConnections(port.getConnections(), connections);
		}
		virtualHosts().forEach((virtualHost) -> addConnections(virtualHost.getConnections(), connections));
		return connections;
	}

	int messageCount(String virtualHost, String queue) {
		return virtualHosts().stream()
			.filter((candidate) -> candidate.getName().equals(QpidLaunch.nodeName(virtualHost)))
			.map((candidate) -> candidate.getChildByName(Queue.class, queue))
			.mapToInt((found) -> (found != null) ? found.getQueueDepthMessages() : 0)
			.sum();
	}

	void shutdown() {
		this.launcher.shutdown();
	}

	private List<VirtualHost<?>> virtualHosts() {
		List<VirtualHost<?>> virtualHosts = new ArrayList<>();
		for (VirtualHostNode<?> node : children(this.broker, VirtualHostNode.class)) {
			VirtualHost<?> virtualHost = node.getVirtualHost();
			if (virtualHost != null) {
				virtualHosts.add(virtualHost);
			}
		}
		return virtualHosts;
	}

	private static void dropTransientMessages(Queue<?> queue) {
		List<QueueEntry> entries = new ArrayList<>();
		queue.visit((entry) -> {
			if (!entry.getMessage().isPersistent()) {
				entries.add(entry);
			}
			return false;
		});
		entries.forEach(queue::deleteEntry);
	}

	private static void addConnections(Collection<?> candidates, Set<AMQPConnection<?>> connections) {
		for (Object candidate : List.copyOf(candidates)) {
			if (candidate instanceof AMQPConnection<?> connection) {
				connections.add(connection);
			}
		}
	}

	private static void closeWithReason(AMQPConnection<?> connection) {
		if (!connection.isClosing()) {
			connection.sendConnectionCloseAsync(AMQPConnection.CloseReason.MANAGEMENT, "Broker is shutting down");
		}
	}

	private static void reset(AMQPConnection<?> connection) {
		if (connection instanceof AbstractAMQPConnection<?, ?> open
				&& open.getNetwork() instanceof NonBlockingConnection network) {
			try {
				channel(network).setOption(StandardSocketOptions.SO_LINGER, 0);
			}
			catch (IOException ex) {
				// closed already
			}
			network.close();
		}
	}

	private static SocketChannel channel(NonBlockingConnection connection) throws IOException {
		try {
			Field field = NonBlockingConnection.class.getDeclaredField("_socketChannel");
			field.setAccessible(true);
			return (SocketChannel) field.get(connection);
		}
		catch (ReflectiveOperationException ex) {
			throw new IllegalStateException("Unknown version of Qpid Broker-J", ex);
		}
	}

	@SuppressWarnings("rawtypes")
	private static <T extends ConfiguredObject> List<T> children(ConfiguredObject<?> parent, Class<T> type) {
		return List.copyOf(parent.getChildren(type));
	}

}
