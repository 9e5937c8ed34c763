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

import java.util.concurrent.CompletableFuture;

import org.junit.jupiter.api.Test;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;

import dev.failover.ensure.Ensure;
import dev.failover.template.Confirmation;
import dev.failover.template.FailoverTemplate;
import dev.failover.test.RabbitNode;
import dev.failover.test.junit.BrokerTest;

/**
 * Tests that an annotated method which returns the future of the template is ensured.
 */
@BrokerTest
class EnsuredFutureIntegrationTests {

	@North
	private RabbitNode first;

	@South
	private RabbitNode second;

	@Test
	void nothingIsMissingAndNoFutureFailsWhenTheBrokerIsKilled() throws Exception {
		Senders senders;
		try (ConfigurableApplicationContext context = Applications.run(Shop.class,
				Applications.brokers(this.first, this.second))) {
			Sales sales = context.getBean(Sales.class);
			senders = Senders.start(4, 1000, (order) -> sales.sell(order).join());
			try (senders) {
				senders.awaitThird();
				boolean onFirst = new QueueOnBroker(this.first, OrderQueue.NAME).exists();
				RabbitNode used = onFirst ? this.first : this.second;
				Applications.writeQueues(used);
				used.kill();
				senders.awaitEnd();
			}
		}
		this.first.start();
		this.second.start();
		senders.check(QueueOnBroker.drain(OrderQueue.NAME, this.first, this.second), 4000);
	}

	@Configuration(proxyBeanMethods = false)
	@Import(OrderQueue.class)
	static class Shop {

		@Bean
		Sales sales(FailoverTemplate template) {
			return new Sales(template);
		}

	}

	static class Sales {

		private final FailoverTemplate template;

		Sales(FailoverTemplate template) {
			this.template = template;
		}

		@Ensure
		CompletableFuture<Confirmation> sell(String order) {
			return this.template.convertAndSendAsync("", OrderQueue.NAME, order);
		}

	}

}
