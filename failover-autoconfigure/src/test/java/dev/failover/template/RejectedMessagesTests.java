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

package dev.failover.template;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;

import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.Channel;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import dev.failover.broker.FailingThreads;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.mockito.ArgumentMatchers.any;
import static org.mockito.BDDMockito.given;
import static org.mockito.Mockito.mock;

/**
 * Tests for {@link RejectedMessages}, which asks on a thread of {@link PublishWatch}.
 */
class RejectedMessagesTests {

	private static final Duration PATIENCE = Duration.ofSeconds(20);

	private final Channel channel = mock();

	private final PublishWatch watch = new PublishWatch(() -> false, mock(), PATIENCE);

	private final List<Publication> decided = new CopyOnWriteArrayList<>();

	private final RejectedMessages rejected = new RejectedMessages(this.channel, this.watch::aside, this.decided::add);

	@BeforeEach
	void answer() throws Exception {
		given(this.channel.asyncCompletableRpc(any())).willReturn(CompletableFuture.completedFuture(null));
	}

	@AfterEach
	void close() {
		this.watch.close();
	}

	@Test
	void messageIsRejectedWhenTheBrokerHasAnswered() {
		assertDecided(add());
	}

	@Test
	void messageIsRejectedAlsoIfTheBrokerCannotBeAskedAndSoIsTheNext() throws Exception {
		given(this.channel.asyncCompletableRpc(any())).willThrow(new OutOfMemoryError("thrown by the test"))
			.willReturn(CompletableFuture.completedFuture(null));
		assertDecided(add());
		assertDecided(add());
	}

	@Test
	void brokerIsAskedLaterIfNoThreadCanBeStarted() {
		FailingThreads.in(this.watch, 1, "blocking");
		Publication first = add();
		Publication second = add();
		assertDecided(first);
		assertDecided(second);
	}

	@Test
	void brokerIsAskedLaterIfNoThreadCanBeStartedForThatEither() {
		FailingThreads.in(this.watch, 1, "blocking");
		FailingThreads.in(this.watch, 1, "executor");
		assertDecided(add());
	}

	private Publication add() {
		Publication publication = new Publication("", "orders", true, new AMQP.BasicProperties(), 0, new byte[0], true,
				System.nanoTime() + PATIENCE.toNanos(), null);
		this.rejected.add(publication);
		return publication;
	}

	private void assertDecided(Publication publication) {
		await().atMost(PATIENCE).until(() -> this.decided.contains(publication));
		assertThat(this.rejected.undecided()).isNotSameAs(publication);
	}

}
