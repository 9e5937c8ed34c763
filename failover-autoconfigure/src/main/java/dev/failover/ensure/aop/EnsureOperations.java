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
import java.lang.reflect.Modifier;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;

import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;
import org.springframework.aop.support.AopUtils;
import org.springframework.core.MethodClassKey;
import org.springframework.core.MethodIntrospector;
import org.springframework.core.annotation.AnnotatedElementUtils;
import org.springframework.util.ClassUtils;

import dev.failover.ensure.Ensure;

/**
 * The operations of all classes that have been looked at.
 */
final class EnsureOperations {

	private static final Log logger = LogFactory.getLog(EnsureOperations.class);

	private final EnsureAnnotationParser parser;

	private final Map<MethodClassKey, Optional<EnsureOperation>> operations = new ConcurrentHashMap<>(64);

	private final Set<Class<?>> inspected = ConcurrentHashMap.newKeySet();

	EnsureOperations(EnsureAnnotationParser parser) {
		this.parser = parser;
	}

	/**
	 * Return the operation of a method.
	 * @return the operation, or {@code null} if the method is not ensured
	 * @throws IllegalStateException if it is annotated wrongly
	 */
	@Nullable EnsureOperation get(Method method, Class<?> targetClass) {
		MethodClassKey key = new MethodClassKey(method, targetClass);
		Optional<EnsureOperation> known = this.operations.get(key);
		if (known == null) {
			known = Optional.ofNullable(find(method, targetClass));
			this.operations.put(key, known);
		}
		return known.orElse(null);
	}

	private @Nullable EnsureOperation find(Method method, Class<?> targetClass) {
		Class<?> userClass = ClassUtils.getUserClass(targetClass);
		Method specific = AopUtils.getMostSpecificMethod(method, userClass);
		Ensure annotation = AnnotatedElementUtils.findMergedAnnotation(specific, Ensure.class);
		if (annotation == null && isForClassAnnotation(specific)) {
			annotation = AnnotatedElementUtils.findMergedAnnotation(userClass, Ensure.class);
		}
		return (annotation != null) ? this.parser.parse(annotation, specific, userClass) : null;
	}

	private static boolean isForClassAnnotation(Method method) {
		return method.getDeclaringClass() != Object.class && ClassUtils.isUserLevelMethod(method)
				&& !Modifier.isPrivate(method.getModifiers());
	}

	/**
	 * Return the names of the methods that are known by now.
	 */
	Set<String> names() {
		return this.operations.values()
			.stream()
			.flatMap(Optional::stream)
			.map(EnsureOperation::name)
			.collect(Collectors.toSet());
	}

	/**
	 * Look at all methods of a class, once: whether a class is advised is settled by the
	 * first method that matches, and the others would be looked at no earlier than they
	 * are called. Warns of annotations that a proxy cannot honour.
	 * @throws IllegalStateException if one of them is annotated wrongly
	 */
	void inspect(Class<?> targetClass) {
		Class<?> userClass = ClassUtils.getUserClass(targetClass);
		if (this.inspected.contains(userClass)) {
			return;
		}
		Set<Method> methods = MethodIntrospector
			.selectMethods(userClass,
					(MethodIntrospector.MetadataLookup<EnsureOperation>) (method) -> get(method, userClass))
			.keySet();
		methods.stream()
			.filter(EnsureOperations::isUnreachable)
			.filter((method) -> AnnotatedElementUtils.hasAnnotation(method, Ensure.class))
			.forEach((method) -> logger.warn(("@Ensure on %s.%s has no effect if it is called through a proxy of the "
					+ "class: it is private, static or final")
				.formatted(userClass.getName(), method.getName())));
		methods.stream()
			.filter(EnsureAnnotationParser::isLeftAlone)
			.forEach((method) -> logger
				.warn("@Ensure on %s.%s ends when the method returns, not with the %s that it returns: declare a %s"
					.formatted(userClass.getName(), method.getName(), method.getReturnType().getSimpleName(),
							"CompletableFuture, CompletionStage, Mono or Flux")));
		this.inspected.add(userClass);
	}

	private static boolean isUnreachable(Method method) {
		return (method.getModifiers() & (Modifier.PRIVATE | Modifier.FINAL | Modifier.STATIC)) != 0;
	}

}
