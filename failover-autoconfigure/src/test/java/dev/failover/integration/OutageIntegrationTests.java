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

import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.junit.jupiter.api.Test;
import org.springframework.amqp.rabbit.core.RabbitTemplate;
import org.springframework.context.ConfigurableApplicationContext;

import dev.failover.broker.Brokers;
import dev.failover.test.FaultProxy;
import dev.failover.test.RabbitNode;
import dev.failover.test.junit.BrokerTest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * Tests for many callers and for the time in which no broker is up.
 */
@BrokerTest
class OutageIntegrationTests {

	private static final Log logger = LogFactory.getLog(OutageIntegrationTests.class);

	@North
	private RabbitNode first;

	@South
	private RabbitNode second;

	@Test
	void callersResumeWhenOneOfAllBrokersIsBack() throws Exception {
		Senders senders;
		try (ConfigurableApplicationContext context = Applications.run(OrderQueue.class,
				Applications.brokers(this.first, this.second))) {
			RabbitTemplate template = context.getBean(RabbitTemplate.class);
			senders = Senders.start(4, 3000, (order) -> template.convertAndSend(OrderQueue.NAME, order));
			try (senders) {
				senders.awaitThird();
				Applications.writeQueues(this.first, this.second);
				Brokers brokers = context.getBean(Brokers.class);
				boolean onFirst = brokers.getAll().get(0).equals(brokers.getActive());
				(onFirst ? this.second : this.first).kill();
				(onFirst ? this.first : this.second).kill();
				await().pollDelay(Duration.ofSeconds(5)).until(() -> brokers.getActive() == null);
				this.second.start();
				senders.awaitEnd();
				assertThat(brokers.getActive()).isEqualTo(brokers.getAll().get(1));
			}
		}
		this.first.start();
		verify(senders);
	}

	@Test
	void twoHundredCallersCauseOneConnectPerBrokerAndKindAtATime() throws Exception {
		Senders senders;
		try (FaultProxy north = FaultProxy.to(this.first);
				FaultProxy south = FaultProxy.to(this.second);
				ConfigurableApplicationContext context = Applications.run(OrderQueue.class, "failover.brokers="
						+ Applications.through(north, this.first) + ";" + Applications.through(south, this.second))) {
			RabbitTemplate template = context.getBean(RabbitTemplate.class);
			template.execute((channel) -> null);
			Applications.writeQueues(this.first, this.second);
			senders = Senders.start(200, 60, (order) -> template.convertAndSend(OrderQueue.NAME, order));
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
		verify(senders);
	}

	private void verify(Senders senders) {
		logger.info("Longest gap %d ms".formatted(senders.longestGap().toMillis()));
		senders.check(QueueOnBroker.drain(OrderQueue.NAME, this.first, this.second), 12_000);
	}

}
