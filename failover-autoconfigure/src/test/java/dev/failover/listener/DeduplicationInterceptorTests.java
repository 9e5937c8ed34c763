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

import java.lang.reflect.Proxy;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

import com.rabbitmq.client.Channel;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.springframework.amqp.ImmediateRequeueAmqpException;
import org.springframework.amqp.core.Message;
import org.springframework.amqp.core.MessageBuilder;
import org.springframework.amqp.rabbit.connection.ChannelProxy;
import org.springframework.amqp.support.AmqpHeaders;
import org.springframework.aop.framework.ProxyFactory;
import org.springframework.transaction.support.TransactionSynchronization;
import org.springframework.transaction.support.TransactionSynchronizationManager;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

/**
 * Tests for {@link DeduplicationInterceptor}.
 */
class DeduplicationInterceptorTests {

	private final Set<String> memory = ConcurrentHashMap.newKeySet();

	private final List<String> handled = new ArrayList<>();

	private volatile Consumer<Message> handler = (message) -> this.handled.add(new String(message.getBody()));

	private final Delegate listener = listener(true, Duration.ofSeconds(10));

	@AfterEach
	void endTransaction() {
		if (TransactionSynchronizationManager.isSynchronizationActive()) {
			TransactionSynchronizationManager.clear();
		}
	}

	@Test
	void messageThatWasHandledIsDropped() {
		deliver(message("1", "a"));
		deliver(message("1", "a"));
		deliver(message("2", "b"));
		assertThat(this.handled).containsExactly("a", "b");
	}

	@Test
	void messageWhoseHandlerFailedIsHandledAgain() {
		Consumer<Message> works = this.handler;
		this.handler = (message) -> {
			throw new IllegalStateException("failed");
		};
		assertThatIllegalStateException().isThrownBy(() -> deliver(message("1", "a")));
		this.handler = works;
		deliver(message("1", "a"));
		assertThat(this.handled).containsExactly("a");
	}

	@Test
	void messagesOfOtherQueuesWithoutIdOfBatchesAndRequestsPass() {
		deliver(message("1", "a"));
		Message elsewhere = message("1", "elsewhere");
		elsewhere.getMessageProperties().setConsumerQueue("other");
		deliver(elsewhere);
		deliver(message(null, "no id"));
		deliver(message(null, "no id"));
		deliver(message("", "empty id"));
		deliver(message("", "empty id"));
		Message batched = message("1", "batched");
		batched.getMessageProperties().setHeader(AmqpHeaders.BATCH_SIZE, 2);
		deliver(batched);
		Message request = message("1", "request");
		request.getMessageProperties().setReplyTo("replies");
		deliver(request);
		this.listener.invokeListener(channel(false), List.of(message("1", "a")));
		assertThat(this.handled).containsExactly("a", "elsewhere", "no id", "no id", "empty id", "empty id", "batched",
				"request", "list");
	}

	@Test
	void redeliveredMessageIsHandledAgainIfWanted() {
		Delegate handlingAgain = listener(false, Duration.ofSeconds(10));
		Message again = message("1", "a");
		handlingAgain.invokeListener(channel(false), again);
		handlingAgain.invokeListener(channel(false), again);
		assertThat(this.handled).containsExactly("a");
		again.getMessageProperties().setRedelivered(true);
		deliver(again);
		assertThat(this.handled).containsExactly("a");
		handlingAgain.invokeListener(channel(false), again);
		assertThat(this.handled).containsExactly("a", "a");
	}

	@Test
	void secondDeliveryWaitsForTheFirstAndIsDroppedIfThatSucceeds() throws Exception {
		CountDownLatch end = new CountDownLatch(1);
		CompletableFuture<Void> first = running(end, false);
		CompletableFuture<Void> second = CompletableFuture.runAsync(() -> deliver(message("1", "second")));
		assertThat(second).isNotDone();
		end.countDown();
		CompletableFuture.allOf(first, second).get(10, TimeUnit.SECONDS);
		assertThat(this.handled).containsExactly("first");
	}

	@Test
	void secondDeliveryWaitsForTheFirstAndIsHandledIfThatFails() throws Exception {
		CountDownLatch end = new CountDownLatch(1);
		CompletableFuture<Void> first = running(end, true);
		CompletableFuture<Void> second = CompletableFuture.runAsync(() -> deliver(message("1", "second")));
		end.countDown();
		second.get(10, TimeUnit.SECONDS);
		assertThat(first).failsWithin(Duration.ofSeconds(10));
		assertThat(this.handled).containsExactly("first", "second");
	}

