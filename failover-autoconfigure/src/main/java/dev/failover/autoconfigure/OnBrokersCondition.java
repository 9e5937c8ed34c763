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

import org.springframework.amqp.rabbit.connection.ConnectionFactory;
import org.springframework.boot.autoconfigure.condition.AnyNestedCondition;
import org.springframework.boot.autoconfigure.condition.ConditionMessage;
import org.springframework.boot.autoconfigure.condition.ConditionOutcome;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.autoconfigure.condition.SpringBootCondition;
import org.springframework.boot.context.properties.source.ConfigurationPropertyName;
import org.springframework.boot.context.properties.source.ConfigurationPropertySource;
import org.springframework.boot.context.properties.source.ConfigurationPropertySources;
import org.springframework.boot.context.properties.source.ConfigurationPropertyState;
import org.springframework.context.annotation.ConditionContext;
import org.springframework.context.annotation.Conditional;
import org.springframework.core.type.AnnotatedTypeMetadata;

import dev.failover.broker.Brokers;

/**
 * Matches unless the application defines its own connection factory and no brokers of
 * failover: what {@code spring.rabbitmq} and connection details tell has no effect beside
 * such a connection factory, as in Spring Boot.
 */
final class OnBrokersCondition extends AnyNestedCondition {

	OnBrokersCondition() {
		super(ConfigurationPhase.REGISTER_BEAN);
	}

	/**
	 * Brokers come from the properties.
	 */
	@Conditional(OnBrokersPropertyCondition.class)
	static final class FromProperties {

	}

	/**
	 * Brokers come from the application's own connection details.
	 */
	@ConditionalOnBean(FailoverConnectionDetails.class)
	static final class FromDetails {

	}

	/**
	 * The application holds the brokers itself.
	 */
	@ConditionalOnBean(Brokers.class)
	static final class FromApplication {

	}

	/**
	 * Brokers come from {@code spring.rabbitmq} or connection details.
	 */
	@ConditionalOnMissingBean(ConnectionFactory.class)
	static final class FromSpringBoot {

	}

	/**
	 * Matches if {@code failover.brokers} is set in any way, a wrong one included.
	 */
	static final class OnBrokersPropertyCondition extends SpringBootCondition {

		private static final ConfigurationPropertyName BROKERS = ConfigurationPropertyName.of("failover.brokers");

		@Override
		public ConditionOutcome getMatchOutcome(ConditionContext context, AnnotatedTypeMetadata metadata) {
			ConditionMessage.Builder message = ConditionMessage.forCondition("Brokers property");
			for (ConfigurationPropertySource source : ConfigurationPropertySources.get(context.getEnvironment())) {
				if (source.getConfigurationProperty(BROKERS) != null
						|| source.containsDescendantOf(BROKERS) == ConfigurationPropertyState.PRESENT) {
					return ConditionOutcome.match(message.found("property").items(BROKERS));
				}
			}
			return ConditionOutcome.noMatch(message.didNotFind("property").items(BROKERS));
		}

	}

}
