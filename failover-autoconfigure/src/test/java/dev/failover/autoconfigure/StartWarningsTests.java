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

package dev.failover.autoconfigure;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.context.annotation.Configuration;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests for what an application that starts is warned of.
 */
@ExtendWith(OutputCaptureExtension.class)
class StartWarningsTests {

	private static final String SINGLE = "There is nothing to fail over to";

	@ParameterizedTest
	@CsvSource({ "failover.brokers=amqp://user:secret@a, amqp://a:5672",
			"spring.rabbitmq.addresses=user:secret@a:1, amqp://a:1", "spring.rabbitmq.host=a, amqp://a:5672",
			"server.port=1, amqp://localhost:5672" })
	void singleBrokerIsWarnedOf(String property, String broker, CapturedOutput output) {
		run(property);
		assertThat(output).containsOnlyOnce(SINGLE)
			.contains(broker)
			.contains("failover.brokers, or in spring.rabbitmq.addresses")
			.doesNotContain("secret");
	}

	@ParameterizedTest
	@ValueSource(strings = { "failover.brokers=amqp://a;amqp://b", "spring.rabbitmq.addresses=a,b" })
	void severalBrokersAreNotWarnedOf(String property, CapturedOutput output) {
		run(property);
		assertThat(output).doesNotContain(SINGLE);
	}

	@Test
	void nothingIsWarnedOfWhenFailoverIsDisabled(CapturedOutput output) {
		run("failover.enabled=false", "failover.stratgy=shuffle");
		assertThat(output).doesNotContain("WARN");
	}

	@ParameterizedTest
	@ValueSource(booleans = { true, false })
	void misspelledKeyIsWarnedOf(boolean lazy, CapturedOutput output) {
		run("failover.brokers=amqp://a;amqp://b", "failover.detection.probe-intervall=1s",
				"spring.main.lazy-initialization=" + lazy);
		assertThat(output).containsOnlyOnce("has no effect: did you mean failover.detection.probe-interval?");
	}

	@Test
	void misspelledBrokersBesideRightOnesAreWarnedOf(CapturedOutput output) {
		run("failover.brokers=amqp://a;amqp://b", "failover.broker=amqp://user:secret@c");
		assertThat(output).containsOnlyOnce("has no effect: did you mean failover.brokers?").doesNotContain("secret");
	}

	private static void run(String... properties) {
		SpringApplication application = new SpringApplication(Application.class);
		application.setWebApplicationType(WebApplicationType.NONE);
		application.setRegisterShutdownHook(false);
		String[] arguments = new String[properties.length];
		for (int i = 0; i < properties.length; i++) {
			arguments[i] = "--" + properties[i];
		}
		application.run(arguments).close();
	}

	@Configuration(proxyBeanMethods = false)
	@EnableAutoConfiguration
	static class Application {

	}

}
