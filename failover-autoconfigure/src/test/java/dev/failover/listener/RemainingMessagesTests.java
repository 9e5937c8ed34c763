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

import java.io.IOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.IntStream;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import dev.failover.broker.Broker;
import dev.failover.connection.ConsumerAccess;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIOException;
import static org.mockito.ArgumentMatchers.any;
import static org.mockito.ArgumentMatchers.eq;
import static org.mockito.BDDMockito.given;
import static org.mockito.Mockito.mock;

/**
 * Tests for {@link RemainingMessages}.
 */
class RemainingMessagesTests {

	private final Broker broker = Broker.of("one", "one.example.com", 5672);

	private final ConsumerAccess consumers = mock();

	private final RemainingMessages remaining = new RemainingMessages(this.broker, this.consumers);

	/**
	 * How many messages wait in each queue on the broker.
	 */
	private final Map<String, Integer> queues = new TreeMap<>();

	/**
	 * The queues that were asked for, by look.
	 */
	private final List<Collection<String>> asked = new ArrayList<>();

	private boolean failing;

	@BeforeEach
	void answer() throws IOException {
		given(this.consumers.getQueuesBeside(this.broker)).willAnswer((call) -> this.queues.keySet());
		given(this.consumers.countMessages(eq(this.broker), any())).willAnswer((call) -> {
			Collection<String> names = call.getArgument(1);
			this.asked.add(names);
			if (this.failing) {
				throw new IOException("thrown by the test");
			}
			Map<String, Integer> counts = new HashMap<>(this.queues);
			counts.keySet().retainAll(names);
			counts.values().removeIf((count) -> count < 0);
			return counts;
		});
	}

	private void fill(int queues, int messages) {
		IntStream.range(0, queues).forEach((number) -> this.queues.put("queue-%03d".formatted(number), messages));
	}

	@Test
	void nothingRemainsWhereNothingIsConsumed() throws IOException {
		this.remaining.look();
		assertThat(this.remaining.get()).isZero();
		assertThat(this.asked).isEmpty();
	}

	@Test
	void fewQueuesAreAllSeenByEachLook() throws IOException {
		fill(RemainingMessages.QUEUES, 3);
		this.remaining.look();
		assertThat(this.remaining.get()).isEqualTo(60);
		fill(RemainingMessages.QUEUES, 1);
		this.remaining.look();
		assertThat(this.remaining.get()).isEqualTo(20);
	}

	@Test
	void looksAtManyQueuesGoOnWhereTheLastOneHasEnded() throws IOException {
		fill(50, 1);
		this.remaining.look();
		assertThat(this.remaining.get()).isEqualTo(20);
		this.remaining.look();
		assertThat(this.remaining.get()).isEqualTo(40);
		this.remaining.look();
		assertThat(this.remaining.get()).isEqualTo(50);
		fill(50, 0);
		this.remaining.look();
		assertThat(this.remaining.get()).isEqualTo(30);
		assertThat(this.asked).allMatch((look) -> look.size() == RemainingMessages.QUEUES);
		assertThat(this.asked.get(2)).contains("queue-049", "queue-000", "queue-009").doesNotContain("queue-010");
		assertThat(this.asked.get(3)).contains("queue-010", "queue-029");
	}

	@Test
	void queueThatIsNotThereOrNotConsumedAnyMoreDoesNotCount() throws IOException {
		this.queues.putAll(Map.of("a", 1, "b", 2, "c", 4));
		this.remaining.look();
		assertThat(this.remaining.get()).isEqualTo(7);
		this.queues.put("c", -1);
		this.remaining.look();
		assertThat(this.remaining.get()).isEqualTo(3);
		this.queues.remove("b");
		this.remaining.look();
		assertThat(this.remaining.get()).isEqualTo(1);
	}

	@Test
	void queuesThatCannotBeLookedAtHoldUpNoOthers() throws IOException {
		fill(30, 1);
		this.failing = true;
		assertThatIOException().isThrownBy(this.remaining::look);
		assertThat(this.remaining.get()).isZero();
		this.failing = false;
		this.remaining.look();
		assertThat(this.asked.get(1)).contains("queue-020", "queue-029");
		assertThat(this.remaining.get()).isEqualTo(20);
	}

	@Test
	void whatWasSeenIsForgotten() throws IOException {
		fill(30, 1);
		this.remaining.look();
		this.remaining.clear();
		assertThat(this.remaining.get()).isZero();
		this.remaining.look();
		assertThat(this.asked.get(1)).isEqualTo(this.asked.get(0));
	}

}
