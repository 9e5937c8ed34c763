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

import java.util.List;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.springframework.amqp.core.Queue;
import org.springframework.amqp.rabbit.connection.ConnectionFactory;
import org.springframework.boot.autoconfigure.condition.ConditionalOnProperty;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.integration.amqp.dsl.Amqp;
import org.springframework.integration.config.EnableIntegration;
import org.springframework.integration.dsl.IntegrationFlow;

import dev.failover.test.RabbitNode;
import dev.failover.test.junit.BrokerTest;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Consumers of Spring Integration.
 */
@BrokerTest
class SpringIntegrationIntegrationTests {

	@North
	private RabbitNode first;

	@South
	private RabbitNode second;

	@BeforeEach
	void empty() {
		QueueOnBroker.delete(Flows.REQUESTS, this.first, this.second);
		QueueOnBroker.declareNew(Flows.REPLIES, this.first, this.second);
	}

	@ParameterizedTest
	@EnumSource
	void moveIsNotNoticed(Endpoint endpoint) throws Exception {
		try (ConfigurableApplicationContext context = run(endpoint)) {
			ConsumerTrial trial = trial(endpoint, context);
			trial.moveThereAndBack();
			if (endpoint == Endpoint.GATEWAY) {
				List<String> replies = QueueOnBroker.drain(Flows.REPLIES, this.first, this.second);
				assertThat(replies).doesNotHaveDuplicates().hasSize(trial.handled().count());
			}
		}
	}

	@ParameterizedTest
	@EnumSource
	void lossOfTheBrokerIsMadeGood(Endpoint endpoint) throws Exception {
		try (ConfigurableApplicationContext context = run(endpoint)) {
			trial(endpoint, context).loseActiveBroker();
		}
	}

	private ConfigurableApplicationContext run(Endpoint endpoint) {
		return Applications.run(Flows.class,
				ConsumerTrial.settings(List.of(this.first, this.second), "flows.endpoint=" + endpoint));
	}

	private ConsumerTrial trial(Endpoint endpoint, ConfigurableApplicationContext context) {
		return new ConsumerTrial("Integration's " + endpoint, context, Flows.REQUESTS,
				context.getBean(HandledWithPauses.class), this.first, this.second);
	}

	enum Endpoint {

		ADAPTER, GATEWAY

	}

	@Configuration(proxyBeanMethods = false)
	@EnableIntegration
	static class Flows {

		static final String REQUESTS = "integration.requests";

		static final String REPLIES = "integration.replies";

		@Bean
		Queue requests() {
			return new Queue(REQUESTS);
		}

		@Bean
		HandledWithPauses handled() {
			return new HandledWithPauses();
		}

		@Bean
		@ConditionalOnProperty(name = "flows.endpoint", havingValue = "ADAPTER")
		IntegrationFlow adapter(ConnectionFactory connectionFactory, HandledWithPauses handled) {
			return IntegrationFlow.from(Amqp.inboundAdapter(connectionFactory, REQUESTS).errorChannel("failed"))
				.handle((message) -> handled.add((String) message.getPayload()))
				.get();
		}

		@Bean
		@ConditionalOnProperty(name = "flows.endpoint", havingValue = "GATEWAY")
		IntegrationFlow gateway(ConnectionFactory connectionFactory, HandledWithPauses handled) {
			return IntegrationFlow
				.from(Amqp.inboundGateway(connectionFactory, REQUESTS).defaultReplyTo(REPLIES).errorChannel("failed"))
				.handle(String.class, (number, headers) -> {
					handled.add(number);
					return number;
				})
				.get();
		}

		@Bean
		IntegrationFlow failures(HandledWithPauses handled) {
			return IntegrationFlow.from("failed")
				.handle((message) -> handled.addError(message.getPayload().toString()))
				.get();
		}

	}

}
