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

package dev.failover.autoconfigure.detection;

import java.net.http.HttpClient;
import java.time.Duration;
import java.util.Map;

import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.springframework.boot.amqp.autoconfigure.RabbitAutoConfiguration;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.autoconfigure.ssl.SslAutoConfiguration;
import org.springframework.boot.test.context.FilteredClassLoader;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.test.util.ReflectionTestUtils;

import dev.failover.autoconfigure.FailoverAutoConfiguration;
import dev.failover.autoconfigure.rabbit.FailoverRabbitAutoConfiguration;
import dev.failover.broker.Broker;
import dev.failover.broker.BrokerHealth;
import dev.failover.broker.Brokers;
import dev.failover.detection.BrokerHealthCheck;
import dev.failover.detection.BrokerHealthChecks;
import dev.failover.detection.HealthCheckPolicy;
import dev.failover.detection.HealthCheckSettings;
import dev.failover.detection.ManagementHealthCheck;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests for {@link FailoverHealthCheckAutoConfiguration}.
 */
class FailoverHealthCheckAutoConfigurationTests {

	private final ApplicationContextRunner runner = new ApplicationContextRunner()
		.withConfiguration(AutoConfigurations.of(SslAutoConfiguration.class, RabbitAutoConfiguration.class,
				FailoverAutoConfiguration.class, FailoverRabbitAutoConfiguration.class,
				FailoverHealthCheckAutoConfiguration.class))
		.withPropertyValues("failover.brokers[0].uri=amqp://u:s3cret@localhost:1",
				"failover.brokers[1].uri=amqp://localhost:2");

	@Test
	void asksBrokersWithAManagementAddress() {
		this.runner.withPropertyValues("failover.brokers[0].management-uri=http://localhost:3").run((context) -> {
			assertThat(context).hasSingleBean(BrokerHealthChecks.class);
			ManagementHealthCheck check = context.getBean(ManagementHealthCheck.class);
			assertThat(context.getBean(Brokers.class).getAll()).extracting(check::appliesTo)
				.containsExactly(true, false);
			assertThat(settings(context.getBean(BrokerHealthChecks.class))).isEqualTo(
					new HealthCheckSettings(HealthCheckPolicy.ALL, Duration.ofSeconds(5), Duration.ofSeconds(2)));
		});
	}

	@Test
	void takesTheProperties() {
		this.runner
			.withPropertyValues("failover.health-check.policy=any", "failover.health-check.interval=1s",
					"failover.health-check.timeout=3s")
			.run((context) -> assertThat(settings(context.getBean(BrokerHealthChecks.class))).isEqualTo(
					new HealthCheckSettings(HealthCheckPolicy.ANY, Duration.ofSeconds(1), Duration.ofSeconds(3))));
	}

	@Test
	void refusesTimesThatCannotBe() {
		for (String property : new String[] { "failover.health-check.interval", "failover.health-check.timeout" }) {
			this.runner.withPropertyValues(property + "=0s")
				.run((context) -> assertThat(context).getFailure()
					.rootCause()
					.hasMessage(
							"Invalid value '0s' of property '%s': it must be at least one millisecond, and at most 24 days"
								.formatted(property)));
		}
	}

	@Test
	void checksOfTheApplicationAreCalledBesideIt() {
		this.runner.withUserConfiguration(Own.class).run((context) -> {
			assertThat(checks(context.getBean(BrokerHealthChecks.class))).containsOnlyKeys("own",
					"failoverManagementHealthCheck");
			Brokers brokers = context.getBean(Brokers.class);
			Broker first = brokers.getAll().get(0);
			brokers.answered(first);
			Awaitility.await().atMost(Duration.ofSeconds(30)).until(() -> !brokers.getStatuses().get(0).isHealthy());
		});
	}

	@Test
	void leavesTheUsersBeansAlone() {
		this.runner
			.withBean("mine", ManagementHealthCheck.class,
					() -> new ManagementHealthCheck((broker) -> null, (broker) -> null, Duration.ofSeconds(1)))
			.run((context) -> assertThat(context).hasSingleBean(ManagementHealthCheck.class).hasBean("mine"));
	}

	@Test
	void doesWithoutTheHttpClient() {
		this.runner.withClassLoader(new FilteredClassLoader(HttpClient.class))
			.withUserConfiguration(Own.class)
			.run((context) -> assertThat(checks(context.getBean(BrokerHealthChecks.class))).containsOnlyKeys("own"));
	}

	@Test
	void backsOffIfFailoverIsDisabled() {
		this.runner.withPropertyValues("failover.enabled=false")
			.run((context) -> assertThat(context).doesNotHaveBean(BrokerHealthChecks.class)
				.doesNotHaveBean(ManagementHealthCheck.class));
	}

	private static Object settings(BrokerHealthChecks checks) {
		return ReflectionTestUtils.getField(checks, "settings");
	}

	@SuppressWarnings("unchecked")
	private static Map<String, BrokerHealthCheck> checks(BrokerHealthChecks checks) {
		return (Map<String, BrokerHealthCheck>) ReflectionTestUtils.getField(checks, "checks");
	}

	@Configuration(proxyBeanMethods = false)
	static class Own {

		@Bean
		BrokerHealthCheck own() {
			return (broker) -> BrokerHealth.unhealthy("not mine");
		}

	}

}
