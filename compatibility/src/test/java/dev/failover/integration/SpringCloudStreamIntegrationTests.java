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
import java.util.function.Consumer;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

import dev.failover.test.RabbitNode;
import dev.failover.test.junit.BrokerTest;

/**
 * Consumers of Spring Cloud Stream.
 */
@BrokerTest
class SpringCloudStreamIntegrationTests {

	private static final String DESTINATION = "streamed";

	private static final String QUEUE = DESTINATION + ".desk";

	@North
	private RabbitNode first;

	@South
	private RabbitNode second;

	@BeforeEach
	void empty() {
		QueueOnBroker.delete(QUEUE, this.first, this.second);
	}

	@ParameterizedTest
	@ValueSource(strings = { "simple", "direct" })
	void moveIsNotNoticed(String container) throws Exception {
		try (ConfigurableApplicationContext context = run(container)) {
			trial(container, context).moveThereAndBack();
		}
	}

	@ParameterizedTest
	@ValueSource(strings = { "simple", "direct" })
	void lossOfTheBrokerIsMadeGood(String container) throws Exception {
		try (ConfigurableApplicationContext context = run(container)) {
			trial(container, context).loseActiveBroker();
		}
	}

	private ConfigurableApplicationContext run(String container) {
		return Applications.run(Subscriber.class, settings(container, this.first, this.second));
	}

	private static String[] settings(String container, RabbitNode... nodes) {
		return ConsumerTrial.settings(List.of(nodes), "spring.cloud.function.definition=desk",
				"spring.cloud.stream.bindings.desk-in-0.destination=" + DESTINATION,
				"spring.cloud.stream.bindings.desk-in-0.group=desk",
				"spring.cloud.stream.rabbit.bindings.desk-in-0.consumer.container-type=" + container);
	}

	private ConsumerTrial trial(String container, ConfigurableApplicationContext context) {
		return new ConsumerTrial("Stream's " + container, context, QUEUE, context.getBean(HandledWithPauses.class),
				this.first, this.second);
	}

	@Configuration(proxyBeanMethods = false)
	static class Subscriber {

		@Bean
		HandledWithPauses handled() {
			return new HandledWithPauses();
		}

		@Bean
		Consumer<String> desk(HandledWithPauses handled) {
			return handled::add;
		}

	}

}
