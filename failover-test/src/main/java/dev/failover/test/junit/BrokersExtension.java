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

package dev.failover.test.junit;

import java.lang.annotation.Annotation;
import java.lang.reflect.AnnotatedElement;
import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.util.Optional;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.BeforeClassTemplateInvocationCallback;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;
import org.junit.platform.commons.support.AnnotationSupport;
import org.junit.platform.commons.support.HierarchyTraversalMode;

import dev.failover.test.RabbitNode;
import dev.failover.test.TestBroker;

/**
 * Fills fields and parameters that are annotated with {@link Embedded} or {@link Rabbit}
 * with running brokers, and ends them.
 * <ul>
 * <li>A static field, and a parameter of a {@code @BeforeAll} method, is a broker for all
 * tests of the class; in a class with {@link EachRabbit @EachRabbit} a static field is a
 * broker for all tests with one version.</li>
 * <li>An instance field, and a parameter of a test or {@code @BeforeEach} method, is a
 * broker for that one test.</li>
 * </ul>
 * Where RabbitMQ is not installed, or not in the version that they are for, tests with
 * {@code @Rabbit} or {@code @EachRabbit} are skipped, and say why. With the environment
 * variable {@code CI=true} they fail instead.
 */
public final class BrokersExtension
		implements BeforeClassTemplateInvocationCallback, BeforeAllCallback, BeforeEachCallback, ParameterResolver {

	private static final ExtensionContext.Namespace NAMESPACE = ExtensionContext.Namespace
		.create(BrokersExtension.class);

	/**
	 * Skip the current test if RabbitMQ is not installed, or fail it if the environment
	 * variable {@code CI} is {@code true}. For tests that build their nodes themselves.
	 */
	public static void requireRabbit() {
		RabbitRequirement.check(RabbitNode.available(), Boolean.parseBoolean(System.getenv("CI")));
	}

	/**
	 * Skip the current test if RabbitMQ is not installed in a version, or fail it if the
	 * environment variable {@code CI} is {@code true}.
	 * @param version the beginning of the version, such as {@code 4} or {@code 3.10}
	 */
	public static void requireRabbit(String version) {
		RabbitRequirement.check(RabbitNode.available(version), Boolean.parseBoolean(System.getenv("CI")));
	}

	@Override
	public void beforeClassTemplateInvocation(ExtensionContext context) {
		Optional<String> version = eachVersion(context);
		if (version.isPresent()) {
			requireRabbit(version.get());
			fill(context.getRequiredTestClass(), null, context);
		}
	}

	@Override
	public void beforeAll(ExtensionContext context) {
		if (!AnnotationSupport.isAnnotated(context.getTestClass(), EachRabbit.class)) {
			fill(context.getRequiredTestClass(), null, context);
		}
	}

	@Override
	public void beforeEach(ExtensionContext context) {
		eachVersion(context).ifPresent(BrokersExtension::requireRabbit);
		for (Object instance : context.getRequiredTestInstances().getAllInstances()) {
			fill(instance.getClass(), instance, context);
		}
	}

	@Override
	public boolean supportsParameter(ParameterContext parameterContext, ExtensionContext context) {
		return annotation(parameterContext.getParameter()).isPresent();
	}

	@Override
	public Object resolveParameter(ParameterContext parameterContext, ExtensionContext context) {
		return broker(parameterContext.getParameter(), parameterContext.getParameter().getType(), context);
	}

	private void fill(Class<?> type, @Nullable Object instance, ExtensionContext context) {
		for (Field field : AnnotationSupport.findAnnotatedFields(type, Embedded.class, (field) -> true,
				HierarchyTraversalMode.TOP_DOWN)) {
			fill(field, instance, context);
		}
		for (Field field : AnnotationSupport.findAnnotatedFields(type, Rabbit.class, (field) -> true,
				HierarchyTraversalMode.TOP_DOWN)) {
			fill(field, instance, context);
		}
	}

	private void fill(Field field, @Nullable Object instance, ExtensionContext context) {
		if (Modifier.isStatic(field.getModifiers()) == (instance == null)) {
			try {
				field.setAccessible(true);
				field.set(instance, broker(field, field.getType(), context));
			}
			catch (IllegalAccessException ex) {
				throw new IllegalStateException("Cannot set field '%s'".formatted(field), ex);
			}
		}
	}

	private TestBroker broker(AnnotatedElement element, Class<?> type, ExtensionContext context) {
		Annotation annotation = annotation(element).orElseThrow();
		ExtensionContext.Store store = context.getStore(NAMESPACE);
		String version = version(annotation, context);
		LeaseKey key = LeaseKey.of(annotation, version, element);
		TestBroker broker = store
			.computeIfAbsent(key, (ignored) -> lease(annotation, version, context), BrokerLease.class)
			.broker();
		if (!type.isInstance(broker)) {
			throw new IllegalStateException(
					"'%s' must be of type %s".formatted(element, broker.getClass().getSimpleName()));
		}
		return broker;
	}

	private static BrokerLease lease(Annotation annotation, String version, ExtensionContext context) {
		if (annotation instanceof Rabbit rabbit) {
			if (version.isEmpty()) {
				requireRabbit();
			}
			else {
				requireRabbit(version);
			}
			return context.getRoot()
				.getStore(NAMESPACE)
				.computeIfAbsent(NodePool.class, (type) -> new NodePool(), NodePool.class)
				.lease(rabbit, RabbitNode.newestVersion(version).orElseThrow());
		}
		return BrokerLease.of((Embedded) annotation);
	}

	/**
	 * Return the version of RabbitMQ that a broker is to run.
	 * @return the beginning of the version, empty for the default
	 */
	private static String version(Annotation annotation, ExtensionContext context) {
		if (annotation instanceof Rabbit rabbit) {
			return rabbit.version().isEmpty() ? eachVersion(context).orElse("") : rabbit.version();
		}
		return "";
	}

	private static Optional<String> eachVersion(ExtensionContext context) {
		for (Optional<ExtensionContext> at = Optional.of(context); at.isPresent(); at = at.get().getParent()) {
			if (AnnotationSupport.isAnnotated(at.get().getTestMethod(), EachRabbit.class)
					|| AnnotationSupport.isAnnotated(at.get().getTestClass(), EachRabbit.class)) {
				return Optional.of(EachRabbitArgument.in(context));
			}
		}
		return Optional.empty();
	}

	private static Optional<? extends Annotation> annotation(AnnotatedElement element) {
		Optional<Embedded> embedded = AnnotationSupport.findAnnotation(element, Embedded.class);
		return embedded.isPresent() ? embedded : AnnotationSupport.findAnnotation(element, Rabbit.class);
	}

	/**
	 * What makes two places share a broker.
	 *
	 * @param annotation the annotation
	 * @param version the version of RabbitMQ, empty for the default
	 * @param element the place, unless the broker has a name
	 */
	private record LeaseKey(Annotation annotation, String version, @Nullable AnnotatedElement element) {

		static LeaseKey of(Annotation annotation, String version, AnnotatedElement element) {
			String name = (annotation instanceof Rabbit rabbit) ? rabbit.name() : ((Embedded) annotation).name();
			return new LeaseKey(annotation, version, name.isEmpty() ? element : null);
		}

	}

}
