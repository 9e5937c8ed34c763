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

package dev.failover.integration;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;

import com.rabbitmq.client.AMQP.BasicProperties;
import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.ConnectionFactory;
import com.rabbitmq.client.GetResponse;
import com.rabbitmq.client.MessageProperties;

import dev.failover.test.TestBroker;

/**
 * A queue on one broker, worked with past everything that fails over.
 *
 * @param broker the broker
 * @param name the name of the queue
 */
public record QueueOnBroker(TestBroker broker, String name) {

	public void declare() {
		run((channel) -> channel.queueDeclare(this.name, true, false, false, Map.of()));
	}

	/**
	 * Declare the queue with other arguments than those of an application.
	 */
	public void declareTransient() {
		run((channel) -> channel.queueDeclare(this.name, false, false, false, Map.of()));
	}

	public void delete() {
		run((channel) -> channel.queueDelete(this.name));
	}

	public void request(String body, String replyTo) {
		BasicProperties properties = new BasicProperties.Builder().replyTo(replyTo).build();
		run((channel) -> channel.basicPublish("", this.name, properties, body.getBytes()));
	}

	public void publish(String... bodies) {
		run((channel) -> {
			channel.confirmSelect();
			for (String body : bodies) {
				channel.basicPublish("", this.name, true, MessageProperties.TEXT_PLAIN, body.getBytes());
			}
			channel.waitForConfirmsOrDie(5000);
		});
	}

	/**
	 * Return how many consumers the queue has.
	 */
	public long consumers() {
		AtomicLong consumers = new AtomicLong();
		run((channel) -> consumers.set(channel.consumerCount(this.name)));
		return consumers.get();
	}

	/**
	 * Return how many messages wait in the queue.
	 */
	public long messages() {
		AtomicLong messages = new AtomicLong();
		run((channel) -> messages.set(channel.messageCount(this.name)));
		return messages.get();
	}

	public boolean exists() {
		try {
			run((channel) -> channel.queueDeclarePassive(this.name));
			return true;
		}
		catch (IllegalStateException ex) {
			return false;
		}
	}

	public List<String> drain() {
		if (!exists()) {
			return List.of();
		}
		List<String> bodies = new ArrayList<>();
		run((channel) -> {
			GetResponse response = channel.basicGet(this.name, true);
			while (response != null) {
				bodies.add(new String(response.getBody()));
				response = channel.basicGet(this.name, true);
			}
		});
		return bodies;
	}

	/**
	 * Delete the queue of that name on all the given brokers.
	 */
	public static void delete(String name, TestBroker... brokers) {
		Stream.of(brokers).forEach((broker) -> new QueueOnBroker(broker, name).delete());
	}

	/**
	 * Declare the queue of that name, empty, on all the given brokers.
	 */
	public static void declareNew(String name, TestBroker... brokers) {
		delete(name, brokers);
		Stream.of(brokers).forEach((broker) -> new QueueOnBroker(broker, name).declare());
	}

	/**
	 * Return the messages of the queue of that name on all the given brokers.
	 */
	public static List<String> drain(String name, TestBroker... brokers) {
		return Stream.of(brokers).flatMap((broker) -> new QueueOnBroker(broker, name).drain().stream()).toList();
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
