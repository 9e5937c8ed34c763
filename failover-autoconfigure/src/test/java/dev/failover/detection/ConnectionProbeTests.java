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

package dev.failover.detection;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeoutException;

import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests for when a {@link ConnectionProbe} asks, and when it gives a broker up.
 */
class ConnectionProbeTests {

	private static final long INTERVAL = 400;

	private static final long TIMEOUT = 500;

	private final FakeScheduler scheduler = new FakeScheduler();

	private final Target target = new Target();

	@Test
	void connectionIsAskedAgainAfterAnError() {
		start(2);
		this.target.error = new NoClassDefFoundError("thrown by the test");
		this.scheduler.pass(INTERVAL);
		assertThat(this.target.error).isNull();
		this.scheduler.pass(INTERVAL);
		assertThat(this.target.asked).hasSize(1);
	}

	@Test
	void brokerIsGivenUpAlsoIfAKnockEndsInAnError() {
		start(2);
		this.scheduler.pass(INTERVAL);
		this.target.frozen = true;
		this.scheduler.pass(INTERVAL);
		this.target.error = new OutOfMemoryError("thrown by the test");
		this.scheduler.pass(10 * TIMEOUT);
		assertThat(this.target.error).isNull();
		assertThat(this.target.givenUpAt).isNotNull();
	}

	@Test
	void connectionIsAskedOnceInEachInterval() {
		start(2);
		this.scheduler.pass(10 * INTERVAL);
		assertThat(this.target.asked).hasSize(10);
		assertThat(this.target.knocks).isZero();
	}

	@Test
	void brokerIsGivenUpAfterTwoMissesInARow() {
		start(2);
		this.scheduler.pass(INTERVAL);
		this.target.frozen = true;
		this.scheduler.pass(INTERVAL + 2 * TIMEOUT - 1);
		assertThat(this.target.givenUpAt).isNull();
		this.scheduler.pass(1);
		assertThat(this.target.givenUpAt).isEqualTo(2 * INTERVAL + 2 * TIMEOUT);
		assertThat(this.target.knocks).isOne();
		this.scheduler.pass(60_000);
		assertThat(this.target.asked).as("no probe of a broker that is given up").hasSize(2);
	}

	@Test
	void thresholdOfFiveNeedsFiveMisses() {
		start(5);
		this.target.frozen = true;
		this.scheduler.pass(60_000);
		assertThat(this.target.givenUpAt).isEqualTo(INTERVAL + 5 * TIMEOUT);
	}

	@Test
	void thresholdOfOneStillTriesASecondConnection() {
		start(1);
		this.target.frozen = true;
		this.scheduler.pass(60_000);
		assertThat(this.target.knocks).isOne();
		assertThat(this.target.givenUpAt).isEqualTo(INTERVAL + 2 * TIMEOUT);
	}

	@Test
	void suspicionBringsTheProbeForward() {
		ConnectionProbe probe = start(2);
		this.scheduler.pass(INTERVAL);
		this.target.frozen = true;
		this.scheduler.pass(100);
		probe.suspect();
		this.scheduler.pass(2 * TIMEOUT);
		assertThat(this.target.givenUpAt).isEqualTo(INTERVAL + 100 + 2 * TIMEOUT);
	}

	@Test
	void manySuspicionsCauseNoStorm() {
		ConnectionProbe probe = start(2);
		for (int i = 0; i < 1000; i++) {
			probe.suspect();
			this.scheduler.pass(1);
		}
		assertThat(this.target.asked).as("at most five probes in an interval").hasSizeBetween(5, 13);
	}

	@Test
	void suspicionsDoNotDelayTheVerdict() {
		ConnectionProbe probe = start(2);
		this.target.frozen = true;
		for (int i = 0; i < 2000; i++) {
			probe.suspect();
			this.scheduler.pass(1);
		}
		assertThat(this.target.givenUpAt).isEqualTo(INTERVAL / 5 + 2 * TIMEOUT);
		assertThat(this.target.asked).hasSize(1);
	}

	@Test
	void suspicionAfterTheEndDoesNothing() {
		ConnectionProbe probe = start(2);
		this.target.frozen = true;
		this.scheduler.pass(10_000);
		this.target.frozen = false;
		int asked = this.target.asked.size();
		probe.suspect();
		this.scheduler.pass(10_000);
		assertThat(this.target.asked).hasSize(asked);
	}

	@Test
	void answerAfterOneMissIsNoFailure() {
		start(2);
		for (int i = 0; i < 10; i++) {
			this.target.frozen = true;
			this.scheduler.pass(INTERVAL + TIMEOUT + TIMEOUT / 2);
			this.target.thaw();
			this.scheduler.pass(INTERVAL);
		}
		assertThat(this.target.givenUpAt).isNull();
	}

