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
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Flow;
import java.util.concurrent.Future;
import java.util.function.Function;
import java.util.function.UnaryOperator;

import com.rabbitmq.client.Channel;
import org.springframework.beans.factory.config.ConfigurableBeanFactory;
import org.springframework.boot.convert.DurationStyle;
import org.springframework.util.ClassUtils;
import org.springframework.util.StringUtils;

import dev.failover.ensure.Ensure;
import dev.failover.ensure.EnsureInterval;
import dev.failover.ensure.EnsureListener;
import dev.failover.ensure.EnsurePolicy;
import dev.failover.ensure.aop.EnsureOperation.ResultKind;

/**
 * Turns annotations into operations, and finds what is wrong with them. Listener beans
 * are looked for, but not created, before the first call.
 */
final class EnsureAnnotationParser {

	private static final Set<String> REACTIVE = Set.of("reactor.core.publisher.Mono", "reactor.core.publisher.Flux");

	private static final String UNLIMITED = "unlimited";

	private final ConfigurableBeanFactory beanFactory;

	EnsureAnnotationParser(ConfigurableBeanFactory beanFactory) {
		this.beanFactory = beanFactory;
	}

	/**
	 * Parse the annotation of a method.
	 * @throws IllegalStateException if it is wrong, with a message that names the method
	 */
	EnsureOperation parse(Ensure annotation, Method method, Class<?> targetClass) {
		try {
			UnaryOperator<EnsurePolicy> overrides = overrides(annotation);
			overrides.apply(EnsurePolicy.DEFAULT);
			String fallback = resolve(annotation.fallbackMethod());
			return new EnsureOperation(ClassUtils.getShortName(targetClass) + "." + method.getName(),
					withListeners(overrides, annotation), channel(method),
					fallback.isEmpty() ? null : EnsureFallback.find(method, targetClass, fallback), results(method));
		}
		catch (IllegalArgumentException | IllegalStateException ex) {
			throw new IllegalStateException(
					"@Ensure on %s.%s is wrong: %s".formatted(targetClass.getName(), method.getName(), ex.getMessage()),
					ex);
		}
	}

	private UnaryOperator<EnsurePolicy> overrides(Ensure annotation) {
		List<UnaryOperator<EnsurePolicy>> changes = new ArrayList<>();
		change("maxRetries", annotation.maxRetries(), EnsureAnnotationParser::maxRetries, changes,
				(policy, value) -> policy.withMaxRetries((value >= 0) ? value : null));
		change("timeout", annotation.timeout(), DurationStyle::detectAndParse, changes, EnsurePolicy::withTimeout);
		change("idempotent", annotation.idempotent(), EnsureAnnotationParser::bool, changes,
				EnsurePolicy::withIdempotent);
		interval(annotation, changes);
		if (annotation.retryOn().length > 0) {
			changes.add((policy) -> policy.withRetryOn(List.of(annotation.retryOn())));
		}
		if (annotation.noRetryOn().length > 0) {
			changes.add((policy) -> policy.withNoRetryOn(List.of(annotation.noRetryOn())));
		}
		return (policy) -> {
			EnsurePolicy changed = policy;
			for (UnaryOperator<EnsurePolicy> change : changes) {
				changed = change.apply(changed);
			}
			return changed;
		};
	}

	private void interval(Ensure annotation, List<UnaryOperator<EnsurePolicy>> changes) {
		change("intervalStart", annotation.intervalStart(), DurationStyle::detectAndParse, changes,
				(policy, value) -> policy.withInterval((interval) -> new EnsureInterval(value, interval.step(),
						interval.max(), interval.multiplier(), interval.jitter())));
		change("intervalStep", annotation.intervalStep(), DurationStyle::detectAndParse, changes,
				(policy, value) -> policy.withInterval((interval) -> new EnsureInterval(interval.start(), value,
						interval.max(), interval.multiplier(), interval.jitter())));
		change("intervalMax", annotation.intervalMax(), DurationStyle::detectAndParse, changes,
				(policy, value) -> policy.withInterval((interval) -> new EnsureInterval(interval.start(),
						interval.step(), value, interval.multiplier(), interval.jitter())));
		change("intervalMultiplier", annotation.intervalMultiplier(), Double::valueOf, changes,
				(policy, value) -> policy.withInterval((interval) -> new EnsureInterval(interval.start(),
						interval.step(), interval.max(), value, interval.jitter())));
		change("intervalJitter", annotation.intervalJitter(), Double::valueOf, changes,
				(policy, value) -> policy.withInterval((interval) -> new EnsureInterval(interval.start(),
						interval.step(), interval.max(), interval.multiplier(), value)));
	}

