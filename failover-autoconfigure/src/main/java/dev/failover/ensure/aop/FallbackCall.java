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

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.function.Predicate;

import org.jspecify.annotations.Nullable;

/**
 * The fallback of one call.
 *
 * @param fallback the fallback
 * @param target the object to call it on
 * @param arguments the arguments of the call
 * @param brokers whether a failure is one of brokers, all others are thrown
 */
record FallbackCall(EnsureFallback fallback, @Nullable Object target, @Nullable Object[] arguments,
		Predicate<Throwable> brokers) {

	@Nullable Object invoke(Throwable failure) throws Throwable {
		if (!this.brokers.test(failure) || !this.fallback.accepts(failure)) {
			throw failure;
		}
		return this.fallback.invoke(this.target, this.arguments, failure);
	}

	@SuppressWarnings("unchecked")
	CompletionStage<@Nullable Object> stage(Throwable failure) {
		Throwable cause = (failure instanceof CompletionException && failure.getCause() != null) ? failure.getCause()
				: failure;
		try {
			Object result = invoke(cause);
			return (result instanceof CompletionStage<?> stage) ? (CompletionStage<@Nullable Object>) stage
					: CompletableFuture.completedFuture(null);
		}
		catch (Throwable ex) {
			return CompletableFuture.failedFuture(ex);
		}
	}

}
