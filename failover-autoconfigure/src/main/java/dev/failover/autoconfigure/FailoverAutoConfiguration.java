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

import java.time.Clock;
import java.util.Random;

import com.rabbitmq.client.Channel;
import org.springframework.amqp.rabbit.core.RabbitTemplate;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.amqp.autoconfigure.RabbitConnectionDetails;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBooleanProperty;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.ApplicationEventPublisher;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Conditional;
import org.springframework.context.annotation.Configuration;

import dev.failover.broker.Brokers;
import dev.failover.broker.RecoveryPolicy;
import dev.failover.strategy.PriorityStrategy;
import dev.failover.strategy.RoundRobinStrategy;
import dev.failover.strategy.ShuffleStrategy;
import dev.failover.strategy.WeightedStrategy;

/**
 * {@link EnableAutoConfiguration Auto-configuration} of the brokers and the strategies
 * that order them.
 */
@AutoConfiguration(beforeName = { "org.springframework.boot.amqp.autoconfigure.RabbitAutoConfiguration",
		"org.springframework.boot.rabbitmq.autoconfigure.RabbitAutoConfiguration" })
@ConditionalOnClass({ RabbitTemplate.class, Channel.class, RabbitConnectionDetails.class })
@ConditionalOnBooleanProperty(name = "failover.enabled", matchIfMissing = true)
@Conditional(OnBrokersCondition.class)
@EnableConfigurationProperties(FailoverProperties.class)
public final class FailoverAutoConfiguration {

	@Bean
	@ConditionalOnMissingBean
	Brokers failoverBrokers(FailoverConnectionDetails connectionDetails, FailoverProperties properties) {
		return new Brokers(connectionDetails.getBrokers(), connectionDetails::getCredentials,
				RecoveryPolicy.withSuccessThreshold(properties.getDetection().getSuccessThreshold()),
				Clock.systemUTC());
	}

	@Bean
	BrokerEventPublisher failoverEventPublisher(ApplicationEventPublisher publisher) {
		return new BrokerEventPublisher(publisher);
	}

	@Bean
	static BrokerEventsPostProcessor failoverBrokerEventsPostProcessor(ObjectProvider<BrokerEventPublisher> publisher,
			ObjectProvider<FailoverConnectionDetails> details) {
		return new BrokerEventsPostProcessor(publisher, details);
	}

	/**
	 * The shipped strategies. Their names are no common words, which other beans may
	 * have, and they are injected by name only: by type, a strategy of the application is
	 * the only one.
	 */
	@Configuration(proxyBeanMethods = false)
	static class StrategyConfiguration {

		@Bean(defaultCandidate = false)
		@ConditionalOnMissingBean(name = "failoverRoundRobinStrategy")
		RoundRobinStrategy failoverRoundRobinStrategy() {
			return new RoundRobinStrategy();
		}

		@Bean(defaultCandidate = false)
		@ConditionalOnMissingBean(name = "failoverShuffleStrategy")
		ShuffleStrategy failoverShuffleStrategy() {
			return new ShuffleStrategy(new Random());
		}

		@Bean(defaultCandidate = false)
		@ConditionalOnMissingBean(name = "failoverPriorityStrategy")
		PriorityStrategy failoverPriorityStrategy() {
			return new PriorityStrategy();
		}

		@Bean(defaultCandidate = false)
		@ConditionalOnMissingBean(name = "failoverWeightedStrategy")
		WeightedStrategy failoverWeightedStrategy() {
			return new WeightedStrategy(new Random());
		}

	}

}
