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

package dev.failover.topology;

import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.springframework.amqp.rabbit.core.RabbitAdmin;

import dev.failover.broker.FailingThreads;

import static org.assertj.core.api.Assertions.assertThat;
import static org.mockito.Mockito.mock;

/**
 * Tests that {@link LockedQueues} goes on until a queue is declared, whatever fails.
 */
class LockedQueuesTests {

	private static final int LOCKED = 405;

	private final LockedQueues lockedQueues = new LockedQueues();

	private final RabbitAdmin admin = mock();

	private final CountDownLatch declared = new CountDownLatch(1);

	private final AtomicInteger tries = new AtomicInteger();

	@AfterEach
	void close() {
		this.lockedQueues.close();
	}

	@Test
	void queueThatStaysLockedForAWhileIsDeclared() throws Exception {
		declareLater(new IOException(AnsweringConnection.channelClosed(LOCKED, "RESOURCE_LOCKED")));
		assertDeclared();
	}

	@Test
	void errorCostsOneTry() throws Exception {
		declareLater(new NoClassDefFoundError("thrown by the test"));
		assertDeclared();
	}

	@Test
	void threadThatCannotBeStartedIsStartedLater() throws Exception {
		FailingThreads.in(this.lockedQueues, 1, "executor");
		declareLater(null);
		assertDeclared();
	}

	@Test
	void nextTimeIsLikeTheFirstAfterARefusal() throws Exception {
		declareLater(new IOException(AnsweringConnection.channelClosed(403, "ACCESS_REFUSED")));
		Awaitility.await().atMost(Duration.ofSeconds(20)).until(() -> {
			this.lockedQueues.declareLater(this.admin, this.declared::countDown);
			return this.declared.getCount() == 0;
		});
		assertThat(this.tries).hasValue(1);
	}

	private void declareLater(Throwable failure) {
		this.lockedQueues.declareLater(this.admin, () -> {
			if (this.tries.incrementAndGet() == 1 && failure != null) {
				if (failure instanceof Error error) {
					throw error;
				}
				throw (IOException) failure;
			}
			this.declared.countDown();
		});
	}

	private void assertDeclared() throws InterruptedException {
		assertThat(this.declared.await(20, TimeUnit.SECONDS)).isTrue();
	}

}
