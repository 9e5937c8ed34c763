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

import java.io.IOException;
import java.net.SocketException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.Channel;
import com.rabbitmq.client.ShutdownSignalException;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.springframework.amqp.AmqpConnectException;
import org.springframework.amqp.AmqpException;
import org.springframework.amqp.AmqpIOException;

import dev.failover.broker.Broker;
import dev.failover.broker.BrokerFailure;
import dev.failover.broker.Brokers;
import dev.failover.broker.BrokersUnavailableException;
import dev.failover.broker.FailureReason;
import dev.failover.broker.Reconnector;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

/**
 * Tests for {@link Ensurer}, with brokers and time that the test moves.
 */
class EnsurerTests {

	private final Broker one = broker("one");

	private final Broker two = broker("two");

	private final AtomicLong now = new AtomicLong();

	private final List<Long> sleeps = new ArrayList<>();

	private final List<String> hooks = new ArrayList<>();

	private final AtomicInteger calls = new AtomicInteger();

	private final Deque<IOException> reconnectFailures = new ArrayDeque<>();

	private final AtomicInteger reconnects = new AtomicInteger();

	private boolean bound;

	private Brokers brokers;

	private Ensurer ensurer;

	private EnsurePolicy policy;

	@BeforeEach
	void setUp() {
		this.brokers = new Brokers(List.of(this.one, this.two), Clock.systemUTC());
		this.brokers.connected(this.one, 0);
		EnsureTime time = new EnsureTime(this.now::get, this::sleep, () -> 0.5);
		this.ensurer = new Ensurer(this.brokers, new TestReconnector(), FailureClassifier.standard(), () -> this.bound,
				time);
		this.policy = EnsurePolicy.DEFAULT.withListeners(List.of(new Recorder()));
	}

	private void sleep(long millis) {
		this.sleeps.add(millis);
		this.now.addAndGet(Duration.ofMillis(millis).toNanos());
	}

	private String failing(int times, AmqpException failure) {
		return this.ensurer.execute(this.policy, () -> {
			if (this.calls.incrementAndGet() <= times) {
				throw failure;
			}
			return "result of call " + this.calls.get();
		});
	}

	@Test
	@DisplayName("Behaviour 17: the value of the work is returned")
	void returnsTheValueOfTheWork() {
		assertThat(failing(0, lost())).isEqualTo("result of call 1");
		assertThat(this.hooks).isEmpty();
	}

	@Test
	@DisplayName("Behaviour 17: an exception that is no failure of a broker passes untouched at once")
	void exceptionThatIsNoBrokerFailurePassesUntouchedAtOnce() {
		IllegalArgumentException failure = new IllegalArgumentException("own");
		assertThatExceptionOfType(IllegalArgumentException.class)
			.isThrownBy(() -> this.ensurer.execute(this.policy, () -> {
				this.calls.incrementAndGet();
				throw failure;
			}))
			.isSameAs(failure);
		assertThat(this.calls).hasValue(1);
		assertThat(this.brokers.getActive()).isEqualTo(this.one);
	}

	@Test
	@DisplayName("Behaviour 19: a lost broker is given up, and the work done on the next one")
	void lostBrokerIsGivenUpAndTheWorkDoneOnTheNextOneWithoutAWait() {
		assertThat(failing(1, lost())).isEqualTo("result of call 2");
		assertThat(this.brokers.getActive()).isEqualTo(this.two);
		assertThat(this.hooks).containsExactly("failed one, next two, wait PT0S", "revived");
		assertThat(this.sleeps).isEmpty();
	}

	@Test
	void brokerIsNotGivenUpForASocketOfTheOneBefore() {
		String result = this.ensurer.execute(this.policy, () -> {
			switch (this.calls.incrementAndGet()) {
				case 1 -> throw lost();
				case 2 -> throw new AmqpIOException(new SocketException("Socket closed"));
				default -> {
					return "result of call " + this.calls.get();
				}
			}
		});
		assertThat(result).isEqualTo("result of call 3");
		assertThat(this.brokers.getStatuses()).extracting((status) -> status.lastFailure() != null)
			.containsExactly(true, false);
	}

	@Test
	void channelErrorIsRetriedOnTheSameBrokerWithBackOff() {
		this.policy = this.policy.withInterval((interval) -> new EnsureInterval(Duration.ofMillis(100),
				Duration.ofMillis(100), Duration.ofSeconds(1), 1, 0));
		assertThat(failing(2, locked())).isEqualTo("result of call 3");
		assertThat(this.brokers.getActive()).isEqualTo(this.one);
		assertThat(this.reconnects).hasValue(0);
		assertThat(this.sleeps).containsExactly(100L, 200L);
		assertThat(this.hooks).containsExactly("failed one, next one, wait PT0.1S",
				"failed one, next one, wait PT0.2S");
	}

	@Test
	@DisplayName("Behaviour 13: n retries are n + 1 calls")
	void maxRetriesOfTwoMakesThreeCallsAndNoHookAfterTheLast() {
		this.policy = this.policy.withMaxRetries(2);
		assertThatExceptionOfType(AmqpException.class).isThrownBy(() -> failing(9, locked()));
		assertThat(this.calls).hasValue(3);
		assertThat(this.hooks).hasSize(2);
	}

