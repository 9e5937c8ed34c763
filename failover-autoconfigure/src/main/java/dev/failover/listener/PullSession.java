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

package dev.failover.listener;

import java.io.IOException;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

import com.rabbitmq.client.AMQP.BasicProperties;
import com.rabbitmq.client.Channel;
import com.rabbitmq.client.DefaultConsumer;
import com.rabbitmq.client.Delivery;
import com.rabbitmq.client.Envelope;
import com.rabbitmq.client.ShutdownSignalException;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;
import org.springframework.amqp.core.Message;
import org.springframework.amqp.core.MessageProperties;
import org.springframework.amqp.rabbit.connection.ChannelProxy;
import org.springframework.amqp.rabbit.connection.Connection;
import org.springframework.amqp.rabbit.connection.ConnectionFactory;
import org.springframework.amqp.rabbit.connection.RabbitUtils;
import org.springframework.amqp.rabbit.support.DefaultMessagePropertiesConverter;
import org.springframework.amqp.rabbit.support.MessagePropertiesConverter;

/**
 * Consumption of one queue on one channel, one message at a time: the broker sends the
 * next one when the last one is acknowledged or rejected. Used by one thread.
 */
final class PullSession implements AutoCloseable {

	private static final Log logger = LogFactory.getLog(PullConsumer.class);

	private static final MessagePropertiesConverter CONVERTER = new DefaultMessagePropertiesConverter();

	/**
	 * Wakes up whoever waits for a message.
	 */
	private static final Delivery END = new Delivery(null, null, null);

	private final BlockingQueue<Delivery> deliveries = new LinkedBlockingQueue<>();

	private final String queue;

	private final Connection connection;

	private final Channel channel;

	private @Nullable String consumerTag;

	private volatile @Nullable String end;

	private PullSession(String queue, Connection connection, Channel channel) {
		this.queue = queue;
		this.connection = connection;
		this.channel = channel;
	}

	/**
	 * Begin to consume.
	 * @throws IOException if the broker refuses it
	 * @throws org.springframework.amqp.AmqpException if there is no broker
	 */
	static PullSession open(ConnectionFactory connectionFactory, String queue) throws IOException {
		Connection connection = connectionFactory.createConnection();
		try {
			return open(connection, queue);
		}
		catch (IOException | RuntimeException | Error ex) {
			RabbitUtils.closeConnection(connection);
			throw ex;
		}
	}

	private static PullSession open(Connection connection, String queue) throws IOException {
		PullSession session = new PullSession(queue, connection, connection.createChannel(false));
		try {
			session.channel.basicQos(1);
			session.consumerTag = session.channel.basicConsume(queue, false, session.new Consumer(session.channel));
			return session;
		}
		catch (IOException | RuntimeException | Error ex) {
			session.closeChannel();
			throw ex;
		}
	}

	/**
	 * Wait for the next message.
	 * @return the message, or {@code null} if there is none in that time
	 * @throws IOException if no message comes any more
	 */
	@Nullable Message next(long millis) throws IOException, InterruptedException {
		Delivery delivery = this.deliveries.poll(millis, TimeUnit.MILLISECONDS);
		if (this.end != null) {
			throw new IOException(this.end);
		}
		if (delivery == null) {
			return null;
		}
		MessageProperties properties = CONVERTER.toMessageProperties(delivery.getProperties(), delivery.getEnvelope(),
				"UTF-8");
		properties.setConsumerQueue(this.queue);
		return new Message(delivery.getBody(), properties);
	}

	void ack(Message message) throws IOException {
		this.channel.basicAck(message.getMessageProperties().getDeliveryTag(), false);
	}

	void reject(Message message, boolean requeue) throws IOException {
		this.channel.basicNack(message.getMessageProperties().getDeliveryTag(), false, requeue);
	}

	/**
	 * End the consumption. What is neither acknowledged nor rejected goes back to the
	 * queue. The target of a cached channel is closed first, as the cache would put that
	 * off for seconds.
	 */
	@Override
	public void close() {
		giveBack();
		closeChannel();
		RabbitUtils.closeConnection(this.connection);
	}

	/**
	 * What was not begun has not failed, as what goes back with a channel has for
	 * RabbitMQ.
	 */
	private void giveBack() {
		if (this.consumerTag == null || this.end != null || !this.channel.isOpen()) {
			return;
		}
		try {
			this.channel.basicCancel(this.consumerTag);
			Delivery delivery = this.deliveries.poll();
			while (delivery != null && delivery != END) {
				this.channel.basicNack(delivery.getEnvelope().getDeliveryTag(), false, true);
				delivery = this.deliveries.poll();
			}
		}
		catch (IOException | RuntimeException ex) {
			logger.debug("Messages go back with their channel", ex);
		}
	}

	private void closeChannel() {
		RabbitUtils
			.closeChannel((this.channel instanceof ChannelProxy proxy) ? proxy.getTargetChannel() : this.channel);
		RabbitUtils.closeChannel(this.channel);
	}

	private void end(String reason) {
		this.end = reason;
		this.deliveries.add(END);
	}

	/**
	 * Passes on what the client's thread reads.
	 */
	private final class Consumer extends DefaultConsumer {

		Consumer(Channel channel) {
			super(channel);
		}

		@Override
		public void handleDelivery(String consumerTag, Envelope envelope, BasicProperties properties, byte[] body) {
			PullSession.this.deliveries.add(new Delivery(envelope, properties, body));
		}

		@Override
		public void handleCancel(String consumerTag) {
			end("The broker has cancelled the consumer");
		}

		@Override
		public void handleShutdownSignal(String consumerTag, ShutdownSignalException signal) {
			end(String.valueOf(signal.getMessage()));
		}

	}

}
