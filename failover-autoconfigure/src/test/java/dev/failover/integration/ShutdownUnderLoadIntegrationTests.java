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
import java.util.concurrent.CompletableFuture;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Configuration;

import dev.failover.template.Confirmation;
import dev.failover.template.FailoverTemplate;
import dev.failover.test.RabbitNode;
import dev.failover.test.junit.BrokerTest;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests that an application may end with messages in flight.
 */
@BrokerTest
class ShutdownUnderLoadIntegrationTests {

	private static final String QUEUE = "load";

	@North
	private RabbitNode node;

	@BeforeEach
	void declare() {
		QueueOnBroker.declareNew(QUEUE, this.node);
	}

	@ParameterizedTest
	@ValueSource(strings = { "spring.rabbitmq.publisher-returns=true", "spring.rabbitmq.template.mandatory=true" })
	void messagesInFlightAreConfirmedAndNotPublishedAgain(String property) {
		List<CompletableFuture<Confirmation>> confirmed = new ArrayList<>();
		try (ConfigurableApplicationContext context = Applications.run(Publishing.class,
				Applications.brokers(this.node), property)) {
			FailoverTemplate template = context.getBean(FailoverTemplate.class);
			for (int i = 0; i < 3000; i++) {
				confirmed.add(template.convertAndSendAsync("", QUEUE, "order-" + i));
			}
		}
		assertThat(confirmed)
			.allSatisfy((confirmation) -> assertThat(confirmation).succeedsWithin(Duration.ofSeconds(10)));
		assertThat(new QueueOnBroker(this.node, QUEUE).drain()).doesNotHaveDuplicates().hasSize(3000);
	}

	@Configuration(proxyBeanMethods = false)
	static class Publishing {

	}

}
