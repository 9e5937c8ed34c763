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

import com.rabbitmq.client.AMQP.BasicProperties;
import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Consumer;
import com.rabbitmq.client.Envelope;
import com.rabbitmq.client.ShutdownSignalException;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.mockito.ArgumentCaptor;
import org.springframework.amqp.AmqpTimeoutException;
import org.springframework.amqp.core.Message;
import org.springframework.amqp.rabbit.connection.Connection;
import org.springframework.amqp.rabbit.connection.ConnectionFactory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIOException;
import static org.mockito.ArgumentMatchers.eq;
import static org.mockito.BDDMockito.given;
import static org.mockito.BDDMockito.then;
import static org.mockito.Mockito.mock;

/**
 * What is waited for would take longer than the tests.
 */
class PullSessionTests {

	private static final long LONG = 30_000;

	private final Channel channel = mock();

	private PullSession session;

	private Consumer consumer;

	@BeforeEach
	void open() throws IOException {
		Connection connection = mock();
		given(connection.createChannel(false)).willReturn(this.channel);
		ConnectionFactory connectionFactory = mock();
		given(connectionFactory.createConnection()).willReturn(connection);
		this.session = PullSession.open(connectionFactory, "orders");
		ArgumentCaptor<Consumer> consuming = ArgumentCaptor.captor();
		then(this.channel).should().basicConsume(eq("orders"), eq(false), consuming.capture());
		this.consumer = consuming.getValue();
	}

	@Test
	void messageIsAcknowledgedByItsTag() throws Exception {
		deliver();
		Message message = this.session.next(LONG);
		assertThat(message.getMessageProperties().getConsumerQueue()).isEqualTo("orders");
		this.session.ack(message);
		then(this.channel).should().basicAck(7, false);
		assertThat(this.session.next(0)).isNull();
	}

	@Test
	void connectionOnWhichNoChannelCanBeOpenedIsGivenBack() {
		Connection connection = mock();
		given(connection.createChannel(false)).willThrow(new AmqpTimeoutException("expected by the test"));
		ConnectionFactory connectionFactory = mock();
		given(connectionFactory.createConnection()).willReturn(connection);
		assertThatExceptionOfType(AmqpTimeoutException.class)
			.isThrownBy(() -> PullSession.open(connectionFactory, "orders"));
		then(connection).should().close();
	}

	@Test
	void sessionEndsWhenItsChannelIsLost() throws Exception {
		this.consumer.handleShutdownSignal("tag",
				new ShutdownSignalException(true, false, null, null, "lost by the test", null));
		assertThatIOException().isThrownBy(() -> this.session.next(LONG)).withMessageContaining("lost by the test");
	}

	@Test
	void sessionEndsWhenTheBrokerCancelsItsConsumer() throws Exception {
		this.consumer.handleCancel("tag");
		assertThatIOException().isThrownBy(() -> this.session.next(LONG)).withMessageContaining("cancelled");
	}

	@Test
	void messageThatCannotBeAcknowledgedAnyMoreIsNotHandled() throws Exception {
		deliver();
		this.consumer.handleCancel("tag");
		assertThatIOException().isThrownBy(() -> this.session.next(LONG));
	}

	private void deliver() throws IOException {
		this.consumer.handleDelivery("tag", new Envelope(7, false, "", "orders"), new BasicProperties(), new byte[1]);
	}

}
