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

import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.health.contributor.HealthIndicator;
import org.springframework.context.annotation.Import;

import dev.failover.broker.Brokers;

/**
 * Auto-configuration of Spring Boot's health of RabbitMQ where that is in place, so that
 * it does not hang while there is no broker.
 */
@AutoConfiguration(afterName = FailoverHealthContributorAutoConfiguration.CORE)
@ConditionalOnClass(HealthIndicator.class)
@ConditionalOnBean(Brokers.class)
@Import(RabbitHealthPostProcessor.class)
public final class FailoverRabbitHealthAutoConfiguration {

}
