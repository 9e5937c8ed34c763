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
import java.util.List;

import com.rabbitmq.client.AMQP.BasicProperties;
import com.rabbitmq.client.Channel;
import com.rabbitmq.client.DefaultConsumer;
import com.rabbitmq.client.Envelope;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.springframework.amqp.core.Queue;
import org.springframework.amqp.rabbit.connection.Connection;
import org.springframework.amqp.rabbit.connection.ConnectionFactory;
import org.springframework.amqp.rabbit.listener.AbstractMessageListenerContainer;
import org.springframework.amqp.rabbit.listener.DirectMessageListenerContainer;
import org.springframework.amqp.rabbit.listener.SimpleMessageListenerContainer;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

import dev.failover.test.RabbitNode;
import dev.failover.test.junit.BrokerTest;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Consumers that an application makes while it runs, of which no bean tells.
 */
@BrokerTest
class ConsumersWithoutBeansIntegrationTests {

	@North
	private RabbitNode first;

	@South
	private RabbitNode second;

	@BeforeEach
	void empty() {
		QueueOnBroker.delete(Consumed.QUEUE, this.first, this.second);
	}

	@ParameterizedTest
	@EnumSource
	void moveIsNotNoticed(Kind kind) throws Exception {
		try (ConfigurableApplicationContext context = run()) {
			HandledWithPauses handled = new HandledWithPauses();
			try (AutoCloseable consumer = kind.start(context.getBean(ConnectionFactory.class), handled)) {
				assertThat(consumer).isNotNull();
				trial(kind, context, handled).moveThereAndBack();
			}
		}
	}

	@ParameterizedTest
	@EnumSource
	void lossOfTheBrokerIsMadeGood(Kind kind) throws Exception {
		try (ConfigurableApplicationContext context = run()) {
			HandledWithPauses handled = new HandledWithPauses();
			try (AutoCloseable consumer = kind.start(context.getBean(ConnectionFactory.class), handled)) {
				assertThat(consumer).isNotNull();
				trial(kind, context, handled).loseActiveBroker();
			}
		}
	}

	private ConfigurableApplicationContext run() {
		return Applications.run(Consumed.class, ConsumerTrial.settings(List.of(this.first, this.second)));
	}

	private ConsumerTrial trial(Kind kind, ConfigurableApplicationContext context, HandledWithPauses handled) {
		return new ConsumerTrial(kind.name(), context, Consumed.QUEUE, handled, this.first, this.second);
	}

	enum Kind {

		SIMPLE_CONTAINER {
			@Override
			AutoCloseable start(ConnectionFactory connectionFactory, HandledWithPauses handled) {
				return listen(new SimpleMessageListenerContainer(connectionFactory), handled);
			}
		},

		DIRECT_CONTAINER {
			@Override
			AutoCloseable start(ConnectionFactory connectionFactory, HandledWithPauses handled) {
				return listen(new DirectMessageListenerContainer(connectionFactory), handled);
			}
		},

		CHANNEL {
			@Override
			AutoCloseable start(ConnectionFactory connectionFactory, HandledWithPauses handled) throws IOException {
				Connection connection = connectionFactory.createConnection();
				Channel channel = connection.createChannel(false);
				channel.basicQos(100);
				channel.basicConsume(Consumed.QUEUE, false, new AcknowledgingConsumer(channel, handled));
				return channel::close;
			}
		};

		abstract AutoCloseable start(ConnectionFactory connectionFactory, HandledWithPauses handled) throws IOException;

		static AutoCloseable listen(AbstractMessageListenerContainer container, HandledWithPauses handled) {
			container.setQueueNames(Consumed.QUEUE);
			container.setMessageListener((message) -> handled.add(new String(message.getBody())));
			container.setErrorHandler((error) -> handled.addError(error.toString()));
			container.afterPropertiesSet();
			container.start();
			return container::destroy;
		}

	}

	@Configuration(proxyBeanMethods = false)
	static class Consumed {

		static final String QUEUE = "consumed-without-beans";

		@Bean
		Queue consumed() {
			return new Queue(QUEUE);
		}

	}

	/**
	 * Acknowledges each delivery on the channel that it was made for.
	 */
	private static final class AcknowledgingConsumer extends DefaultConsumer {

		private final HandledWithPauses handled;

		AcknowledgingConsumer(Channel channel, HandledWithPauses handled) {
			super(channel);
			this.handled = handled;
		}

		@Override
		public void handleDelivery(String consumerTag, Envelope envelope, BasicProperties properties, byte[] body) {
			this.handled.add(new String(body));
			try {
				getChannel().basicAck(envelope.getDeliveryTag(), false);
			}
			catch (IOException | RuntimeException ex) {
				this.handled.addError(ex.toString());
			}
		}

	}

}