	@Test
	@DisplayName("Behaviour 22: the broker is left only if a retry follows")
	void maxRetriesOfZeroMakesOneCallAndDoesNotGiveTheBrokerUp() {
		this.policy = this.policy.withMaxRetries(0);
		assertThatExceptionOfType(AmqpException.class).isThrownBy(() -> failing(9, lost()));
		assertThat(this.calls).hasValue(1);
		assertThat(this.hooks).isEmpty();
		assertThat(this.brokers.getActive()).isEqualTo(this.one);
	}

	@Test
	@DisplayName("Behaviour 13: without max-retries there is no limit but the time")
	void withoutMaxRetriesOnlyTheTimeIsTheLimit() {
		this.policy = this.policy.withTimeout(Duration.ofSeconds(10));
		assertThatExceptionOfType(AmqpException.class).isThrownBy(() -> failing(Integer.MAX_VALUE, locked()));
		assertThat(this.calls.get()).isGreaterThan(5);
		assertThat(this.now.get()).isLessThanOrEqualTo(Duration.ofSeconds(10).toNanos());
	}

	@Test
	@DisplayName("Behaviour 11: the wait grows linearly, up to the maximum and not beyond")
	void waitAfterAFullPassGrowsLinearlyUpToTheMaximum() {
		EnsureInterval interval = new EnsureInterval(Duration.ZERO, Duration.ofMillis(200), Duration.ofMillis(500), 1,
				0);
		assertThat(List.of(interval.nanos(0, 0.5), interval.nanos(1, 0.5), interval.nanos(2, 0.5),
				interval.nanos(3, 0.5), interval.nanos(9, 0.5)))
			.containsExactly(0L, 200_000_000L, 400_000_000L, 500_000_000L, 500_000_000L);
	}

	@Test
	@DisplayName("Behaviour 11: the wait has jitter, and may grow exponentially")
	void waitCanGrowExponentiallyAndHasJitter() {
		EnsureInterval interval = new EnsureInterval(Duration.ofMillis(100), Duration.ZERO, Duration.ofSeconds(1), 2,
				0.2);
		assertThat(interval.nanos(2, 0.5)).isEqualTo(400_000_000L);
		assertThat(interval.nanos(2, 0)).isEqualTo(320_000_000L);
		assertThat(interval.nanos(2, 1)).isEqualTo(480_000_000L);
		assertThat(interval.nanos(20, 1)).isEqualTo(1_000_000_000L);
	}

	@Test
	@DisplayName("Behaviour 27: Celery's policy for publishing: 3 retries, waits of 0, 0.2 and 0.4 seconds")
	void policyOfCeleryCanBeSet() {
		this.policy = this.policy.withMaxRetries(3)
			.withInterval((interval) -> new EnsureInterval(Duration.ZERO, Duration.ofMillis(200), Duration.ofSeconds(1),
					1, 0));
		assertThatExceptionOfType(AmqpException.class).isThrownBy(() -> failing(9, locked()));
		assertThat(this.calls).hasValue(4);
		assertThat(this.hooks).containsExactly("failed one, next one, wait PT0S", "failed one, next one, wait PT0.2S",
				"failed one, next one, wait PT0.4S");
	}

	@Test
	@DisplayName("Behaviour 10: hook, next broker, wait only if all have been tried, then the connect")
	void passThatFailedTellsOfEachBrokerAndWaitsOnlyAfterTheLast() {
		this.policy = this.policy.withInterval(
				(interval) -> new EnsureInterval(Duration.ofMillis(300), Duration.ZERO, Duration.ofSeconds(1), 1, 0));
		this.reconnectFailures.add(unavailable());
		assertThat(failing(1, lost())).isEqualTo("result of call 2");
		assertThat(this.hooks).containsExactly("failed one, next two, wait PT0S", "failed one, next two, wait PT0S",
				"failed two, next two, wait PT0.3S", "revived");
		assertThat(this.calls).hasValue(2);
	}

	@Test
	@DisplayName("Behaviour 15: the exception lists the last error of each broker")
	void endWithoutAnyBrokerListsTheLastErrorOfEach() {
		this.policy = this.policy.withMaxRetries(1);
		this.reconnectFailures.add(unavailable());
		this.reconnectFailures.add(unavailable());
		assertThatExceptionOfType(AmqpConnectException.class).isThrownBy(() -> failing(9, lost()))
			.withMessageContaining("one: refused")
			.withMessageContaining("two: refused")
			.satisfies((failure) -> assertThat(failure.getSuppressed()).hasSize(1));
	}

