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

import java.util.HashSet;
import java.util.Set;

import org.springframework.amqp.rabbit.listener.AbstractMessageListenerContainer;
import org.springframework.beans.factory.ObjectProvider;
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
import dev.failover.connection.FailoverConnectionFactory;
import dev.failover.connection.PlannedMoves;
import dev.failover.detection.QueueWatch;
import dev.failover.listener.BrokerDrains;
import dev.failover.listener.ConsumedBrokers;
import dev.failover.listener.ConsumerReadiness;
import dev.failover.listener.ContainerBook;
import dev.failover.listener.ContainerMover;
import dev.failover.listener.DirectContainerPacer;
import dev.failover.listener.DrainConnections;
import dev.failover.listener.ListenerTuningPostProcessor;
import dev.failover.listener.MismatchRecovery;
import dev.failover.topology.TopologyGate;

/**
 * Auto-configuration of message listener containers that move to the new broker at once,
 * and drain others.
 */
@AutoConfiguration(afterName = { "dev.failover.autoconfigure.FailoverAutoConfiguration",
		"dev.failover.autoconfigure.rabbit.FailoverRabbitAutoConfiguration" })
@ConditionalOnClass(AbstractMessageListenerContainer.class)
@ConditionalOnBean(Brokers.class)
public final class FailoverListenerAutoConfiguration {

	@Bean
	@ConditionalOnMissingBean
	DirectContainerPacer failoverDirectContainerPacer(Brokers brokers) {
		return new DirectContainerPacer(brokers);
	}

	@Configuration(proxyBeanMethods = false)
	@ConditionalOnBooleanProperty(name = "failover.listener.tune", matchIfMissing = true)
	static class TuningConfiguration {

		@Bean
		static RabbitListenerDefaults failoverRabbitListenerDefaults() {
			return new RabbitListenerDefaults();
		}

		@Bean
		static ListenerTuningPostProcessor failoverListenerTuningPostProcessor(
				ObjectProvider<DirectContainerPacer> pacer) {
			return new ListenerTuningPostProcessor(pacer);
		}

		@Bean
		@ConditionalOnMissingBean
		MismatchRecovery failoverMismatchRecovery(ApplicationContext context) {
			return new MismatchRecovery(context);
		}

	}

	@Configuration(proxyBeanMethods = false)
	@ConditionalOnBean({ DrainConnections.class, TopologyGate.class })
	static class DrainConfiguration {

		@Bean
		static ContainerBook failoverContainerBook() {
			return new ContainerBook();
		}

		@Bean
		@Lazy(false)
		@ConditionalOnMissingBean
		ContainerMover failoverContainerMover(Brokers brokers, FailoverProperties properties, ContainerBook containers,
				FailoverConnectionFactory connectionFactory, ApplicationContext context) {
			return new ContainerMover(brokers, containers, connectionFactory, context,
					properties.getMove().getTimeout());
		}

		@Bean
		@Lazy(false)
		@ConditionalOnMissingBean
		ConsumerReadiness failoverConsumerReadiness(Brokers brokers, ContainerBook containers,
				FailoverConnectionFactory connectionFactory, ApplicationContext context) {
			return new ConsumerReadiness(brokers, containers, connectionFactory::getActivation, context);
		}

		@Bean
		@Lazy(false)
		@ConditionalOnMissingBean
		BrokerDrains failoverBrokerDrains(Brokers brokers, FailoverProperties properties, ContainerBook containers,
				DirectContainerPacer pacer, DrainConnections connections, TopologyGate gate, PlannedMoves moves,
				FailoverConnectionFactory connectionFactory) {
			ConsumedBrokers consumed = switch (properties.getListener().getBrokers()) {
				case AUTO -> ConsumedBrokers.AUTO;
				case ACTIVE -> ConsumedBrokers.ACTIVE;
				case ALL -> ConsumedBrokers.ALL;
			};
			return new BrokerDrains(brokers, consumed, containers, pacer, connections, () -> undrained(gate),
					moves::isDeparting, connectionFactory.getBrokerAccess()::isInUse);
		}

		private static Set<String> undrained(TopologyGate gate) {
			Set<String> undrained = new HashSet<>(gate.getQueuesOfConnections());
			undrained.addAll(gate.getStreams());
			return undrained;
		}

		/**
		 * The watch ends with the connection factory.
		 */
		@Bean(destroyMethod = "")
		@Lazy(false)
		@ConditionalOnMissingBean
		QueueWatch failoverQueueWatch(Brokers brokers, FailoverProperties properties, ContainerBook containers,
				BrokerDrains drains, TopologyGate gate, FailoverConnectionFactory connectionFactory) {
			return new QueueWatch(brokers, connectionFactory.getBrokerAccess(), () -> {
				Set<String> queues = new HashSet<>(gate.getSharedQueues());
				queues.addAll(containers.getQueues());
				queues.removeAll(gate.getQueuesOfConnections());
				return queues;
			}, (broker) -> drains.isConsumedFrom(broker) ? containers.getQueues() : Set.of(),
					properties.getDetection().getQueueInterval());
		}

	}

}