	@Test
	void secondDeliveryGoesBackToTheQueueIfTheFirstDoesNotEnd() throws Exception {
		Delegate impatient = listener(true, Duration.ofMillis(20));
		CountDownLatch started = new CountDownLatch(1);
		CountDownLatch end = new CountDownLatch(1);
		this.handler = (message) -> {
			started.countDown();
			await(end);
		};
		CompletableFuture<Void> first = CompletableFuture
			.runAsync(() -> impatient.invokeListener(channel(false), message("1", "first")));
		await(started);
		assertThatExceptionOfType(ImmediateRequeueAmqpException.class)
			.isThrownBy(() -> impatient.invokeListener(channel(false), message("1", "second")));
		end.countDown();
		first.get(10, TimeUnit.SECONDS);
	}

	@Test
	void messageCountsAsHandledOnlyWhenItsTransactionIsCommitted() {
		TransactionSynchronizationManager.initSynchronization();
		deliver(message("1", "a"));
		complete(TransactionSynchronization.STATUS_ROLLED_BACK);
		assertThat(this.memory).isEmpty();
		deliver(message("1", "a"));
		complete(TransactionSynchronization.STATUS_COMMITTED);
		deliver(message("1", "a"));
		assertThat(this.handled).containsExactly("a", "a");
	}

	@Test
	void messageOnATransactedChannelWithoutTransactionManagerPasses() {
		this.listener.invokeListener(channel(true), message("1", "a"));
		this.listener.invokeListener(channel(true), message("1", "a"));
		assertThat(this.handled).containsExactly("a", "a");
	}

	private CompletableFuture<Void> running(CountDownLatch end, boolean failing) {
		CountDownLatch started = new CountDownLatch(1);
		this.handler = (message) -> {
			String body = new String(message.getBody());
			this.handled.add(body);
			if (body.equals("first")) {
				started.countDown();
				await(end);
				if (failing) {
					throw new IllegalStateException("failed");
				}
			}
		};
		CompletableFuture<Void> first = CompletableFuture.runAsync(() -> deliver(message("1", "first")));
		await(started);
		return first;
	}

	private static void await(CountDownLatch latch) {
		try {
			assertThat(latch.await(10, TimeUnit.SECONDS)).isTrue();
		}
		catch (InterruptedException ex) {
			throw new IllegalStateException(ex);
		}
	}

	private static void complete(int status) {
		List<TransactionSynchronization> synchronizations = TransactionSynchronizationManager.getSynchronizations();
		TransactionSynchronizationManager.clearSynchronization();
		synchronizations.forEach((synchronization) -> synchronization.afterCompletion(status));
		TransactionSynchronizationManager.initSynchronization();
	}

	private void deliver(Message message) {
		this.listener.invokeListener(channel(false), message);
	}

	private static Message message(String id, String body) {
		Message message = MessageBuilder.withBody(body.getBytes()).setMessageId(id).build();
		message.getMessageProperties().setConsumerQueue("orders");
		return message;
	}

	/**
	 * What a container puts its advice around.
	 */
	private Delegate listener(boolean dropRedelivered, Duration patience) {
		HandledMessages messages = new HandledMessages() {

			@Override
			public boolean contains(String queue, String messageId) {
				return DeduplicationInterceptorTests.this.memory.contains(queue + " " + messageId);
			}

			@Override
			public void add(String queue, String messageId) {
				DeduplicationInterceptorTests.this.memory.add(queue + " " + messageId);
			}

		};
		Delegate target = (channel, data) -> {
			if (data instanceof Message message) {
				this.handler.accept(message);
			}
			else {
				this.handled.add("list");
			}
		};
		ProxyFactory factory = new ProxyFactory(Delegate.class,
				new DeduplicationInterceptor(messages, dropRedelivered, patience));
		factory.setTarget(target);
		return (Delegate) factory.getProxy();
	}

	private static Channel channel(boolean transacted) {
		return (Channel) Proxy.newProxyInstance(DeduplicationInterceptorTests.class.getClassLoader(),
				new Class<?>[] { ChannelProxy.class }, (proxy, method, args) -> switch (method.getName()) {
					case "isTransactional" -> transacted;
					case "isOpen" -> true;
					default -> throw new IllegalStateException(method.getName());
				});
	}

	interface Delegate {

		void invokeListener(Channel channel, Object data);

	}

}
