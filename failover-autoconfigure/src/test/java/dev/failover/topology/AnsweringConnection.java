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

package dev.failover.topology;

import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;

import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Command;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.Method;
import com.rabbitmq.client.ShutdownSignalException;
import org.mockito.BDDMockito;
import org.mockito.Mockito;

import dev.failover.broker.Broker;
import dev.failover.broker.Brokers;

/**
 * Connection that notes what is declared on it, and answers as it is told.
 */
final class AnsweringConnection implements AutoCloseable {

	private static final Duration TIMEOUT = Duration.ofMillis(300);

	private static final Duration LAST_ANSWER = Duration.ofSeconds(3);

	private final Broker broker = Broker.of("one", "localhost", 5672);

	private final Brokers brokers = new Brokers(List.of(this.broker), Clock.systemUTC());

	private final PendingDeclarations pending = new PendingDeclarations(this.brokers, TIMEOUT, LAST_ANSWER);

	private final Connection connection = Mockito.mock();

	private final List<String> asked = new CopyOnWriteArrayList<>();

	private final List<String> calls = new CopyOnWriteArrayList<>();

	private final Map<String, CompletableFuture<Command>> answers = new ConcurrentHashMap<>();

	private final AtomicInteger channels = new AtomicInteger();

	private final AtomicBoolean open = new AtomicBoolean(true);

	AnsweringConnection() {
		try {
			BDDMockito.given(this.connection.createChannel()).willAnswer((call) -> openChannel());
			BDDMockito.given(this.connection.isOpen()).willAnswer((call) -> this.open.get());
		}
		catch (IOException ex) {
			throw new IllegalStateException(ex);
		}
	}

	private Channel openChannel() throws IOException {
		this.channels.incrementAndGet();
		Channel channel = Mockito.mock();
		AtomicBoolean channelOpen = new AtomicBoolean(true);
		BDDMockito.given(channel.isOpen()).willAnswer((call) -> channelOpen.get());
		BDDMockito.given(channel.asyncCompletableRpc(BDDMockito.any())).willAnswer((call) -> {
			String declaration = describe(call.getArgument(0));
			this.asked.add(declaration);
			CompletableFuture<Command> answer = this.answers.getOrDefault(declaration,
					CompletableFuture.completedFuture(Mockito.mock()));
			answer.whenComplete((command, failure) -> channelOpen.set(failure == null));
			return answer;
		});
		BDDMockito
			.given(channel.queueDeclare(BDDMockito.any(), BDDMockito.anyBoolean(), BDDMockito.anyBoolean(),
					BDDMockito.anyBoolean(), BDDMockito.any()))
			.willAnswer((call) -> {
				this.calls.add("queueDeclare " + call.getArgument(0));
				return new AMQP.Queue.DeclareOk.Builder().queue(call.getArgument(0)).build();
			});
		return channel;
	}

	private static String describe(Method method) {
		if (method instanceof AMQP.Queue.Declare declare) {
			return Declaration.queue(declare.getQueue(), true, false, false, null).description();
		}
		if (method instanceof AMQP.Exchange.Declare declare) {
			return Declaration.exchange(declare.getExchange(), "", true, false, false, null).description();
		}
		if (method instanceof AMQP.Queue.Bind bind) {
			return Declaration.queueBinding(bind.getQueue(), bind.getExchange(), bind.getRoutingKey(), null)
				.description();
		}
		AMQP.Exchange.Bind bind = (AMQP.Exchange.Bind) method;
		return Declaration.exchangeBinding(bind.getDestination(), bind.getSource(), bind.getRoutingKey(), null)
			.description();
	}

	Connection get() {
		return this.connection;
	}

	Broker broker() {
		return this.broker;
	}

	Brokers brokers() {
		return this.brokers;
	}

	PendingDeclarations pending() {
		return this.pending;
	}

	BrokerDeclarations declarations() {
		return this.pending.of(this.broker, this.brokers.getIncarnation(this.broker));
	}

	/**
	 * Leave a declaration without an answer.
	 * @return to be completed with the answer
	 */
	CompletableFuture<Command> hold(String declaration) {
		CompletableFuture<Command> answer = new CompletableFuture<>();
		this.answers.put(declaration, answer);
		return answer;
	}

	void refuse(String declaration, int code) {
		hold(declaration).completeExceptionally(channelClosed(code, "refused"));
	}

	static ShutdownSignalException channelClosed(int code, String text) {
		return new ShutdownSignalException(false, false,
				new AMQP.Channel.Close.Builder().replyCode(code).replyText(text).build(), null);
	}

	/**
	 * Close the connection in answer to a declaration.
	 */
	void closeFor(String declaration) {
		CompletableFuture<Command> answer = hold(declaration);
		this.open.set(false);
		answer.completeExceptionally(new ShutdownSignalException(true, false,
				new AMQP.Connection.Close.Builder().replyCode(AMQP.INTERNAL_ERROR)
					.replyText("INTERNAL_ERROR")
					.classId(50)
					.methodId(10)
					.build(),
				null));
	}

	/**
	 * Open channels again after one could not be opened.
	 */
	void openChannelAfter(Error error) throws IOException {
		BDDMockito.given(this.connection.createChannel()).willThrow(error).willAnswer((call) -> openChannel());
	}

	void limitChannels(int max) {
		BDDMockito.given(this.connection.getChannelMax()).willReturn(max);
	}

	void openNoMore() throws IOException {
		BDDMockito.given(this.connection.createChannel()).willReturn(null);
	}

	/**
	 * Return what was declared without waiting for an answer.
	 */
	List<String> asked() {
		return this.asked;
	}

	/**
	 * Return what was done on a channel otherwise.
	 */
	List<String> calls() {
		return this.calls;
	}

	int channels() {
		return this.channels.get();
	}

	@Override
	public void close() {
		this.pending.close();
	}

}
