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

package dev.failover.ensure;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * Does a method again, with the next broker, when the broker that it works with fails.
 * <p>
 * On a class, it holds for all methods of its beans; an annotation on a method takes
 * precedence as a whole. Attributes that are left out have the values of the
 * {@link EnsurePolicy} bean, that is of {@code failover.ensure.*}. Strings may contain
 * placeholders. May be used as a meta-annotation, its attributes through
 * {@link org.springframework.core.annotation.AliasFor}.
 * <p>
 * A parameter of type {@link com.rabbitmq.client.Channel} is filled with a channel, or
 * keeps the one that the caller gave, for the first try, and gets a new channel on each
 * further try. The channel is handed back when the method ends; if it is in confirm mode,
 * the broker must have confirmed what was published on it before.
 * <p>
 * A result that is a {@link java.util.concurrent.CompletionStage}, a {@code Mono} or a
 * {@code Flux} is ensured to its completion. The further tries then run on a thread of
 * their own; with {@code idempotent = false} there are none, because nothing is known of
 * what was sent.
 * <p>
 * The advice lies outside of transactions and caches, so that each try has its own, and
 * inside of {@code @Async}. Calls within the same object do not pass through it, and
 * private, static and final methods cannot have it.
 */
@Target({ ElementType.METHOD, ElementType.TYPE })
@Retention(RetentionPolicy.RUNTIME)
@Documented
public @interface Ensure {

	/**
	 * How many times the method is retried at most, 0 for not at all, {@code unlimited}
	 * for no limit but the time.
	 * @return a number, a placeholder, or empty for the default
	 */
	String maxRetries() default "";

	/**
	 * How long the call may take altogether, such as {@code 30s}.
	 * @return a duration, a placeholder, or empty for the default
	 */
	String timeout() default "";

	/**
	 * First wait after a pass over all brokers has failed.
	 * @return a duration, a placeholder, or empty for the default
	 */
	String intervalStart() default "";

	/**
	 * By how much the wait grows each time.
	 * @return a duration, a placeholder, or empty for the default
	 */
	String intervalStep() default "";

	/**
	 * Longest wait.
	 * @return a duration, a placeholder, or empty for the default
	 */
	String intervalMax() default "";

	/**
	 * Factor of an exponential growth of the wait, 1 for a linear one.
	 * @return a number, a placeholder, or empty for the default
	 */
	String intervalMultiplier() default "";

	/**
	 * Fraction by which a wait may deviate at random, between 0 and 1.
	 * @return a number, a placeholder, or empty for the default
	 */
	String intervalJitter() default "";

	/**
	 * Whether the method may be repeated although it has possibly been done. If not, it
	 * is repeated only where the failure proves that nothing was sent.
	 * @return {@code true}, {@code false}, a placeholder, or empty for the default
	 */
	String idempotent() default "";

	/**
	 * Types of exceptions to retry besides the failures of brokers.
	 * @return the types, none for the default
	 */
	Class<? extends Throwable>[] retryOn() default {};

	/**
	 * Types of exceptions not to retry, whatever they are.
	 * @return the types, none for the default
	 */
	Class<? extends Throwable>[] noRetryOn() default {};

	/**
	 * Names of {@link EnsureListener} beans, called after those of the default policy.
	 * @return the names
	 */
	String[] listeners() default {};

	/**
	 * Name of a method of the same class whose result is returned if the method fails in
	 * the end because of brokers. It takes the same parameters, and optionally one more
	 * for the exception. Of several such methods the most specific one for the parameters
	 * and the exception is called; it is an error if there is none.
	 * @return the name, or empty for none
	 */
	String fallbackMethod() default "";

}
