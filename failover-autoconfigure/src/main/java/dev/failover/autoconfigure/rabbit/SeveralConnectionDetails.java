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

import java.util.List;
import java.util.stream.Stream;

import org.springframework.beans.factory.config.BeanDefinition;
import org.springframework.beans.factory.config.BeanFactoryPostProcessor;
import org.springframework.beans.factory.config.ConfigurableListableBeanFactory;
import org.springframework.boot.amqp.autoconfigure.RabbitConnectionDetails;

/**
 * Makes the first of several {@link RabbitConnectionDetails}, those of two containers for
 * example, the primary one, as Spring Boot's auto-configuration can take only one. All of
 * them are brokers then. If the application has made one primary itself, nothing is
 * changed: that one alone counts, as in Spring Boot.
 */
final class SeveralConnectionDetails implements BeanFactoryPostProcessor {

	private static final String JOINED = SeveralConnectionDetails.class.getName() + ".joined";

	@Override
	public void postProcessBeanFactory(ConfigurableListableBeanFactory beanFactory) {
		List<BeanDefinition> all = definitions(beanFactory).toList();
		if (all.size() > 1 && all.stream().noneMatch(BeanDefinition::isPrimary)) {
			all.get(0).setPrimary(true);
			all.get(0).setAttribute(JOINED, true);
		}
	}

	/**
	 * Return whether all of several details are brokers.
	 */
	static boolean areJoined(ConfigurableListableBeanFactory beanFactory) {
		return definitions(beanFactory).anyMatch((definition) -> definition.hasAttribute(JOINED));
	}

	/**
	 * Return the names of the details.
	 */
	static List<String> names(ConfigurableListableBeanFactory beanFactory) {
		return List.of(beanFactory.getBeanNamesForType(RabbitConnectionDetails.class, true, false));
	}

	private static Stream<BeanDefinition> definitions(ConfigurableListableBeanFactory beanFactory) {
		return names(beanFactory).stream()
			.filter(beanFactory::containsBeanDefinition)
			.map(beanFactory::getBeanDefinition)
			.filter(BeanDefinition::isAutowireCandidate);
	}

}
