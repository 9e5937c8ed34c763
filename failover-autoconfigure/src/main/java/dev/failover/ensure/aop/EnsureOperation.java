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

import java.util.function.UnaryOperator;

import org.jspecify.annotations.Nullable;
import org.springframework.util.function.SingletonSupplier;

import dev.failover.ensure.EnsurePolicy;
import dev.failover.ensure.Ensurer;

/**
 * An annotated method, checked and ready to be called.
 */
final class EnsureOperation {

	private final String name;

	private final UnaryOperator<EnsurePolicy> overrides;

	private final int channel;

	private final @Nullable EnsureFallback fallback;

	private final ResultKind results;

	private volatile @Nullable EnsurePolicy policy;

	private volatile @Nullable Ensurer ensurer;

	/**
	 * Create an operation.
	 * @param name the name of the method that its calls are observed by
	 * @param overrides what the annotation changes in the default policy
	 * @param channel the index of the channel parameter, or -1
	 * @param fallback the fallback, or {@code null} if there is none
	 * @param results how the result is ensured
	 */
	EnsureOperation(String name, UnaryOperator<EnsurePolicy> overrides, int channel, @Nullable EnsureFallback fallback,
			ResultKind results) {
		this.name = name;
		this.overrides = overrides;
		this.channel = channel;
		this.fallback = fallback;
		this.results = results;
	}

	/**
	 * Return the policy of the method, which is settled at the first call.
	 */
	EnsurePolicy policy(SingletonSupplier<EnsurePolicy> defaults) {
		EnsurePolicy settled = this.policy;
		if (settled == null) {
			settled = this.overrides.apply(defaults.obtain());
			this.policy = settled;
		}
		return settled;
	}

	/**
	 * Return what calls the method, and is observed by its name.
	 */
	Ensurer ensurer(SingletonSupplier<Ensurer> shared) {
		Ensurer named = this.ensurer;
		if (named == null) {
			named = shared.obtain().named(this.name);
			this.ensurer = named;
		}
		return named;
	}

	String name() {
		return this.name;
	}

	int channel() {
		return this.channel;
	}

	@Nullable EnsureFallback fallback() {
		return this.fallback;
	}

	ResultKind results() {
		return this.results;
	}

	/**
	 * The kinds of results.
	 */
	enum ResultKind {

		/**
		 * There is nothing to wait for when the method has returned.
		 */
		VALUE,

		/**
		 * A future or completion stage.
		 */
		STAGE,

		/**
		 * A mono or flux of Reactor.
		 */
		REACTIVE

	}

}