	private <V> void change(String attribute, String text, Function<String, V> parser,
			List<UnaryOperator<EnsurePolicy>> changes, Change<V> change) {
		String resolved = resolve(text);
		if (resolved.isEmpty()) {
			return;
		}
		try {
			V value = parser.apply(resolved);
			change.apply(EnsurePolicy.DEFAULT, value);
			changes.add((policy) -> change.apply(policy, value));
		}
		catch (IllegalArgumentException ex) {
			throw new IllegalArgumentException(
					"'%s' of attribute '%s' is no valid value (%s)".formatted(resolved, attribute, ex.getMessage()),
					ex);
		}
	}

	private UnaryOperator<EnsurePolicy> withListeners(UnaryOperator<EnsurePolicy> overrides, Ensure annotation) {
		List<String> names = Arrays.stream(annotation.listeners())
			.map(this::resolve)
			.filter(StringUtils::hasText)
			.toList();
		for (String name : names) {
			if (!this.beanFactory.containsBean(name)) {
				throw new IllegalStateException("there is no bean '%s' to be its listener".formatted(name));
			}
			if (!this.beanFactory.isTypeMatch(name, EnsureListener.class)) {
				throw new IllegalStateException("the bean '%s' is no EnsureListener".formatted(name));
			}
		}
		if (names.isEmpty()) {
			return overrides;
		}
		return (policy) -> {
			List<EnsureListener> listeners = new ArrayList<>(policy.listeners());
			names.forEach((name) -> listeners.add(this.beanFactory.getBean(name, EnsureListener.class)));
			return overrides.apply(policy).withListeners(listeners);
		};
	}

	private static int channel(Method method) {
		int found = -1;
		for (int i = 0; i < method.getParameterCount(); i++) {
			if (method.getParameterTypes()[i] == Channel.class) {
				if (found >= 0) {
					throw new IllegalStateException("it has more than one parameter of type Channel");
				}
				found = i;
			}
		}
		if (found >= 0 && results(method) != ResultKind.VALUE) {
			throw new IllegalStateException("a parameter of type Channel does not live as long as the result");
		}
		return found;
	}

	private static ResultKind results(Method method) {
		Class<?> type = method.getReturnType();
		if (type == CompletionStage.class || type == CompletableFuture.class || type == Future.class) {
			return ResultKind.STAGE;
		}
		return REACTIVE.contains(type.getName()) ? ResultKind.REACTIVE : ResultKind.VALUE;
	}

	/**
	 * Whether the result ends later than the method, but is of a type that cannot be
	 * replaced by one that is ensured.
	 */
	static boolean isLeftAlone(Method method) {
		Class<?> type = method.getReturnType();
		return results(method) == ResultKind.VALUE && (Future.class.isAssignableFrom(type)
				|| CompletionStage.class.isAssignableFrom(type) || Flow.Publisher.class.isAssignableFrom(type)
				|| ClassUtils.getAllInterfacesForClassAsSet(type)
					.stream()
					.anyMatch((candidate) -> candidate.getName().equals("org.reactivestreams.Publisher")));
	}

	private String resolve(String text) {
		String resolved = this.beanFactory.resolveEmbeddedValue(text);
		return (resolved != null) ? resolved.trim() : "";
	}

	private static int maxRetries(String text) {
		if (text.equalsIgnoreCase(UNLIMITED)) {
			return -1;
		}
		int value = Integer.parseInt(text);
		if (value < 0) {
			throw new IllegalArgumentException("must not be negative");
		}
		return value;
	}

	private static boolean bool(String text) {
		if (text.equalsIgnoreCase("true") || text.equalsIgnoreCase("false")) {
			return Boolean.parseBoolean(text);
		}
		throw new IllegalArgumentException("neither true nor false");
	}

	/**
	 * Change of a policy.
	 *
	 * @param <V> the type of the attribute
	 */
	@FunctionalInterface
	private interface Change<V> {

		EnsurePolicy apply(EnsurePolicy policy, V value);

	}

}
