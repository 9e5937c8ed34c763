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

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.mockito.Mockito;
import org.springframework.amqp.rabbit.connection.ConnectionFactory;
import org.springframework.amqp.rabbit.core.BatchingRabbitTemplate;
import org.springframework.amqp.rabbit.core.RabbitTemplate;
import org.springframework.beans.factory.support.StaticListableBeanFactory;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.cloud.stream.config.BindingServiceProperties;
import org.springframework.core.retry.RetryPolicy;
import org.springframework.core.retry.RetryTemplate;
import org.springframework.integration.amqp.outbound.AmqpOutboundEndpoint;
import org.springframework.messaging.MessageHandler;

import dev.failover.template.FailoverTemplate;
import dev.failover.template.PublishException;
import dev.failover.template.PublishOutcome;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.mockito.ArgumentMatchers.any;
import static org.mockito.BDDMockito.willThrow;

/**
 * Tests for {@link BinderProducerCustomizer}.
 */
@ExtendWith(OutputCaptureExtension.class)
class BinderProducerCustomizerTests {

	private final ConnectionFactory connectionFactory = Mockito.mock(ConnectionFactory.class);

	private final FailoverTemplate template = Mockito.mock(FailoverTemplate.class);

	private final BinderProducerCustomizer customizer = new BinderProducerCustomizer(this.connectionFactory,
			this.template, new StaticListableBeanFactory().getBeanProvider(BindingServiceProperties.class));

	@Test
	void producerPublishesWithFailover(CapturedOutput output) {
		RabbitTemplate binderTemplate = new RabbitTemplate(this.connectionFactory);
		this.customizer.configure(new AmqpOutboundEndpoint(binderTemplate), "orders");
		binderTemplate.convertAndSend("orders", "new", "order");
		Mockito.verify(this.template).send(any(), any(), any(), any());
		assertThat(output).isEmpty();
	}

	@Test
	void failureIsNotRepeated() {
		RabbitTemplate binderTemplate = new RabbitTemplate(this.connectionFactory);
		binderTemplate.setRetryTemplate(new RetryTemplate(RetryPolicy.withMaxRetries(3)));
		this.customizer.configure(new AmqpOutboundEndpoint(binderTemplate), "orders");
		PublishException failure = new PublishException("no broker", PublishOutcome.NOT_SENT, "id", null);
		willThrow(failure).given(this.template).send(any(), any(), any(), any());
		assertThatExceptionOfType(PublishException.class)
			.isThrownBy(() -> binderTemplate.convertAndSend("orders", "new", "order"))
			.isSameAs(failure);
		Mockito.verify(this.template).send(any(), any(), any(), any());
	}

	@Test
	void batchesPublishWithFailoverAndAreWarnedOf(CapturedOutput output) {
		BatchingRabbitTemplate binderTemplate = new BatchingRabbitTemplate(this.connectionFactory, Mockito.mock(),
				Mockito.mock());
		this.customizer.configure(new AmqpOutboundEndpoint(binderTemplate), "orders");
		assertThat(binderTemplate.getConnectionFactory()).isInstanceOf(BinderConnectionFactory.class);
		assertThat(output).containsOnlyOnce("producer for destination 'orders' sends batches");
	}

	@Test
	void transactedProducerIsLeftWithAWarning(CapturedOutput output) {
		RabbitTemplate binderTemplate = new RabbitTemplate(this.connectionFactory);
		binderTemplate.setChannelTransacted(true);
		this.customizer.configure(new AmqpOutboundEndpoint(binderTemplate), "orders");
		assertThat(binderTemplate.getConnectionFactory()).isSameAs(this.connectionFactory);
		assertThat(output).containsOnlyOnce("destination 'orders' publishes without failover, because its channel");
	}

	@Test
	void producerOfAnotherConnectionFactoryIsLeftWithAWarning(CapturedOutput output) {
		ConnectionFactory other = Mockito.mock(ConnectionFactory.class);
		RabbitTemplate binderTemplate = new RabbitTemplate(other);
		this.customizer.configure(new AmqpOutboundEndpoint(binderTemplate), "orders");
		assertThat(binderTemplate.getConnectionFactory()).isSameAs(other);
		assertThat(output).containsOnlyOnce("destination 'orders' publishes without failover, because its binder");
	}

	@Test
	void producersOfOtherBindersAreNotItsBusiness(CapturedOutput output) {
		this.customizer.configure(Mockito.mock(MessageHandler.class), "orders");
		assertThat(output).isEmpty();
	}

}
