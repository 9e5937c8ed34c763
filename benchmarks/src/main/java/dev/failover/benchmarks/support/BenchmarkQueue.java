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

package dev.failover.benchmarks.support;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.ConnectionFactory;
import com.rabbitmq.client.DeliverCallback;
import com.rabbitmq.client.MessageProperties;

import dev.failover.test.TestBroker;

/**
 * A queue on one broker, used past everything that is measured.
 *
 * @param broker the broker
 * @param name the name of the queue
 */
public record BenchmarkQueue(TestBroker broker, String name) {

	private static final Duration PATIENCE = Duration.ofMinutes(1);

	/**
	 * Create the queue to which the benchmarks publish.
	 * @param broker the broker
	 */
	public BenchmarkQueue(TestBroker broker) {
		this(broker, NodePair.QUEUE);
	}

	/**
	 * Open a native connection.
	 * @return the connection, to be closed by the caller
	 */
	public Connection connect() {
		ConnectionFactory factory = new ConnectionFactory();
		factory.setHost(this.broker.host());
		factory.setPort(this.broker.port());
		factory.setUsername(this.broker.username());
		factory.setPassword(this.broker.password());
		factory.setVirtualHost(this.broker.virtualHost());
		factory.setAutomaticRecoveryEnabled(false);
		try {
			return factory.newConnection("benchmark");
		}
		catch (IOException | TimeoutException ex) {
			throw new IllegalStateException("Cannot connect to " + this.broker, ex);
		}
	}

	/**
	 * Try to connect.
	 * @return whether the broker lets clients in
	 */
	public boolean answers() {
		try (Connection connection = connect()) {
			return connection.isOpen();
		}
		catch (IllegalStateException | IOException ex) {
			return false;
		}
	}

	/**
	 * Declare the queue.
	 */
	public void declare() {
		use((channel) -> channel.queueDeclare(this.name, true, false, false, Map.of()));
	}

	/**
	 * Return how many consumers the queue has.
	 * @return the number of consumers
	 */
	public int consumers() {
		int[] consumers = new int[1];
		use((channel) -> consumers[0] = channel.queueDeclarePassive(this.name).getConsumerCount());
		return consumers[0];
	}

	/**
	 * Publish persistent messages, and wait until they are in the queue.
	 * @param bodies their bodies
	 */
	public void publish(Collection<byte[]> bodies) {
		use((channel) -> {
			channel.confirmSelect();
			for (byte[] body : bodies) {
				channel.basicPublish("", this.name, MessageProperties.MINIMAL_PERSISTENT_BASIC, body);
			}
			channel.waitForConfirmsOrDie(PATIENCE.toMillis());
		});
	}

	/**
	 * Remove all messages.
	 */
	public void purge() {
		use((channel) -> channel.queuePurge(this.name));
	}

	/**
	 * Take all messages.
	 * @return their bodies
	 */
	public Collection<String> drain() {
		Collection<String> bodies = new ConcurrentLinkedQueue<>();
		use((channel) -> {
			int count = channel.queueDeclarePassive(this.name).getMessageCount();
			CountDownLatch received = new CountDownLatch(count);
			DeliverCallback deliver = (tag, delivery) -> {
				bodies.add(new String(delivery.getBody(), StandardCharsets.UTF_8));
				received.countDown();
			};
			channel.basicConsume(this.name, true, deliver, (tag) -> {
			});
			if (!received.await(PATIENCE.toMillis(), TimeUnit.MILLISECONDS)) {
				throw new IllegalStateException(
						"%d messages of %s were not delivered".formatted(received.getCount(), this.broker));
			}
		});
		return List.copyOf(bodies);
	}

	private void use(Work work) {
		try (Connection connection = connect(); Channel channel = connection.createChannel()) {
			work.run(channel);
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
			throw new IllegalStateException("Interrupted at " + this.broker, ex);
		}
		catch (IOException | TimeoutException ex) {
			throw new IllegalStateException("Cannot use the queue '%s' of %s".formatted(this.name, this.broker), ex);
		}
	}

	private interface Work {

		void run(Channel channel) throws IOException, InterruptedException, TimeoutException;

	}

}
