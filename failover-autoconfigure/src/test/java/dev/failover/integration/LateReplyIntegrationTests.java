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
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

import org.junit.jupiter.params.ParameterizedTest;
import org.springframework.amqp.core.Queue;
import org.springframework.amqp.rabbit.annotation.RabbitListener;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.event.EventListener;

import dev.failover.broker.BrokerEvent;
import dev.failover.template.FailoverTemplate;
import dev.failover.test.RabbitNode;
import dev.failover.test.junit.EachRabbit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * A listener replies to a request whose broker was lost meanwhile. The name of a direct
 * reply is one of that broker: RabbitMQ closes the whole connection on which another one
 * is given it.
 */
class LateReplyIntegrationTests {

	@ParameterizedTest
	@EachRabbit
	void replyToALostBrokerLeavesTheConnectionsToTheNextOneOpen(String version, @North RabbitNode first,
			@South RabbitNode second) throws Exception {
		for (String type : List.of("simple", "direct")) {
			lateReply(type, first, second);
		}
	}

	private void lateReply(String type, RabbitNode first, RabbitNode second) throws Exception {
		try (ConfigurableApplicationContext requester = Applications.run(Requester.class,
				Applications.brokers(first, second), "failover.strategy=priority");
				ConfigurableApplicationContext context = Applications.run(Desk.class,
						Applications.brokers(first, second), "spring.rabbitmq.listener.type=" + type,
						"spring.rabbitmq.listener.simple.concurrency=2",
						"spring.rabbitmq.listener.direct.consumers-per-queue=2")) {
			Desk desk = context.getBean(Desk.class);
			FailoverTemplate template = requester.getBean(FailoverTemplate.class);
			RabbitNode node = Applications.active(context, first, second);
			var reply = CompletableFuture.supplyAsync(() -> template.convertSendAndReceive("requests", "order"));
			assertThat(desk.arrived.await(30, TimeUnit.SECONDS)).isTrue();
			Applications.writeQueues(first, second);
			node.kill();
			try {
				await().atMost(Duration.ofSeconds(30))
					.until(() -> desk.events.stream().filter(BrokerEvent.Activated.class::isInstance).count() == 2);
				desk.goOn.countDown();
				assertThat(reply.get(1, TimeUnit.MINUTES)).isEqualTo("done");
				for (int i = 0; i < 20; i++) {
					assertThat(template.convertSendAndReceive("requests", "more")).isEqualTo("done");
				}
				assertThat(desk.events).filteredOn(BrokerEvent.Lost.class::isInstance).hasSize(1);
				assertThat(desk.events).filteredOn(BrokerEvent.Activated.class::isInstance).hasSize(2);
			}
			finally {
				node.start();
			}
		}
	}

	@Configuration(proxyBeanMethods = false)
	static class Requester {

		@Bean
		Queue requests() {
			return new Queue("requests");
		}

	}

	/**
	 * Replies when it may.
	 */
	@Configuration(proxyBeanMethods = false)
	static class Desk {

		final CountDownLatch arrived = new CountDownLatch(1);

		final CountDownLatch goOn = new CountDownLatch(1);

		final List<BrokerEvent> events = new CopyOnWriteArrayList<>();

		@Bean
		Queue requests() {
			return new Queue("requests");
		}

		@EventListener
		void on(BrokerEvent event) {
			this.events.add(event);
		}

		@RabbitListener(queues = "requests")
		String serve(String order) throws InterruptedException {
			this.arrived.countDown();
			assertThat(this.goOn.await(1, TimeUnit.MINUTES)).isTrue();
			return "done";
		}

	}

}
