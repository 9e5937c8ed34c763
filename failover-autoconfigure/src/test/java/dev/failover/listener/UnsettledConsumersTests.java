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
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;

import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Consumer;
import com.rabbitmq.client.Envelope;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.mockito.ArgumentCaptor;
import org.springframework.amqp.core.AcknowledgeMode;
import org.springframework.amqp.rabbit.connection.Connection;
import org.springframework.amqp.rabbit.connection.ConnectionFactory;
import org.springframework.amqp.rabbit.listener.AbstractMessageListenerContainer;
import org.springframework.amqp.rabbit.listener.DirectMessageListenerContainer;
import org.springframework.amqp.rabbit.listener.SimpleMessageListenerContainer;
import org.springframework.amqp.rabbit.support.ActiveObjectCounter;

import dev.failover.connection.SettlingChannel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.mockito.ArgumentMatchers.any;
import static org.mockito.ArgumentMatchers.anyBoolean;
import static org.mockito.ArgumentMatchers.anyString;
import static org.mockito.BDDMockito.given;
import static org.mockito.Mockito.atLeastOnce;
import static org.mockito.Mockito.mock;
import static org.mockito.Mockito.never;
import static org.mockito.Mockito.timeout;
import static org.mockito.Mockito.verify;

/**
 * The broker confirms a cancel when the test says so.
 */
class UnsettledConsumersTests {

	private static final Duration PATIENCE = Duration.ofSeconds(30);

	private final SettlingChannel old = mock();

	private final Channel other = mock();

	private final CompletableFuture<@Nullable Void> settled = new CompletableFuture<>();

	private final List<Consumer> consumers = new CopyOnWriteArrayList<>();

	private final AtomicInteger handled = new AtomicInteger();

	private @Nullable AbstractMessageListenerContainer container;

	@BeforeEach
	void open() throws Exception {
		consume(this.old);
		consume(this.other);
		given(this.old.settled()).willReturn(this.settled);
	}

	@AfterEach
	void stop() {
		if (this.container != null) {
			this.container.stop();
		}
	}

	@Test
	void simpleContainerClosesTheChannelWhenWhatItsListenerWasGivenIsSettled() throws Exception {
		start(simple(), AcknowledgeMode.MANUAL);
		deliver(1);
		Awaitility.await().atMost(PATIENCE).until(() -> this.handled.get() == 1);
		replace(PATIENCE);
		confirmCancel();
		verify(this.old, timeout(PATIENCE.toMillis())).settled();
		verify(this.old, never()).close();
		this.settled.complete(null);
		verify(this.old, timeout(PATIENCE.toMillis())).close();
	}

	@Test
	void whatASimpleContainerHasNotGivenToItsListenerGoesBack() throws Exception {
		start(simple(), AcknowledgeMode.MANUAL);
		replace(PATIENCE);
		verify(this.old, timeout(PATIENCE.toMillis())).isSettled();
		deliver(7);
		assertThat(confirmCancel()).containsExactly(7L);
		assertThat(this.handled).hasValue(0);
	}

	@Test
	void directContainerClosesTheChannelWhenWhatItsListenerWasGivenIsSettled() throws Exception {
		start(direct(), AcknowledgeMode.MANUAL);
		deliver(1);
		assertThat(this.handled).hasValue(1);
		replace(PATIENCE);
		confirmCancel();
		verify(this.old, never()).close();
		assertThat(waitedFor()).isEqualTo(1);
		this.settled.complete(null);
		verify(this.old).close();
		assertThat(waitedFor()).isEqualTo(1);
	}

	@Test
	void channelIsClosedWhenTheTimeIsOver() throws Exception {
		start(direct(), AcknowledgeMode.MANUAL);
		UnsettledConsumers unsettled = replace(Duration.ofMillis(100));
		confirmCancel();
		verify(this.old, timeout(PATIENCE.toMillis())).close();
		Awaitility.await().atMost(PATIENCE).until(() -> unsettled.settled().isDone());
	}

