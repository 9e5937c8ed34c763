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

package dev.failover.autoconfigure.rabbit;

import com.rabbitmq.client.Channel;
import org.springframework.amqp.rabbit.core.RabbitTemplate;
import org.springframework.beans.factory.ListableBeanFactory;
import org.springframework.boot.amqp.autoconfigure.RabbitConnectionDetails;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnProperty;
import org.springframework.context.annotation.Bean;
import org.springframework.core.env.Environment;

import dev.failover.autoconfigure.InvalidFailoverPropertyException;

/**
 * {@link EnableAutoConfiguration Auto-configuration} of the checks that connections of
 * the application fail over as it is configured. They hold where the others back off,
 * too.
 */
@AutoConfiguration
@ConditionalOnClass({ RabbitTemplate.class, Channel.class, RabbitConnectionDetails.class })
@ConditionalOnProperty(name = FailoverConnectionCheckAutoConfiguration.ENABLED, matchIfMissing = true)
public final class FailoverConnectionCheckAutoConfiguration {

	static final String ENABLED = "failover.enabled";

	@Bean
	ConnectionFactoryCheck failoverConnectionFactoryCheck(ListableBeanFactory beanFactory, Environment environment) {
		rejectHalfEnabled(environment.getProperty(ENABLED, "true"));
		new UnknownProperties(environment).warn();
		return new ConnectionFactoryCheck(beanFactory);
	}

	/**
	 * Everything but {@code true} disables the other auto-configurations.
	 */
	private static void rejectHalfEnabled(String value) {
		if (!"true".equalsIgnoreCase(value)) {
			throw new InvalidFailoverPropertyException(ENABLED, value, "it is neither true nor false",
					"Use true or false; without the property it is true");
		}
	}

}
