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

import com.github.benmanes.caffeine.cache.Caffeine;
import org.springframework.amqp.rabbit.listener.AbstractMessageListenerContainer;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBooleanProperty;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

import dev.failover.autoconfigure.FailoverProperties;
import dev.failover.autoconfigure.FailoverProperties.Listener.Deduplication;
import dev.failover.autoconfigure.InvalidFailoverPropertyException;
import dev.failover.broker.Brokers;
import dev.failover.listener.CaffeineHandledMessages;
import dev.failover.listener.DeduplicationInterceptor;
import dev.failover.listener.DeduplicationPostProcessor;
import dev.failover.listener.HandledMessages;

/**
 * Auto-configuration of listener containers that drop messages which were handled
 * already.
 */
@AutoConfiguration(afterName = "dev.failover.autoconfigure.FailoverAutoConfiguration")
@ConditionalOnClass(AbstractMessageListenerContainer.class)
@ConditionalOnBean(Brokers.class)
@ConditionalOnBooleanProperty("failover.listener.deduplication.enabled")
public final class FailoverDeduplicationAutoConfiguration {

	@Bean
	@ConditionalOnMissingBean
	DeduplicationInterceptor failoverDeduplicationInterceptor(ObjectProvider<HandledMessages> handledMessages,
			FailoverProperties properties) {
		HandledMessages memory = handledMessages.getIfAvailable(() -> {
			throw new InvalidFailoverPropertyException("failover.listener.deduplication.enabled", "true",
					"there is nothing that could remember which messages were handled",
					"Add com.github.ben-manes.caffeine:caffeine to the class path, or define a bean of type HandledMessages");
		});
		Deduplication deduplication = properties.getListener().getDeduplication();
		return new DeduplicationInterceptor(memory, deduplication.getRedelivered() == Deduplication.Redelivered.DROP);
	}

	@Bean
	static DeduplicationPostProcessor failoverDeduplicationPostProcessor(
			ObjectProvider<DeduplicationInterceptor> interceptor) {
		return new DeduplicationPostProcessor(interceptor);
	}

	@Configuration(proxyBeanMethods = false)
	@ConditionalOnClass(Caffeine.class)
	@ConditionalOnMissingBean(HandledMessages.class)
	static class CaffeineConfiguration {

		@Bean
		CaffeineHandledMessages failoverHandledMessages(FailoverProperties properties) {
			Deduplication deduplication = properties.getListener().getDeduplication();
			return new CaffeineHandledMessages(deduplication.getMaxSize(), deduplication.getExpireAfter());
		}

	}

}
