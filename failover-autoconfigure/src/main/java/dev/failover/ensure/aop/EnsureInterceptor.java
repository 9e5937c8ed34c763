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
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;

import com.rabbitmq.client.Channel;
import org.aopalliance.intercept.MethodInterceptor;
import org.aopalliance.intercept.MethodInvocation;
import org.jspecify.annotations.Nullable;
import org.springframework.aop.ProxyMethodInvocation;
import org.springframework.util.function.SingletonSupplier;

import dev.failover.ensure.ChannelSource;
import dev.failover.ensure.EnsurePolicy;
import dev.failover.ensure.Ensurer;

/**
 * Calls annotated methods through an {@link Ensurer}.
 */
final class EnsureInterceptor implements MethodInterceptor {

	private final EnsureOperations operations;

	private final SingletonSupplier<Ensurer> ensurer;

	private final SingletonSupplier<EnsurePolicy> defaults;

	private final SingletonSupplier<ChannelSource> channels;

	EnsureInterceptor(EnsureOperations operations, Supplier<Ensurer> ensurer, Supplier<EnsurePolicy> defaults,
			Supplier<ChannelSource> channels) {
		this.operations = operations;
		this.ensurer = SingletonSupplier.of(ensurer);
		this.defaults = SingletonSupplier.of(defaults);
		this.channels = SingletonSupplier.of(channels);
	}

	@Override
	public @Nullable Object invoke(MethodInvocation invocation) throws Throwable {
		Object target = invocation.getThis();
		Class<?> targetClass = (target != null) ? target.getClass() : invocation.getMethod().getDeclaringClass();
		EnsureOperation operation = this.operations.get(invocation.getMethod(), targetClass);
		if (operation == null) {
			return invocation.proceed();
		}
		EnsurePolicy policy = operation.policy(this.defaults);
		EnsureFallback fallback = operation.fallback();
		ProxyMethodInvocation call = (ProxyMethodInvocation) invocation;
		if (fallback == null) {
			return invoke(operation, policy, call);
		}
		@Nullable Object[] arguments = invocation.getArguments().clone();
		FallbackCall instead = new FallbackCall(fallback, target, arguments,
				(failure) -> this.ensurer.obtain().isRetryable(policy, failure));
		try {
			return withFallback(operation, invoke(operation, policy, call), instead);
		}
		catch (Throwable ex) {
			return instead.invoke(ex);
		}
	}

	private @Nullable Object invoke(EnsureOperation operation, EnsurePolicy policy, ProxyMethodInvocation call)
			throws Throwable {
		Ensurer ensurer = operation.ensurer(this.ensurer);
		return switch (operation.results()) {
			case VALUE -> (operation.channel() >= 0) ? withChannel(ensurer, operation.channel(), policy, call)
					: ensurer.execute(policy, () -> call.invocableClone().proceed());
			case STAGE -> stage(ensurer, policy, call);
			case REACTIVE -> ReactiveResults.ensure(ensurer, policy, call);
		};
	}

	private @Nullable Object withChannel(Ensurer ensurer, int index, EnsurePolicy policy, ProxyMethodInvocation call)
			throws Throwable {
		Channel given = (Channel) call.getArguments()[index];
		return ensurer.execute(policy, this.channels.obtain(), given, (channel) -> {
			@Nullable Object[] arguments = call.getArguments().clone();
			arguments[index] = channel;
			return call.invocableClone(arguments).proceed();
		});
	}

	/**
	 * Ensure a stage. What the first try returns is handed through if it is a future that
	 * is no stage, or {@code null}.
	 */
	@SuppressWarnings("unchecked")
	private static @Nullable Object stage(Ensurer ensurer, EnsurePolicy policy, ProxyMethodInvocation call)
			throws Throwable {
		@Nullable Object[] returned = new Object[1];
		CompletableFuture<@Nullable Object> ensured = ensurer.executeAsync(policy, () -> {
			returned[0] = call.invocableClone().proceed();
			return (returned[0] instanceof CompletionStage<?> stage) ? (CompletionStage<@Nullable Object>) stage
					: CompletableFuture.completedFuture(null);
		});
		return (returned[0] instanceof CompletionStage<?>) ? ensured : returned[0];
	}

	@SuppressWarnings("unchecked")
	private static @Nullable Object withFallback(EnsureOperation operation, @Nullable Object result,
			FallbackCall instead) {
		if (operation.results() == EnsureOperation.ResultKind.STAGE && result instanceof CompletableFuture<?> future) {
			return ((CompletableFuture<@Nullable Object>) future).exceptionallyCompose(instead::stage);
		}
		if (operation.results() == EnsureOperation.ResultKind.REACTIVE && result != null) {
			return ReactiveResults.withFallback(result, instead);
		}
		return result;
	}

}