	@Test
	void brokerThatAnswersBesideIsNotGivenUp() {
		start(2);
		this.target.slowClient = true;
		this.scheduler.pass(60_000);
		assertThat(this.target.givenUpAt).isNull();
		assertThat(this.target.asked).as("one question at a time").hasSize(1);
		this.target.slowClient = false;
		this.target.frozen = true;
		this.scheduler.pass(INTERVAL + 3 * TIMEOUT);
		assertThat(this.target.givenUpAt).as("frozen later on").isNotNull();
	}

	@Test
	void standstillOfThisProcessIsNotTheBrokersFault() {
		start(2);
		for (int i = 0; i < 20; i++) {
			this.scheduler.pass(INTERVAL + i * 50);
			this.target.frozen = true;
			this.scheduler.pass(i * 40);
			this.scheduler.standStill(5000);
			this.scheduler.pass(10);
			this.target.thaw();
			this.scheduler.pass(INTERVAL);
		}
		assertThat(this.target.givenUpAt).isNull();
	}

	@Test
	void brokerThatIsFrozenAfterAStandstillIsGivenUp() {
		start(2);
		this.target.frozen = true;
		this.scheduler.pass(INTERVAL + TIMEOUT);
		this.scheduler.standStill(5000);
		this.scheduler.pass(3 * TIMEOUT);
		assertThat(this.target.givenUpAt).isNotNull();
	}

	@Test
	void knockFromBeforeAStandstillDoesNotCount() {
		start(2);
		this.target.frozen = true;
		this.scheduler.pass(INTERVAL + TIMEOUT);
		assertThat(this.target.knocks).isOne();
		this.scheduler.standStill(5000);
		this.target.frozen = false;
		this.target.slowClient = true;
		this.scheduler.pass(10_000);
		assertThat(this.target.givenUpAt).isNull();
	}

	@Test
	void connectionThatCannotBeAskedIsAskedAgain() {
		start(2);
		this.target.cannotAsk = true;
		this.scheduler.pass(5 * INTERVAL);
		assertThat(this.target.givenUpAt).isNull();
		assertThat(this.target.asked).hasSize(5);
	}

	@Test
	void connectionThatIsClosedIsNotProbedAnyMore() {
		start(2);
		this.scheduler.pass(INTERVAL);
		this.target.open = false;
		this.scheduler.pass(60_000);
		assertThat(this.target.asked).hasSize(1);
		assertThat(this.target.givenUpAt).isNull();
		assertThat(this.target.closed).isOne();
	}

	@Test
	void connectionThatIsClosedWhileItIsAskedIsLookedAt() {
		this.target.frozen = true;
		start(2);
		this.scheduler.pass(INTERVAL);
		this.target.open = false;
		this.scheduler.pass(60_000);
		assertThat(this.target.asked).hasSize(1);
		assertThat(this.target.givenUpAt).isNull();
		assertThat(this.target.closed).isOne();
	}

	private ConnectionProbe start(int failureThreshold) {
		ConnectionProbe probe = new ConnectionProbe(this.target,
				new DetectionSettings(Duration.ofMillis(INTERVAL), Duration.ofMillis(TIMEOUT), failureThreshold, null),
				this.scheduler);
		probe.start();
		return probe;
	}

	private final class Target implements ProbeTarget {

		private final List<CompletableFuture<Object>> asked = new ArrayList<>();

		private Error error;

		private boolean open = true;

		private boolean frozen;

		private boolean slowClient;

		private boolean cannotAsk;

		private int knocks;

		private int closed;

		private Long givenUpAt;

		@Override
		public boolean isOpen() {
			return this.open;
		}

		@Override
		public void closed() {
			this.closed++;
		}

		@Override
		public CompletableFuture<?> ask() {
			throwError();
			CompletableFuture<Object> answer = new CompletableFuture<>();
			this.asked.add(answer);
			if (this.cannotAsk) {
				answer.completeExceptionally(new IllegalStateException());
			}
			else if (!this.frozen && !this.slowClient) {
				answer.complete("answer");
			}
			return answer;
		}

		private void throwError() {
			Error thrown = this.error;
			this.error = null;
			if (thrown != null) {
				throw thrown;
			}
		}

		void thaw() {
			this.frozen = false;
			this.asked.forEach((answer) -> answer.complete("late answer"));
		}

		@Override
		public CompletableFuture<?> knock() {
			throwError();
			this.knocks++;
			CompletableFuture<Object> knock = new CompletableFuture<>();
			boolean answers = !this.frozen;
			ConnectionProbeTests.this.scheduler.later(Duration.ofMillis(answers ? 10 : TIMEOUT), () -> {
				if (answers) {
					knock.complete("answer");
				}
				else {
					knock.completeExceptionally(new TimeoutException());
				}
			});
			return knock;
		}

		@Override
		public void giveUp(int misses) {
			assertThat(this.givenUpAt).as("given up once").isNull();
			this.givenUpAt = ConnectionProbeTests.this.scheduler.millis();
		}

	}

}
