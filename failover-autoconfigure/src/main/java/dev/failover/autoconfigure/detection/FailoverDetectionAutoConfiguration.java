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

import java.time.Duration;
import java.util.SplittableRandom;

import org.jspecify.annotations.Nullable;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBooleanProperty;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Lazy;

import dev.failover.autoconfigure.FailoverProperties;
import dev.failover.autoconfigure.rabbit.FailoverRabbitAutoConfiguration;
import dev.failover.broker.Brokers;
import dev.failover.connection.FailoverConnectionFactory;
import dev.failover.connection.PlannedMoves;
import dev.failover.detection.BrokerDetector;
import dev.failover.detection.ClusterWatch;
import dev.failover.detection.DetectionSettings;
import dev.failover.detection.Failback;
import dev.failover.detection.NodeWatch;
import dev.failover.detection.Rebalance;

/**
 * {@link EnableAutoConfiguration Auto-configuration} of the detection of brokers that are
 * frozen, unreachable or blocked.
 */
@AutoConfiguration(after = FailoverRabbitAutoConfiguration.class)
@ConditionalOnBean(FailoverConnectionFactory.class)
public final class FailoverDetectionAutoConfiguration {

	/**
	 * The detector ends with the connection factory, so that it still watches while
	 * others end.
	 */
	@Bean(destroyMethod = "")
	@Lazy(false)
	@ConditionalOnMissingBean
	BrokerDetector failoverBrokerDetector(Brokers brokers, FailoverConnectionFactory connectionFactory,
			FailoverProperties properties) {
		FailoverProperties.Detection detection = properties.getDetection();
		return new BrokerDetector(brokers, connectionFactory.getBrokerAccess(),
				new DetectionSettings(detection.getProbeInterval(), detection.getProbeTimeout(),
						detection.getFailureThreshold(), grace(detection)));
	}

	/**
	 * The watch ends with the connection factory.
	 */
	@Bean(destroyMethod = "")
	@Lazy(false)
	@ConditionalOnMissingBean
	NodeWatch failoverNodeWatch(Brokers brokers, FailoverConnectionFactory connectionFactory) {
		return new NodeWatch(brokers, connectionFactory.getBrokerAccess());
	}

	/**
	 * The watch ends with the connection factory.
	 */
	@Bean(destroyMethod = "")
	@Lazy(false)
	@ConditionalOnMissingBean
	ClusterWatch failoverClusterWatch(Brokers brokers, FailoverConnectionFactory connectionFactory) {
		return new ClusterWatch(brokers, connectionFactory.getBrokerAccess());
	}

	@Bean
	@Lazy(false)
	@ConditionalOnBean(PlannedMoves.class)
	@ConditionalOnMissingBean
	@ConditionalOnBooleanProperty(name = "failover.failback.enabled", matchIfMissing = true)
	Failback failoverFailback(Brokers brokers, FailoverConnectionFactory connectionFactory, PlannedMoves moves,
			FailoverProperties properties) {
		return new Failback(brokers, connectionFactory.getStrategy()::isPreferred, moves,
				properties.getFailback().getGrace());
	}

	@Bean
	@Lazy(false)
	@ConditionalOnBean(PlannedMoves.class)
	@ConditionalOnMissingBean
	@ConditionalOnBooleanProperty("failover.rebalance.enabled")
	Rebalance failoverRebalance(Brokers brokers, FailoverConnectionFactory connectionFactory, PlannedMoves moves,
			FailoverProperties properties) {
		return new Rebalance(brokers, connectionFactory.getStrategy()::isPreferred, moves,
				properties.getRebalance().getWindow(), new SplittableRandom());
	}

	private static @Nullable Duration grace(FailoverProperties.Detection detection) {
		boolean leave = detection.getOnBlocked() == FailoverProperties.Detection.OnBlocked.SWITCH;
		return leave ? detection.getBlockedGrace() : null;
	}

}
