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
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

/**
 * What observers are told of ensured calls, of whatever kind.
 */
class EnsureObserverTests {

	private final FakeReconnector fake = new FakeReconnector();

	private final Ensurer shared = new Ensurer(this.fake.brokers, this.fake, FailureClassifier.standard(), () -> false);

	private final Ensurer ensurer = this.shared.named("Orders.place");

	private final EnsurePolicy policy = EnsurePolicy.DEFAULT.withRetryOn(List.of(IllegalStateException.class))
		.withMaxRetries(2)
		.withInterval((interval) -> new EnsureInterval(Duration.ofMillis(1), Duration.ZERO, Duration.ofMillis(1),
				interval.multiplier(), 0));

	private final BlockingQueue<String> told = new LinkedBlockingQueue<>();

	private final AtomicInteger calls = new AtomicInteger();

	@BeforeEach
	void observe() {
		this.shared.addObserver((method, outcome, nanos) -> this.told
			.add("%s %s %s".formatted(method, outcome, (nanos > 0) ? "took time" : "took none")));
	}

	@AfterEach
	void close() {
		this.shared.close();
	}

	@Test
	void callEndsOnce() throws Exception {
		assertThat(this.ensurer.<Integer, RuntimeException>execute(this.policy, () -> failing(0))).isOne();
		assertTold("Orders.place FIRST_TRY took none");
		this.calls.set(0);
		assertThat(this.ensurer.<Integer, RuntimeException>execute(this.policy, () -> failing(2))).isEqualTo(3);
		assertTold("Orders.place AFTER_RETRY took time");
		this.calls.set(0);
		assertThatIllegalStateException().isThrownBy(() -> this.ensurer.execute(this.policy, () -> failing(3)));
		assertTold("Orders.place GAVE_UP took time");
		assertThatIllegalArgumentException().isThrownBy(() -> this.ensurer.execute(this.policy, () -> {
			throw new IllegalArgumentException("own");
		}));
		assertTold("Orders.place NOT_RETRIED took none");
	}

	@Test
	void callWhoseResultComesLaterEndsOnce() throws Exception {
		assertThat(this.ensurer.executeAsync(this.policy, () -> stage(0))).succeedsWithin(10, TimeUnit.SECONDS);
		assertTold("Orders.place FIRST_TRY took none");
		this.calls.set(0);
		assertThat(this.ensurer.executeAsync(this.policy, () -> stage(2))).succeedsWithin(10, TimeUnit.SECONDS);
		assertTold("Orders.place AFTER_RETRY took time");
		this.calls.set(0);
		assertThat(this.ensurer.executeAsync(this.policy, () -> stage(3))).failsWithin(10, TimeUnit.SECONDS);
		assertTold("Orders.place GAVE_UP took time");
		assertThat(this.ensurer.executeAsync(this.policy,
				() -> CompletableFuture.failedFuture(new IllegalArgumentException("own"))))
			.failsWithin(10, TimeUnit.SECONDS);
		assertTold("Orders.place NOT_RETRIED took none");
	}

	@Test
	void callThatThrowsInsteadOfReturningAStageEndsOnce() throws Exception {
		assertThat(this.ensurer.executeAsync(this.policy, () -> CompletableFuture.completedFuture(failing(1))))
			.succeedsWithin(10, TimeUnit.SECONDS);
		assertTold("Orders.place AFTER_RETRY took time");
		this.calls.set(0);
		assertThatIllegalStateException().isThrownBy(
				() -> this.ensurer.executeAsync(this.policy, () -> CompletableFuture.completedFuture(failing(3))));
		assertTold("Orders.place GAVE_UP took time");
	}

	@Test
	void subscriptionEndsOnce() throws Exception {
		ReactiveEnsurer reactive = new ReactiveEnsurer(this.ensurer);
		assertThat(reactive.mono(this.policy, Mono.fromCallable(() -> failing(1)), () -> Mono.just(failing(1))).block())
			.isEqualTo(2);
		assertTold("Orders.place AFTER_RETRY took time");
		assertThat(reactive.mono(this.policy, Mono.empty(), Mono::empty).block()).isNull();
		assertTold("Orders.place FIRST_TRY took none");
		assertThat(reactive.flux(this.policy, Flux.just(1, 2), () -> Flux.just(1, 2)).collectList().block()).hasSize(2);
		assertTold("Orders.place FIRST_TRY took none");
		assertThatIllegalArgumentException().isThrownBy(
				() -> reactive.flux(this.policy, Flux.error(new IllegalArgumentException("own")), () -> Flux.just(1))
					.collectList()
					.block());
		assertTold("Orders.place NOT_RETRIED took none");
	}

	@Test
	void nothingIsToldOfWorkWithoutAName() {
		this.shared.<Integer, RuntimeException>execute(this.policy, () -> failing(0));
		assertThat(this.told).isEmpty();
	}

	@Test
	void observerThatThrowsChangesNothing() {
		this.shared.addObserver((method, outcome, nanos) -> {
			throw new IllegalStateException("thrown by the test");
		});
		assertThat(this.ensurer.<Integer, RuntimeException>execute(this.policy, () -> failing(0))).isOne();
		assertThat(this.told).hasSize(1);
	}

	private int failing(int times) {
		int call = this.calls.incrementAndGet();
		if (call <= times) {
			throw new IllegalStateException("call " + call);
		}
		return call;
	}

	private CompletableFuture<Integer> stage(int times) {
		try {
			return CompletableFuture.completedFuture(failing(times));
		}
		catch (IllegalStateException ex) {
			return CompletableFuture.failedFuture(ex);
		}
	}

	private void assertTold(String line) throws InterruptedException {
		assertThat(this.told.poll(10, TimeUnit.SECONDS)).isEqualTo(line);
		assertThat(this.told).isEmpty();
	}

}
