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

package dev.failover.autoconfigure.rabbit;

import java.util.Map;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.core.env.StandardEnvironment;
import org.springframework.core.env.SystemEnvironmentPropertySource;

import dev.failover.autoconfigure.InvalidFailoverPropertyException;

import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatNoException;

/**
 * Tests for {@link IgnoredBrokerSettings}.
 */
class IgnoredBrokerSettingsTests {

	@ParameterizedTest
	@ValueSource(strings = { "FAILOVER_BROKERS_SERVICE_HOST", "FAILOVER_BROKERS_SERVICE_PORT",
			"FAILOVER_BROKERS_SERVICE_PORT_AMQP", "FAILOVER_BROKERS_PORT", "FAILOVER_BROKERS_PORT_5672_TCP_ADDR" })
	void variablesOfAServiceOfKubernetesAreNoSettings(String variable) {
		assertThatNoException().isThrownBy(() -> IgnoredBrokerSettings.rejectUnlisted(variables(variable)));
	}

	@ParameterizedTest
	@ValueSource(strings = { "FAILOVER_BROKERS_URI", "FAILOVER_BROKERS_NORTH_URI", "FAILOVER_BROKERS_SERVICE_URI" })
	void otherVariablesBelowTheListAreRejected(String variable) {
		assertThatExceptionOfType(InvalidFailoverPropertyException.class)
			.isThrownBy(() -> IgnoredBrokerSettings.rejectUnlisted(variables(variable)))
			.withMessageContaining("it is no list")
			.withMessageNotContaining("secret");
	}

	private static StandardEnvironment variables(String name) {
		StandardEnvironment environment = new StandardEnvironment();
		environment.getPropertySources()
			.replace(StandardEnvironment.SYSTEM_ENVIRONMENT_PROPERTY_SOURCE_NAME, new SystemEnvironmentPropertySource(
					StandardEnvironment.SYSTEM_ENVIRONMENT_PROPERTY_SOURCE_NAME, Map.of(name, "secret")));
		return environment;
	}

}
