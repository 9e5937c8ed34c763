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

import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.actuate.endpoint.annotation.Endpoint;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.boot.health.actuate.endpoint.StatusAggregator;
import org.springframework.boot.health.autoconfigure.actuate.endpoint.HealthEndpointProperties;
import org.springframework.boot.health.autoconfigure.contributor.ConditionalOnEnabledHealthIndicator;
import org.springframework.boot.health.contributor.HealthContributor;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

import dev.failover.actuate.BrokersHealthContributor;
import dev.failover.broker.Brokers;
import dev.failover.listener.IdleContainers;

/**
 * Auto-configuration of the health contributor {@code failover}. It takes the place of
 * Spring Boot's {@code rabbit}, which opens a channel, and so would wait for the broker
 * just when there is none.
 */
@AutoConfiguration(afterName = FailoverHealthContributorAutoConfiguration.CORE,
		beforeName = { "org.springframework.boot.amqp.autoconfigure.health.RabbitHealthContributorAutoConfiguration",
				"org.springframework.boot.rabbitmq.autoconfigure.health.RabbitHealthContributorAutoConfiguration",
				"org.springframework.boot.health.autoconfigure.actuate.endpoint.HealthEndpointAutoConfiguration" })
@ConditionalOnClass({ HealthContributor.class, ConditionalOnEnabledHealthIndicator.class })
@ConditionalOnBean(Brokers.class)
@ConditionalOnEnabledHealthIndicator("failover")
public final class FailoverHealthContributorAutoConfiguration {

	static final String CORE = "dev.failover.autoconfigure.FailoverAutoConfiguration";

	/**
	 * The second name makes Spring Boot's own contributor back off.
	 */
	@Bean({ "failoverHealthContributor", "rabbitHealthContributor" })
	@ConditionalOnMissingBean(name = { "failoverHealthContributor", "failoverHealthIndicator",
			"rabbitHealthContributor", "rabbitHealthIndicator" })
	BrokersHealthContributor failoverHealthContributor(Brokers brokers, ObjectProvider<IdleContainers> containers) {
		return new BrokersHealthContributor(brokers, containers::getIfUnique);
	}

	@Bean("failoverHealthContributor")
	@ConditionalOnMissingBean(name = { "failoverHealthContributor", "failoverHealthIndicator" })
	BrokersHealthContributor failoverHealthContributorBesideRabbit(Brokers brokers,
			ObjectProvider<IdleContainers> containers) {
		return new BrokersHealthContributor(brokers, containers::getIfUnique);
	}

	/**
	 * The order of statuses, unless the user has set one.
	 */
	@Configuration(proxyBeanMethods = false)
	@ConditionalOnClass(Endpoint.class)
	@EnableConfigurationProperties(HealthEndpointProperties.class)
	static class StatusConfiguration {

		@Bean
		@ConditionalOnMissingBean
		StatusAggregator failoverStatusAggregator(HealthEndpointProperties properties) {
			List<String> order = properties.getStatus().getOrder();
			return StatusAggregator.of(order.isEmpty() ? BrokersHealthContributor.STATUS_ORDER : order);
		}

	}

}
