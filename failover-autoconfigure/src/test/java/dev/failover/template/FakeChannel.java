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

import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;

import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.AlreadyClosedException;
import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Command;
import com.rabbitmq.client.ConfirmCallback;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.Return;
import com.rabbitmq.client.ReturnCallback;
import com.rabbitmq.client.ShutdownListener;
import com.rabbitmq.client.ShutdownSignalException;
import org.jspecify.annotations.Nullable;

/**
 * The side of a channel that a publisher sees. A test plays the broker.
 */
final class FakeChannel {

	final List<String> written = new CopyOnWriteArrayList<>();

	final List<String> writers = new CopyOnWriteArrayList<>();

	volatile Runnable onClose = () -> {
	};

	/**
	 * What the broker answers to a question.
	 */
	volatile CompletableFuture<Command> answer = CompletableFuture.completedFuture(null);

	volatile int frameMax;

	private final Consumer<FakeChannel> onWrite;

	private ConfirmCallback onAck;

	private ConfirmCallback onNack;

	private ReturnCallback onReturn;

	private ShutdownListener onShutdown;

	private volatile @Nullable ShutdownSignalException reason;

	private volatile boolean open = true;

	private volatile long sequence = 1;

	FakeChannel(Consumer<FakeChannel> onWrite) {
		this.onWrite = onWrite;
	}

	Channel proxy() {
		return (Channel) Proxy.newProxyInstance(Channel.class.getClassLoader(), new Class<?>[] { Channel.class },
				this::invoke);
	}

	private Object invoke(Object proxy, Method method, Object[] args) throws Throwable {
		switch (method.getName()) {
			case "addConfirmListener" -> {
				this.onAck = (ConfirmCallback) args[0];
				this.onNack = (ConfirmCallback) args[1];
			}
			case "addReturnListener" -> this.onReturn = (ReturnCallback) args[0];
			case "addShutdownListener" -> this.onShutdown = (ShutdownListener) args[0];
			case "isOpen" -> {
				return this.open;
			}
			case "getCloseReason" -> {
				return this.reason;
			}
			case "getNextPublishSeqNo" -> {
				return this.sequence;
			}
			case "basicPublish" -> publish((AMQP.BasicProperties) args[3]);
			case "close" -> {
				this.onClose.run();
				this.open = false;
			}
			case "getConnection" -> {
				return connection();
			}
			case "asyncCompletableRpc" -> {
				return this.answer;
			}
			case "confirmSelect" -> {
				return null;
			}
			default -> {
				try {
					return method.invoke(this, args);
				}
				catch (InvocationTargetException ex) {
					throw ex.getTargetException();
				}
			}
		}
		return null;
	}

	private Connection connection() {
		return (Connection) Proxy.newProxyInstance(Connection.class.getClassLoader(),
				new Class<?>[] { Connection.class }, (proxy, method, args) -> this.frameMax);
	}

	private void publish(AMQP.BasicProperties properties) {
		if (!this.open) {
			throw new AlreadyClosedException(signal());
		}
		this.sequence++;
		this.writers.add(Thread.currentThread().getName());
		this.written.add(properties.getMessageId());
		this.onWrite.accept(this);
	}

	void ack(long tag) throws IOException {
		this.onAck.handle(tag, false);
	}

	void ackUpTo(long tag) throws IOException {
		this.onAck.handle(tag, true);
	}

	void nack(long tag) throws IOException {
		this.onNack.handle(tag, false);
	}

	void giveBack(String messageId) {
		this.onReturn.handle(new Return(312, "NO_ROUTE", "", "queue",
				new AMQP.BasicProperties.Builder().messageId(messageId).build(), new byte[0]));
	}

	void lose() {
		refuse(signal());
		tell();
	}

	/**
	 * Be closed by the broker, which no listener knows yet.
	 */
	void refuse(ShutdownSignalException signal) {
		this.reason = signal;
		this.open = false;
	}

	/**
	 * Tell the listener.
	 */
	void tell() {
		this.onShutdown.shutdownCompleted(this.reason);
	}

	private static ShutdownSignalException signal() {
		return new ShutdownSignalException(true, false, null, null);
	}

}