	@Test
	@DisplayName("Behaviour 18: further types are retried with back-off and hooks, without a change of broker")
	void furtherTypesAreRetriedWithBackOffAndHooksAndWithoutAChangeOfBroker() {
		this.policy = this.policy.withRetryOn(List.of(IllegalStateException.class));
		String result = this.ensurer.execute(this.policy, () -> {
			if (this.calls.incrementAndGet() < 3) {
				throw new IllegalStateException("busy");
			}
			return "done";
		});
		assertThat(result).isEqualTo("done");
		assertThat(this.hooks).hasSize(2).allMatch((hook) -> hook.startsWith("failed one, next one"));
		assertThat(this.sleeps).containsExactly(200L);
		assertThat(this.brokers.getActive()).isEqualTo(this.one);
	}

	@Test
	void excludedTypesAreNotRetriedWhateverTheyAre() {
		this.policy = this.policy.withNoRetryOn(List.of(AmqpIOException.class));
		assertThatExceptionOfType(AmqpIOException.class).isThrownBy(() -> failing(9, lost()));
		assertThat(this.calls).hasValue(1);
	}

	@Test
	void workThatIsNotIdempotentIsRetriedOnlyIfNothingWasSent() {
		this.policy = this.policy.withIdempotent(false);
		assertThatExceptionOfType(AmqpIOException.class).isThrownBy(() -> failing(9, lost()));
		assertThat(this.calls).hasValue(1);
		this.calls.set(0);
		AmqpConnectException refused = new AmqpConnectException(unavailable());
		assertThat(failing(1, refused)).isEqualTo("result of call 2");
	}

	@Test
	void workThatIsBoundToATransactionIsNotRetriedInside() {
		this.bound = true;
		assertThatExceptionOfType(AmqpIOException.class).isThrownBy(() -> failing(9, lost()));
		assertThat(this.calls).hasValue(1);
	}

	@Test
	void innerWorkSeesTheDeadlineAndTheCareOfTheOuterOne() {
		EnsurePolicy outer = this.policy.withTimeout(Duration.ofSeconds(5)).withIdempotent(false);
		this.ensurer.execute(outer, () -> this.ensurer.execute(this.policy, () -> {
			assertThat(EnsureScope.isActive()).isTrue();
			assertThat(EnsureScope.isIdempotent()).isFalse();
			assertThat(EnsureScope.deadline(EnsureScope.state())).isEqualTo(Duration.ofSeconds(5).toNanos());
			return null;
		}));
		assertThat(EnsureScope.isActive()).isFalse();
		assertThat(EnsureScope.isIdempotent()).isTrue();
	}

	@Test
	void interruptedThreadIsNotKept() {
		Thread.currentThread().interrupt();
		assertThatExceptionOfType(AmqpIOException.class).isThrownBy(() -> failing(9, lost()));
		assertThat(Thread.interrupted()).isTrue();
		assertThat(this.calls).hasValue(1);
	}

	@Test
	void hookThatThrowsIsIgnored() {
		this.policy = this.policy.withListeners(List.of(new EnsureListener() {

			@Override
			public void onFailure(Throwable failure, @Nullable Broker failed, @Nullable Broker next,
					Duration interval) {
				throw new IllegalStateException("expected by the test");
			}

		}));
		assertThat(failing(1, lost())).isEqualTo("result of call 2");
	}

	private static AmqpIOException lost() {
		return new AmqpIOException(new IOException(new ShutdownSignalException(true, false, null, "connection")));
	}

	private static AmqpIOException locked() {
		AMQP.Channel.Close close = new AMQP.Channel.Close.Builder().replyCode(405).replyText("RESOURCE_LOCKED").build();
		return new AmqpIOException(new IOException(new ShutdownSignalException(false, false, close, "channel")));
	}

	private BrokersUnavailableException unavailable() {
		BrokerFailure refused = new BrokerFailure(FailureReason.UNREACHABLE, "refused", Instant.ofEpochSecond(0));
		Map<Broker, BrokerFailure> failures = new LinkedHashMap<>();
		failures.put(this.one, refused);
		failures.put(this.two, refused);
		return new BrokersUnavailableException("None", failures, null);
	}

	private static Broker broker(String name) {
		return Broker.of(name, "localhost", 5672);
	}

	private final class TestReconnector implements Reconnector {

		@Override
		public void reconnect(Duration timeout) throws IOException {
			EnsurerTests.this.reconnects.incrementAndGet();
			IOException failure = EnsurerTests.this.reconnectFailures.poll();
			if (failure != null) {
				throw failure;
			}
			Broker next = EnsurerTests.this.two;
			EnsurerTests.this.brokers.connected(next, EnsurerTests.this.brokers.getIncarnation(next));
		}

		@Override
		public boolean awaitActive(Duration timeout) {
			EnsurerTests.this.now.addAndGet(timeout.toNanos());
			return false;
		}

		@Override
		public Broker getNext() {
			return EnsurerTests.this.two;
		}

	}

	private final class Recorder implements EnsureListener {

		@Override
		public void onFailure(Throwable failure, @Nullable Broker failed, @Nullable Broker next, Duration interval) {
			EnsurerTests.this.hooks.add("failed %s, next %s, wait %s".formatted((failed != null) ? failed.name() : null,
					(next != null) ? next.name() : null, interval));
		}

		@Override
		public void onRevive(@Nullable Channel channel) {
			EnsurerTests.this.hooks.add("revived");
		}

	}

}
