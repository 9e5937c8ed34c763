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
import java.util.concurrent.ConcurrentSkipListSet;

import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Consumer;
import com.rabbitmq.client.Envelope;
import com.rabbitmq.client.ShutdownSignalException;
import org.jspecify.annotations.Nullable;

/**
 * A channel that knows which messages were delivered on it and are not settled yet:
 * neither acknowledged nor rejected. What needs no acknowledgement does not count.
 */
final class CountedChannel implements InvocationHandler {

	private final Channel delegate;

	private final NavigableSet<Long> unsettled = new ConcurrentSkipListSet<>();

	private final Channel proxy;

	CountedChannel(Channel delegate) {
		this.delegate = delegate;
		this.proxy = (Channel) Proxy.newProxyInstance(Channel.class.getClassLoader(), new Class<?>[] { Channel.class },
				this);
	}

	/**
	 * Return the channel for whoever uses it.
	 */
	Channel channel() {
		return this.proxy;
	}

	/**
	 * Return whether nothing that was delivered waits to be settled. Nothing does on a
	 * channel that is closed.
	 */
	boolean isSettled() {
		return this.unsettled.isEmpty() || !this.delegate.isOpen();
	}

	@Override
	public @Nullable Object invoke(Object channel, Method method, Object @Nullable [] args) throws Throwable {
		Object[] given = (args != null) ? args : new Object[0];
		switch (method.getName()) {
			case "equals" -> {
				return channel == given[0];
			}
			case "hashCode" -> {
				return System.identityHashCode(channel);
			}
			case "basicConsume" -> count(given);
			default -> {
			}
		}
		Object result = pass(method, given);
		switch (method.getName()) {
			case "basicAck", "basicNack" -> settle((Long) given[0], (Boolean) given[1]);
			case "basicReject" -> settle((Long) given[0], false);
			case "basicRecover" -> this.unsettled.clear();
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
			CountedChannel.this.unsettled.add(envelope.getDeliveryTag());
			this.consumer.handleDelivery(consumerTag, envelope, properties, body);
		}

	}

}
