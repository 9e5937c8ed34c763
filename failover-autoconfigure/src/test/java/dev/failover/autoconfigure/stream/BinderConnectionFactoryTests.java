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

package dev.failover.autoconfigure.stream;

import java.util.Date;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

import com.rabbitmq.client.AMQP.BasicProperties;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.mockito.ArgumentCaptor;
import org.mockito.Mockito;
import org.springframework.amqp.core.Message;
import org.springframework.amqp.core.MessageProperties;
import org.springframework.amqp.core.ReturnedMessage;
import org.springframework.amqp.rabbit.connection.CorrelationData;
import org.springframework.amqp.rabbit.connection.PublisherCallbackChannel;
import org.springframework.amqp.rabbit.connection.RabbitUtils;
import org.springframework.amqp.rabbit.core.RabbitTemplate;
import org.springframework.amqp.rabbit.support.DefaultMessagePropertiesConverter;

import dev.failover.template.FailoverTemplate;
import dev.failover.template.PublishException;
import dev.failover.template.PublishOutcome;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.mockito.ArgumentMatchers.any;
import static org.mockito.ArgumentMatchers.eq;
import static org.mockito.BDDMockito.willAnswer;
import static org.mockito.BDDMockito.willThrow;

/**
 * Tests for {@link BinderConnectionFactory} and its channels, with the template of a
 * binder.
 */
class BinderConnectionFactoryTests {

	private final FailoverTemplate template = Mockito.mock(FailoverTemplate.class);

	private final RabbitTemplate binderTemplate = new RabbitTemplate(new BinderConnectionFactory(this.template));

	@BeforeEach
	void usePublisherConnection() {
		this.binderTemplate.setUsePublisherConnection(true);
	}

	@Test
	void propertiesAreThoseOfTheBinder() {
		BasicProperties properties = new BasicProperties("text/plain", "utf-8",
				Map.of("x-delay", 25L, "list", List.of("a", 1)), 1, 4, "correlated", "answers", "60000", "id",
				new Date(1_800_000_000_000L), "order", "user", "shop", "cluster");
		assertThat(written(new BinderMessage(new byte[0], properties, false))).isEqualTo(properties);
	}

	@Test
	void propertiesThatAreNotSetStayUnset() {
		BasicProperties properties = written(new BinderMessage(new byte[0], new BasicProperties(), false));
		assertThat(properties).isEqualTo(new BasicProperties.Builder().headers(Map.of()).build());
	}

	private static BasicProperties written(Message message) {
		return new DefaultMessagePropertiesConverter().fromMessageProperties(message.getMessageProperties(), "UTF-8");
	}

	@Test
	void messageIsHandedOver() {
		this.binderTemplate.convertAndSend("orders", "new", "order");
		BinderMessage message = handedOver("orders", "new");
		assertThat(message.getBody()).asString().isEqualTo("order");
		assertThat(message.isMandatory()).isFalse();
	}

	@Test
	void messageIsMandatoryIfTheBinderSaysSo() {
		this.binderTemplate.setMandatory(true);
		this.binderTemplate.setReturnsCallback((returned) -> {
		});
		this.binderTemplate.convertAndSend("orders", "new", "order");
		assertThat(handedOver("orders", "new").isMandatory()).isTrue();
	}

	private BinderMessage handedOver(String exchange, String routingKey) {
		ArgumentCaptor<BinderMessage> message = ArgumentCaptor.forClass(BinderMessage.class);
		Mockito.verify(this.template)
			.send(eq(exchange), eq(routingKey), message.capture(), any(BinderCorrelation.class));
		return message.getValue();
	}

	@Test
	void failureIsThrown() {
		PublishException failure = new PublishException("no broker", PublishOutcome.NOT_SENT, "id", null);
		willThrow(failure).given(this.template).send(any(), any(), any(), any());
		assertThatExceptionOfType(PublishException.class)
			.isThrownBy(() -> this.binderTemplate.convertAndSend("orders", "new", "order"))
			.isSameAs(failure);
	}

	@Test
	void confirmIsToldWithTheCorrelationOfTheBinder() {
		CorrelationData correlation = new CorrelationData("first");
		ConfirmCallback callback = new ConfirmCallback();
		this.binderTemplate.setConfirmCallback(callback);
		answer((data) -> BinderCorrelation.confirm(data, false, "too full"));
		this.binderTemplate.convertAndSend("orders", "new", (Object) "order", correlation);
		assertThat(callback.told).isEqualTo("first false too full");
		assertThat(header(PublisherCallbackChannel.RETURNED_MESSAGE_CORRELATION_KEY)).isEqualTo("first");
	}

	@Test
	void returnedMessageIsToldWithTheCorrelationOfTheBinder() {
		CorrelationData correlation = new CorrelationData("first");
		ReturnsCallback callback = new ReturnsCallback();
		this.binderTemplate.setReturnsCallback(callback);
		ReturnedMessage returned = new ReturnedMessage(new Message(new byte[0], new MessageProperties()), 312,
				"NO_ROUTE", "orders", "new");
		answer((data) -> {
			data.setReturned(returned);
			BinderCorrelation.confirm(data, true, null);
		});
		this.binderTemplate.convertAndSend("orders", "new", (Object) "order", correlation);
		assertThat(callback.told).isEqualTo("312 NO_ROUTE orders new order");
		assertThat(correlation.getReturned()).isSameAs(returned);
	}

	private void answer(Consumer<CorrelationData> end) {
		willAnswer((invocation) -> {
			end.accept(invocation.getArgument(3));
			return null;
		}).given(this.template).send(any(), any(), any(), any());
	}

	private Object header(String name) {
		return handedOver("orders", "new").getMessageProperties().getHeader(name);
	}

	@Test
	void closedChannelIsForgotten() {
		PublisherCallbackChannel.Listener listener = Mockito.mock(PublisherCallbackChannel.Listener.class);
		PublisherCallbackChannel channel = (PublisherCallbackChannel) BinderChannel.create(this.template);
		channel.addListener(listener);
		RabbitUtils.closeChannel(channel);
		Mockito.verify(listener).revoke(channel);
	}

	@Test
	void nothingElseCanBeDone() {
		assertThatExceptionOfType(UnsupportedOperationException.class)
			.isThrownBy(() -> BinderChannel.create(this.template).basicGet("orders", true))
			.withMessageContaining("basicGet");
	}

	private static final class ConfirmCallback implements RabbitTemplate.ConfirmCallback {

		private String told;

		@Override
		public void confirm(CorrelationData correlation, boolean ack, String cause) {
			this.told = "%s %s %s".formatted(correlation.getId(), ack, cause);
		}

	}

	private static final class ReturnsCallback implements RabbitTemplate.ReturnsCallback {

		private String told;

		@Override
		public void returnedMessage(ReturnedMessage returned) {
			this.told = "%d %s %s %s %s".formatted(returned.getReplyCode(), returned.getReplyText(),
					returned.getExchange(), returned.getRoutingKey(), new String(returned.getMessage().getBody()));
		}

	}

}
