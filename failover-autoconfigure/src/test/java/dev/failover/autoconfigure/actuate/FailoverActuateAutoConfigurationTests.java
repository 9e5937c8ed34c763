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
import org.springframework.boot.actuate.info.Info;
import org.springframework.boot.amqp.autoconfigure.health.RabbitHealthContributorAutoConfiguration;
import org.springframework.boot.amqp.health.RabbitHealthIndicator;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.autoconfigure.availability.ApplicationAvailabilityAutoConfiguration;
import org.springframework.boot.availability.AvailabilityChangeEvent;
import org.springframework.boot.availability.LivenessState;
import org.springframework.boot.availability.ReadinessState;
import org.springframework.boot.health.actuate.endpoint.HealthDescriptor;
import org.springframework.boot.health.actuate.endpoint.HealthEndpoint;
import org.springframework.boot.health.actuate.endpoint.HttpCodeStatusMapper;
import org.springframework.boot.health.actuate.endpoint.StatusAggregator;
import org.springframework.boot.health.autoconfigure.actuate.endpoint.AvailabilityProbesAutoConfiguration;
import org.springframework.boot.health.autoconfigure.actuate.endpoint.HealthEndpointAutoConfiguration;
import org.springframework.boot.health.autoconfigure.application.AvailabilityHealthContributorAutoConfiguration;
import org.springframework.boot.health.autoconfigure.contributor.HealthContributorAutoConfiguration;
import org.springframework.boot.health.autoconfigure.registry.HealthContributorRegistryAutoConfiguration;
import org.springframework.boot.health.contributor.CompositeHealthContributor;
import org.springframework.boot.health.contributor.Health;
import org.springframework.boot.health.contributor.HealthContributors;
import org.springframework.boot.health.contributor.HealthIndicator;
import org.springframework.boot.health.contributor.Status;
import org.springframework.boot.health.registry.HealthContributorRegistry;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.context.ApplicationContext;

import dev.failover.actuate.BrokersHealthContributor;
import dev.failover.actuate.BrokersMetrics;
import dev.failover.actuate.FailoverInfoContributor;
import dev.failover.broker.Broker;
import dev.failover.broker.Brokers;
import dev.failover.broker.FailureReason;
import dev.failover.broker.TestBrokers;

import static org.assertj.core.api.Assertions.assertThat;

class FailoverActuateAutoConfigurationTests {

	private static final Broker ONE = TestBrokers.broker("one");

	private static final Broker TWO = TestBrokers.broker("two");

	private final ApplicationContextRunner empty = new ApplicationContextRunner()
		.withConfiguration(AutoConfigurations.of(FailoverHealthContributorAutoConfiguration.class,
				FailoverInfoContributorAutoConfiguration.class, FailoverMetricsAutoConfiguration.class,
				RabbitHealthContributorAutoConfiguration.class, HealthEndpointAutoConfiguration.class,
				HealthContributorAutoConfiguration.class, HealthContributorRegistryAutoConfiguration.class))
		.withBean(RabbitTemplate.class, () -> new RabbitTemplate(new CachingConnectionFactory("localhost", 1)));

	private final ApplicationContextRunner runner = this.empty.withBean(Brokers.class,
			() -> new Brokers(List.of(ONE, TWO), Clock.systemUTC()));

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
	void applicationHasFailedOverWithStatus200WhileAnotherBrokerCanServe() {
		this.runner.run((context) -> {
			Brokers brokers = context.getBean(Brokers.class);
			brokers.connected(ONE, 0);
			assertThat(health(context)).isEqualTo("UP 200");
			brokers.operations().disable("two");
			assertThat(health(context)).as("by the choice of an operator").isEqualTo("UP 200");
			brokers.operations().enable("two");
			brokers.failed(TWO, 0, FailureReason.TIMEOUT, null);
			assertThat(health(context)).isEqualTo("FAILED_OVER 200");
			brokers.failed(ONE, 0, FailureReason.TIMEOUT, null);
			assertThat(health(context)).isEqualTo("DOWN 503");
		});
	}

	@Test
	void whatIsDownOtherwiseIsMoreSevere() {
		this.runner.withBean("otherHealthIndicator", HealthIndicator.class, () -> () -> Health.down().build())
			.run((context) -> {
				context.getBean(Brokers.class).connected(ONE, 0);
				context.getBean(Brokers.class).failed(TWO, 0, FailureReason.TIMEOUT, null);
				assertThat(health(context)).isEqualTo("DOWN 503");
			});
	}

	@Test
	void keepsTheUsersOrderOfStatuses() {
		this.runner.withPropertyValues("management.endpoint.health.status.order=DOWN,UP").run((context) -> {
			context.getBean(Brokers.class).connected(ONE, 0);
			context.getBean(Brokers.class).failed(TWO, 0, FailureReason.TIMEOUT, null);
			assertThat(health(context)).isEqualTo("UP 200");
		});
	}

