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

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;

import org.junit.jupiter.api.Test;
import org.springframework.amqp.core.Queue;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

import dev.failover.ensure.Ensure;
import dev.failover.template.Confirmation;
import dev.failover.template.FailoverTemplate;
import dev.failover.test.RabbitNode;
import dev.failover.test.junit.BrokerTest;
import dev.failover.test.junit.Rabbit;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests that an annotated method which returns the future of the template is ensured.
 */
@BrokerTest
class EnsuredFutureIntegrationTests {

	@Rabbit(name = "first")
	private RabbitNode first;

	@Rabbit(name = "second")
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
				boolean onFirst = new QueueOnBroker(this.first, Shop.QUEUE).exists();
				RabbitNode used = onFirst ? this.first : this.second;
				Applications.writeQueues(used);
				used.kill();
				senders.awaitEnd();
			}
		}
		this.first.start();
		this.second.start();
		List<String> found = new ArrayList<>(new QueueOnBroker(this.first, Shop.QUEUE).drain());
		found.addAll(new QueueOnBroker(this.second, Shop.QUEUE).drain());
		assertThat(senders.errors()).isEmpty();
		assertThat(senders.sent()).hasSize(4000);
		assertThat(found).containsAll(senders.sent());
		assertThat(found.size() - 4000).isLessThanOrEqualTo(senders.threads());
	}

	@Configuration(proxyBeanMethods = false)
	static class Shop {

		static final String QUEUE = "orders";

		@Bean
		Queue orders() {
			return new Queue(QUEUE);
		}

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
			return this.template.convertAndSendAsync("", Shop.QUEUE, order);
		}

	}

}
