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
import java.util.ArrayList;
import java.util.List;

import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.junit.jupiter.api.Test;
import org.springframework.amqp.core.Queue;
import org.springframework.amqp.rabbit.core.RabbitTemplate;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

import dev.failover.broker.Brokers;
import dev.failover.test.FaultProxy;
import dev.failover.test.RabbitNode;
import dev.failover.test.junit.BrokerTest;
import dev.failover.test.junit.Rabbit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * Tests for many callers and for the time in which no broker is up.
 */
@BrokerTest
class OutageIntegrationTests {

	private static final Log logger = LogFactory.getLog(OutageIntegrationTests.class);

	@Rabbit(name = "first", user = "north", password = "north-secret", virtualHost = "north-orders")
	private RabbitNode first;

	@Rabbit(name = "second", user = "south", password = "south-secret", virtualHost = "south-orders")
	private RabbitNode second;

	@Test
	void callersResumeWhenOneOfAllBrokersIsBack() throws Exception {
		Senders senders;
		try (ConfigurableApplicationContext context = Applications.run(Shop.class,
				Applications.brokers(this.first, this.second))) {
			RabbitTemplate template = context.getBean(RabbitTemplate.class);
			senders = Senders.start(4, 3000, (order) -> template.convertAndSend(Shop.QUEUE, order));
			try (senders) {
				senders.awaitThird();
				Applications.writeQueues(this.first, this.second);
				this.second.kill();
				this.first.kill();
				Brokers brokers = context.getBean(Brokers.class);
				await().pollDelay(Duration.ofSeconds(5)).until(() -> brokers.getActive() == null);
				this.second.start();
				senders.awaitEnd();
				assertThat(brokers.getActive()).isEqualTo(brokers.getAll().get(1));
			}
		}
		this.first.start();
		verify(senders, 12_000);
	}

	@Test
	void twoHundredCallersCauseOneConnectPerBrokerAndKindAtATime() throws Exception {
		Senders senders;
		try (FaultProxy north = FaultProxy.to(this.first);
				FaultProxy south = FaultProxy.to(this.second);
				ConfigurableApplicationContext context = Applications.run(Shop.class,
						"failover.brokers=" + through(north, this.first) + ";" + through(south, this.second))) {
			RabbitTemplate template = context.getBean(RabbitTemplate.class);
			template.convertAndSend(Shop.QUEUE, "first");
			Applications.writeQueues(this.first, this.second);
			senders = Senders.start(200, 60, (order) -> template.convertAndSend(Shop.QUEUE, order));
			try (senders) {
				senders.awaitThird();
				Brokers brokers = context.getBean(Brokers.class);
				boolean onFirst = brokers.getAll().get(0).equals(brokers.getActive());
				(onFirst ? this.first : this.second).kill();
				senders.awaitEnd();
			}
			logger.info("Connections accepted: %d and %d, at most %d and %d connecting at a time".formatted(
					north.acceptedConnections(), south.acceptedConnections(), north.maxConnectingConnections(),
					south.maxConnectingConnections()));
			assertThat(north.maxConnectingConnections()).isLessThanOrEqualTo(2);
			assertThat(south.maxConnectingConnections()).isLessThanOrEqualTo(2);
			assertThat(north.acceptedConnections() + south.acceptedConnections()).isLessThanOrEqualTo(8);
		}
		this.first.start();
		this.second.start();
		verify(senders, 12_000);
	}

	private void verify(Senders senders, int expected) {
		List<String> found = new ArrayList<>(new QueueOnBroker(this.first, Shop.QUEUE).drain());
		found.addAll(new QueueOnBroker(this.second, Shop.QUEUE).drain());
		logger.info("%d messages, %d confirmed, longest gap %d ms".formatted(found.size(), senders.sent().size(),
				senders.longestGap().toMillis()));
		assertThat(senders.errors()).isEmpty();
		assertThat(senders.sent()).hasSize(expected);
		assertThat(found).containsAll(senders.sent());
		assertThat(found.size() - expected - 1).isLessThanOrEqualTo(senders.threads());
	}

	private static String through(FaultProxy proxy, RabbitNode node) {
		return node.uri().toString().replace(":" + node.port(), ":" + proxy.port());
	}

	@Configuration(proxyBeanMethods = false)
	static class Shop {

		static final String QUEUE = "orders";

		@Bean
		Queue orders() {
			return new Queue(QUEUE);
		}

	}

}
