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
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;

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

	private final QueueDoor.At queues;

	/**
	 * What was given to consumers, by delivery tag.
	 */
	private final NavigableMap<Long, CountedConsumer> unsettled = new ConcurrentSkipListMap<>();

	/**
	 * Consumers that have begun and were not cancelled, by tag.
	 */
	private final Map<String, CountedConsumer> consumers = new ConcurrentHashMap<>();

	private final AtomicLong lastDelivered = new AtomicLong();

	private final Set<CompletableFuture<@Nullable Void>> waiting = ConcurrentHashMap.newKeySet();

	private final SettlingChannel proxy;

	private final ForsakenDeliveries forsaken;

	private final PassingOn passingOn = new PassingOn();

	private final ReturnedDeliveries returned;

	private volatile boolean transacted;

	private volatile java.util.function.Consumer<Runnable> cancelOk = Runnable::run;

	/**
	 * Create an instance.
	 * @param delegate the channel
	 * @param connected whether the connection has a socket: the client notices that the
	 * channel is closed only when consumers have taken what it had received
	 * @param replies where direct replies may be sent
	 * @param queues which queues may be consumed
	 */
	CountedChannel(Channel delegate, BooleanSupplier connected, DirectReplyNames.At replies, QueueDoor.At queues) {
		this.delegate = delegate;
		this.connected = connected;
		this.replies = replies;
		this.queues = queues;
		this.proxy = (SettlingChannel) Proxy.newProxyInstance(SettlingChannel.class.getClassLoader(),
				new Class<?>[] { SettlingChannel.class }, this);
		this.forsaken = new ForsakenDeliveries(delegate);
		this.returned = new ReturnedDeliveries(delegate, this.unsettled.navigableKeySet(), this::settle);
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

	boolean isOpen() {
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
		this.returned.closed();
		this.consumers.values().forEach(CountedConsumer::end);
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
			case "giveBackAtCancel" -> {
				this.returned.setRest((Supplier<Collection<Long>>) args[0]);
				yield null;
			}
			default -> {
				this.cancelOk = (java.util.function.Consumer<Runnable>) args[0];
				yield null;
			}
		};
	}

	/**
	 * What is done with a queue may be refused before it goes to the broker.
	 */
	private @Nullable Object passDoor(Method method, Object[] args) throws Throwable {
		ClientOperation operation = switch (method.getName()) {
			case "queueDeclare", "queueDeclarePassive" -> ClientOperation.QUEUE_DECLARE;
			case "basicConsume" -> ClientOperation.BASIC_CONSUME;
			case "basicGet" -> ClientOperation.BASIC_GET;
			default -> null;
		};
		return (operation != null && args.length > 0)
				? this.queues.pass(operation, (String) args[0], () -> pass(method, args)) : pass(method, args);
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
			case "basicAck", "basicNack", "basicReject" -> {
				settle(method, args);
				return null;
			}
			case "basicCancel" -> {
				cancel(method, args);
				return null;
			}
			case "txSelect" -> this.transacted = true;
			case "close", "abort" -> prepareClose();
			default -> {
			}
		}
		Object result = passDoor(method, args);
		if (result instanceof GetResponse response) {
			this.returned.setAlone(false);
			delivered(response.getEnvelope(), response.getProps());
		}
		if (method.getName().equals("basicRecover")) {
			settle(0, true);
		}
		return result;
	}

	private void settle(Method method, Object[] args) throws Throwable {
		long tag = (Long) args[0];
		boolean reject = method.getName().equals("basicReject");
		boolean multiple = !reject && (Boolean) args[1];
		requireDelivered(tag);
		if (multiple && !this.forsaken.isEmpty()) {
			settleEach(method, args, tag);
		}
		else if (this.forsaken.contains(tag)) {
			logger.debug("Delivery %d is not settled, the broker has cancelled its consumer".formatted(tag));
		}
		else if (reject && isGivenBack(tag, (Boolean) args[1])) {
			this.returned.giveBack(tag);
		}
		else {
			pass(method, args);
			settle(tag, multiple);
		}
	}

	/**
	 * Settle messages one by one, and none that is not to be settled.
	 */
	private void settleEach(Method method, Object[] args, long tag) throws Throwable {
		Set<Long> tags = new TreeSet<>(((tag != 0) ? this.unsettled.headMap(tag, true) : this.unsettled).keySet());
		if (tag != 0 && !this.forsaken.contains(tag)) {
			tags.add(tag);
		}
		args[1] = false;
		for (long each : tags) {
			args[0] = each;
			pass(method, args);
			settle(each, false);
		}
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
				args[i] = settled ? new NotingConsumer(consumer) : new CountedConsumer(this, consumer);
			}
			else if (args[i] instanceof DeliverCallback callback) {
				this.returned.setAlone(false);
				args[i] = (DeliverCallback) (consumerTag, delivery) -> {
					delivered(delivery.getEnvelope(), delivery.getProperties());
					callback.handle(consumerTag, delivery);
				};
			}
		}
	}

	/**
	 * Have nothing passed on to a consumer when the broker has confirmed that it is
	 * cancelled.
	 */
	private void cancel(Method method, Object[] args) throws Throwable {
		CountedConsumer consumer = this.consumers.get((String) args[0]);
		if (consumer != null) {
			consumer.cancelling();
		}
		pass(method, args);
		if (consumer != null) {
			consumer.cancelConfirmed();
		}
	}

	/**
	 * Give back what no consumer is to handle, as RabbitMQ counts what goes back with a
	 * channel as a failed delivery.
	 */
	private void prepareClose() {
		if (!isOpen()) {
			return;
		}
		if (!this.passingOn.isCurrentThread()) {
			this.passingOn.await(this.consumers.values().stream().filter(CountedConsumer::isCancelling).toList());
			this.returned.awaitFlush();
		}
		if (!this.transacted) {
			this.forsaken.giveBack(this.returned.isAlone() && this.unsettled.isEmpty() && this.consumers.isEmpty());
		}
	}

	/**
	 * What is given back because its consumer ends has not failed: RabbitMQ counts a
	 * reject as a failed delivery, and a nack not.
	 */
	private boolean isGivenBack(long tag, boolean requeue) {
		CountedConsumer consumer = this.unsettled.get(tag);
		return requeue && consumer != null && consumer.isCancelling();
	}

	/**
	 * Give back what came for a consumer after its cancel, and what it says itself.
	 */
	void giveBack(Collection<Long> late) {
		this.returned.giveBack(late);
	}

	/**
	 * Take note of what a consumer is going to be given.
	 * @return whether that makes sense: what comes when the channel is closed is dropped
	 */
	boolean deliver(CountedConsumer consumer, Envelope envelope, AMQP.BasicProperties properties) {
		long tag = envelope.getDeliveryTag();
		this.unsettled.put(tag, consumer);
		delivered(envelope, properties);
		if (!isOpen()) {
			logger.debug("Delivery %d is dropped, the channel is closed".formatted(tag));
			return false;
		}
		return true;
	}

	boolean isTransacted() {
		return this.transacted;
	}

	void begun(CountedConsumer consumer, String tag) {
		this.consumers.put(tag, consumer);
	}

	/**
	 * Take from a consumer what it has, as the broker has cancelled it.
	 * @return whether it had anything
	 */
	boolean forsake(CountedConsumer consumer, String tag) {
		List<Long> tags = this.unsettled.entrySet()
			.stream()
			.filter((entry) -> entry.getValue() == consumer)
			.map(Map.Entry::getKey)
			.toList();
		this.consumers.remove(tag);
		this.forsaken.add(tag, tags);
		tags.forEach((delivery) -> settle(delivery, false));
		return !tags.isEmpty();
	}

	void cancelOk(Runnable tell) {
		this.cancelOk.accept(tell);
	}

	/**
	 * The channel may have been closed before this was passed on.
	 */
	void ended(CountedConsumer consumer, String tag) {
		this.consumers.remove(tag);
		ShutdownSignalException signal = this.delegate.getCloseReason();
		if (signal != null && this.unsettled.containsValue(consumer)) {
			consumer.closed(signal);
		}
	}

	PassingOn passingOn() {
		return this.passingOn;
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
	private final class NotingConsumer extends ConsumerDecorator {

		NotingConsumer(Consumer consumer) {
			super(consumer);
		}

		@Override
		public void handleDelivery(String consumerTag, Envelope envelope, AMQP.BasicProperties properties, byte[] body)
				throws IOException {
			delivered(envelope, properties);
			super.handleDelivery(consumerTag, envelope, properties, body);
		}

	}

}
