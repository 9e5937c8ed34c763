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

import java.util.ArrayDeque;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.RejectedExecutionException;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.amqp.core.AcknowledgeMode;
import org.springframework.amqp.rabbit.listener.BlockingQueueConsumer;
import org.springframework.amqp.rabbit.listener.DirectMessageListenerContainer;
import org.springframework.amqp.rabbit.listener.SimpleMessageListenerContainer;
import org.springframework.test.util.ReflectionTestUtils;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.mockito.ArgumentMatchers.any;
import static org.mockito.ArgumentMatchers.anyLong;
import static org.mockito.BDDMockito.given;
import static org.mockito.Mockito.mock;

/**
 * Tests for {@link ContainerBatches}.
 */
class ContainerBatchesTests {

	private final Queue<Runnable> tasks = new ArrayDeque<>();

	private final ContainerBatches batches = new ContainerBatches(this.tasks::add, new CountDownLatch(1));

	private final SimpleMessageListenerContainer container = container();

	@Test
	void batchesAreTakenAgainAfterTheLastOfSeveralMoves() {
		Runnable first = this.batches.suspend(this.container);
		Runnable second = this.batches.suspend(this.container);
		assertSettings(1, 10);
		first.run();
		this.tasks.remove().run();
		assertSettings(1, 10);
		second.run();
		assertSettings(1, 10);
		this.tasks.remove().run();
		assertSettings(10, 5);
	}

	@Test
	void batchesAreTakenAgainAtOnceIfNobodyWaitsAnyMore() {
		ContainerBatches closed = new ContainerBatches((task) -> {
			throw new RejectedExecutionException("expected by the test");
		}, new CountDownLatch(0));
		Runnable end = closed.suspend(this.container);
		assertSettings(1, 10);
		end.run();
		assertSettings(10, 5);
	}

	@Test
	void errorLeavesNoContainerSuspended() {
		ContainerBatches lacking = new ContainerBatches((task) -> {
			throw new OutOfMemoryError("thrown by the test");
		}, new CountDownLatch(1));
		Runnable end = lacking.suspend(this.container);
		assertThatExceptionOfType(OutOfMemoryError.class).isThrownBy(end::run);
		assertSettings(10, 5);
	}

	@Test
	void errorOfAConsumerLeavesNoContainerSuspended() {
		BlockingQueueConsumer consumer = mock();
		given(consumer.getConsumerTags()).willThrow(new NoClassDefFoundError("thrown by the test"));
		ReflectionTestUtils.setField(consumer, "deliveryTags", Set.of());
		ReflectionTestUtils.setField(this.container, "consumers", Set.of(consumer));
		this.batches.suspend(this.container).run();
		assertThatExceptionOfType(NoClassDefFoundError.class).isThrownBy(this.tasks.remove()::run);
		assertSettings(10, 5);
	}

	@Test
	void errorBeforeItsConsumersAreReplacedLeavesNoContainerSuspended() throws InterruptedException {
		CountDownLatch hurry = mock();
		given(hurry.await(anyLong(), any())).willThrow(new NoClassDefFoundError("thrown by the test"));
		BlockingQueueConsumer busy = mock();
		ReflectionTestUtils.setField(busy, "deliveryTags", Set.of(1L));
		ReflectionTestUtils.setField(this.container, "consumers", Set.of(busy));
		ContainerBatches failing = new ContainerBatches(this.tasks::add, hurry);
		assertThatExceptionOfType(NoClassDefFoundError.class).isThrownBy(() -> failing.suspend(this.container));
		assertSettings(10, 5);
	}

	@ParameterizedTest
	@CsvSource({ "false, AUTO, 1", "false, MANUAL, 1", "false, NONE, 10", "true, AUTO, 10", "true, MANUAL, 10",
			"true, NONE, 1" })
	void onlyBatchesThatMustNotBeCutAreSuspended(boolean together, AcknowledgeMode mode, int batchSize) {
		this.container.setConsumerBatchEnabled(together);
		this.container.setAcknowledgeMode(mode);
		this.batches.suspend(this.container);
		assertThat(Settings.read(this.container, "batchSize")).isEqualTo(batchSize);
	}

	@Test
	void directContainersHaveNone() {
		DirectMessageListenerContainer direct = new DirectMessageListenerContainer();
		direct.setPrefetchCount(5);
		this.batches.suspend(direct).run();
		assertThat(Settings.read(direct, "prefetchCount")).isEqualTo(5);
		assertThat(this.tasks).isEmpty();
	}

	private void assertSettings(int batchSize, int prefetchCount) {
		assertThat(Settings.read(this.container, "batchSize")).isEqualTo(batchSize);
		assertThat(Settings.read(this.container, "prefetchCount")).isEqualTo(prefetchCount);
	}

	private static SimpleMessageListenerContainer container() {
		SimpleMessageListenerContainer container = new SimpleMessageListenerContainer();
		container.setBatchSize(10);
		container.setPrefetchCount(5);
		return container;
	}

}
