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

import java.util.Set;
import java.util.stream.Collectors;

import com.rabbitmq.client.Channel;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.MeterBinder;
import org.springframework.amqp.rabbit.core.RabbitTemplate;
import org.springframework.beans.factory.ListableBeanFactory;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

import dev.failover.actuate.BrokersMetrics;
import dev.failover.actuate.ConnectionMetrics;
import dev.failover.actuate.ConsumerMetrics;
import dev.failover.actuate.EnsureMetrics;
import dev.failover.actuate.ProbeMetrics;
import dev.failover.actuate.PublishMetrics;
import dev.failover.autoconfigure.FailoverProperties;
import dev.failover.autoconfigure.detection.FailoverDetectionAutoConfiguration;
import dev.failover.autoconfigure.ensure.FailoverEnsureAutoConfiguration;
import dev.failover.autoconfigure.listener.FailoverDeduplicationAutoConfiguration;
import dev.failover.autoconfigure.listener.FailoverListenerAutoConfiguration;
import dev.failover.autoconfigure.rabbit.FailoverTemplateAutoConfiguration;
import dev.failover.broker.Brokers;
import dev.failover.connection.FailoverConnectionFactory;
import dev.failover.detection.BrokerDetector;
import dev.failover.ensure.Ensurer;
import dev.failover.ensure.aop.EnsureAdvisor;
import dev.failover.listener.BrokerDrains;
import dev.failover.listener.DeduplicationInterceptor;
import dev.failover.template.FailoverTemplate;

/**
 * Auto-configuration of the metrics {@code failover.*}, and of the tag {@code broker} of
 * {@code rabbitmq.*}.
 */
@AutoConfiguration(after = { FailoverDetectionAutoConfiguration.class, FailoverDeduplicationAutoConfiguration.class,
		FailoverEnsureAutoConfiguration.class, FailoverListenerAutoConfiguration.class,
		FailoverTemplateAutoConfiguration.class }, afterName = FailoverHealthContributorAutoConfiguration.CORE)
@ConditionalOnClass(MeterBinder.class)
@ConditionalOnBean(Brokers.class)
public final class FailoverMetricsAutoConfiguration {

	@Bean
	@ConditionalOnMissingBean
	BrokersMetrics failoverMetrics(Brokers brokers) {
		return new BrokersMetrics(brokers);
	}

	@Configuration(proxyBeanMethods = false)
	@ConditionalOnClass({ RabbitTemplate.class, Channel.class })
	@ConditionalOnBean(FailoverConnectionFactory.class)
	static class RabbitConfiguration {

		@Bean
		static ClientMetricsPostProcessor failoverClientMetricsPostProcessor(ObjectProvider<MeterRegistry> registry) {
			return new ClientMetricsPostProcessor(registry);
		}

		@Bean
		@ConditionalOnMissingBean
		ConnectionMetrics failoverConnectionMetrics(Brokers brokers, FailoverConnectionFactory connectionFactory,
				FailoverProperties properties) {
			return new ConnectionMetrics(brokers, connectionFactory, properties.isStandby());
		}

		@Bean
		@ConditionalOnBean(BrokerDetector.class)
		@ConditionalOnMissingBean
		ProbeMetrics failoverProbeMetrics(Brokers brokers, BrokerDetector detector) {
			return new ProbeMetrics(brokers, detector);
		}

		@Bean
		@ConditionalOnBean(Ensurer.class)
		@ConditionalOnMissingBean
		EnsureMetrics failoverEnsureMetrics(Ensurer ensurer, ObjectProvider<EnsureAdvisor> advisors) {
			return new EnsureMetrics(ensurer, () -> methods(advisors));
		}

		private static Set<String> methods(ObjectProvider<EnsureAdvisor> advisors) {
			return advisors.stream().flatMap((advisor) -> advisor.getMethods().stream()).collect(Collectors.toSet());
		}

		@Bean
		@ConditionalOnMissingBean
		PublishMetrics failoverPublishMetrics(Brokers brokers, ListableBeanFactory beanFactory) {
			return new PublishMetrics(brokers, () -> beanFactory.getBeansOfType(FailoverTemplate.class, false, false));
		}

		@Bean
		@ConditionalOnMissingBean
		ConsumerMetrics failoverConsumerMetrics(Brokers brokers, ObjectProvider<BrokerDrains> drains,
				ObjectProvider<DeduplicationInterceptor> deduplication) {
			return new ConsumerMetrics(brokers, drains.getIfUnique(), deduplication.getIfUnique());
		}

	}

}
