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

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.util.Arrays;

import org.jspecify.annotations.Nullable;
import org.springframework.util.ClassUtils;
import org.springframework.util.ReflectionUtils;

/**
 * Method that stands in when all tries have failed.
 *
 * @param method the method, made accessible
 * @param failureType the type of its last parameter, or {@code null} if it does not take
 * the exception
 */
record EnsureFallback(Method method, @Nullable Class<?> failureType) {

	/**
	 * Find the fallback of a method.
	 * @throws IllegalStateException if there is none that fits
	 */
	static EnsureFallback find(Method method, Class<?> targetClass, String name) {
		Method plain = ReflectionUtils.findMethod(targetClass, name, method.getParameterTypes());
		if (plain != null && !plain.equals(method)) {
			return checked(method, plain, null);
		}
		for (Method candidate : ReflectionUtils.getAllDeclaredMethods(targetClass)) {
			Class<?>[] types = candidate.getParameterTypes();
			int last = types.length - 1;
			if (candidate.getName().equals(name) && last == method.getParameterCount()
					&& Throwable.class.isAssignableFrom(types[last])
					&& Arrays.equals(Arrays.copyOf(types, last), method.getParameterTypes())) {
				return checked(method, candidate, types[last]);
			}
		}
		throw new IllegalStateException("the fallback method '%s' was not found in %s: it needs the parameters %s, "
			.formatted(name, ClassUtils.getShortName(targetClass), Arrays.toString(method.getParameterTypes()))
				+ "and optionally a Throwable after them");
	}

	private static EnsureFallback checked(Method method, Method fallback, @Nullable Class<?> failureType) {
		if (!ClassUtils.isAssignable(method.getReturnType(), fallback.getReturnType())
				&& method.getReturnType() != void.class) {
			throw new IllegalStateException("the fallback method '%s' returns %s instead of %s"
				.formatted(fallback.getName(), fallback.getReturnType().getName(), method.getReturnType().getName()));
		}
		ReflectionUtils.makeAccessible(fallback);
		return new EnsureFallback(fallback, failureType);
	}

	boolean accepts(Throwable failure) {
		return this.failureType == null || this.failureType.isInstance(failure);
	}

	@Nullable Object invoke(@Nullable Object target, @Nullable Object[] arguments, Throwable failure) throws Throwable {
		@Nullable Object[] all = arguments;
		if (this.failureType != null) {
			all = Arrays.copyOf(arguments, arguments.length + 1);
			all[arguments.length] = failure;
		}
		try {
			return this.method.invoke(target, all);
		}
		catch (InvocationTargetException ex) {
			ex.getTargetException().addSuppressed(failure);
			throw ex.getTargetException();
		}
	}

}
