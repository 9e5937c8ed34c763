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

import org.jspecify.annotations.Nullable;
import org.reactivestreams.Publisher;
import org.springframework.aop.ProxyMethodInvocation;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

import dev.failover.ensure.EnsurePolicy;
import dev.failover.ensure.Ensurer;
import dev.failover.ensure.ReactiveEnsurer;

/**
 * Ensures publishers of Reactor. Loaded only if a method returns one.
 */
final class ReactiveResults {

	private ReactiveResults() {
	}

	static @Nullable Object ensure(Ensurer ensurer, EnsurePolicy policy, ProxyMethodInvocation call) throws Throwable {
		Object first = ensurer.execute(policy, () -> call.invocableClone().proceed());
		ReactiveEnsurer reactive = new ReactiveEnsurer(ensurer);
		if (first instanceof Mono<?> mono) {
			return mono(reactive, policy, mono, call);
		}
		return (first instanceof Flux<?> flux) ? flux(reactive, policy, flux, call) : first;
	}

	@SuppressWarnings("unchecked")
	private static <T> Mono<T> mono(ReactiveEnsurer reactive, EnsurePolicy policy, Mono<T> first,
			ProxyMethodInvocation call) {
		return reactive.mono(policy, first, () -> (Mono<T>) again(call));
	}

	@SuppressWarnings("unchecked")
	private static <T> Flux<T> flux(ReactiveEnsurer reactive, EnsurePolicy policy, Flux<T> first,
			ProxyMethodInvocation call) {
		return reactive.flux(policy, first, () -> (Flux<T>) again(call));
	}

	private static Object again(ProxyMethodInvocation call) throws Throwable {
		Object result = call.invocableClone().proceed();
		return (result != null) ? result : Mono.empty();
	}

	@SuppressWarnings("unchecked")
	static Object withFallback(Object result, FallbackCall instead) {
		if (result instanceof Mono<?> mono) {
			return ((Mono<Object>) mono).onErrorResume((failure) -> Mono.from(resume(instead, failure)));
		}
		return (result instanceof Flux<?> flux)
				? ((Flux<Object>) flux).onErrorResume((failure) -> resume(instead, failure)) : result;
	}

	@SuppressWarnings("unchecked")
	private static Publisher<Object> resume(FallbackCall instead, Throwable failure) {
		try {
			Object result = instead.invoke(failure);
			return (result != null) ? (Publisher<Object>) result : Mono.empty();
		}
		catch (Throwable ex) {
			return Mono.error(ex);
		}
	}

}
