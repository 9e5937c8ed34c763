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

package dev.failover.autoconfigure.listener;

import java.time.Clock;
import java.util.HashSet;
import java.util.Properties;
import java.util.Set;

import org.springframework.amqp.rabbit.listener.AbstractMessageListenerContainer;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBooleanProperty;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.context.ApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Lazy;

import dev.failover.autoconfigure.FailoverProperties;
import dev.failover.broker.Brokers;
import dev.failover.connection.ConsumerAccess;
import dev.failover.connection.FailoverConnectionFactory;
import dev.failover.connection.PlannedMoves;
import dev.failover.detection.QueueWatch;
import dev.failover.listener.BrokerDrains;
import dev.failover.listener.ConsumedBrokers;
import dev.failover.listener.ConsumerReadiness;
import dev.failover.listener.IdleContainers;
import dev.failover.listener.ListenerTuningPostProcessor;
import dev.failover.listener.MismatchRecovery;
import dev.failover.topology.TopologyGate;

/**
 * Auto-configuration of consumers: which brokers they consume from, when they are ready,
 * and how listener containers begin when they cannot.
 */
@AutoConfiguration(afterName = { "dev.failover.autoconfigure.FailoverAutoConfiguration",
		"dev.failover.autoconfigure.rabbit.FailoverRabbitAutoConfiguration" })
@ConditionalOnClass(AbstractMessageListenerContainer.class)
@ConditionalOnBean(Brokers.class)
public final class FailoverListenerAutoConfiguration {

	@Configuration(proxyBeanMethods = false)
	@ConditionalOnBooleanProperty(name = "failover.listener.tune", matchIfMissing = true)
	static class TuningConfiguration {

		@Bean
		static RabbitListenerDefaults failoverRabbitListenerDefaults() {
			return new RabbitListenerDefaults();
		}

		@Bean
		static ListenerTuningPostProcessor failoverListenerTuningPostProcessor() {
			return new ListenerTuningPostProcessor();
		}

		/**
		 * Those of the application are added to.
		 */
		@Bean(name = ListenerTuningPostProcessor.GLOBAL_PROPERTIES, autowireCandidate = false)
		@ConditionalOnMissingBean(name = ListenerTuningPostProcessor.GLOBAL_PROPERTIES)
		Properties failoverAmqpGlobalProperties() {
			return new Properties();
		}

		@Bean
		@ConditionalOnMissingBean
		MismatchRecovery failoverMismatchRecovery(ApplicationContext context) {
			return new MismatchRecovery(context);
		}

	}

	@Configuration(proxyBeanMethods = false)
	@ConditionalOnBean({ FailoverConnectionFactory.class, TopologyGate.class })
	static class ConsumerConfiguration {

		@Bean
		@Lazy(false)
		@ConditionalOnMissingBean
		ConsumerReadiness failoverConsumerReadiness(Brokers brokers, FailoverConnectionFactory connectionFactory,
				ApplicationContext context) {
			return new ConsumerReadiness(brokers, connectionFactory.getConsumerAccess(), context);
		}

		@Bean
		@Lazy(false)
		@ConditionalOnMissingBean
		IdleContainers failoverIdleContainers(Brokers brokers, FailoverConnectionFactory connectionFactory,
				ApplicationContext context) {
			return new IdleContainers(brokers, connectionFactory.getConsumerAccess(), context, Clock.systemUTC());
		}

		@Bean
		@Lazy(false)
		@ConditionalOnMissingBean
		BrokerDrains failoverBrokerDrains(Brokers brokers, FailoverProperties properties, TopologyGate gate,
				PlannedMoves moves, FailoverConnectionFactory connectionFactory) {
			ConsumedBrokers consumed = switch (properties.getListener().getBrokers()) {
				case AUTO -> ConsumedBrokers.AUTO;
				case ACTIVE -> ConsumedBrokers.ACTIVE;
				case ALL -> ConsumedBrokers.ALL;
			};
			ConsumerAccess consumers = connectionFactory.getConsumerAccess();
			consumers.setSharable(
					(queue) -> !gate.getQueuesOfConnections().contains(queue) && !gate.getStreams().contains(queue));
			consumers.setDeclared((queue) -> gate.getSharedQueues().contains(queue));
			return new BrokerDrains(brokers, consumed, consumers, moves::isDeparting);
		}

		/**
		 * The watch ends with the connection factory.
		 */
		@Bean(destroyMethod = "")
		@Lazy(false)
		@ConditionalOnMissingBean
		QueueWatch failoverQueueWatch(Brokers brokers, FailoverProperties properties, BrokerDrains drains,
				TopologyGate gate, FailoverConnectionFactory connectionFactory) {
			ConsumerAccess consumers = connectionFactory.getConsumerAccess();
			return new QueueWatch(brokers, connectionFactory.getBrokerAccess(), () -> {
				Set<String> queues = new HashSet<>(gate.getSharedQueues());
				queues.addAll(consumers.getQueues());
				queues.removeAll(gate.getQueuesOfConnections());
				return queues;
			}, (broker) -> drains.isConsumedFrom(broker) ? consumers.getQueues() : Set.of(),
					properties.getDetection().getQueueInterval());
		}

	}

}
