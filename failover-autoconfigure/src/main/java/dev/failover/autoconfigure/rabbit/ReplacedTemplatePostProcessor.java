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

import java.util.Arrays;

import org.springframework.beans.factory.config.BeanFactoryPostProcessor;
import org.springframework.beans.factory.config.ConfigurableListableBeanFactory;
import org.springframework.beans.factory.support.BeanDefinitionRegistry;
import org.springframework.beans.factory.support.RootBeanDefinition;

import dev.failover.template.FailoverTemplate;

/**
 * Defines the template that publishes with failover once more where a test has replaced
 * its bean by something that is none, as {@code @MockitoBean RabbitTemplate} does. Such a
 * replacement is made after all conditions were evaluated, by a post-processor with an
 * order: this one has none, and comes after it.
 */
final class ReplacedTemplatePostProcessor implements BeanFactoryPostProcessor {

	@Override
	public void postProcessBeanFactory(ConfigurableListableBeanFactory beanFactory) {
		if (!(beanFactory instanceof BeanDefinitionRegistry registry) || hasTemplate(beanFactory)
				|| registry.containsBeanDefinition(FailoverTemplateAutoConfiguration.BESIDE)) {
			return;
		}
		RootBeanDefinition definition = new RootBeanDefinition();
		definition.setTargetType(FailoverTemplate.class);
		definition.setFactoryBeanName(FailoverTemplateAutoConfiguration.class.getName());
		definition.setFactoryMethodName(FailoverTemplateAutoConfiguration.BESIDE);
		definition.setAutowireMode(RootBeanDefinition.AUTOWIRE_CONSTRUCTOR);
		definition.setFallback(true);
		registry.registerBeanDefinition(FailoverTemplateAutoConfiguration.BESIDE, definition);
	}

	/**
	 * Whether there is one that can be injected.
	 */
	private static boolean hasTemplate(ConfigurableListableBeanFactory beanFactory) {
		return Arrays.stream(beanFactory.getBeanNamesForType(FailoverTemplate.class, true, false))
			.anyMatch((name) -> !beanFactory.containsBeanDefinition(name)
					|| beanFactory.getBeanDefinition(name).isAutowireCandidate());
	}

}
