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

import java.util.Collection;
import java.util.List;
import java.util.stream.Stream;

import com.rabbitmq.client.Channel;
import org.springframework.amqp.core.AcknowledgeMode;
import org.springframework.amqp.rabbit.connection.ConnectionFactory;
import org.springframework.amqp.rabbit.listener.AbstractMessageListenerContainer;
import org.springframework.amqp.rabbit.listener.DirectMessageListenerContainer;
import org.springframework.amqp.rabbit.listener.SimpleMessageListenerContainer;
import org.springframework.amqp.rabbit.listener.api.ChannelAwareMessageListener;

/**
 * One way to consume.
 */
record ConsumerVariant(Container container, Acknowledgement acknowledgement, int prefetch, int concurrency) {

	static List<ConsumerVariant> all(Container container, Collection<Acknowledgement> acknowledgements) {
		return acknowledgements.stream()
			.flatMap((acknowledgement) -> Stream.of(1, 250)
				.flatMap((prefetch) -> Stream.of(1, 8)
					.map((concurrency) -> new ConsumerVariant(container, acknowledgement, prefetch, concurrency))))
			.toList();
	}

	String queue() {
		return "%s-%s-%d-%d".formatted(this.container, this.acknowledgement, this.prefetch, this.concurrency)
			.toLowerCase();
	}

	boolean mayLose() {
		return this.acknowledgement == Acknowledgement.NONE;
	}

	AbstractMessageListenerContainer create(ConnectionFactory connectionFactory, Handled handled) {
		AbstractMessageListenerContainer created = create();
		created.setConnectionFactory(connectionFactory);
		created.setQueueNames(queue());
		created.setPrefetchCount(this.prefetch);
		created.setAcknowledgeMode(this.acknowledgement.mode);
		created.setChannelTransacted(this.acknowledgement == Acknowledgement.TRANSACTED);
		created.setMessageListener((ChannelAwareMessageListener) (message, channel) -> {
			handled.add(queue(), new String(message.getBody()), port(channel));
			if (this.acknowledgement == Acknowledgement.MANUAL) {
				channel.basicAck(message.getMessageProperties().getDeliveryTag(), false);
			}
		});
		return created;
	}

	private static int port(Channel channel) {
		return channel.getConnection().getPort();
	}

	private AbstractMessageListenerContainer create() {
		if (this.container == Container.DIRECT) {
			DirectMessageListenerContainer direct = new DirectMessageListenerContainer();
			direct.setConsumersPerQueue(this.concurrency);
			return direct;
		}
		SimpleMessageListenerContainer simple = new SimpleMessageListenerContainer();
		simple.setConcurrentConsumers(this.concurrency);
		return simple;
	}

	enum Container {

		SIMPLE, DIRECT

	}

	enum Acknowledgement {

		AUTOMATIC(AcknowledgeMode.AUTO), MANUAL(AcknowledgeMode.MANUAL), NONE(AcknowledgeMode.NONE),
		TRANSACTED(AcknowledgeMode.AUTO);

		private final AcknowledgeMode mode;

		Acknowledgement(AcknowledgeMode mode) {
			this.mode = mode;
		}

	}

}
