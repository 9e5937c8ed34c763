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

package dev.failover.autoconfigure.listener;

import java.io.IOException;
import java.util.Map;
import java.util.concurrent.TimeoutException;

import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.ConnectionFactory;

import dev.failover.test.TestBroker;

/**
 * A queue on one broker, worked with past the application under test.
 */
final class RemoteQueue {

	private final TestBroker broker;

	private final String name;

	RemoteQueue(TestBroker broker, String name) {
		this.broker = broker;
		this.name = name;
	}

	void declare() {
		run((channel) -> channel.queueDeclare(this.name, true, false, false, Map.of()));
	}

	void declareTransient() {
		run((channel) -> channel.queueDeclare(this.name, false, false, false, Map.of()));
	}

	void delete() {
		run((channel) -> channel.queueDelete(this.name));
	}

	void publish(String body) {
		run((channel) -> {
			channel.confirmSelect();
			channel.basicPublish("", this.name, true, null, body.getBytes());
			channel.waitForConfirmsOrDie(5000);
		});
	}

	boolean exists() {
		try {
			run((channel) -> channel.queueDeclarePassive(this.name));
			return true;
		}
		catch (IllegalStateException ex) {
			return false;
		}
	}

	private void run(Work work) {
		ConnectionFactory factory = new ConnectionFactory();
		factory.setHost(this.broker.host());
		factory.setPort(this.broker.port());
		factory.setUsername(this.broker.username());
		factory.setPassword(this.broker.password());
		factory.setVirtualHost(this.broker.virtualHost());
		try (Connection connection = factory.newConnection(); Channel channel = connection.createChannel()) {
			work.run(channel);
		}
		catch (IOException | TimeoutException | InterruptedException ex) {
			throw new IllegalStateException(ex);
		}
	}

	@FunctionalInterface
	private interface Work {

		void run(Channel channel) throws IOException, TimeoutException, InterruptedException;

	}

}
