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
import java.net.ConnectException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;

import com.rabbitmq.client.Channel;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.springframework.amqp.AmqpConnectException;
import org.springframework.amqp.AmqpException;
import org.springframework.amqp.AmqpIOException;

import dev.failover.broker.Activation;
import dev.failover.broker.Broker;
import dev.failover.broker.BrokerStatus;
import dev.failover.broker.FailureReason;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

/**
 * Where the loop ends, and what it never does, with brokers and time that are not real.
 */
class EnsurerLimitsTests {

	private final FakeReconnector fake = new FakeReconnector();

	private final Ensurer ensurer = this.fake.ensurer();

	private final AtomicInteger calls = new AtomicInteger();

	private final Hooks hooks = new Hooks();

	private final EnsurePolicy policy = EnsurePolicy.DEFAULT.withListeners(List.of(this.hooks));

	@AfterEach
	void nothingStaysBoundToTheThread() {
		assertThat(Thread.interrupted()).isFalse();
		assertThat(EnsureScope.isActive()).isFalse();
		this.ensurer.close();
	}

	private String failing(int times, Throwable failure) throws Throwable {
		if (this.calls.incrementAndGet() <= times) {
			throw failure;
		}
		return "done";
	}

	@Test
	void brokerThatWasLeftInAMoveIsNotBlamedForAFailureOfTheNextOne() {
		AtomicInteger tries = new AtomicInteger();
		String result = this.ensurer.execute(EnsurePolicy.DEFAULT, () -> {
			if (tries.getAndIncrement() == 0) {
				this.fake.brokers.operations().activate("b");
				this.fake.brokers.failed(this.fake.b, this.fake.brokers.getIncarnation(this.fake.b),
						FailureReason.CONNECTION_LOST, null);
				throw Failures.connectionLost();
			}
			return "done";
		});
		assertThat(result).isEqualTo("done");
		assertThat(this.fake.brokers.getStatus("a")).map(BrokerStatus::lastFailure).isEmpty();
	}

	@Test
	void failureOfABrokerWhoseWeightHasChangedMeanwhileIsReported() {
		AtomicInteger tries = new AtomicInteger();
		this.ensurer.execute(EnsurePolicy.DEFAULT, () -> {
			if (tries.getAndIncrement() == 0) {
				this.fake.brokers.operations().reweight("a", 3, 9);
				throw Failures.connectionLost();
			}
			return "done";
		});
		assertThat(this.fake.brokers.getStatus("a")).map(BrokerStatus::lastFailure).isPresent();
	}

	@Test
	@DisplayName("Behaviour 10: no wait within a pass over the brokers, and one after it")
	void noWaitWithinAPassAndAGrowingOneAfterIt() throws Throwable {
		this.ensurer.execute(this.policy, () -> failing(6, Failures.connectionLost()));
		assertThat(this.hooks.failures()).containsExactly("failure a -> b in 0", "failure b -> a in 0",
				"failure a -> b in 0", "failure b -> a in 200", "failure a -> b in 0", "failure b -> a in 400");
		assertThat(this.fake.sleeps).containsExactly(Duration.ofMillis(200), Duration.ofMillis(400));
	}

	@Test
	@DisplayName("Behaviour 12: the hook is told which broker failed, and which one is next")
	void hookIsCalledForEachBrokerOfAPassThatFailed() throws Throwable {
		EnsurePolicy waiting = this.policy.withInterval(
				(interval) -> new EnsureInterval(Duration.ofSeconds(1), Duration.ZERO, Duration.ofSeconds(1), 1, 0));
		this.ensurer.execute(waiting, () -> failing(1, new AmqpConnectException(this.fake.unavailable())));
		assertThat(this.hooks.failures()).containsExactly("failure b -> a in 0", "failure a -> a in 1000");
		assertThat(this.fake.awaited).containsExactly(Duration.ofSeconds(1));
		assertThat(this.fake.sleeps).isEmpty();
	}

	@Test
	void failureToConnectIsNotReportedASecondTime() throws Throwable {
		Activation before = this.fake.brokers.getActivation();
		this.ensurer.execute(this.policy, () -> failing(1, new AmqpConnectException(new ConnectException())));
		assertThat(this.fake.brokers.getActivation()).isEqualTo(before);
	}

