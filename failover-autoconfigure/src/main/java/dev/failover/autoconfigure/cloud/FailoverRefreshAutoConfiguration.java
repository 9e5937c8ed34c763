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

package dev.failover.autoconfigure.cloud;

import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.cloud.context.environment.EnvironmentChangeEvent;
import org.springframework.context.annotation.Bean;

import dev.failover.autoconfigure.FailoverConnectionDetails;
import dev.failover.autoconfigure.rabbit.FailoverRabbitAutoConfiguration;
import dev.failover.broker.Brokers;
import dev.failover.connection.PlannedMoves;

/**
 * {@link EnableAutoConfiguration Auto-configuration} that follows the configuration of
 * the brokers when Spring Cloud refreshes it.
 */
@AutoConfiguration(after = FailoverRabbitAutoConfiguration.class)
@ConditionalOnClass(EnvironmentChangeEvent.class)
@ConditionalOnBean(PlannedMoves.class)
public final class FailoverRefreshAutoConfiguration {

	@Bean
	BrokersRefresher failoverBrokersRefresher(FailoverConnectionDetails details, Brokers brokers, PlannedMoves moves) {
		return new BrokersRefresher(details, brokers, moves);
	}

}
