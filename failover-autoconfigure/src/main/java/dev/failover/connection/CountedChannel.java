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

package dev.failover.connection;

import java.io.IOException;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.HashSet;
import java.util.NavigableMap;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BooleanSupplier;

import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Consumer;
import com.rabbitmq.client.DeliverCallback;
import com.rabbitmq.client.Envelope;
import com.rabbitmq.client.GetResponse;
import com.rabbitmq.client.ShutdownSignalException;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;

import dev.failover.failure.ClientOperation;

/**
 * Makes a channel count what is to be settled on it.
 * <p>
 * What was delivered on another channel is not settled on this one: the proxies of
 * Spring's channel cache open another channel, which may be one to another broker, when
 * theirs is closed, and pass acknowledgements on to it. And what was delivered on a
 * channel that is closed is not handled any more, as it cannot be settled and is
 * delivered again.
 */
final class CountedChannel implements InvocationHandler {

	private static final Log logger = LogFactory.getLog(CountedChannel.class);

	private final Channel delegate;

	private final BooleanSupplier connected;

	private final DirectReplyNames.At replies;

	private final SuspectQueues.At queues;

	/**
	 * What was given to consumers, by delivery tag.
	 */
	private final NavigableMap<Long, CountingConsumer> unsettled = new ConcurrentSkipListMap<>();

	private final AtomicLong lastDelivered = new AtomicLong();

	private final Set<CompletableFuture<@Nullable Void>> waiting = ConcurrentHashMap.newKeySet();

	private final SettlingChannel proxy;

	private volatile java.util.function.Consumer<Runnable> cancelOk = Runnable::run;

	/**
	 * Create an instance.
	 * @param delegate the channel
	 * @param connected whether the connection has a socket: the client notices that the
	 * channel is closed only when consumers have taken what it had received
	 * @param replies where direct replies may be sent
	 * @param queues which queues may be consumed
	 */
	CountedChannel(Channel delegate, BooleanSupplier connected, DirectReplyNames.At replies, SuspectQueues.At queues) {
		this.delegate = delegate;
		this.connected = connected;
		this.replies = replies;
		this.queues = queues;
		this.proxy = (SettlingChannel) Proxy.newProxyInstance(SettlingChannel.class.getClassLoader(),
				new Class<?>[] { SettlingChannel.class }, this);
		delegate.addShutdownListener(this::closed);
	}

	/**
	 * Return the channel for whoever uses it.
	 */
	SettlingChannel channel() {
		return this.proxy;
	}

	boolean isSettled() {
		return this.unsettled.isEmpty() || !isOpen();
	}

	private boolean isOpen() {
		return this.delegate.isOpen() && this.connected.getAsBoolean();
	}

	private CompletableFuture<@Nullable Void> settled() {
		CompletableFuture<@Nullable Void> settled = new CompletableFuture<>();
		this.waiting.add(settled);
		if (isSettled()) {
			complete();
		}
		return settled;
	}

	/**
	 * The client tells consumers of the end of the channel, except for those that were
	 * cancelled before.
	 */
	private void closed(ShutdownSignalException signal) {
		complete();
		new HashSet<>(this.unsettled.values()).forEach((consumer) -> consumer.closed(signal));
	}

	private void complete() {
		this.waiting.forEach((settled) -> settled.complete(null));
		this.waiting.removeIf(CompletableFuture::isDone);
	}

	@Override
	public @Nullable Object invoke(Object channel, Method method, Object @Nullable [] args) throws Throwable {
		Object[] given = (args != null) ? args : new Object[0];
		return (method.getDeclaringClass() == SettlingChannel.class) ? answer(method, given)
				: count(channel, method, given);
	}

	@SuppressWarnings("unchecked")
	private @Nullable Object answer(Method method, Object[] args) {
		return switch (method.getName()) {
			case "isSettled" -> isSettled();
			case "settled" -> settled();
			case "target" -> this.delegate;
			default -> {
				this.cancelOk = (java.util.function.Consumer<Runnable>) args[0];
				yield null;
			}
		};
	}

	private @Nullable Object count(Object channel, Method method, Object[] args) throws Throwable {
		switch (method.getName()) {
			case "equals" -> {
				return channel == args[0];
			}
			case "hashCode" -> {
				return System.identityHashCode(channel);
			}
			case "isOpen" -> {
				return isOpen();
			}
			case "basicConsume" -> count(args);
			case "basicPublish" -> args[1] = this.replies.routingKey((String) args[0], (String) args[1]);
			case "basicAck", "basicNack", "basicReject" -> requireDelivered((Long) args[0]);
			default -> {
			}
		}
		Object result = switch (method.getName()) {
			case "basicConsume" ->
				this.queues.touch(ClientOperation.BASIC_CONSUME, (String) args[0], () -> pass(method, args));
			case "basicGet" -> this.queues.touch(ClientOperation.BASIC_GET, (String) args[0], () -> pass(method, args));
			default -> pass(method, args);
		};
		if (result instanceof GetResponse response) {
			delivered(response.getEnvelope(), response.getProps());
		}
		switch (method.getName()) {
			case "basicAck", "basicNack" -> settle((Long) args[0], (Boolean) args[1]);
			case "basicReject" -> settle((Long) args[0], false);
			case "basicRecover" -> settle(0, true);
			default -> {
			}
		}
		return result;
	}

