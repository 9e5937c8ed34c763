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

package dev.failover.autoconfigure.ensure;

import java.util.function.BooleanSupplier;

import com.rabbitmq.client.Channel;
import org.springframework.amqp.rabbit.connection.ConnectionFactory;
import org.springframework.amqp.rabbit.core.RabbitTemplate;
import org.springframework.aop.config.AopConfigUtils;
import org.springframework.beans.factory.config.BeanDefinition;
import org.springframework.beans.factory.config.ConfigurableListableBeanFactory;
import org.springframework.beans.factory.support.BeanDefinitionRegistry;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnSingleCandidate;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;
import org.springframework.context.annotation.ImportBeanDefinitionRegistrar;
import org.springframework.context.annotation.Role;
import org.springframework.core.env.Environment;
import org.springframework.core.type.AnnotationMetadata;
import org.springframework.retry.support.RetryTemplate;
import org.springframework.transaction.support.TransactionSynchronizationManager;

import dev.failover.autoconfigure.FailoverProperties;
import dev.failover.autoconfigure.rabbit.FailoverRabbitAutoConfiguration;
import dev.failover.broker.Brokers;
import dev.failover.broker.Reconnector;
import dev.failover.ensure.ChannelSource;
import dev.failover.ensure.EnsureInterval;
import dev.failover.ensure.EnsurePolicy;
import dev.failover.ensure.Ensurer;
import dev.failover.ensure.FailureClassifier;
import dev.failover.ensure.aop.EnsureAdvisor;
import dev.failover.template.FailoverTemplate;

/**
 * {@link EnableAutoConfiguration Auto-configuration} of ensured calls.
 */
@AutoConfiguration(after = FailoverRabbitAutoConfiguration.class)
@ConditionalOnClass({ RabbitTemplate.class, Channel.class, RetryTemplate.class })
@ConditionalOnBean(Reconnector.class)
public final class FailoverEnsureAutoConfiguration {

	@Bean
	@ConditionalOnMissingBean
	FailureClassifier failoverFailureClassifier() {
		return FailureClassifier.standard();
	}

	@Bean
	@ConditionalOnMissingBean
	EnsurePolicy failoverEnsurePolicy(FailoverProperties properties) {
		FailoverProperties.Ensure ensure = properties.getEnsure();
		FailoverProperties.Ensure.Interval interval = ensure.getInterval();
		return EnsurePolicy.DEFAULT.withMaxRetries(ensure.getMaxRetries())
			.withTimeout(ensure.getTimeout())
			.withInterval((defaults) -> new EnsureInterval(interval.getStart(), interval.getStep(), interval.getMax(),
					multiplier(interval), interval.getJitter()));
	}

	private static double multiplier(FailoverProperties.Ensure.Interval interval) {
		Double multiplier = interval.getMultiplier();
		return (multiplier != null) ? multiplier : EnsureInterval.DEFAULT.multiplier();
	}

	@Bean
	@ConditionalOnMissingBean
	@ConditionalOnSingleCandidate(ConnectionFactory.class)
	Ensurer failoverEnsurer(Brokers brokers, Reconnector reconnector, FailureClassifier classifier,
			ConnectionFactory connectionFactory) {
		BooleanSupplier boundWork = () -> isBoundToTransaction(connectionFactory);
		return new Ensurer(brokers, reconnector, classifier, boundWork);
	}

	/**
	 * Whether the current transaction has a channel, or holds messages of a template.
	 */
	private static boolean isBoundToTransaction(ConnectionFactory connectionFactory) {
		return TransactionSynchronizationManager.hasResource(connectionFactory)
				|| TransactionSynchronizationManager.getResourceMap()
					.keySet()
					.stream()
					.anyMatch(FailoverTemplate.class::isInstance);
	}

	@Bean
	@ConditionalOnMissingBean(ChannelSource.class)
	@ConditionalOnSingleCandidate(ConnectionFactory.class)
	RabbitChannelSource failoverChannelSource(ConnectionFactory connectionFactory, FailoverProperties properties) {
		return new RabbitChannelSource(connectionFactory, properties.getPublish().getConfirmTimeout());
	}

	@Configuration(proxyBeanMethods = false)
	@ConditionalOnMissingBean(EnsureAdvisor.class)
	@Import(AutoProxyRegistrar.class)
	static class AdvisorConfiguration {

		@Bean
		@Role(BeanDefinition.ROLE_INFRASTRUCTURE)
		static EnsureAdvisor failoverEnsureAdvisor(ConfigurableListableBeanFactory beanFactory) {
			return new EnsureAdvisor(beanFactory, () -> beanFactory.getBean(Ensurer.class),
					() -> beanFactory.getBean(EnsurePolicy.class), () -> beanFactory.getBean(ChannelSource.class));
		}

	}

	/**
	 * Lets advisors be applied, in an application without AspectJ too.
	 */
	static class AutoProxyRegistrar implements ImportBeanDefinitionRegistrar {

		private final Environment environment;

		AutoProxyRegistrar(Environment environment) {
			this.environment = environment;
		}

		@Override
		public void registerBeanDefinitions(AnnotationMetadata metadata, BeanDefinitionRegistry registry) {
			AopConfigUtils.registerAutoProxyCreatorIfNecessary(registry);
			if (this.environment.getProperty("spring.aop.proxy-target-class", Boolean.class, true)) {
				AopConfigUtils.forceAutoProxyCreatorToUseClassProxying(registry);
			}
		}

	}

}
