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

package dev.failover.autoconfigure.listener;

import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;

import com.rabbitmq.client.Channel;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.springframework.amqp.core.Message;
import org.springframework.amqp.rabbit.annotation.RabbitListener;
import org.springframework.amqp.rabbit.core.RabbitTemplate;
import org.springframework.amqp.rabbit.listener.AsyncConsumerRestartedEvent;
import org.springframework.amqp.rabbit.listener.ConsumeOkEvent;
import org.springframework.amqp.rabbit.listener.RabbitListenerEndpointRegistry;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.event.EventListener;

import dev.failover.autoconfigure.listener.ListenerApplication.ContainerType;
import dev.failover.broker.BrokerEvent;
import dev.failover.broker.Brokers;
import dev.failover.test.EmbeddedBroker;
import dev.failover.test.junit.BrokerTest;
import dev.failover.test.junit.Embedded;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * What a consumer does about errors.
 */
@BrokerTest
class ConsumerIntegrationTests {

	private static final Duration RECOVERY = Duration.ofSeconds(20);

	@Embedded
	private EmbeddedBroker first;

	@Embedded
	private EmbeddedBroker second;

	@ParameterizedTest
	@EnumSource
	@DisplayName("Behaviour 28: a consumer survives errors of its channel and of its connection until it is told to stop")
	void survivesErrorsUntilToldToStop(ContainerType type) {
		try (ConfigurableApplicationContext context = run(type)) {
			Clerk clerk = context.getBean(Clerk.class);
			RabbitTemplate template = context.getBean(RabbitTemplate.class);
			template.convertAndSend(Clerk.QUEUE, Clerk.CLOSES_THE_CHANNEL);
			await().atMost(RECOVERY).until(() -> clerk.received.contains(Clerk.CLOSES_THE_CHANNEL));
			this.first.kill();
			template.convertAndSend(Clerk.QUEUE, "elsewhere");
			await().atMost(RECOVERY).until(() -> clerk.received.contains("elsewhere"));
			context.getBean(RabbitListenerEndpointRegistry.class).stop();
			template.convertAndSend(Clerk.QUEUE, "late");
			await().pollDelay(Duration.ofSeconds(1)).until(() -> this.second.messageCount(Clerk.QUEUE) == 1);
			assertThat(clerk.received).doesNotContain("late");
		}
	}

	@ParameterizedTest
	@EnumSource
	@DisplayName("Behaviour 28: a consumer waits while no broker is there, and consumes from the first one that is back")
	void waitsForABroker(ContainerType type) {
		try (ConfigurableApplicationContext context = run(type)) {
			Clerk clerk = context.getBean(Clerk.class);
			await().atMost(RECOVERY).until(() -> clerk.ready.size() == 1);
			this.second.kill();
			this.first.kill();
			Brokers brokers = context.getBean(Brokers.class);
			await().atMost(RECOVERY).until(() -> brokers.getActive() == null);
			this.second.start();
			await().atMost(RECOVERY).until(() -> brokers.getActive() != null);
			context.getBean(RabbitTemplate.class).convertAndSend(Clerk.QUEUE, "back");
			await().atMost(RECOVERY).until(() -> clerk.received.contains("back"));
			assertThat(clerk.restarts).isEmpty();
		}
	}

	@ParameterizedTest
	@EnumSource
	@DisplayName("Behaviour 29: events tell in order that the broker is lost and another one active, and when consumers are ready")
	void eventsComeInOrder(ContainerType type) {
		try (ConfigurableApplicationContext context = run(type)) {
			Clerk clerk = context.getBean(Clerk.class);
			await().atMost(RECOVERY).until(() -> clerk.ready.size() == 1);
			this.first.kill();
			Brokers brokers = context.getBean(Brokers.class);
			String north = brokers.getAll().get(0).name();
			String south = brokers.getAll().get(1).name();
			await().atMost(RECOVERY)
				.untilAsserted(() -> assertThat(clerk.events).containsSubsequence("active " + north, "ready " + north,
						"lost " + north, "active " + south, "ready " + south));
			assertThat(clerk.ready).as("begun by the container").hasSize(1);
		}
	}

	private ConfigurableApplicationContext run(ContainerType type) {
		return ListenerApplication.run(type, List.of(Clerk.class), List.of(), this.first, this.second);
	}

	@Configuration(proxyBeanMethods = false)
	@EnableAutoConfiguration
	static class Clerk {

		static final String QUEUE = "orders";

		static final String CLOSES_THE_CHANNEL = "closes the channel";

		private final Queue<String> received = new ConcurrentLinkedQueue<>();

		private final Queue<ConsumeOkEvent> ready = new ConcurrentLinkedQueue<>();

		private final Queue<AsyncConsumerRestartedEvent> restarts = new ConcurrentLinkedQueue<>();

		private final Queue<String> events = new ConcurrentLinkedQueue<>();

		@Bean
		org.springframework.amqp.core.Queue orders() {
			return new org.springframework.amqp.core.Queue(QUEUE);
		}

		@RabbitListener(queues = QUEUE)
		void on(String order, Message message, Channel channel) throws IOException {
			if (CLOSES_THE_CHANNEL.equals(order) && !message.getMessageProperties().isRedelivered()) {
				channel.exchangeDeclarePassive("no such exchange");
			}
			this.received.add(order);
		}

		@EventListener
		void on(ConsumeOkEvent event) {
			this.ready.add(event);
		}

		@EventListener
		void on(AsyncConsumerRestartedEvent event) {
			this.restarts.add(event);
		}

		@EventListener
		void on(BrokerEvent event) {
			if (event instanceof BrokerEvent.Lost lost) {
				this.events.add("lost " + lost.broker().name());
			}
			else if (event instanceof BrokerEvent.Activated activated) {
				this.events.add("active " + activated.to().name());
			}
			else if (event instanceof BrokerEvent.ConsumersReady consumers) {
				this.events.add("ready " + consumers.broker().name());
			}
		}

	}

}