	@Test
	@DisplayName("Behaviour 14: the deadline cuts waits short")
	void deadlineEndsTheLoopWithoutAWaitThatIsOfNoUse() {
		long start = this.fake.now;
		EnsurePolicy short1s = this.policy.withTimeout(Duration.ofSeconds(1));
		assertThatExceptionOfType(AmqpConnectException.class)
			.isThrownBy(() -> this.ensurer.execute(short1s, () -> failing(99, Failures.connectionLost())));
		assertThat(this.fake.now - start).isLessThanOrEqualTo(Duration.ofSeconds(1).toNanos());
	}

	@Test
	@DisplayName("Behaviour 14: the deadline cuts the wait for a broker and the reconnect short")
	void deadlineCutsTheWaitForABrokerAndTheReconnectShort() {
		this.fake.allDown = true;
		long start = this.fake.now;
		EnsurePolicy limited = this.policy.withTimeout(Duration.ofMillis(1500));
		assertThatExceptionOfType(AmqpConnectException.class)
			.isThrownBy(() -> this.ensurer.execute(limited, () -> failing(99, Failures.connectionLost())));
		assertThat(this.fake.now - start).isEqualTo(Duration.ofMillis(1500).toNanos());
		assertThat(this.fake.awaited).endsWith(Duration.ofMillis(300));
		assertThat(this.fake.reconnects).endsWith(Duration.ZERO);
	}

	@Test
	@DisplayName("Behaviour 15: no hook after the last try; the last cause is thrown")
	void noHookAfterTheLastTryAndTheLastCauseIsThrown() {
		AmqpException lost = Failures.connectionLost();
		assertThatThrownBy(() -> this.ensurer.execute(this.policy.withMaxRetries(1), () -> failing(99, lost)))
			.isSameAs(lost);
		assertThat(this.hooks.events).containsExactly("failure a -> b in 0", "revive");
	}

	@Test
	void allBrokersDownAndOneBackResumesTheCaller() throws Throwable {
		this.fake.reconnectFailures.add(this.fake.unavailable());
		this.fake.reconnectFailures.add(this.fake.unavailable());
		assertThat(this.ensurer.execute(this.policy, () -> failing(1, Failures.connectionLost()))).isEqualTo("done");
		assertThat(this.calls).hasValue(2);
		assertThat(this.fake.reconnects).hasSize(3);
	}

	@Test
	void reconnectThatFailsForAnotherReasonThanBrokersIsTheEnd() {
		this.fake.reconnectFailures.add(new IOException("refused topology", Failures.channel(406, "inequivalent arg")));
		assertThatExceptionOfType(AmqpIOException.class)
			.isThrownBy(() -> this.ensurer.execute(this.policy, () -> failing(99, Failures.connectionLost())));
		assertThat(this.calls).hasValue(1);
	}

	@Test
	@DisplayName("Behaviour 20: a recoverable channel error is retried on the same broker: n + 1 calls, with back-off")
	void recoverableChannelErrorIsRetriedOnTheSameBrokerNPlusOneTimesWithBackOff() {
		AmqpException locked = Failures.channelClosed(405, "RESOURCE_LOCKED");
		assertThatThrownBy(() -> this.ensurer.execute(this.policy.withMaxRetries(2), () -> failing(99, locked)))
			.isSameAs(locked);
		assertThat(this.calls).hasValue(3);
		assertThat(this.fake.sleeps).containsExactly(Duration.ofMillis(200));
		assertThat(this.fake.brokers.getActive()).isEqualTo(this.fake.a);
	}

	@Test
	void queueOnALostNodeIsRetriedOnTheSameBroker() throws Throwable {
		this.ensurer.execute(this.policy,
				() -> failing(3, Failures.channelClosed(404, "node is down or inaccessible")));
		assertThat(this.hooks.events).containsExactly("failure a -> a in 0", "failure a -> a in 200",
				"failure a -> a in 400");
	}

	@Test
	void operationThatHasTheConnectionClosedTwiceFails() {
		AmqpConnectException failure = new AmqpConnectException(Failures.connection(541));
		assertThatExceptionOfType(AmqpConnectException.class)
			.isThrownBy(() -> this.ensurer.execute(this.policy, () -> failing(99, failure)))
			.isSameAs(failure);
		assertThat(this.hooks.events).containsExactly("failure a -> a in 0");
	}

