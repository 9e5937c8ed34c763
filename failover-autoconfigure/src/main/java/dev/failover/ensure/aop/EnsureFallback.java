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
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

import org.jspecify.annotations.Nullable;
import org.springframework.util.ClassUtils;
import org.springframework.util.ReflectionUtils;

/**
 * Methods of one name that stand in when all tries have failed. The most specific one
 * that takes the arguments and the exception is called.
 */
final class EnsureFallback {

	private final List<FallbackMethod> methods;

	private EnsureFallback(List<FallbackMethod> methods) {
		this.methods = methods;
	}

	/**
	 * Find the fallback of a method.
	 * @throws IllegalStateException if there is none that fits, or it is open which one
	 * is to be called
	 */
	static EnsureFallback find(Method method, Class<?> targetClass, String name) {
		List<FallbackMethod> methods = Arrays.stream(ReflectionUtils.getUniqueDeclaredMethods(targetClass))
			.filter((candidate) -> candidate.getName().equals(name) && !candidate.isBridge())
			.filter((candidate) -> !candidate.equals(method))
			.map((candidate) -> FallbackMethod.of(candidate, method))
			.flatMap(Optional::stream)
			.sorted(Comparator.comparing(FallbackMethod::toString))
			.toList();
		if (methods.isEmpty()) {
			throw new IllegalStateException("the fallback method '%s' was not found in %s: it needs the parameters %s, "
				.formatted(name, ClassUtils.getShortName(targetClass), Arrays.toString(method.getParameterTypes()))
					+ "and optionally a Throwable after them");
		}
		methods.forEach((one) -> methods.forEach((other) -> rejectAmbiguous(one, other, methods)));
		return new EnsureFallback(methods);
	}

	private static void rejectAmbiguous(FallbackMethod one, FallbackMethod other, List<FallbackMethod> all) {
		if (one.isAsSpecificAs(other) || other.isAsSpecificAs(one)) {
			return;
		}
		Class<?> both = one.commonFailures(other);
		if (both != null && all.stream()
			.noneMatch((better) -> better.failures() == both && better.isAsSpecificAs(one)
					&& better.isAsSpecificAs(other))) {
			throw new IllegalStateException(
					"the fallback method is ambiguous: both %s and %s fit, and neither is more specific".formatted(one,
							other));
		}
	}

	boolean accepts(Throwable failure) {
		return this.methods.stream().anyMatch((method) -> method.accepts(failure));
	}

	/**
	 * Call the most specific method.
	 * @throws IllegalStateException if no method accepts the failure
	 */
	@Nullable Object invoke(@Nullable Object target, @Nullable Object[] arguments, Throwable failure) throws Throwable {
		List<FallbackMethod> fitting = this.methods.stream().filter((method) -> method.accepts(failure)).toList();
		for (FallbackMethod method : fitting) {
			if (fitting.stream().allMatch(method::isAsSpecificAs)) {
				return method.invoke(target, arguments, failure);
			}
		}
		throw new IllegalStateException("No fallback for this failure", failure);
	}

}
