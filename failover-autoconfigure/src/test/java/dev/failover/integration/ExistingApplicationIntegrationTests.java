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
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.amqp.core.Queue;
import org.springframework.amqp.rabbit.annotation.RabbitListener;
import org.springframework.amqp.rabbit.core.RabbitTemplate;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

import dev.failover.test.RabbitNode;
import dev.failover.test.junit.BrokerTest;
import dev.failover.test.junit.Rabbit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * Tests for an application that has never heard of failover.
 */
@BrokerTest
class ExistingApplicationIntegrationTests {

	@Rabbit
	private RabbitNode first;

	@Rabbit
	private RabbitNode second;

	@ParameterizedTest
	@ValueSource(strings = { "simple", "direct" })
	void failsOverWithNothingButItsAddresses(String container) throws Exception {
		try (ConfigurableApplicationContext context = Applications.run(Shop.class,
				"spring.rabbitmq.addresses=%s:%d,%s:%d".formatted(this.first.host(), this.first.port(),
						this.second.host(), this.second.port()),
				"spring.rabbitmq.listener.type=" + container)) {
			Till till = context.getBean(Till.class);
			try (Senders senders = Senders.start(4, 1000, till::sell)) {
				senders.awaitThird();
				Applications.writeQueues(this.first, this.second);
				this.first.kill();
				senders.awaitEnd();
				assertThat(senders.errors()).isEmpty();
				this.first.start();
				this.second.kill();
				till.sell("last");
				assertThat(senders.sent()).hasSize(4000);
			}
			await().atMost(Duration.ofSeconds(20)).until(() -> till.received.contains("last"));
		}
	}

	@Configuration(proxyBeanMethods = false)
	static class Shop {

		@Bean
		Queue orders() {
			return new Queue("orders");
		}

		@Bean
		Till till(RabbitTemplate template) {
			return new Till(template);
		}

	}

	static class Till {

		private final Set<String> received = ConcurrentHashMap.newKeySet();

		private final RabbitTemplate template;

		Till(RabbitTemplate template) {
			this.template = template;
		}

		void sell(String order) {
			this.template.convertAndSend("orders", order);
		}

		@RabbitListener(queues = "orders")
		void on(String order) {
			this.received.add(order);
		}

	}

}
