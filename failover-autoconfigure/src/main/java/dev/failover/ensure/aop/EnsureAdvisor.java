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

package dev.failover.ensure.aop;

import java.lang.reflect.Method;
import java.util.Set;
import java.util.function.Supplier;

import org.aopalliance.aop.Advice;
import org.jspecify.annotations.Nullable;
import org.springframework.aop.Pointcut;
import org.springframework.aop.support.AbstractPointcutAdvisor;
import org.springframework.aop.support.StaticMethodMatcherPointcut;
import org.springframework.beans.factory.config.ConfigurableBeanFactory;
import org.springframework.core.Ordered;
import org.springframework.core.annotation.AnnotationUtils;

import dev.failover.ensure.ChannelSource;
import dev.failover.ensure.Ensure;
import dev.failover.ensure.EnsurePolicy;
import dev.failover.ensure.Ensurer;

/**
 * Advises methods and classes that are annotated with {@link Ensure}. Wrong annotations
 * fail the creation of the bean. None of the collaborators is asked for before the first
 * call.
 */
public final class EnsureAdvisor extends AbstractPointcutAdvisor {

	/**
	 * The order among advisors: outside of transactions, caches and everything else that
	 * does not ask for more.
	 */
	public static final int ORDER = Ordered.HIGHEST_PRECEDENCE + 100;

	private final transient EnsureOperations operations;

	private final transient EnsureInterceptor interceptor;

	private final transient Pointcut pointcut = new EnsurePointcut();

	/**
	 * Create an advisor.
	 * @param beanFactory resolves placeholders and the names of listeners
	 * @param ensurer does the work
	 * @param policy the default policy
	 * @param channels where channels come from
	 */
	public EnsureAdvisor(ConfigurableBeanFactory beanFactory, Supplier<Ensurer> ensurer, Supplier<EnsurePolicy> policy,
			Supplier<ChannelSource> channels) {
		this.operations = new EnsureOperations(new EnsureAnnotationParser(beanFactory));
		this.interceptor = new EnsureInterceptor(this.operations, ensurer, policy, channels);
		setOrder(ORDER);
	}

	/**
	 * Return the methods that are known to be ensured by now: those of all beans that
	 * have been created.
	 * @return the names, each with that of its class
	 */
	public Set<String> getMethods() {
		return this.operations.names();
	}

	@Override
	public Pointcut getPointcut() {
		return this.pointcut;
	}

	@Override
	public Advice getAdvice() {
		return this.interceptor;
	}

	@Override
	public boolean equals(@Nullable Object other) {
		return this == other;
	}

	@Override
	public int hashCode() {
		return System.identityHashCode(this);
	}

	/**
	 * Matches the annotated methods.
	 */
	private final class EnsurePointcut extends StaticMethodMatcherPointcut {

		EnsurePointcut() {
			setClassFilter((candidate) -> AnnotationUtils.isCandidateClass(candidate, Ensure.class));
		}

		@Override
		public boolean matches(Method method, Class<?> targetClass) {
			EnsureAdvisor.this.operations.inspect(targetClass);
			return EnsureAdvisor.this.operations.get(method, targetClass) != null;
		}

	}

}
