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

package dev.failover.autoconfigure.actuate;

import java.util.List;

import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.boot.actuate.endpoint.SanitizableData;
import org.springframework.boot.actuate.endpoint.Sanitizer;
import org.springframework.boot.actuate.endpoint.SanitizingFunction;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.test.context.FilteredClassLoader;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests for {@link FailoverSanitizingAutoConfiguration}.
 */
class FailoverSanitizingAutoConfigurationTests {

	private final ApplicationContextRunner runner = new ApplicationContextRunner()
		.withConfiguration(AutoConfigurations.of(FailoverSanitizingAutoConfiguration.class));

	@ParameterizedTest
	@ValueSource(strings = { "failover.brokers", "failover.brokers[0]", "failover.brokers[1].uri",
			"failover.brokers[1].password", "FAILOVER_BROKERS", "FAILOVER_BROKERS_0", "FAILOVER_BROKERS_0_URI",
			"spring.rabbitmq.password", "SPRING_RABBITMQ_PASSWORD" })
	@DisplayName("Behaviour 5: no password in endpoints")
	void whatMayHoldAPasswordIsMasked(String key) {
		this.runner.run((context) -> assertThat(sanitize(context.getBean(SanitizingFunction.class), key))
			.isEqualTo(SanitizableData.SANITIZED_VALUE));
	}

	@ParameterizedTest
	@ValueSource(strings = { "failover.strategy", "failover.brokers[0].name", "FAILOVER_BROKERS_0_VIRTUALHOST",
			"failover.brokers[0].ssl-bundle", "spring.rabbitmq.addresses", "spring.rabbitmq.username",
			"spring.application.name" })
	void theRestIsShown(String key) {
		this.runner
			.run((context) -> assertThat(sanitize(context.getBean(SanitizingFunction.class), key)).isEqualTo("value"));
	}

	@ParameterizedTest
	@ValueSource(strings = { "spring.rabbitmq.addresses", "spring.rabbitmq.addresses[0]", "SPRING_RABBITMQ_ADDRESSES" })
	void addressesWithAUserAreMasked(String key) {
		this.runner.run((context) -> {
			SanitizingFunction function = context.getBean(SanitizingFunction.class);
			assertThat(sanitize(function, key, "amqp://app:secret@a,b")).isEqualTo(SanitizableData.SANITIZED_VALUE);
			assertThat(sanitize(function, key, "a:5672,b:5672")).isEqualTo("a:5672,b:5672");
		});
	}

	@Test
	void functionOfTheUserWins() {
		SanitizingFunction own = (data) -> data;
		this.runner.withBean("failoverSanitizingFunction", SanitizingFunction.class, () -> own)
			.run((context) -> assertThat(context).getBean(SanitizingFunction.class).isSameAs(own));
	}

	@Test
	void startsWithoutActuatorOnTheClassPath() {
		this.runner.withClassLoader(new FilteredClassLoader(SanitizingFunction.class))
			.run((context) -> assertThat(context).hasNotFailed().doesNotHaveBean("failoverSanitizingFunction"));
	}

	@Test
	void masksAlsoWhenFailoverIsDisabled() {
		this.runner.withPropertyValues("failover.enabled=false")
			.run((context) -> assertThat(context).hasSingleBean(SanitizingFunction.class));
	}

	private static Object sanitize(SanitizingFunction function, String key) {
		return sanitize(function, key, "value");
	}

	private static Object sanitize(SanitizingFunction function, String key, String value) {
		return new Sanitizer(List.of(function)).sanitize(new SanitizableData(null, key, value), true);
	}

}
