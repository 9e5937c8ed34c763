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

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.amqp.rabbit.core.RabbitTemplate;
import org.springframework.context.ConfigurableApplicationContext;

import dev.failover.broker.Brokers;
import dev.failover.test.EmbeddedBroker;
import dev.failover.test.junit.BrokerTest;
import dev.failover.test.junit.Embedded;

/**
 * Tests that each way to use connections, channels and confirms fails over.
 */
@BrokerTest
class ConnectionModesIntegrationTests {

	@Embedded
	private EmbeddedBroker first;

	@Embedded
	private EmbeddedBroker second;

	@ParameterizedTest
	@CsvSource({ "channel, none, true", "channel, none, false", "channel, simple, true", "channel, simple, false",
			"channel, correlated, true", "channel, correlated, false", "connection, none, true",
			"connection, none, false", "connection, simple, true", "connection, simple, false",
			"connection, correlated, true", "connection, correlated, false" })
	void nothingConfirmedIsMissing(String mode, String confirms, boolean publisherConnection) throws Exception {
		if (mode.equals("connection")) {
			// Spring declares nothing by itself while connections are cached
			new QueueOnBroker(this.first, OrderQueue.NAME).declare();
			new QueueOnBroker(this.second, OrderQueue.NAME).declare();
		}
		Senders senders;
		try (ConfigurableApplicationContext context = Applications.run(OrderQueue.class,
				Applications.brokers(this.first, this.second), "spring.rabbitmq.cache.connection.mode=" + mode,
				"spring.rabbitmq.publisher-confirm-type=" + confirms)) {
			RabbitTemplate template = context.getBean(RabbitTemplate.class);
			template.setUsePublisherConnection(publisherConnection);
			senders = Senders.start(4, 250, (order) -> template.convertAndSend(OrderQueue.NAME, order));
			try (senders) {
				senders.awaitThird();
				active(context).kill();
				senders.awaitEnd();
			}
		}
		this.first.start();
		this.second.start();
		senders.check(QueueOnBroker.drain(OrderQueue.NAME, this.first, this.second), 1000);
	}

	private EmbeddedBroker active(ConfigurableApplicationContext context) {
		Brokers brokers = context.getBean(Brokers.class);
		return brokers.getAll().get(0).equals(brokers.getActive()) ? this.first : this.second;
	}

}
