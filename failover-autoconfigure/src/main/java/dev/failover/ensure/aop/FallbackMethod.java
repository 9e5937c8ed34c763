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
import java.util.Optional;
import java.util.stream.Collectors;

import org.jspecify.annotations.Nullable;
import org.springframework.util.ClassUtils;
import org.springframework.util.ReflectionUtils;

/**
 * One method that can stand in for another one.
 *
 * @param method the method, made accessible
 * @param failureType the type of its last parameter, or {@code null} if it does not take
 * the exception
 */
record FallbackMethod(Method method, @Nullable Class<?> failureType) {

	/**
	 * Return a candidate as a fallback.
	 * @return the fallback, or empty if it does not take the arguments of the method
	 * @throws IllegalStateException if it does, but returns something else
	 */
	static Optional<FallbackMethod> of(Method candidate, Method method) {
		Class<?>[] needed = method.getParameterTypes();
		Class<?>[] types = candidate.getParameterTypes();
		boolean takesFailure = types.length == needed.length + 1
				&& Throwable.class.isAssignableFrom(types[needed.length]);
		if (!takesFailure && types.length != needed.length) {
			return Optional.empty();
		}
		for (int i = 0; i < needed.length; i++) {
			if (!types[i].isAssignableFrom(needed[i])) {
				return Optional.empty();
			}
		}
		if (!ClassUtils.isAssignable(method.getReturnType(), candidate.getReturnType())
				&& method.getReturnType() != void.class) {
			throw new IllegalStateException("the fallback method '%s' returns %s instead of %s"
				.formatted(candidate.getName(), candidate.getReturnType().getName(), method.getReturnType().getName()));
		}
		ReflectionUtils.makeAccessible(candidate);
		return Optional.of(new FallbackMethod(candidate, takesFailure ? types[needed.length] : null));
	}

	/**
	 * The type of the failures that it accepts. One that does not take the exception is
	 * less specific than any that does.
	 */
	Class<?> failures() {
		return (this.failureType != null) ? this.failureType : Object.class;
	}

	boolean accepts(Throwable failure) {
		return failures().isInstance(failure);
	}

	/**
	 * Return the type of the failures that both accept.
	 * @return the type, or {@code null} if there are none
	 */
	@Nullable Class<?> commonFailures(FallbackMethod other) {
		if (failures().isAssignableFrom(other.failures())) {
			return other.failures();
		}
		return other.failures().isAssignableFrom(failures()) ? failures() : null;
	}

	/**
	 * Whether the other method takes everything that this one takes.
	 */
	boolean isAsSpecificAs(FallbackMethod other) {
		Class<?>[] types = this.method.getParameterTypes();
		Class<?>[] others = other.method.getParameterTypes();
		int arguments = (this.failureType != null) ? types.length - 1 : types.length;
		for (int i = 0; i < arguments; i++) {
			if (!others[i].isAssignableFrom(types[i])) {
				return false;
			}
		}
		return other.failures().isAssignableFrom(failures());
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

	@Override
	public String toString() {
		return Arrays.stream(this.method.getParameterTypes())
			.map(ClassUtils::getShortName)
			.collect(Collectors.joining(", ", this.method.getName() + "(", ")"));
	}

}
