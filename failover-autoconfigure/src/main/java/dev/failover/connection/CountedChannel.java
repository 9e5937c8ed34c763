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
import java.util.NavigableSet;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListSet;

import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Consumer;
import com.rabbitmq.client.Envelope;
import com.rabbitmq.client.ShutdownSignalException;
import org.jspecify.annotations.Nullable;

/**
 * Makes a channel count what is to be settled on it.
 */
final class CountedChannel implements InvocationHandler {

	private final Channel delegate;

	private final NavigableSet<Long> unsettled = new ConcurrentSkipListSet<>();

	private final Set<CompletableFuture<@Nullable Void>> waiting = ConcurrentHashMap.newKeySet();

	private final SettlingChannel proxy;

	private volatile java.util.function.Consumer<Runnable> cancelOk = Runnable::run;

	CountedChannel(Channel delegate) {
		this.delegate = delegate;
		this.proxy = (SettlingChannel) Proxy.newProxyInstance(SettlingChannel.class.getClassLoader(),
				new Class<?>[] { SettlingChannel.class }, this);
		delegate.addShutdownListener((signal) -> complete());
	}

	/**
	 * Return the channel for whoever uses it.
	 */
	SettlingChannel channel() {
		return this.proxy;
	}

	boolean isSettled() {
		return this.unsettled.isEmpty() || !this.delegate.isOpen();
	}

	private CompletableFuture<@Nullable Void> settled() {
		CompletableFuture<@Nullable Void> settled = new CompletableFuture<>();
		this.waiting.add(settled);
		if (isSettled()) {
			complete();
		}
		return settled;
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
			case "basicConsume" -> count(args);
			default -> {
			}
		}
		Object result = pass(method, args);
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
		int last = args.length - 1;
		if (!Boolean.TRUE.equals(args[1]) && args[last] instanceof Consumer consumer) {
			args[last] = new CountingConsumer(consumer);
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
			this.unsettled.headSet(tag, true).clear();
		}
		if (!this.waiting.isEmpty() && isSettled()) {
			complete();
		}
	}

	private final class CountingConsumer implements Consumer {

		private final Consumer consumer;

		CountingConsumer(Consumer consumer) {
			this.consumer = consumer;
		}

		@Override
		public void handleConsumeOk(String consumerTag) {
			this.consumer.handleConsumeOk(consumerTag);
		}

		@Override
		public void handleCancelOk(String consumerTag) {
			CountedChannel.this.cancelOk.accept(() -> this.consumer.handleCancelOk(consumerTag));
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
			CountedChannel.this.unsettled.add(envelope.getDeliveryTag());
			this.consumer.handleDelivery(consumerTag, envelope, properties, body);
		}

	}

}
