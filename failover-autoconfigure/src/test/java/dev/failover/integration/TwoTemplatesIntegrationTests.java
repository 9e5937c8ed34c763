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

import java.util.Set;
import java.util.TreeSet;

import org.junit.jupiter.api.Test;
import org.springframework.amqp.core.Queue;
import org.springframework.amqp.rabbit.connection.ConnectionFactory;
import org.springframework.amqp.rabbit.core.RabbitTemplate;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Primary;

import dev.failover.autoconfigure.rabbit.FailoverTemplateConfigurer;
import dev.failover.template.FailoverTemplate;
import dev.failover.test.RabbitNode;
import dev.failover.test.junit.BrokerTest;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests for an application that has several templates.
 */
@BrokerTest
class TwoTemplatesIntegrationTests {

	@North
	private RabbitNode first;

	@South
	private RabbitNode second;

	@Test
	void eachOfTwoTemplatesFailsOver() throws Exception {
		try (ConfigurableApplicationContext context = Applications.run(TwoTemplates.class,
				Applications.brokers(this.first, this.second))) {
			loseABroker(context, context.getBean("orders", FailoverTemplate.class),
					context.getBean("audit", FailoverTemplate.class));
		}
	}

	@Test
	void templateBesideAnOwnOneFailsOver() throws Exception {
		try (ConfigurableApplicationContext context = Applications.run(OwnTemplate.class,
				Applications.brokers(this.first, this.second))) {
			FailoverTemplate template = context.getBean(FailoverTemplate.class);
			assertThat(context.getBean(RabbitTemplate.class)).isNotSameAs(template);
			loseABroker(context, template, template);
		}
	}

	private void loseABroker(ConfigurableApplicationContext context, FailoverTemplate one, FailoverTemplate two)
			throws Exception {
		RabbitNode lost;
		try (Senders orders = Senders.start(2, 1000, (body) -> one.convertAndSend("", "orders", body));
				Senders audit = Senders.start(2, 1000, (body) -> two.convertAndSend("", "audit", body))) {
			orders.awaitThird();
			audit.awaitThird();
			Applications.writeQueues(this.first, this.second);
			lost = Applications.active(context, this.first, this.second);
			lost.kill();
			orders.awaitEnd();
			audit.awaitEnd();
			assertThat(orders.errors()).isEmpty();
			assertThat(audit.errors()).isEmpty();
			lost.start();
			assertFound(orders.sent(), "orders");
			assertFound(audit.sent(), "audit");
		}
	}

	private void assertFound(Set<String> sent, String queue) throws Exception {
		Set<String> missing = new TreeSet<>(sent);
		missing.removeAll(QueueOnBroker.drain(queue, this.first, this.second));
		assertThat(sent).hasSize(2000);
		assertThat(missing).isEmpty();
	}

	/**
	 * Application with two templates that fail over.
	 */
	@Configuration(proxyBeanMethods = false)
	static class TwoTemplates extends Queues {

		@Bean
		@Primary
		FailoverTemplate orders(FailoverTemplateConfigurer configurer, ConnectionFactory connectionFactory) {
			return configurer.create(connectionFactory);
		}

		@Bean
		FailoverTemplate audit(FailoverTemplateConfigurer configurer, ConnectionFactory connectionFactory) {
			return configurer.create(connectionFactory);
		}

	}

	/**
	 * Application with a template of its own.
	 */
	@Configuration(proxyBeanMethods = false)
	static class OwnTemplate extends Queues {

		@Bean
		RabbitTemplate ownTemplate(ConnectionFactory connectionFactory) {
			return new RabbitTemplate(connectionFactory);
		}

	}

	/**
	 * The queues.
	 */
	static class Queues {

		@Bean
		Queue orderQueue() {
			return new Queue("orders");
		}

		@Bean
		Queue auditQueue() {
			return new Queue("audit");
		}

	}

}
