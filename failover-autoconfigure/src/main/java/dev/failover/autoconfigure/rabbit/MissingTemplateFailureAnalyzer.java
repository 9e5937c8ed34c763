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
import java.util.List;

import org.jspecify.annotations.Nullable;
import org.springframework.amqp.rabbit.connection.ConnectionFactory;
import org.springframework.beans.factory.BeanFactory;
import org.springframework.beans.factory.NoSuchBeanDefinitionException;
import org.springframework.beans.factory.NoUniqueBeanDefinitionException;
import org.springframework.beans.factory.config.ConfigurableListableBeanFactory;
import org.springframework.boot.diagnostics.FailureAnalysis;
import org.springframework.boot.diagnostics.analyzer.AbstractInjectionFailureAnalyzer;
import org.springframework.core.Ordered;
import org.springframework.core.env.Environment;

import dev.failover.broker.Brokers;
import dev.failover.template.FailoverTemplate;

/**
 * Tells why there is no {@link FailoverTemplate} to inject. It is asked before Spring
 * Boot's own analyzer, which knows only that the bean is missing.
 */
final class MissingTemplateFailureAnalyzer extends AbstractInjectionFailureAnalyzer<NoSuchBeanDefinitionException>
		implements Ordered {

	private static final String ENABLED = FailoverConnectionCheckAutoConfiguration.ENABLED;

	private final @Nullable ConfigurableListableBeanFactory beanFactory;

	private final Environment environment;

	MissingTemplateFailureAnalyzer(BeanFactory beanFactory, Environment environment) {
		this.beanFactory = (beanFactory instanceof ConfigurableListableBeanFactory listable) ? listable : null;
		this.environment = environment;
	}

	@Override
	public int getOrder() {
		return -1;
	}

	@Override
	protected @Nullable FailureAnalysis analyze(Throwable rootFailure, NoSuchBeanDefinitionException cause,
			@Nullable String description) {
		Class<?> type = (cause.getResolvableType() != null) ? cause.getResolvableType().resolve() : null;
		if (this.beanFactory == null || cause instanceof NoUniqueBeanDefinitionException
				|| (type != FailoverTemplate.class && type != FailoverTemplateConfigurer.class)
				|| this.beanFactory.getBeanNamesForType(type, true, false).length > 0) {
			return null;
		}
		Reason reason = reason(this.beanFactory);
		return new FailureAnalysis(
				"%s required a bean of type '%s', and there is none, because %s."
					.formatted((description != null) ? description : "The application", type.getName(), reason.why()),
				reason.remedy(), cause);
	}

	private Reason reason(ConfigurableListableBeanFactory beans) {
		String enabled = this.environment.getProperty(ENABLED, "true");
		if (!"true".equalsIgnoreCase(enabled)) {
			return new Reason("failover is disabled by %s=%s".formatted(ENABLED, enabled),
					"Remove that property, or inject RabbitTemplate, of which FailoverTemplate is a subclass.");
		}
		if (!beans.containsBeanDefinition(FailoverConnectionCheckAutoConfiguration.class.getName())) {
			return new Reason("the auto-configuration of failover is not part of the application",
					"Enable auto-configuration. In a test slice, add @ImportAutoConfiguration with the "
							+ "auto-configurations of failover, or mock the template.");
		}
		List<String> factories = Arrays.asList(beans.getBeanNamesForType(ConnectionFactory.class, true, false));
		if (beans.getBeanNamesForType(Brokers.class, true, false).length == 0 && !factories.isEmpty()) {
			return new Reason(
					"the application defines its own connection factory %s and no failover.brokers"
						.formatted(factories),
					"Remove that bean, or set failover.brokers and build it on the bean of type "
							+ "FailoverConnectionFactory.");
		}
		if (factories.size() > 1) {
			return new Reason("there are several connection factories, %s, and none is primary".formatted(factories),
					"Mark the one that fails over as @Primary.");
		}
		return new Reason("its auto-configuration is excluded, or one of its conditions is not met",
				"Look for %s in the conditions report, which the application prints when it is started with --debug."
					.formatted(FailoverTemplateAutoConfiguration.class.getSimpleName()));
	}

	/**
	 * Why there is no template.
	 *
	 * @param why the reason
	 * @param remedy what to do about it
	 */
	private record Reason(String why, String remedy) {
	}

}