	@Test
	void channelOnWhichEverythingIsSettledIsClosedAtOnce() throws Exception {
		given(this.old.isSettled()).willReturn(true);
		start(direct(), AcknowledgeMode.MANUAL);
		replace(PATIENCE);
		confirmCancel();
		verify(this.old).close();
		assertThat(waitedFor()).isEqualTo(1);
	}

	@Test
	void channelIsNotKeptIfTheContainerSettles() throws Exception {
		start(simple(), AcknowledgeMode.AUTO);
		assertThat(replace(PATIENCE).settled()).isCompleted();
		verify(this.old, timeout(PATIENCE.toMillis())).close();
		verify(this.old, never()).settled();
	}

	private UnsettledConsumers replace(Duration longest) {
		UnsettledConsumers unsettled = UnsettledConsumers.keep(this.container, longest, Runnable::run);
		assertThat(ContainerConsumers.replace(this.container)).isTrue();
		return unsettled;
	}

	/**
	 * Return what goes back then.
	 */
	private Collection<Long> confirmCancel() {
		Collection<Long> rest = List.of();
		if (this.container instanceof SimpleMessageListenerContainer) {
			ArgumentCaptor<Supplier<Collection<Long>>> taken = ArgumentCaptor.captor();
			verify(this.old, atLeastOnce()).giveBackAtCancel(taken.capture());
			rest = taken.getValue().get();
			this.consumers.get(0).handleCancelOk("consumer-0");
		}
		else {
			ArgumentCaptor<java.util.function.Consumer<Runnable>> listener = ArgumentCaptor.captor();
			verify(this.old).onCancelOk(listener.capture());
			listener.getValue().accept(() -> this.consumers.get(0).handleCancelOk("consumer-0"));
		}
		return rest;
	}

	private void deliver(long tag) throws Exception {
		this.consumers.get(0)
			.handleDelivery("consumer-0", new Envelope(tag, false, "", "orders"), new AMQP.BasicProperties(),
					new byte[0]);
	}

	private int waitedFor() {
		return (Settings.read(this.container, "cancellationLock") instanceof ActiveObjectCounter<?> counter)
				? counter.getCount() : -1;
	}

	private void start(AbstractMessageListenerContainer container, AcknowledgeMode mode) throws Exception {
		Connection connection = mock();
		given(connection.isOpen()).willReturn(true);
		given(connection.createChannel(anyBoolean())).willReturn(this.old, this.other);
		ConnectionFactory connectionFactory = mock();
		given(connectionFactory.createConnection()).willReturn(connection);
		container.setConnectionFactory(connectionFactory);
		container.setAcknowledgeMode(mode);
		container.setQueueNames("orders");
		container.setMissingQueuesFatal(false);
		container.setShutdownTimeout(100);
		container.setMessageListener((message) -> this.handled.incrementAndGet());
		container.afterPropertiesSet();
		this.container = container;
		container.start();
		Awaitility.await().atMost(PATIENCE).until(() -> this.consumers.size() == 1 && isBegun());
	}

	/**
	 * A simple container knows the tag of its consumer a moment after that has begun.
	 */
	private boolean isBegun() {
		return !(this.container instanceof SimpleMessageListenerContainer simple)
				|| ContainerConsumers.consumers(simple)
					.stream()
					.noneMatch((consumer) -> consumer.getConsumerTags().isEmpty());
	}

	private static SimpleMessageListenerContainer simple() {
		SimpleMessageListenerContainer container = new SimpleMessageListenerContainer();
		container.setReceiveTimeout(20);
		return container;
	}

	private static DirectMessageListenerContainer direct() {
		return new DirectMessageListenerContainer();
	}

	private void consume(Channel channel) throws Exception {
		given(channel.isOpen()).willReturn(true);
		given(channel.basicConsume(anyString(), anyBoolean(), any(), anyBoolean(), anyBoolean(), any(), any()))
			.willAnswer((call) -> {
				Consumer consumer = call.getArgument(6);
				String tag = "consumer-" + this.consumers.size();
				this.consumers.add(consumer);
				consumer.handleConsumeOk(tag);
				return tag;
			});
	}

}
