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

import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

import com.rabbitmq.client.Channel;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.springframework.amqp.AmqpConnectException;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

import dev.failover.broker.Broker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

/**
 * Work whose result arrives later.
 */
@Timeout(20)
class EnsurerAsyncTests {

	private final FakeReconnector fake = new FakeReconnector();

	private final Ensurer ensurer = this.fake.ensurer();

	private final AtomicInteger calls = new AtomicInteger();

	@AfterEach
	void close() {
		this.ensurer.close();
	}

	private CompletableFuture<Integer> stage(int times, Throwable failure) {
		int call = this.calls.incrementAndGet();
		CompletableFuture<Integer> stage = new CompletableFuture<>();
		if (call <= times) {
			stage.completeExceptionally(failure);
		}
		else {
			stage.complete(call);
		}
		return stage;
	}

	@Test
	void errorOfTheReconnectorEndsTheFuture() {
		this.fake.error = new NoClassDefFoundError("thrown by the test");
		CompletableFuture<Integer> result = this.ensurer.executeAsync(EnsurePolicy.DEFAULT,
				() -> stage(1, Failures.connectionLost()));
		assertThat(result).failsWithin(10, TimeUnit.SECONDS)
			.withThrowableThat()
			.withCauseInstanceOf(NoClassDefFoundError.class);
	}

	@Test
	void errorOfTheClassifierEndsTheFuture() {
		Ensurer failing = new Ensurer(this.fake.brokers, this.fake, (failure, channel) -> {
			throw new NoClassDefFoundError("thrown by the test");
		}, () -> false);
		try (failing) {
			CompletableFuture<Integer> result = failing.executeAsync(EnsurePolicy.DEFAULT,
					() -> stage(1, Failures.connectionLost()));
			assertThat(result).failsWithin(10, TimeUnit.SECONDS)
				.withThrowableThat()
				.withCauseInstanceOf(NoClassDefFoundError.class);
		}
	}

	@Test
	void errorOfAHookIsIgnored() {
		EnsurePolicy policy = EnsurePolicy.DEFAULT.withListeners(List.of(new EnsureListener() {

			@Override
			public void onFailure(Throwable failure, Broker failed, Broker next, Duration interval) {
				throw new AssertionError("thrown by the test");
			}

			@Override
			public void onRevive(Channel channel) {
				throw new AssertionError("thrown by the test");
			}

		}));
		CompletableFuture<Integer> result = this.ensurer.executeAsync(policy,
				() -> stage(2, Failures.connectionLost()));
		assertThat(result).succeedsWithin(10, TimeUnit.SECONDS).isEqualTo(3);
	}

	@Test
	void stageThatFailsIsRepeatedUntilOneCompletes() throws Exception {
		CompletableFuture<Integer> result = this.ensurer.executeAsync(EnsurePolicy.DEFAULT,
				() -> stage(2, new CompletionException(Failures.connectionLost())));
		assertThat(result.get(10, TimeUnit.SECONDS)).isEqualTo(3);
	}

	@Test
	void stageThatFailsForAnotherReasonFailsUntouched() {
		IllegalStateException own = new IllegalStateException();
		CompletableFuture<Integer> result = this.ensurer.executeAsync(EnsurePolicy.DEFAULT, () -> stage(2, own));
		assertThatExceptionOfType(ExecutionException.class).isThrownBy(() -> result.get(10, TimeUnit.SECONDS))
			.satisfies((ex) -> assertThat(ex.getCause()).isSameAs(own));
		assertThat(this.calls).hasValue(1);
	}

	@Test
	void stageIsTriedNPlusOneTimes() {
		CompletableFuture<Integer> result = this.ensurer.executeAsync(EnsurePolicy.DEFAULT.withMaxRetries(2),
				() -> stage(99, Failures.connectionLost()));
		assertThatExceptionOfType(ExecutionException.class).isThrownBy(() -> result.get(10, TimeUnit.SECONDS))
			.withCauseInstanceOf(AmqpConnectException.class);
		assertThat(this.calls).hasValue(3);
	}

	@Test
	void stageOfWorkThatIsNotIdempotentIsNotRepeated() {
		CompletableFuture<Integer> result = this.ensurer.executeAsync(EnsurePolicy.DEFAULT.withIdempotent(false),
				() -> stage(1, Failures.connectionLost()));
		assertThat(result).isCompletedExceptionally();
		assertThat(this.calls).hasValue(1);
	}

	@Test
	void monoIsRepeatedUntilOneCompletes() {
		ReactiveEnsurer reactive = new ReactiveEnsurer(this.ensurer);
		Mono<Integer> mono = reactive.mono(EnsurePolicy.DEFAULT, Mono.fromFuture(stage(2, Failures.connectionLost())),
				() -> Mono.fromFuture(stage(2, Failures.connectionLost())));
		assertThat(mono.block()).isEqualTo(3);
	}

	@Test
	void fluxIsRepeatedOnlyBeforeItsFirstElement() {
		ReactiveEnsurer reactive = new ReactiveEnsurer(this.ensurer);
		Flux<Integer> before = reactive.flux(EnsurePolicy.DEFAULT, Flux.error(Failures.connectionLost()),
				() -> Flux.just(1, 2));
		assertThat(before.collectList().block()).containsExactly(1, 2);
		Flux<Integer> after = reactive.flux(EnsurePolicy.DEFAULT,
				Flux.concat(Flux.just(1), Flux.error(Failures.connectionLost())), () -> Flux.just(1, 2));
		assertThatExceptionOfType(AmqpConnectException.class).isThrownBy(() -> after.collectList().block());
	}

	@Test
	void monoThatFailsForAnotherReasonFailsUntouched() {
		ReactiveEnsurer reactive = new ReactiveEnsurer(this.ensurer);
		Mono<Integer> mono = reactive.mono(EnsurePolicy.DEFAULT, Mono.error(new IllegalStateException("own")),
				() -> Mono.just(1));
		assertThatExceptionOfType(IllegalStateException.class).isThrownBy(mono::block).withMessage("own");
	}

}
