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

import org.springframework.beans.factory.ListableBeanFactory;
import org.springframework.boot.actuate.autoconfigure.endpoint.condition.ConditionalOnAvailableEndpoint;
import org.springframework.boot.actuate.autoconfigure.endpoint.expose.EndpointExposure;
import org.springframework.boot.actuate.endpoint.annotation.Endpoint;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Lazy;

import dev.failover.actuate.BrokerEventHistory;
import dev.failover.actuate.FailoverEndpoint;
import dev.failover.actuate.FailoverEndpointWebExtension;
import dev.failover.actuate.OperatorRequests;
import dev.failover.autoconfigure.FailoverProperties;
import dev.failover.autoconfigure.rabbit.FailoverTemplateAutoConfiguration;
import dev.failover.broker.Brokers;
import dev.failover.connection.PlannedMoves;

/**
 * {@link EnableAutoConfiguration Auto-configuration} of the endpoint {@code failover}.
 */
@AutoConfiguration(after = FailoverTemplateAutoConfiguration.class)
@ConditionalOnClass({ Endpoint.class, ConditionalOnAvailableEndpoint.class })
@ConditionalOnBean({ Brokers.class, PlannedMoves.class, FailoverProperties.class })
@ConditionalOnAvailableEndpoint(FailoverEndpoint.class)
public final class FailoverEndpointAutoConfiguration {

	/**
	 * It has to hear of all events from the first one on.
	 */
	@Bean
	@Lazy(false)
	@ConditionalOnMissingBean
	BrokerEventHistory failoverEventHistory(Brokers brokers) {
		return new BrokerEventHistory(brokers, Clock.systemUTC());
	}

	@Bean
	@ConditionalOnMissingBean
	FailoverEndpoint failoverEndpoint(Brokers brokers, BrokerEventHistory history, FailoverProperties properties,
			PlannedMoves moves, ListableBeanFactory beanFactory) {
		return new FailoverEndpoint(brokers, history, new BeanReadings(beanFactory, properties),
				new OperatorRequests(brokers.operations(), moves, Clock.systemUTC()));
	}

	@Bean
	@ConditionalOnBean(FailoverEndpoint.class)
	@ConditionalOnAvailableEndpoint(exposure = EndpointExposure.WEB)
	@ConditionalOnMissingBean
	FailoverEndpointWebExtension failoverEndpointWebExtension(FailoverEndpoint endpoint, Brokers brokers) {
		return new FailoverEndpointWebExtension(endpoint, brokers);
	}

}
