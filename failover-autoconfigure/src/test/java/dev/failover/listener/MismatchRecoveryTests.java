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

package dev.failover.listener;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;

import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.ShutdownSignalException;
import org.junit.jupiter.api.Test;
import org.springframework.amqp.rabbit.listener.ListenerContainerConsumerFailedEvent;
import org.springframework.amqp.rabbit.listener.SimpleMessageListenerContainer;
import org.springframework.context.ApplicationContext;
import org.springframework.context.event.ContextClosedEvent;

import dev.failover.broker.FailingThreads;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.mockito.Mockito.mock;

/**
 * Containers that stopped because of a queue with other arguments.
 */
class MismatchRecoveryTests {

	private static final int QUEUE_CLASS = 50;

	private static final int DECLARE_METHOD = 10;

	private final ApplicationContext context = mock();

	private final MismatchRecovery recovery = new MismatchRecovery(this.context);

	private final CountDownLatch started = new CountDownLatch(1);

	private final AtomicReference<Error> failure = new AtomicReference<>();

	private final AtomicReference<Thread> starter = new AtomicReference<>();

	@Test
	void containerIsStartedAgainAlsoWhenAChildContextWasClosed() throws Exception {
		try {
			this.recovery.onApplicationEvent(new ContextClosedEvent(mock(ApplicationContext.class)));
			this.recovery.onApplicationEvent(stopped());
			assertThat(this.started.await(30, TimeUnit.SECONDS)).isTrue();
		}
		finally {
			this.recovery.close();
		}
	}

	@Test
	void containerWhoseStartFailsWithAnErrorIsStartedAgain() throws Exception {
		this.failure.set(new OutOfMemoryError("expected by the test"));
		try {
			this.recovery.onApplicationEvent(stopped());
			assertThat(this.started.await(30, TimeUnit.SECONDS)).isTrue();
		}
		finally {
			this.recovery.close();
		}
	}

	@Test
	void containerIsStartedAgainAlsoIfTheThreadForThatCannotBeStartedAtOnce() throws Exception {
		FailingThreads.in(this.recovery, 1, "starter");
		try {
			this.recovery.onApplicationEvent(stopped());
			assertThat(this.started.await(30, TimeUnit.SECONDS)).isTrue();
		}
		finally {
			this.recovery.close();
		}
	}

	/**
	 * There may be no other thread that does while a container is stopped.
	 */
	@Test
	void threadKeepsTheJvmRunningUntilTheContainerIsStarted() throws Exception {
		this.recovery.onApplicationEvent(stopped());
		assertThat(this.started.await(30, TimeUnit.SECONDS)).isTrue();
		assertThat(this.starter.get().isDaemon()).isFalse();
		await().until(() -> !this.starter.get().isAlive());
	}

	@Test
	void containerStaysStoppedWhenItsContextIsClosed() throws Exception {
		this.recovery.onApplicationEvent(new ContextClosedEvent(this.context));
		this.recovery.onApplicationEvent(stopped());
		assertThat(this.started.await(MismatchRecovery.RETRY_MILLIS + 500, TimeUnit.MILLISECONDS)).isFalse();
	}

	private ListenerContainerConsumerFailedEvent stopped() {
		AMQP.Channel.Close reason = new AMQP.Channel.Close.Builder().replyCode(AMQP.PRECONDITION_FAILED)
			.replyText("expected by the test")
			.classId(QUEUE_CLASS)
			.methodId(DECLARE_METHOD)
			.build();
		ShutdownSignalException signal = new ShutdownSignalException(false, false, reason, null);
		return new ListenerContainerConsumerFailedEvent(new Starting(), "stopped", signal, true);
	}

	private final class Starting extends SimpleMessageListenerContainer {

		@Override
		public void start() {
			Error error = MismatchRecoveryTests.this.failure.getAndSet(null);
			if (error != null) {
				throw error;
			}
			MismatchRecoveryTests.this.starter.set(Thread.currentThread());
			MismatchRecoveryTests.this.started.countDown();
		}

	}

}
