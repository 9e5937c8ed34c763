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

import java.util.concurrent.atomic.AtomicBoolean;

import org.springframework.util.Assert;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * {@link Ensurer} for publishers of Reactor. Each subscription is ensured for itself, and
 * its time begins when it is made. A {@link Flux} is repeated only while it has emitted
 * nothing, since its subscriber would otherwise see the same elements again.
 */
public final class ReactiveEnsurer {

	private final Ensurer ensurer;

	/**
	 * Create an instance.
	 * @param ensurer the ensurer that does the work
	 */
	public ReactiveEnsurer(Ensurer ensurer) {
		Assert.notNull(ensurer, "'ensurer' must not be null");
		this.ensurer = ensurer;
	}

	/**
	 * Ensure a mono.
	 * @param <T> the type of the element
	 * @param policy the limits
	 * @param first the mono of the first try
	 * @param work supplies the mono of each further try
	 * @return a mono that repeats the work when a broker fails
	 */
	public <T> Mono<T> mono(EnsurePolicy policy, Mono<T> first, EnsuredWork<Mono<T>, ?> work) {
		return Mono.defer(() -> {
			AsyncRun run = this.ensurer.asyncRun(policy);
			run.begun();
			return resume(run, first, work).doOnSuccess((element) -> run.ended(null)).doOnError(run::ended);
		});
	}

	/**
	 * Ensure a flux.
	 * @param <T> the type of the elements
	 * @param policy the limits
	 * @param first the flux of the first try
	 * @param work supplies the flux of each further try
	 * @return a flux that repeats the work when a broker fails before the first element
	 */
	public <T> Flux<T> flux(EnsurePolicy policy, Flux<T> first, EnsuredWork<Flux<T>, ?> work) {
		return Flux.defer(() -> {
			AtomicBoolean emitted = new AtomicBoolean();
			AsyncRun run = this.ensurer.asyncRun(policy);
			run.begun();
			return resume(run, first, work, emitted).doOnNext((element) -> emitted.setPlain(true))
				.doOnComplete(() -> run.ended(null))
				.doOnError(run::ended);
		});
	}

	private <T> Mono<T> resume(AsyncRun run, Mono<T> mono, EnsuredWork<Mono<T>, ?> work) {
		return mono.onErrorResume((failure) -> Mono.fromFuture(run.next(failure), true)
			.onErrorMap(AsyncRun::unwrap)
			.then(Mono.defer(() -> resume(run, again(run, work), work))));
	}

	private <T> Flux<T> resume(AsyncRun run, Flux<T> flux, EnsuredWork<Flux<T>, ?> work, AtomicBoolean emitted) {
		return flux.onErrorResume((failure) -> emitted.get() ? Flux.error(failure)
				: Mono.fromFuture(run.next(failure), true)
					.onErrorMap(AsyncRun::unwrap)
					.thenMany(Flux.defer(() -> resume(run, againMany(run, work), work, emitted))));
	}

	private static <T> Mono<T> again(AsyncRun run, EnsuredWork<Mono<T>, ?> work) {
		try {
			return run.call(work);
		}
		catch (Throwable ex) {
			return Mono.error(ex);
		}
	}

	private static <T> Flux<T> againMany(AsyncRun run, EnsuredWork<Flux<T>, ?> work) {
		try {
			return run.call(work);
		}
		catch (Throwable ex) {
			return Flux.error(ex);
		}
	}

}
