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
import java.util.concurrent.CopyOnWriteArrayList;

import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.springframework.amqp.core.Declarables;
import org.springframework.amqp.core.Queue;
import org.springframework.amqp.rabbit.connection.ConnectionFactory;
import org.springframework.amqp.rabbit.listener.AbstractMessageListenerContainer;
import org.springframework.amqp.rabbit.listener.DirectMessageListenerContainer;
import org.springframework.amqp.rabbit.listener.SimpleMessageListenerContainer;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

import dev.failover.broker.Brokers;
import dev.failover.template.FailoverTemplate;
import dev.failover.test.FaultProxy;
import dev.failover.test.RabbitCluster;
import dev.failover.test.junit.EachRabbit;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests for an exclusive queue on a cluster, one node of which cannot be reached any
 * more, but goes on and keeps the queue locked until it misses the heartbeats.
 */
@ParameterizedClass
@EachRabbit
class LockedQueueClusterIntegrationTests {

	private static final Duration PATIENCE = Duration.ofSeconds(60);

	@Parameter
	private String version;

	@Test
	void exclusiveQueuesAreConsumedFromAgainWhenTheirFormerConnectionIsGivenUp() {
		try (RabbitCluster cluster = RabbitCluster.builder()
			.size(2)
			.nodes((node) -> node.version(this.version))
			.start();
				FaultProxy network = FaultProxy.to(cluster.node(0));
				ConfigurableApplicationContext context = Applications.run(Consuming.class,
						"failover.brokers=" + Applications.through(network, cluster.node(0)) + ";"
								+ cluster.node(1).uri(),
						"spring.rabbitmq.requested-heartbeat=2s", "failover.standby=false",
						"failover.connect.race-delay=0")) {
			Consuming consuming = context.getBean(Consuming.class);
			FailoverTemplate template = context.getBean(FailoverTemplate.class);
			Brokers brokers = context.getBean(Brokers.class);
			consuming.publishUntilReceived(template, "before");
			assertThat(brokers.getActive()).isEqualTo(brokers.getAll().get(0));
			network.blackHole();
			Awaitility.await().atMost(PATIENCE).until(() -> brokers.getAll().get(1).equals(brokers.getActive()));
			consuming.publishUntilReceived(template, "after");
		}
	}

	/**
	 * Consumes with both types of container, each from a queue of its own.
	 */
	@Configuration(proxyBeanMethods = false)
	static class Consuming {

		private static final List<String> QUEUES = List.of("simple", "direct");

		private final List<String> received = new CopyOnWriteArrayList<>();

		@Bean
		Declarables queues() {
			return new Declarables(QUEUES.stream().map((name) -> new Queue(name, false, true, false)).toList());
		}

		@Bean
		SimpleMessageListenerContainer simple(ConnectionFactory connectionFactory) {
			return consuming(new SimpleMessageListenerContainer(connectionFactory), QUEUES.get(0));
		}

		@Bean
		DirectMessageListenerContainer direct(ConnectionFactory connectionFactory) {
			return consuming(new DirectMessageListenerContainer(connectionFactory), QUEUES.get(1));
		}

		private <T extends AbstractMessageListenerContainer> T consuming(T container, String queue) {
			container.setQueueNames(queue);
			container.setMessageListener((message) -> this.received.add(queue + " " + new String(message.getBody())));
			return container;
		}

		void publishUntilReceived(FailoverTemplate template, String message) {
			Awaitility.await().atMost(PATIENCE).ignoreExceptions().untilAsserted(() -> {
				QUEUES.forEach((queue) -> template.convertAndSend(queue, message));
				assertThat(this.received).containsAll(QUEUES.stream().map((queue) -> queue + " " + message).toList());
			});
		}

	}

}
