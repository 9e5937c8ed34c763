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
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;

import org.junit.jupiter.params.ParameterizedTest;
import org.springframework.amqp.core.Message;
import org.springframework.amqp.core.MessageBuilder;
import org.springframework.amqp.core.Queue;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.event.EventListener;

import dev.failover.broker.BrokerEvent;
import dev.failover.broker.BrokerOperations;
import dev.failover.broker.Brokers;
import dev.failover.template.FailoverTemplate;
import dev.failover.template.MessageReturnedException;
import dev.failover.test.RabbitNode;
import dev.failover.test.junit.EachRabbit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.awaitility.Awaitility.await;

/**
 * A reply that an application sends by itself, with a template, after it has moved to
 * another broker than that of the request.
 */
class ForeignReplyIntegrationTests {

	@ParameterizedTest
	@EachRabbit
	void replyWhoseRequesterIsNotThereIsReturnedAndNothingElseSuffers(String version) throws Exception {
		try (RabbitNode first = RabbitNode.builder().version(version).start();
				RabbitNode second = RabbitNode.builder().version(version).start();
				ConfigurableApplicationContext requester = Applications.run(Desk.class, Applications.brokers(first),
						"spring.rabbitmq.template.reply-timeout=60s");
				ConfigurableApplicationContext context = Applications.run(Desk.class,
						Applications.brokers(first, second), "failover.strategy=priority")) {
			FailoverTemplate template = context.getBean(FailoverTemplate.class);
			FailoverTemplate requesting = requester.getBean(FailoverTemplate.class);
			CompletableFuture<Object> reply = CompletableFuture
				.supplyAsync(() -> requesting.convertSendAndReceive("requests", "order"));
			Message request = template.receive("requests", TimeUnit.SECONDS.toMillis(30));
			assertThat(request).isNotNull();
			String replyTo = request.getMessageProperties().getReplyTo();
			BrokerOperations operations = context.getBean(Brokers.class).operations();
			String home = context.getBean(Brokers.class).getActive().name();
			operations.activate(other(context, home));
			List<CompletableFuture<?>> others = new CopyOnWriteArrayList<>();
			for (int i = 0; i < 100; i++) {
				others.add(template.convertAndSendAsync("", "requests", "among others"));
				if (i % 10 == 0) {
					assertThatExceptionOfType(MessageReturnedException.class)
						.isThrownBy(() -> template.send(replyTo, reply(request)))
						.satisfies((ex) -> assertThat(ex.getRoutingKey()).isEqualTo(replyTo));
				}
			}
			assertThat(CompletableFuture.allOf(others.toArray(CompletableFuture[]::new)))
				.succeedsWithin(Duration.ofSeconds(30));
			assertThat(context.getBean(Desk.class).events).noneMatch(BrokerEvent.Lost.class::isInstance)
				.noneMatch(BrokerEvent.Replayed.class::isInstance);
			operations.activate(home);
			await().atMost(Duration.ofSeconds(30)).until(() -> isAnswered(reply, template, request));
			assertThat(reply).isCompletedWithValue("done");
		}
	}

	/**
	 * RabbitMQ 3.10 returns every mandatory direct reply, also if the requester gets it.
	 */
	private static boolean isAnswered(CompletableFuture<Object> reply, FailoverTemplate template, Message request) {
		try {
			template.send(request.getMessageProperties().getReplyTo(), reply(request));
		}
		catch (MessageReturnedException ex) {
			// as said above, or the move back is not over
		}
		return reply.isDone();
	}

	private static String other(ConfigurableApplicationContext context, String home) {
		return context.getBean(Brokers.class)
			.getAll()
			.stream()
			.map((broker) -> broker.name())
			.filter((name) -> !name.equals(home))
			.findFirst()
			.orElseThrow();
	}

	private static Message reply(Message request) {
		return MessageBuilder.withBody("done".getBytes())
			.setContentType("text/plain")
			.setCorrelationId(request.getMessageProperties().getCorrelationId())
			.build();
	}

	@Configuration(proxyBeanMethods = false)
	static class Desk {

		final List<BrokerEvent> events = new CopyOnWriteArrayList<>();

		@Bean
		Queue requests() {
			return new Queue("requests");
		}

		@EventListener
		void on(BrokerEvent event) {
			this.events.add(event);
		}

	}

}
