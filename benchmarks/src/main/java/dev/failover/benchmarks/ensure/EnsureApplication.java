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

package dev.failover.benchmarks.ensure;

import java.util.List;

import org.aopalliance.intercept.MethodInterceptor;
import org.aopalliance.intercept.MethodInvocation;
import org.springframework.aop.Advisor;
import org.springframework.aop.support.DefaultPointcutAdvisor;
import org.springframework.aop.support.NameMatchMethodPointcut;
import org.springframework.beans.factory.config.BeanDefinition;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Role;
import org.springframework.retry.annotation.EnableRetry;

import dev.failover.benchmarks.application.Applications;

/**
 * The application whose beans are called. All of them have the same kind of proxy; its
 * brokers are never connected to.
 */
@Configuration(proxyBeanMethods = false)
@EnableAutoConfiguration
@EnableRetry(proxyTargetClass = true)
class EnsureApplication {

	static ConfigurableApplicationContext run() {
		return Applications.run(EnsureApplication.class,
				List.of("failover.brokers=amqp://localhost;amqp://localhost:5673"));
	}

	@Bean
	@Role(BeanDefinition.ROLE_INFRASTRUCTURE)
	static Advisor interceptor() {
		NameMatchMethodPointcut pointcut = new NameMatchMethodPointcut().addMethodName("call");
		pointcut.setClassFilter(Calls.Intercepted.class::isAssignableFrom);
		MethodInterceptor interceptor = MethodInvocation::proceed;
		return new DefaultPointcutAdvisor(pointcut, interceptor);
	}

	@Bean
	Calls.Intercepted intercepted() {
		return new Calls.Intercepted();
	}

	@Bean
	Calls.Ensured ensured() {
		return new Calls.Ensured();
	}

	@Bean
	Calls.Retried retried() {
		return new Calls.Retried();
	}

}
