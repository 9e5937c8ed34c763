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

import java.time.Clock;
import java.util.List;

import org.junit.jupiter.api.Test;
import org.springframework.amqp.rabbit.connection.CachingConnectionFactory;
import org.springframework.amqp.rabbit.core.RabbitTemplate;
import org.springframework.boot.amqp.autoconfigure.health.RabbitHealthContributorAutoConfiguration;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.health.autoconfigure.contributor.HealthContributorAutoConfiguration;
import org.springframework.boot.health.autoconfigure.registry.HealthContributorRegistryAutoConfiguration;
import org.springframework.boot.health.contributor.Health;
import org.springframework.boot.health.contributor.HealthContributors;
import org.springframework.boot.health.contributor.HealthIndicator;
import org.springframework.boot.health.registry.HealthContributorRegistry;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.context.ApplicationContext;

import dev.failover.actuate.BrokersHealthContributor;
import dev.failover.actuate.BrokersMetrics;
import dev.failover.broker.Broker;
import dev.failover.broker.Brokers;

import static org.assertj.core.api.Assertions.assertThat;

class FailoverActuateAutoConfigurationTests {

	private final ApplicationContextRunner empty = new ApplicationContextRunner()
		.withConfiguration(AutoConfigurations.of(FailoverHealthContributorAutoConfiguration.class,
				FailoverMetricsAutoConfiguration.class, RabbitHealthContributorAutoConfiguration.class,
				HealthContributorAutoConfiguration.class, HealthContributorRegistryAutoConfiguration.class))
		.withBean(RabbitTemplate.class, () -> new RabbitTemplate(new CachingConnectionFactory("localhost", 1)));

	private final ApplicationContextRunner runner = this.empty.withBean(Brokers.class,
			() -> new Brokers(List.of(Broker.of("one", "one.example.com", 5672)), Clock.systemUTC()));

	@Test
	void contributesHealthInPlaceOfRabbit() {
		this.runner.run((context) -> {
			assertThat(context).hasSingleBean(BrokersHealthContributor.class);
			assertThat(contributors(context)).contains("failover").doesNotContain("rabbit");
		});
	}

	@Test
	void leavesHealthToRabbitWhenDisabled() {
		this.runner.withPropertyValues("management.health.failover.enabled=false").run((context) -> {
			assertThat(context).doesNotHaveBean(BrokersHealthContributor.class);
			assertThat(contributors(context)).contains("rabbit").doesNotContain("failover");
		});
	}

	@Test
	void contributesNoHealthWhenHealthIsOffByDefault() {
		this.runner.withPropertyValues("management.health.defaults.enabled=false")
			.run((context) -> assertThat(context).doesNotHaveBean(BrokersHealthContributor.class));
	}

	@Test
	void backsOffFromTheUsersHealth() {
		HealthIndicator users = () -> Health.up().build();
		this.runner.withBean("failoverHealthIndicator", HealthIndicator.class, () -> users).run((context) -> {
			assertThat(context).doesNotHaveBean(BrokersHealthContributor.class);
			assertThat(context.getBean(HealthContributorRegistry.class).getContributor("failover")).isSameAs(users);
		});
	}

	@Test
	void standsBesideTheUsersRabbitHealth() {
		HealthIndicator users = () -> Health.up().build();
		this.runner.withBean("rabbitHealthContributor", HealthIndicator.class, () -> users).run((context) -> {
			HealthContributorRegistry registry = context.getBean(HealthContributorRegistry.class);
			assertThat(registry.getContributor("rabbit")).isSameAs(users);
			assertThat(registry.getContributor("failover")).isInstanceOf(BrokersHealthContributor.class);
		});
	}

	@Test
	void contributesNothingWithoutBrokers() {
		this.empty.run((context) -> {
			assertThat(context).doesNotHaveBean(BrokersHealthContributor.class).doesNotHaveBean(BrokersMetrics.class);
			assertThat(contributors(context)).contains("rabbit");
		});
	}

	private static List<String> contributors(ApplicationContext context) {
		return context.getBean(HealthContributorRegistry.class).stream().map(HealthContributors.Entry::name).toList();
	}

}
