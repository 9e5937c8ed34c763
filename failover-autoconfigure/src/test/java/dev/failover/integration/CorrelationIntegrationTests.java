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

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.amqp.core.Message;
import org.springframework.amqp.core.MessageBuilder;
import org.springframework.amqp.core.Queue;
import org.springframework.amqp.core.ReturnedMessage;
import org.springframework.amqp.rabbit.connection.CorrelationData;
import org.springframework.amqp.rabbit.connection.PublisherCallbackChannel;
import org.springframework.amqp.rabbit.core.RabbitTemplate;
import org.springframework.boot.amqp.autoconfigure.RabbitTemplateCustomizer;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

import dev.failover.template.FailoverTemplate;
import dev.failover.test.RabbitNode;
import dev.failover.test.junit.BrokerTest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * Tests for an outbox that marks its rows by the confirms: what holds without failover
 * holds with it.
 */
@BrokerTest
class CorrelationIntegrationTests {

	private static final Duration TIMEOUT = Duration.ofSeconds(20);

	@North
	private RabbitNode node;

	@ParameterizedTest
	@ValueSource(booleans = { false, true })
	void postProcessorCorrelatesTheConfirm(boolean failover) {
		try (ConfigurableApplicationContext context = run(failover)) {
			Outbox outbox = context.getBean(Outbox.class);
			RabbitTemplate template = context.getBean(RabbitTemplate.class);
			assertThat(template instanceof FailoverTemplate).isEqualTo(failover);
			Message first = message("7");
			Message second = message("8");
			template.send("correlated", first);
			await().atMost(TIMEOUT).until(() -> outbox.confirmed.contains("row-7"));
			template.send("correlated", second);
			await().atMost(TIMEOUT).untilAsserted(() -> assertThat(outbox.confirmed).containsExactly("row-7", "row-8"));
			assertThat(first.getMessageProperties().getPublishSequenceNumber()).isEqualTo(1);
			assertThat(second.getMessageProperties().getPublishSequenceNumber()).isEqualTo(2);
			assertThat(first.getMessageProperties().getHeaders())
				.containsEntry(PublisherCallbackChannel.RETURNED_MESSAGE_CORRELATION_KEY, "row-7");
		}
	}

	@ParameterizedTest
	@ValueSource(booleans = { false, true })
	void postProcessorReplacesTheCorrelationOfTheCaller(boolean failover) {
		try (ConfigurableApplicationContext context = run(failover)) {
			Outbox outbox = context.getBean(Outbox.class);
			CorrelationData mine = new CorrelationData("mine");
			context.getBean(RabbitTemplate.class).send("", "correlated", message("7"), mine);
			await().atMost(TIMEOUT).until(() -> outbox.rows.get("row-7").getFuture().isDone());
			assertThat(outbox.rows.get("row-7").getFuture().join().ack()).isTrue();
			assertThat(mine.getFuture()).isNotDone();
		}
	}

	@ParameterizedTest
	@ValueSource(booleans = { false, true })
	void returnedMessageTellsItsCorrelation(boolean failover) {
		try (ConfigurableApplicationContext context = run(failover)) {
			Outbox outbox = context.getBean(Outbox.class);
			context.getBean(RabbitTemplate.class).send("nobody", message("8"));
			await().atMost(TIMEOUT).until(() -> outbox.confirmed.contains("row-8") && !outbox.returned.isEmpty());
			assertThat(outbox.returned).singleElement()
				.satisfies((returned) -> assertThat(returned.getMessage().getMessageProperties().getHeaders())
					.containsEntry(PublisherCallbackChannel.RETURNED_MESSAGE_CORRELATION_KEY, "row-8"));
			ReturnedMessage returned = outbox.rows.get("row-8").getReturned();
			assertThat(returned).isNotNull();
			assertThat(returned.getReplyText()).isEqualTo("NO_ROUTE");
		}
	}

	private ConfigurableApplicationContext run(boolean failover) {
		return Applications.run(OutboxApplication.class, "failover.enabled=" + failover,
				"spring.rabbitmq.addresses=" + this.node.uri(), "spring.rabbitmq.publisher-confirm-type=correlated",
				"spring.rabbitmq.publisher-returns=true");
	}

	private static Message message(String row) {
		return MessageBuilder.withBody(row.getBytes()).build();
	}

	/**
	 * Knows which rows are published.
	 */
	static final class Outbox implements RabbitTemplateCustomizer {

		private final Map<String, CorrelationData> rows = new ConcurrentHashMap<>();

		private final List<String> confirmed = new CopyOnWriteArrayList<>();

		private final List<ReturnedMessage> returned = new CopyOnWriteArrayList<>();

		@Override
		public void customize(RabbitTemplate template) {
			template.setCorrelationDataPostProcessor((message, given) -> {
				CorrelationData row = new CorrelationData("row-" + new String(message.getBody()));
				this.rows.put(row.getId(), row);
				return row;
			});
			template.setConfirmCallback((correlation, ack, cause) -> this.confirmed.add(correlation.getId()));
			template.setReturnsCallback(this.returned::add);
		}

	}

	@Configuration(proxyBeanMethods = false)
	static class OutboxApplication {

		@Bean
		Outbox outbox() {
			return new Outbox();
		}

		@Bean
		Queue correlated() {
			return new Queue("correlated");
		}

	}

}
