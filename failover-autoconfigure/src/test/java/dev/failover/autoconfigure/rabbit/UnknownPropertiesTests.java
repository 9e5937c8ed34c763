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

import java.io.IOException;
import java.io.InputStream;
import java.net.URL;
import java.util.Collections;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

import com.fasterxml.jackson.databind.ObjectMapper;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.core.env.MapPropertySource;
import org.springframework.core.env.StandardEnvironment;
import org.springframework.core.env.SystemEnvironmentPropertySource;

import dev.failover.autoconfigure.InvalidFailoverPropertyException;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

/**
 * Tests for {@link UnknownProperties} and {@link PropertyNames}.
 */
@ExtendWith(OutputCaptureExtension.class)
class UnknownPropertiesTests {

	@Test
	void namesAreThoseOfTheMetadata() throws IOException {
		Set<String> documented = new TreeSet<>();
		ClassLoader classLoader = UnknownPropertiesTests.class.getClassLoader();
		for (URL url : Collections.list(classLoader.getResources("META-INF/spring-configuration-metadata.json"))) {
			try (InputStream stream = url.openStream()) {
				new ObjectMapper().readTree(stream)
					.path("properties")
					.findValuesAsText("name")
					.stream()
					.filter((name) -> name.startsWith("failover."))
					.map((name) -> name.substring("failover.".length()))
					.forEach(documented::add);
			}
		}
		assertThat(new PropertyNames().getAll()).containsExactlyElementsOf(documented);
	}

	@ParameterizedTest
	@CsvSource(delimiter = '|', textBlock = """
			failover.stratgy                       | failover.strategy
			failover.enable                        | failover.enabled
			failover.broker                        | failover.brokers
			failover.broker[0].uri                 | failover.brokers
			failover.detection.probe-intervall     | failover.detection.probe-interval
			failover.detections.probe-interval     | failover.detection.probe-interval
			failover.listeners.brokers             | failover.listener.brokers
			failover.ensure.retries                | failover.ensure.max-retries
			failover.probe-timeout                 | failover.detection.probe-timeout
			failover.max-retries                   | failover.ensure.max-retries
			failover.strategy.name                 | failover.strategy
			""")
	void misspelledKeyIsWarnedOfWithTheRightOne(String key, String right, CapturedOutput output) {
		new UnknownProperties(environment(Map.of(key, "secret"))).warn();
		assertThat(output).contains("WARN")
			.contains(key)
			.contains("has no effect: did you mean %s".formatted(right))
			.doesNotContain("secret");
	}

	@Test
	void severalPropertiesThatAreMeantAreAllNamed(CapturedOutput output) {
		new UnknownProperties(environment(Map.of("failover.timeout", "1s"))).warn();
		assertThat(output).contains(
				"did you mean failover.connect.timeout or failover.ensure.timeout or failover.health-check.timeout "
						+ "or failover.move.timeout?");
	}

	@Test
	void keyOfAGroupThatResemblesNothingIsWarnedOf(CapturedOutput output) {
		new UnknownProperties(environment(Map.of("failover.detection.something", "secret"))).warn();
		assertThat(output).contains("WARN")
			.contains("failover.detection.something (")
			.contains(") has no effect: there is no such property")
			.doesNotContain("secret");
	}

	@Test
	void keyThatMayBeAnothersIsNotWarnedOf(CapturedOutput output) {
		new UnknownProperties(environment(Map.of("failover.region", "secret"))).warn();
		assertThat(output).contains("INFO")
			.contains("failover.region (")
			.contains(") is no property of this library")
			.doesNotContain("WARN", "secret");
	}

	@ParameterizedTest
	@ValueSource(strings = { "failover.detection.probe-interval", "failover.detection.probeInterval",
			"failover.detection.probe_interval", "FAILOVER_DETECTION_PROBEINTERVAL", "failover.enabled",
			"failover.brokers", "failover.brokers[0]", "failover.brokers[1].virtual-host", "failovers.broker",
			"failover.test.rounds", "spring.rabbitmq.adresses" })
	void otherKeysAreLeftAlone(String key, CapturedOutput output) {
		new UnknownProperties(environment(Map.of(key, "1s"))).warn();
		assertThat(output).doesNotContain("has no effect", "no property");
	}

	@ParameterizedTest
	@ValueSource(strings = { "FAILOVER_DETECTION_PROBEINTERVAL", "FAILOVER_DETECTION_PROBE_INTERVAL",
			"FAILOVER_BROKERS", "FAILOVER_BROKERS_0_VIRTUALHOST", "FAILOVER_SERVICE_HOST",
			"FAILOVER_PORT_5672_TCP_ADDR", "FAILOVER_SOMETHING", "FAILOVER_LISTENER_SERVICE_PORT" })
	void environmentVariablesThatAreRightOrOthersAreLeftAlone(String variable, CapturedOutput output) {
		new UnknownProperties(variables(variable)).warn();
		assertThat(output).doesNotContain("has no effect", "no property");
	}

	@ParameterizedTest
	@CsvSource({ "FAILOVER_BROKER, failover.brokers", "FAILOVER_STRATGY, failover.strategy",
			"FAILOVER_BROKER_0_URI, failover.brokers",
			"FAILOVER_DETECTION_PROBE_INTERVALL, failover.detection.probe-interval" })
	void misspelledEnvironmentVariableIsWarnedOfByItsName(String variable, String right, CapturedOutput output) {
		new UnknownProperties(variables(variable)).warn();
		assertThat(output).contains("WARN")
			.contains(variable)
			.contains("did you mean %s?".formatted(right))
			.doesNotContain("secret");
	}

	@Test
	void environmentVariableDoesNotFailTheStart() {
		new UnknownProperties(variables("FAILOVER_BROKER")).rejectMisspelledBrokers();
	}

	@Test
	void misspelledBrokersAreRejectedWithoutTheirValue() {
		UnknownProperties properties = new UnknownProperties(
				environment(Map.of("failover.broker[0].password", "secret")));
		assertThatExceptionOfType(InvalidFailoverPropertyException.class)
			.isThrownBy(properties::rejectMisspelledBrokers)
			.withMessageContaining("failover.broker[0].password")
			.withMessageNotContaining("secret");
	}

	@Test
	void sameKeyInSeveralSourcesIsWarnedOfOnce(CapturedOutput output) {
		StandardEnvironment environment = environment(Map.of("failover.stratgy", "shuffle"));
		environment.getPropertySources()
			.addLast(new MapPropertySource("defaults", Map.of("failover.stratgy", "priority")));
		new UnknownProperties(environment).warn();
		assertThat(output).containsOnlyOnce("has no effect");
	}

	private static StandardEnvironment environment(Map<String, Object> properties) {
		StandardEnvironment environment = new StandardEnvironment();
		environment.getPropertySources().addFirst(new MapPropertySource("test", properties));
		return environment;
	}

	private static StandardEnvironment variables(String name) {
		StandardEnvironment environment = new StandardEnvironment();
		environment.getPropertySources()
			.replace(StandardEnvironment.SYSTEM_ENVIRONMENT_PROPERTY_SOURCE_NAME, new SystemEnvironmentPropertySource(
					StandardEnvironment.SYSTEM_ENVIRONMENT_PROPERTY_SOURCE_NAME, Map.of(name, "secret")));
		return environment;
	}

}
