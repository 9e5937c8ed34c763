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
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;

import com.rabbitmq.client.Channel;
import com.rabbitmq.client.DefaultConsumer;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;
import org.springframework.amqp.rabbit.connection.Connection;
import org.springframework.amqp.rabbit.connection.RabbitUtils;
import org.springframework.amqp.rabbit.listener.AbstractMessageListenerContainer;
import org.springframework.amqp.rabbit.listener.BlockingQueueConsumer;
import org.springframework.amqp.rabbit.listener.DirectMessageListenerContainer;
import org.springframework.amqp.rabbit.listener.SimpleMessageListenerContainer;

import dev.failover.connection.SettlingChannel;

/**
 * Keeps the channels of consumers that are ended open until their listener has settled
 * what it was given, by hand from another thread or when a future completes. Spring
 * closes a channel as soon as the listener has returned: what is not settled is delivered
 * again, and the listener cannot settle it any more.
 */
final class UnsettledConsumers {

	private static final Log logger = LogFactory.getLog(UnsettledConsumers.class);

	private final long deadline;

	private final Executor executor;

	private final List<SettlingChannel> channels = new ArrayList<>();

	private UnsettledConsumers(Duration longest, Executor executor) {
		this.deadline = System.nanoTime() + longest.toNanos();
		this.executor = executor;
	}

	/**
	 * Keep the channels of the consumers that a container has now when they end, and have
	 * what these have not given to their listener go back. Otherwise, nothing is
	 * different for consumers that have settled everything then, for those that end when
	 * the time is over, and where the listener has nothing to settle.
	 * @param container the container
	 * @param longest how long a channel may be kept
	 * @param executor closes the channels
	 * @return what is not settled
	 */
	static UnsettledConsumers keep(AbstractMessageListenerContainer container, Duration longest, Executor executor) {
		UnsettledConsumers kept = new UnsettledConsumers(longest, executor);
		PrefetchedMessages.giveBackAtCancel(container);
		if (!container.getAcknowledgeMode().isManual()) {
			return kept;
		}
		if (container instanceof SimpleMessageListenerContainer simple) {
			ContainerConsumers.consumers(simple).forEach(kept::keep);
		}
		else if (container instanceof DirectMessageListenerContainer direct) {
			ContainerConsumers.consumers(direct).forEach((consumer) -> kept.keep(direct, consumer));
		}
		return kept;
	}

	/**
	 * Return when the listener has settled what it has been given up to now.
	 * @return a future that completes then, or when the time is over
	 */
	CompletableFuture<?> settled() {
		return CompletableFuture.allOf(this.channels.stream().map(this::settled).toArray(CompletableFuture<?>[]::new));
	}

	private CompletableFuture<@Nullable Void> settled(SettlingChannel channel) {
		return channel.settled()
			.completeOnTimeout(null, Math.max(0, this.deadline - System.nanoTime()), TimeUnit.NANOSECONDS);
	}

	private void keep(BlockingQueueConsumer consumer) {
		SettlingChannel channel = PrefetchedMessages.settling(consumer.getChannel());
		if (channel != null && KeptResources.areKnown(consumer)) {
			this.channels.add(channel);
			KeptResources.keep(consumer, channel, PrefetchedMessages.giveBackAtCancel(consumer, channel), this);
		}
	}

	/**
	 * A consumer of a direct container ends when it is told that it is cancelled. The
	 * container waits no longer for it then, also if its channel is kept.
	 */
	private void keep(DirectMessageListenerContainer container, DefaultConsumer consumer) {
		SettlingChannel channel = PrefetchedMessages.settling(consumer.getChannel());
		if (channel == null || !DirectConsumers.areKnown(container)) {
			return;
		}
		this.channels.add(channel);
		channel.onCancelOk((tell) -> {
			if (isToBeKept(channel)) {
				DirectConsumers.release(container, consumer);
				closeWhenSettled(channel, consumer.getChannel(), DirectConsumers.connection(consumer));
			}
			else {
				tell.run();
			}
			execute(() -> DirectConsumers.recount(container));
		});
	}

	/**
	 * Return whether a channel whose consumer has ended is not to be closed yet.
	 */
	boolean isToBeKept(SettlingChannel channel) {
		return !channel.isSettled() && System.nanoTime() - this.deadline < 0;
	}

	/**
	 * Close a channel that is kept when that is possible.
	 * @param channel the channel
	 * @param cached the same as Spring knows it
	 * @param connection the connection that Spring took for it
	 */
	void closeWhenSettled(SettlingChannel channel, Channel cached, @Nullable Connection connection) {
		logger.debug("Channel is kept for messages that are not settled: " + channel);
		settled(channel).thenRun(() -> execute(() -> {
			RabbitUtils.setPhysicalCloseRequired(cached, true);
			RabbitUtils.closeChannel(cached);
			RabbitUtils.closeConnection(connection);
		}));
	}

	private void execute(Runnable task) {
		try {
			this.executor.execute(task);
		}
		catch (RejectedExecutionException ex) {
			logger.debug("Channels are closed with their connection", ex);
		}
		catch (Throwable ex) {
			logger.error("A channel stays open until its connection is closed", ex);
		}
	}

}
