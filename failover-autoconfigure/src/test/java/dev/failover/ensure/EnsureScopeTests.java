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

import java.net.ConnectException;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;

import org.junit.jupiter.api.Test;
import org.springframework.amqp.AmqpConnectException;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

/**
 * Ensured work inside of ensured work, and work that must not be done twice.
 */
class EnsureScopeTests {

	private static final EnsurePolicy ONCE = EnsurePolicy.DEFAULT.withIdempotent(false);

	private final FakeReconnector fake = new FakeReconnector();

	private final Ensurer ensurer = this.fake.ensurer();

	private final AtomicInteger calls = new AtomicInteger();

	private int fail(int times, boolean sent, RuntimeException failure) {
		if (this.calls.incrementAndGet() > times) {
			return this.calls.get();
		}
		if (sent) {
			EnsureScope.markSent();
		}
		throw failure;
	}

	private static AmqpConnectException refused() {
		return new AmqpConnectException(new ConnectException("refused"));
	}

	@Test
	void workThatIsNotIdempotentIsRetriedWhereTheFailureProvesThatNothingWasSent() {
		assertThat(this.ensurer.execute(ONCE, () -> fail(1, false, refused()))).isEqualTo(2);
	}

	@Test
	void workThatIsNotIdempotentIsNotRetriedWhereSomethingMayHaveBeenSent() {
		assertThatExceptionOfType(AmqpConnectException.class)
			.isThrownBy(() -> this.ensurer.execute(ONCE, () -> fail(1, false, Failures.connectionLost())));
		assertThat(this.calls).hasValue(1);
	}

	@Test
	void refusedConnectionProvesNothingOnceTheWorkHasBegunToSend() {
		assertThatExceptionOfType(AmqpConnectException.class)
			.isThrownBy(() -> this.ensurer.execute(ONCE, () -> fail(1, true, refused())));
		assertThat(this.calls).hasValue(1);
	}

	@Test
	void whatInnerWorkHasSentCountsForTheOuterWork() {
		AtomicInteger outer = new AtomicInteger();
		assertThatExceptionOfType(AmqpConnectException.class).isThrownBy(() -> this.ensurer.execute(ONCE, () -> {
			outer.incrementAndGet();
			this.ensurer.execute(EnsurePolicy.DEFAULT, () -> {
				EnsureScope.markSent();
				return "sent";
			});
			throw refused();
		}));
		assertThat(outer).hasValue(1);
	}

	@Test
	void innerWorkIsIdempotentOnlyIfTheOuterIs() {
		assertThatExceptionOfType(AmqpConnectException.class).isThrownBy(() -> this.ensurer.execute(ONCE,
				() -> this.ensurer.execute(EnsurePolicy.DEFAULT, () -> fail(1, false, Failures.connectionLost()))));
		assertThat(this.calls).hasValue(1);
	}

	@Test
	void innerWorkSeesTheDeadlineOfTheOuter() {
		EnsurePolicy second = EnsurePolicy.DEFAULT.withTimeout(Duration.ofSeconds(1));
		long start = this.fake.now;
		assertThatExceptionOfType(AmqpConnectException.class).isThrownBy(() -> this.ensurer.execute(second,
				() -> this.ensurer.execute(EnsurePolicy.DEFAULT, () -> fail(999, false, Failures.connectionLost()))));
		assertThat(this.fake.now - start).isLessThanOrEqualTo(Duration.ofSeconds(1).toNanos());
	}

	@Test
	void innerWorkWithTheShorterDeadlineLeavesTheOuterOneAsItWas() {
		EnsurePolicy second = EnsurePolicy.DEFAULT.withTimeout(Duration.ofSeconds(1));
		this.ensurer.execute(EnsurePolicy.DEFAULT, () -> {
			this.ensurer.execute(second, () -> {
				assertThat(EnsureScope.remainingNanos(0)).isLessThanOrEqualTo(Duration.ofSeconds(1).toNanos());
				return "inner";
			});
			assertThat(EnsureScope.remainingNanos(0)).isGreaterThan(Duration.ofSeconds(30).toNanos());
			return "outer";
		});
		assertThat(EnsureScope.isActive()).isFalse();
		assertThat(EnsureScope.remainingNanos(7)).isEqualTo(7);
	}

}
