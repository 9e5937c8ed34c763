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
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.ConnectionFactory;
import com.rabbitmq.client.GetResponse;
import com.rabbitmq.client.MessageProperties;
import com.rabbitmq.client.ShutdownSignalException;

/**
 * Plain RabbitMQ clients for the tests of the test kit.
 */
final class Clients {

	private Clients() {
	}

	static ConnectionFactory factory(URI uri) {
		try {
			ConnectionFactory factory = new ConnectionFactory();
			factory.setUri(uri);
			factory.setAutomaticRecoveryEnabled(false);
			factory.setConnectionTimeout(5000);
			factory.setHandshakeTimeout(5000);
			factory.setShutdownTimeout(2000);
			factory.setChannelRpcTimeout(5000);
			return factory;
		}
		catch (Exception ex) {
			throw new IllegalStateException(ex);
		}
	}

	static Connection connect(TestBroker broker) throws Exception {
		return factory(broker.uri()).newConnection();
	}

	static void declare(Channel channel, String queue, boolean durable) throws IOException {
		channel.queueDeclare(queue, durable, false, false, null);
	}

	static void publishConfirmed(Channel channel, String queue, String body, boolean persistent) throws Exception {
		channel.confirmSelect();
		channel.basicPublish("", queue, persistent ? MessageProperties.PERSISTENT_BASIC : MessageProperties.BASIC,
				body.getBytes(StandardCharsets.UTF_8));
		channel.waitForConfirmsOrDie(5000);
	}

	static String get(Channel channel, String queue) throws IOException {
		GetResponse response = channel.basicGet(queue, true);
		return (response != null) ? new String(response.getBody(), StandardCharsets.UTF_8) : "";
	}

	/**
	 * Wait for the end of a connection.
	 */
	static ShutdownSignalException awaitClosed(Connection connection) throws InterruptedException {
		CountDownLatch closed = new CountDownLatch(1);
		connection.addShutdownListener((cause) -> closed.countDown());
		if (!closed.await(10, TimeUnit.SECONDS)) {
			throw new AssertionError("Connection still open");
		}
		return connection.getCloseReason();
	}

}