	private @Nullable Object pass(Method method, Object[] args) throws Throwable {
		try {
			return method.invoke(this.delegate, args);
		}
		catch (InvocationTargetException ex) {
			throw ex.getTargetException();
		}
	}

	/**
	 * The second argument tells whether a message is settled as soon as it was sent.
	 */
	private void count(Object[] args) {
		boolean settled = Boolean.TRUE.equals(args[1]);
		for (int i = 0; i < args.length; i++) {
			if (args[i] instanceof Consumer consumer) {
				args[i] = settled ? new NotingConsumer(consumer) : new CountingConsumer(consumer);
			}
			else if (args[i] instanceof DeliverCallback callback) {
				args[i] = (DeliverCallback) (consumerTag, delivery) -> {
					delivered(delivery.getEnvelope(), delivery.getProperties());
					callback.handle(consumerTag, delivery);
				};
			}
		}
	}

	private void delivered(Envelope envelope, AMQP.@Nullable BasicProperties properties) {
		if (properties != null) {
			this.replies.delivered(properties.getReplyTo());
		}
		this.lastDelivered.accumulateAndGet(envelope.getDeliveryTag(), Math::max);
	}

	/**
	 * Delivery tags count the deliveries of a channel.
	 */
	private void requireDelivered(long tag) {
		if (tag > this.lastDelivered.get() && isOpen()) {
			throw new IllegalStateException(
					"Channel closed; cannot ack/nack: nothing with the delivery tag %d ".formatted(tag)
							+ "that is to be acknowledged was delivered on this channel. "
							+ "If the channel that it was delivered on is closed, it is delivered again");
		}
	}

	private void settle(long tag, boolean multiple) {
		if (!multiple) {
			this.unsettled.remove(tag);
		}
		else if (tag == 0) {
			this.unsettled.clear();
		}
		else {
			this.unsettled.headMap(tag, true).clear();
		}
		if (!this.waiting.isEmpty() && isSettled()) {
			complete();
		}
	}

	/**
	 * Takes note of what is delivered, and has nothing to settle.
	 */
	private class NotingConsumer implements Consumer {

		final Consumer consumer;

		NotingConsumer(Consumer consumer) {
			this.consumer = consumer;
		}

		@Override
		public void handleConsumeOk(String consumerTag) {
			this.consumer.handleConsumeOk(consumerTag);
		}

		@Override
		public void handleCancelOk(String consumerTag) {
			this.consumer.handleCancelOk(consumerTag);
		}

		@Override
		public void handleCancel(String consumerTag) throws IOException {
			this.consumer.handleCancel(consumerTag);
		}

		@Override
		public void handleShutdownSignal(String consumerTag, ShutdownSignalException signal) {
			this.consumer.handleShutdownSignal(consumerTag, signal);
		}

		@Override
		public void handleRecoverOk(String consumerTag) {
			this.consumer.handleRecoverOk(consumerTag);
		}

		@Override
		public void handleDelivery(String consumerTag, Envelope envelope, AMQP.BasicProperties properties, byte[] body)
				throws IOException {
			delivered(envelope, properties);
			this.consumer.handleDelivery(consumerTag, envelope, properties, body);
		}

	}

	private final class CountingConsumer extends NotingConsumer {

		private final AtomicBoolean shutDown = new AtomicBoolean();

		private volatile @Nullable String cancelled;

		CountingConsumer(Consumer consumer) {
			super(consumer);
		}

		@Override
		public void handleCancelOk(String consumerTag) {
			CountedChannel.this.cancelOk.accept(() -> this.consumer.handleCancelOk(consumerTag));
			cancelled(consumerTag);
		}

		@Override
		public void handleCancel(String consumerTag) throws IOException {
			this.consumer.handleCancel(consumerTag);
			cancelled(consumerTag);
		}

		/**
		 * The channel may have been closed before this was passed on.
		 */
		private void cancelled(String consumerTag) {
			this.cancelled = consumerTag;
			ShutdownSignalException signal = CountedChannel.this.delegate.getCloseReason();
			if (signal != null && CountedChannel.this.unsettled.containsValue(this)) {
				closed(signal);
			}
		}

		/**
		 * Tell a consumer that was cancelled of the end of the channel: it may have
		 * messages in hand that it has not begun to handle.
		 */
		void closed(ShutdownSignalException signal) {
			String consumerTag = this.cancelled;
			if (consumerTag == null) {
				return;
			}
			try {
				handleShutdownSignal(consumerTag, signal);
			}
			catch (RuntimeException | Error ex) {
				logger.warn("Consumer '%s' failed when it was told that its channel is closed".formatted(consumerTag),
						ex);
			}
		}

		@Override
		public void handleShutdownSignal(String consumerTag, ShutdownSignalException signal) {
			if (this.shutDown.compareAndSet(false, true)) {
				this.consumer.handleShutdownSignal(consumerTag, signal);
			}
		}

		/**
		 * What comes when the channel is closed is dropped.
		 */
		@Override
		public void handleDelivery(String consumerTag, Envelope envelope, AMQP.BasicProperties properties, byte[] body)
				throws IOException {
			CountedChannel.this.unsettled.put(envelope.getDeliveryTag(), this);
			delivered(envelope, properties);
			if (isOpen()) {
				this.consumer.handleDelivery(consumerTag, envelope, properties, body);
			}
			else {
				logger.debug("Delivery %d is dropped, the channel is closed".formatted(envelope.getDeliveryTag()));
			}
		}

	}

}
