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
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.LongAdder;

import com.rabbitmq.client.Channel;
import org.aopalliance.intercept.MethodInterceptor;
import org.aopalliance.intercept.MethodInvocation;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;
import org.springframework.amqp.ImmediateRequeueAmqpException;
import org.springframework.amqp.core.Message;
import org.springframework.amqp.core.MessageProperties;
import org.springframework.amqp.rabbit.connection.ChannelProxy;
import org.springframework.amqp.support.AmqpHeaders;
import org.springframework.transaction.support.TransactionSynchronization;
import org.springframework.transaction.support.TransactionSynchronizationManager;
import org.springframework.util.Assert;
import org.springframework.util.StringUtils;

/**
 * Advice of listener containers that drops messages whose id was handled already, told
 * apart by the queue that they come from. A message that is dropped is acknowledged like
 * one that was handled.
 * <p>
 * A message counts as handled when its handler has returned and, in a transaction, that
 * is committed. It does not while the handler runs, nor if it throws: a second delivery
 * of the same message waits for the first to end, and is handled unless that succeeded.
 * <p>
 * Messages without an id, batches, requests that ask for a reply, and what is handled on
 * a transacted channel without a transaction manager pass. Not for containers with manual
 * acknowledgement, nor for those whose listener returns a future: the handler returns
 * before the message is acknowledged or rejected. It belongs behind all other advice, so
 * that a message that was recovered from a failure does not count as handled.
 */
public final class DeduplicationInterceptor implements MethodInterceptor {

	private static final Log logger = LogFactory.getLog(DeduplicationInterceptor.class);

	private static final Duration PATIENCE = Duration.ofMinutes(1);

	private final HandledMessages handledMessages;

	private final boolean dropRedelivered;

	private final Duration patience;

	private final Map<Delivery, CountDownLatch> running = new ConcurrentHashMap<>();

	private final LongAdder dropped = new LongAdder();

	private final AtomicBoolean warned = new AtomicBoolean();

	/**
	 * Create an interceptor, to be shared by all containers of an application.
	 * @param handledMessages remembers what was handled
	 * @param dropRedelivered whether to drop, too, what the broker delivers again because
	 * it does not know whether it was handled: the connection was lost before the
	 * acknowledgement arrived
	 */
	public DeduplicationInterceptor(HandledMessages handledMessages, boolean dropRedelivered) {
		this(handledMessages, dropRedelivered, PATIENCE);
	}

	DeduplicationInterceptor(HandledMessages handledMessages, boolean dropRedelivered, Duration patience) {
		Assert.notNull(handledMessages, "'handledMessages' must not be null");
		this.handledMessages = handledMessages;
		this.dropRedelivered = dropRedelivered;
		this.patience = patience;
	}

	@Override
	public @Nullable Object invoke(MethodInvocation invocation) throws Throwable {
		@Nullable Object[] arguments = invocation.getArguments();
		if (arguments.length != 2 || !(arguments[0] instanceof Channel channel)
				|| !(arguments[1] instanceof Message message)) {
			return invocation.proceed();
		}
		MessageProperties properties = message.getMessageProperties();
		String queue = properties.getConsumerQueue();
		String id = properties.getMessageId();
		if (queue == null || !StringUtils.hasLength(id) || isPartOfBatch(properties) || isRequest(properties)
				|| endsUnseen(channel)) {
			return invocation.proceed();
		}
		Delivery delivery = new Delivery(queue, id);
		boolean handleAgain = !this.dropRedelivered && Boolean.TRUE.equals(properties.isRedelivered());
		CountDownLatch end = begin(delivery);
		boolean open = true;
		try {
			if (!handleAgain && this.handledMessages.contains(queue, id)) {
				this.dropped.increment();
				logger.debug("Dropped, as it was handled already: " + delivery);
				return null;
			}
			Object result = invocation.proceed();
			if (TransactionSynchronizationManager.isSynchronizationActive()) {
				TransactionSynchronizationManager.registerSynchronization(new Commit(delivery, channel, end));
				open = false;
			}
			else {
				handled(delivery);
			}
			return result;
		}
		finally {
			if (open) {
				end(delivery, end);
			}
		}
	}

	/**
	 * Return how many messages were dropped so far.
	 * @return the number of messages
	 */
	public long getDropped() {
		return this.dropped.sum();
	}

	/**
	 * All messages that were sent as one share its id.
	 */
	private static boolean isPartOfBatch(MessageProperties properties) {
		return properties.getHeaders().containsKey(AmqpHeaders.BATCH_SIZE);
	}

	/**
	 * A request that comes twice is one whose first reply may be lost: who drops it lets
	 * somebody wait in vain.
	 */
	private static boolean isRequest(MessageProperties properties) {
		return StringUtils.hasLength(properties.getReplyTo());
	}

	/**
	 * Whether the container commits the channel when nobody looks any more.
	 */
	private boolean endsUnseen(Channel channel) {
		boolean unseen = channel instanceof ChannelProxy proxy && proxy.isTransactional()
				&& !TransactionSynchronizationManager.isSynchronizationActive();
		if (unseen && this.warned.compareAndSet(false, true)) {
			logger.warn("Duplicates are not dropped on transacted channels without a transaction manager");
		}
		return unseen;
	}

	private CountDownLatch begin(Delivery delivery) {
		long deadline = System.nanoTime() + this.patience.toNanos();
		CountDownLatch mine = new CountDownLatch(1);
		for (CountDownLatch other = this.running.putIfAbsent(delivery, mine); other != null;) {
			try {
				if (!other.await(deadline - System.nanoTime(), TimeUnit.NANOSECONDS)) {
					throw new ImmediateRequeueAmqpException("Still being handled elsewhere: " + delivery);
				}
			}
			catch (InterruptedException ex) {
				Thread.currentThread().interrupt();
				throw new ImmediateRequeueAmqpException("Interrupted while it is handled elsewhere: " + delivery, ex);
			}
			other = this.running.putIfAbsent(delivery, mine);
		}
		return mine;
	}

	private void end(Delivery delivery, CountDownLatch latch) {
		this.running.remove(delivery, latch);
		latch.countDown();
	}

	private void handled(Delivery delivery) {
		try {
			this.handledMessages.add(delivery.queue(), delivery.messageId());
		}
		catch (RuntimeException ex) {
			logger.warn("Handled, but not remembered: " + delivery, ex);
		}
	}

	/**
	 * What is told apart.
	 *
	 * @param queue the queue
	 * @param messageId the id of the message
	 */
	private record Delivery(String queue, String messageId) {

		@Override
		public String toString() {
			return "message %s from queue %s".formatted(this.messageId, this.queue);
		}

	}

	/**
	 * Waits for the end of the transaction. Comes after the channel's own: if that could
	 * not be committed, it is closed.
	 */
	private final class Commit implements TransactionSynchronization {

		private final Delivery delivery;

		private final Channel channel;

		private final CountDownLatch end;

		Commit(Delivery delivery, Channel channel, CountDownLatch end) {
			this.delivery = delivery;
			this.channel = channel;
			this.end = end;
		}

		@Override
		public void afterCompletion(int status) {
			if (status == STATUS_COMMITTED && this.channel.isOpen()) {
				handled(this.delivery);
			}
			end(this.delivery, this.end);
		}

	}

}
