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

import java.time.Duration;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Predicate;

import org.jspecify.annotations.Nullable;
import org.springframework.amqp.rabbit.listener.AbstractMessageListenerContainer;
import org.springframework.amqp.rabbit.listener.BlockingQueueConsumer;
import org.springframework.amqp.rabbit.listener.SimpleMessageListenerContainer;

/**
 * Lets simple containers with a batch size take one message at a time while their
 * consumers are replaced. A consumer that is cancelled while it waits for the rest of a
 * batch forgets what it has of it: messages that were handled are not acknowledged and
 * come again, and messages that are to be handled together are lost if the broker does
 * not expect an acknowledgement.
 */
final class ContainerBatches {

	/**
	 * How long a wait for a message may be for others to wait for it.
	 */
	private static final Duration LONGEST_WAIT = Duration.ofSeconds(10);

	private static final Duration MARGIN = Duration.ofMillis(500);

	private static final Duration PATIENCE = Duration.ofMinutes(1);

	private final Map<SimpleMessageListenerContainer, Suspended> suspended = new ConcurrentHashMap<>();

	private final Executor executor;

	private final CountDownLatch hurry;

	/**
	 * Create it.
	 * @param executor waits for consumers that were replaced
	 * @param hurry ends each wait
	 */
	ContainerBatches(Executor executor, CountDownLatch hurry) {
		this.executor = executor;
		this.hurry = hurry;
	}

	/**
	 * Let a container take one message at a time from now on, and wait until none of its
	 * consumers is within a batch.
	 * @return what is to be run when its consumers have been replaced, and does not
	 * block: the container takes batches again when the old ones are gone
	 */
	Runnable suspend(AbstractMessageListenerContainer container) {
		if (!(container instanceof SimpleMessageListenerContainer simple)
				|| !(isAffected(simple) || this.suspended.containsKey(simple))) {
			return () -> {
			};
		}
		this.suspended.compute(simple, (key, known) -> (known != null) ? known.again() : Suspended.of(simple));
		List<BlockingQueueConsumer> consumers = begin(simple);
		return () -> {
			try {
				this.executor.execute(() -> resumeAfter(simple, consumers));
			}
			catch (RejectedExecutionException ex) {
				resume(simple);
			}
			catch (Throwable ex) {
				resume(simple);
				throw ex;
			}
		};
	}

	private List<BlockingQueueConsumer> begin(SimpleMessageListenerContainer container) {
		try {
			List<BlockingQueueConsumer> consumers = ContainerConsumers.consumers(container);
			awaitBatches(container, consumers, this.hurry);
			return consumers;
		}
		catch (Throwable ex) {
			resume(container);
			throw ex;
		}
	}

	private void resumeAfter(SimpleMessageListenerContainer container, List<BlockingQueueConsumer> replaced) {
		try {
			await(replaced, (consumer) -> consumer.getConsumerTags().isEmpty(), PATIENCE, this.hurry);
		}
		finally {
			resume(container);
		}
	}

	private void resume(SimpleMessageListenerContainer container) {
		this.suspended.computeIfPresent(container, (key, known) -> known.resume(container));
	}

	/**
	 * Stop a container for good.
	 */
	static void stop(AbstractMessageListenerContainer container) {
		CountDownLatch hurry = new CountDownLatch(1);
		if (container instanceof SimpleMessageListenerContainer simple && isAffected(simple)) {
			simple.setBatchSize(1);
			awaitBatches(simple, ContainerConsumers.consumers(simple), hurry);
		}
		if (Settings.read(container, "shutdownTimeout") instanceof Long millis) {
			LastDeliveries.awaitHandled(container, Duration.ofMillis(millis), hurry);
		}
		container.stop();
	}

	/**
	 * Give a copy the batch size of its original, which may have been suspended when it
	 * was copied.
	 */
	static void align(AbstractMessageListenerContainer original, AbstractMessageListenerContainer copy) {
		if (original instanceof SimpleMessageListenerContainer simple
				&& copy instanceof SimpleMessageListenerContainer simpleCopy) {
			simpleCopy.setBatchSize(batchSize(simple));
		}
	}

	/**
	 * Whether it matters that a batch is cut: not if its messages stay in the queue and
	 * have not been handled, nor if each was handled and none needs to be acknowledged.
	 */
	private static boolean isAffected(SimpleMessageListenerContainer container) {
		return batchSize(container) > 1
				&& container.isConsumerBatchEnabled() == container.getAcknowledgeMode().isAutoAck();
	}

	private static int batchSize(SimpleMessageListenerContainer container) {
		return (Settings.read(container, "batchSize") instanceof Integer size) ? size : 1;
	}

	/**
	 * A consumer has unacknowledged deliveries from the first message of a batch to its
	 * end. One that is busy is in its listener, and does not wait for a further message,
	 * when the longest wait is over.
	 */
	private static void awaitBatches(SimpleMessageListenerContainer container, List<BlockingQueueConsumer> consumers,
			CountDownLatch hurry) {
		long wait = (Settings.read(container, "receiveTimeout") instanceof Long millis) ? millis : 0;
		Duration longest = Duration.ofMillis((wait < 0) ? LONGEST_WAIT.toMillis() : wait);
		await(consumers,
				(consumer) -> Settings.read(consumer, "deliveryTags") instanceof Collection<?> tags && tags.isEmpty(),
				((longest.compareTo(LONGEST_WAIT) < 0) ? longest : LONGEST_WAIT).plus(MARGIN), hurry);
	}

	private static void await(List<BlockingQueueConsumer> consumers, Predicate<BlockingQueueConsumer> done,
			Duration longest, CountDownLatch hurry) {
		Set<BlockingQueueConsumer> rest = new HashSet<>(consumers);
		ContainerConsumers.await(() -> {
			rest.removeIf(done);
			return rest.isEmpty();
		}, longest, hurry);
	}

	/**
	 * What a container that is suspended is set to otherwise.
	 *
	 * @param batchSize the batch size
	 * @param prefetchCount the prefetch count, which is no less than the batch size while
	 * consumers are created
	 * @param moves by how many moves it is suspended
	 */
	private record Suspended(int batchSize, int prefetchCount, int moves) {

		static Suspended of(SimpleMessageListenerContainer container) {
			int batchSize = ContainerBatches.batchSize(container);
			int prefetchCount = (Settings.read(container, "prefetchCount") instanceof Integer count) ? count : 0;
			container.setPrefetchCount(Math.max(prefetchCount, batchSize));
			container.setBatchSize(1);
			return new Suspended(batchSize, prefetchCount, 1);
		}

		Suspended again() {
			return new Suspended(this.batchSize, this.prefetchCount, this.moves + 1);
		}

		@Nullable Suspended resume(SimpleMessageListenerContainer container) {
			if (this.moves > 1) {
				return new Suspended(this.batchSize, this.prefetchCount, this.moves - 1);
			}
			container.setBatchSize(this.batchSize);
			container.setPrefetchCount(this.prefetchCount);
			return null;
		}

	}

}
