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

import org.jspecify.annotations.Nullable;
import org.springframework.amqp.rabbit.connection.AbstractConnectionFactory;
import org.springframework.beans.factory.config.BeanPostProcessor;

import dev.failover.connection.ConnectionPurpose;
import dev.failover.connection.FailoverConnectionFactory;

/**
 * Has Spring's connection factories, those of the application's own included, tell what
 * they open connections for.
 */
final class ConnectionPurposePostProcessor implements BeanPostProcessor {

	@Override
	public @Nullable Object postProcessAfterInitialization(Object bean, String beanName) {
		if (bean instanceof AbstractConnectionFactory factory && isFailingOver(factory)) {
			factory.setAddressResolver(ConnectionPurpose.ANY);
			if (factory.getPublisherConnectionFactory() instanceof AbstractConnectionFactory publisher
					&& publisher != factory && isFailingOver(publisher)) {
				publisher.setAddressResolver(ConnectionPurpose.PUBLISHING);
			}
		}
		return bean;
	}

	private static boolean isFailingOver(AbstractConnectionFactory factory) {
		return factory.getRabbitConnectionFactory() instanceof FailoverConnectionFactory;
	}

}