	@Test
	void actionThatTriesTheNextBrokerTheSecondTime() throws Throwable {
		FailureVerdict verdict = new FailureVerdict(FailureAction.SAME_THEN_NEXT_BROKER,
				FailureReason.CONNECTION_CLOSED, false);
		this.ensurer.execute(this.policy, () -> failing(2, new Classified(verdict)));
		assertThat(this.hooks.events).containsExactly("failure a -> a in 0", "failure a -> b in 0", "revive");
	}

	@Test
	@DisplayName("Behaviour 21: onRevive is called only after a reconnect")
	void reviveIsCalledOnlyAfterAReconnect() throws Throwable {
		this.ensurer.execute(this.policy, () -> failing(2, Failures.channelClosed(405, "RESOURCE_LOCKED")));
		assertThat(this.hooks.events).doesNotContain("revive");
	}

	@Test
	@DisplayName("Behaviour 23: the policy of a call does not stay for the next one")
	void policyOfACallDoesNotStayForTheNext() throws Throwable {
		assertThatExceptionOfType(AmqpConnectException.class).isThrownBy(() -> this.ensurer
			.execute(this.policy.withMaxRetries(0), () -> failing(99, Failures.connectionLost())));
		this.calls.set(0);
		assertThat(this.ensurer.execute(this.policy, () -> failing(3, Failures.connectionLost()))).isEqualTo("done");
		assertThat(this.policy.maxRetries()).isNull();
	}

	@Test
	void lateFailureOfAnEarlierActivationDoesNotHurtTheBrokerThatIsActiveNow() throws Throwable {
		this.ensurer.execute(this.policy, () -> {
			if (this.calls.incrementAndGet() == 1) {
				Activation first = this.fake.brokers.getActivation();
				this.fake.brokers.failed(first, FailureReason.CONNECTION_LOST, null);
				this.fake.brokers.connected(this.fake.b, 0);
				throw Failures.connectionLost();
			}
			return "done";
		});
		assertThat(this.fake.brokers.getActive()).isEqualTo(this.fake.b);
	}

	@Test
	void interruptedWaitEndsAtOnceWithTheLastFailureAndTheFlagSet() {
		AmqpException locked = Failures.channelClosed(405, "RESOURCE_LOCKED");
		Hooks interrupting = new Hooks() {

			@Override
			public void onFailure(Throwable failure, @Nullable Broker failed, @Nullable Broker next,
					Duration interval) {
				if (!interval.isZero()) {
					Thread.currentThread().interrupt();
				}
			}

		};
		assertThatThrownBy(() -> this.ensurer.execute(EnsurePolicy.DEFAULT.withListeners(List.of(interrupting)),
				() -> failing(99, locked)))
			.isSameAs(locked);
		assertThat(this.calls).hasValue(2);
		assertThat(Thread.interrupted()).isTrue();
	}

	@Test
	void interruptedReconnectEndsAtOnceWithTheLastFailureAndTheFlagSet() {
		AmqpException lost = Failures.connectionLost();
		EnsureListener interrupting = new EnsureListener() {

			@Override
			public void onFailure(Throwable failure, @Nullable Broker failed, @Nullable Broker next,
					Duration interval) {
				Thread.currentThread().interrupt();
			}

		};
		assertThatThrownBy(() -> this.ensurer.execute(EnsurePolicy.DEFAULT.withListeners(List.of(interrupting)),
				() -> failing(99, lost)))
			.isSameAs(lost);
		assertThat(this.calls).hasValue(1);
		assertThat(Thread.interrupted()).isTrue();
	}

	/**
	 * Writes down what it is told.
	 */
	static class Hooks implements EnsureListener {

		final List<String> events = Collections.synchronizedList(new ArrayList<>());

		List<String> failures() {
			return this.events.stream().filter((event) -> event.startsWith("failure")).toList();
		}

		@Override
		public void onFailure(Throwable failure, @Nullable Broker failed, @Nullable Broker next, Duration interval) {
			this.events.add("failure %s -> %s in %d".formatted((failed != null) ? failed.name() : "?",
					(next != null) ? next.name() : "?", interval.toMillis()));
		}

		@Override
		public void onRevive(@Nullable Channel channel) {
			this.events.add((channel != null) ? "revive " + channel.getChannelNumber() : "revive");
		}

	}

	@SuppressWarnings("serial")
	private static final class Classified extends AmqpException implements ClassifiedFailure {

		private final FailureVerdict verdict;

		Classified(FailureVerdict verdict) {
			super("classified");
			this.verdict = verdict;
		}

		@Override
		public FailureVerdict getVerdict() {
			return this.verdict;
		}

	}

}
