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
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;

import org.awaitility.Awaitility;
import org.junit.jupiter.params.ParameterizedTest;
import org.springframework.amqp.core.Queue;
import org.springframework.amqp.core.QueueBuilder;
import org.springframework.amqp.rabbit.connection.ConnectionFactory;
import org.springframework.amqp.rabbit.listener.SimpleMessageListenerContainer;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

import dev.failover.broker.Broker;
import dev.failover.broker.Brokers;
import dev.failover.connection.PlannedMoves;
import dev.failover.template.FailoverTemplate;
import dev.failover.test.RabbitNode;
import dev.failover.test.junit.EachRabbit;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * A stream keeps its messages: a broker that has one is never empty.
 */
class StreamDrainIntegrationTests {

	private static final Duration PATIENCE = Duration.ofSeconds(60);

	@ParameterizedTest
	@EachRabbit
	void brokerWithAStreamIsDisabledAndNotConsumedFromAnyMore(String version, @North RabbitNode one,
			@South RabbitNode two) throws Exception {
		try (ConfigurableApplicationContext context = Applications.run(Shop.class, Applications.brokers(one, two),
				"failover.listener.brokers=all", "failover.move.timeout=30s")) {
			Shop shop = context.getBean(Shop.class);
			context.getBean(FailoverTemplate.class).convertAndSend(Shop.STREAM, "one");
			Awaitility.await().atMost(PATIENCE).until(() -> shop.received.equals(List.of("one")));
			Broker left = context.getBean(Brokers.class).getActive();
			context.getBean(PlannedMoves.class).disable(left.name()).get(20, TimeUnit.SECONDS);
			assertThat(context.getBean(Brokers.class).getActive()).isNotEqualTo(left);
			context.getBean(FailoverTemplate.class).convertAndSend(Shop.STREAM, "two");
			Awaitility.await().atMost(PATIENCE).until(() -> shop.received.contains("two"));
			assertThat(shop.received).containsExactly("one", "two");
		}
	}

	@Configuration(proxyBeanMethods = false)
	static class Shop {

		static final String STREAM = "stream";

		final List<String> received = new CopyOnWriteArrayList<>();

		@Bean
		Queue stream() {
			return QueueBuilder.durable(STREAM).stream().build();
		}

		@Bean
		SimpleMessageListenerContainer container(ConnectionFactory connectionFactory) {
			SimpleMessageListenerContainer container = new SimpleMessageListenerContainer(connectionFactory);
			container.setQueueNames(STREAM);
			container.setPrefetchCount(10);
			container.setConsumerArguments(Map.of("x-stream-offset", "first"));
			container.setMessageListener((message) -> this.received.add(new String(message.getBody())));
			return container;
		}

	}

}
