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

import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

import com.rabbitmq.client.Connection;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import dev.failover.broker.Broker;
import dev.failover.broker.Brokers;
import dev.failover.broker.FailingThreads;
import dev.failover.connection.BrokerAccess;
import dev.failover.connection.OpenConnection;

import static org.assertj.core.api.Assertions.assertThat;
import static org.mockito.BDDMockito.given;
import static org.mockito.Mockito.mock;

/**
 * Tests for {@link DetectionThreads}.
 */
class DetectionThreadsTests {

	private static final Duration PATIENCE = Duration.ofSeconds(20);

	private final DetectionThreads threads = new DetectionThreads();

	@AfterEach
	void close() {
		this.threads.close();
	}

	@Test
	void tasksAfterAnErrorAreDone() throws Exception {
		CountDownLatch done = new CountDownLatch(2);
		this.threads.later(Duration.ZERO, () -> {
			throw new NoClassDefFoundError("thrown by the test");
		});
		this.threads.later(Duration.ZERO, done::countDown);
		this.threads.work(() -> {
			throw new NoClassDefFoundError("thrown by the test");
		});
		this.threads.work(done::countDown);
		assertThat(done.await(PATIENCE.toMillis(), TimeUnit.MILLISECONDS)).isTrue();
	}

	@Test
	void threadThatCannotBeStartedIsStartedLater() throws Exception {
		CountDownLatch done = new CountDownLatch(1);
		FailingThreads.in(this.threads, 2, "timer");
		FailingThreads.in(this.threads, 1, "workers");
		this.threads.later(Duration.ZERO, done::countDown);
		assertThat(done.await(PATIENCE.toMillis(), TimeUnit.MILLISECONDS)).isTrue();
		assertThat(this.threads.work(done::countDown)).isFalse();
		assertThat(this.threads.work(done::countDown)).isTrue();
	}

	@ParameterizedTest
	@ValueSource(classes = { NoClassDefFoundError.class, IllegalStateException.class })
	void questionThatCannotBeAskedIsAnswered(Class<? extends Throwable> failure) throws Exception {
		Broker broker = Broker.of("one", "localhost", 5672);
		Connection connection = mock();
		given(connection.createChannel()).willThrow(failure);
		ProbedConnection probed = new ProbedConnection(new OpenConnection(broker, 0, connection, null),
				new Brokers(List.of(broker), Clock.systemUTC()), mock(BrokerAccess.class), PATIENCE, this.threads,
				List.of());
		assertThat(probed.ask()).failsWithin(PATIENCE).withThrowableThat().withCauseInstanceOf(failure);
	}

}
