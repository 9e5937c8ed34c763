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

import org.jspecify.annotations.Nullable;
import org.springframework.beans.BeanWrapperImpl;
import org.springframework.beans.factory.config.BeanPostProcessor;
import org.springframework.core.Ordered;
import org.springframework.core.PriorityOrdered;
import org.springframework.util.ClassUtils;

/**
 * Changes defaults of {@code spring.rabbitmq.listener.*} before the user's properties are
 * bound: Spring Boot always hands this setting on, so that later it cannot be told from
 * the user's.
 */
final class RabbitListenerDefaults implements BeanPostProcessor, PriorityOrdered {

	private static final String BOOT = "org.springframework.boot.";

	@Override
	public @Nullable Object postProcessBeforeInitialization(Object bean, String beanName) {
		Class<?> type = bean.getClass();
		if (type.getName().startsWith(BOOT) && "RabbitProperties".equals(ClassUtils.getShortName(type))) {
			new BeanWrapperImpl(bean).setPropertyValue("listener.simple.missingQueuesFatal", false);
		}
		return bean;
	}

	/**
	 * Before the binding of configuration properties.
	 */
	@Override
	public int getOrder() {
		return Ordered.HIGHEST_PRECEDENCE;
	}

}
