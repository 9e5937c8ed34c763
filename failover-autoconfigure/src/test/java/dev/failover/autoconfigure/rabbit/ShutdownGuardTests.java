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

package dev.failover.autoconfigure.rabbit;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.mockito.ArgumentCaptor;
import org.springframework.context.ApplicationContext;
import org.springframework.context.event.ContextClosedEvent;

import dev.failover.broker.FailingThreads;
import dev.failover.connection.BrokerAccess;
import dev.failover.connection.FailoverConnectionFactory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.mockito.ArgumentMatchers.any;
import static org.mockito.BDDMockito.given;
import static org.mockito.BDDMockito.then;
import static org.mockito.Mockito.mock;

/**
 * Tests for {@link ShutdownGuard}.
 */
class ShutdownGuardTests {

	private final BrokerAccess access = mock();

	private final FailoverConnectionFactory connectionFactory = mock();

	private final ApplicationContext context = mock();

	private final AtomicInteger checks = new AtomicInteger();

	private final CountDownLatch released = new CountDownLatch(1);

	private ShutdownGuard guard;

	@BeforeEach
	void create() throws Exception {
		given(this.connectionFactory.getBrokerAccess()).willReturn(this.access);
		this.guard = new ShutdownGuard(this.connectionFactory, Duration.ofMillis(100));
		this.guard.setApplicationContext(this.context);
		given(this.connectionFactory.releaseOverdue(any())).willAnswer((call) -> {
			if (this.checks.incrementAndGet() == 1) {
				throw new OutOfMemoryError("thrown by the test");
			}
			this.released.countDown();
			return false;
		});
	}

	@AfterEach
	void close() {
		ArgumentCaptor<Runnable> task = ArgumentCaptor.captor();
		then(this.access).should().onClose(task.capture());
		task.getValue().run();
	}

	@Test
	void brokersAreAskedAgainAfterAnError() throws Exception {
		this.guard.onApplicationEvent(new ContextClosedEvent(this.context));
		assertThat(this.released.await(20, TimeUnit.SECONDS)).isTrue();
	}

	@Test
	void brokersAreAskedAlsoIfTheThreadCannotBeStartedAtOnce() throws Exception {
		FailingThreads.in(this.guard, 1, "executor");
		this.guard.onApplicationEvent(new ContextClosedEvent(this.context));
		assertThat(this.released.await(20, TimeUnit.SECONDS)).isTrue();
	}

	@Test
	void endOfAnotherContextIsNoOccasion() throws Exception {
		this.guard.onApplicationEvent(new ContextClosedEvent(mock(ApplicationContext.class)));
		assertThat(this.released.await(300, TimeUnit.MILLISECONDS)).isFalse();
	}

}
