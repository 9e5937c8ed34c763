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

import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.springframework.amqp.rabbit.connection.ConnectionFactory;
import org.springframework.amqp.rabbit.core.RabbitTemplate;
import org.springframework.beans.factory.config.BeanPostProcessor;

import dev.failover.template.FailoverTemplate;

/**
 * Warns of each template of the application that publishes to the brokers, but not with
 * failover: what it sends is lost with the broker, and nobody notices.
 */
final class OwnTemplateWarning implements BeanPostProcessor {

	private static final Log logger = LogFactory.getLog(OwnTemplateWarning.class);

	private static final String TEXT = "Bean '%s' of type %s publishes without failover: messages that are on their way "
			+ "when a broker is lost, or that no queue is bound for, are lost without an exception. %s";

	private static final String REMEDY = "Create it with the bean of type FailoverTemplateConfigurer and declare it as "
			+ "FailoverTemplate, or inject FailoverTemplate where messages must not be lost";

	private static final String REMEDY_OF_SUBCLASS = "Inject FailoverTemplate where messages must not be lost";

	private final Set<String> warned = ConcurrentHashMap.newKeySet();

	@Override
	public Object postProcessBeforeInitialization(Object bean, String beanName) {
		if (bean instanceof RabbitTemplate template && !(template instanceof FailoverTemplate) && failsOver(template)
				&& this.warned.add(beanName)) {
			Class<?> type = template.getClass();
			logger.warn(TEXT.formatted(beanName, type.getSimpleName(),
					(type == RabbitTemplate.class) ? REMEDY : REMEDY_OF_SUBCLASS));
		}
		return bean;
	}

	/**
	 * A template without a connection factory is a mock, or fails by itself.
	 */
	@SuppressWarnings("NullAway")
	private static boolean failsOver(RabbitTemplate template) {
		ConnectionFactory connectionFactory = template.getConnectionFactory();
		return connectionFactory != null && ConnectionFactoryCheck.mayFailOver(connectionFactory);
	}

}