	@Test
	void keepsTheUsersStatusAggregator() {
		this.runner.withBean("users", StatusAggregator.class, () -> (statuses) -> Status.OUT_OF_SERVICE)
			.run((context) -> assertThat(health(context)).isEqualTo("OUT_OF_SERVICE 503"));
	}

	@Test
	void keepsTheOrderOfSpringBootWithoutItsHealth() {
		this.runner.withPropertyValues("management.health.failover.enabled=false")
			.run((context) -> assertThat(context).hasSingleBean(StatusAggregator.class)
				.doesNotHaveBean("failoverStatusAggregator"));
	}

	@Test
	void readinessFollowsTheBrokersIfToldSoAndLivenessDoesNot() {
		this.runner
			.withConfiguration(AutoConfigurations.of(ApplicationAvailabilityAutoConfiguration.class,
					AvailabilityHealthContributorAutoConfiguration.class, AvailabilityProbesAutoConfiguration.class))
			.withPropertyValues("management.endpoint.health.probes.enabled=true",
					"management.endpoint.health.group.readiness.include=readinessState,failover")
			.run((context) -> {
				AvailabilityChangeEvent.publish(context, ReadinessState.ACCEPTING_TRAFFIC);
				AvailabilityChangeEvent.publish(context, LivenessState.CORRECT);
				Brokers brokers = context.getBean(Brokers.class);
				brokers.connected(ONE, 0);
				assertThat(group(context, "readiness")).isEqualTo(Status.UP);
				brokers.failed(TWO, 0, FailureReason.TIMEOUT, null);
				assertThat(group(context, "readiness")).isEqualTo(BrokersHealthContributor.FAILED_OVER);
				brokers.failed(ONE, 0, FailureReason.TIMEOUT, null);
				assertThat(group(context, "readiness")).isEqualTo(Status.DOWN);
				assertThat(group(context, "liveness")).isEqualTo(Status.UP);
			});
	}

	private static Status group(ApplicationContext context, String name) {
		HealthDescriptor group = context.getBean(HealthEndpoint.class).healthForPath(name);
		assertThat(group).isNotNull();
		return group.getStatus();
	}

	@Test
	void oneOrManyIndicatorsOfRabbitAreBounded() {
		this.runner.withConfiguration(AutoConfigurations.of(FailoverRabbitHealthAutoConfiguration.class))
			.withPropertyValues("management.health.failover.enabled=false")
			.run((context) -> assertThat(context.getBean("rabbitHealthContributor"))
				.isNotInstanceOf(RabbitHealthIndicator.class)
				.isInstanceOf(HealthIndicator.class));
		this.runner.withConfiguration(AutoConfigurations.of(FailoverRabbitHealthAutoConfiguration.class))
			.withPropertyValues("management.health.failover.enabled=false")
			.withBean("other", RabbitTemplate.class, () -> new RabbitTemplate(new CachingConnectionFactory()))
			.run((context) -> assertThat(
					((CompositeHealthContributor) context.getBean("rabbitHealthContributor")).stream())
				.hasSize(2)
				.noneMatch((entry) -> entry.contributor() instanceof RabbitHealthIndicator));
	}

	/**
	 * The status of the whole application, and that of HTTP.
	 */
	private static String health(ApplicationContext context) {
		Status whole = context.getBean(HealthEndpoint.class).health().getStatus();
		return whole + " " + context.getBean(HttpCodeStatusMapper.class).getStatusCode(whole);
	}

	@Test
	void contributesToInfo() {
		this.runner.run((context) -> {
			assertThat(context).hasSingleBean(FailoverInfoContributor.class);
			Info.Builder builder = new Info.Builder();
			context.getBean(FailoverInfoContributor.class).contribute(builder);
			assertThat(builder.build().getDetails()).containsOnlyKeys("failover");
		});
	}

	@Test
	void contributesNothingToInfoWhenDisabled() {
		this.runner.withPropertyValues("management.info.failover.enabled=false")
			.run((context) -> assertThat(context).doesNotHaveBean(FailoverInfoContributor.class));
		this.runner.withPropertyValues("management.info.defaults.enabled=false")
			.run((context) -> assertThat(context).doesNotHaveBean(FailoverInfoContributor.class));
	}

	@Test
	void contributesNothingWithoutBrokers() {
		this.empty.run((context) -> {
			assertThat(context).doesNotHaveBean(BrokersHealthContributor.class)
				.doesNotHaveBean(BrokersMetrics.class)
				.doesNotHaveBean(FailoverInfoContributor.class);
			assertThat(contributors(context)).contains("rabbit");
		});
	}

	private static List<String> contributors(ApplicationContext context) {
		return context.getBean(HealthContributorRegistry.class).stream().map(HealthContributors.Entry::name).toList();
	}

}
