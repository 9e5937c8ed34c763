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
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.AlreadyClosedException;
import com.rabbitmq.client.CancelCallback;
import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Consumer;
import com.rabbitmq.client.DefaultConsumer;
import com.rabbitmq.client.DeliverCallback;
import com.rabbitmq.client.Delivery;
import com.rabbitmq.client.Envelope;
import com.rabbitmq.client.GetResponse;
import com.rabbitmq.client.ShutdownListener;
import com.rabbitmq.client.ShutdownSignalException;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.mockito.ArgumentCaptor;
import org.mockito.InOrder;

import dev.failover.broker.Broker;
import dev.failover.broker.Brokers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.mockito.ArgumentMatchers.any;
import static org.mockito.ArgumentMatchers.anyBoolean;
import static org.mockito.ArgumentMatchers.anyLong;
import static org.mockito.ArgumentMatchers.anyString;
import static org.mockito.ArgumentMatchers.eq;
import static org.mockito.BDDMockito.given;
import static org.mockito.BDDMockito.willAnswer;
import static org.mockito.BDDMockito.willThrow;
import static org.mockito.Mockito.inOrder;
import static org.mockito.Mockito.mock;
import static org.mockito.Mockito.never;
import static org.mockito.Mockito.verify;

class CountedChannelTests {

	private static final ShutdownSignalException SIGNAL = new ShutdownSignalException(false, false, null, null);

	private final Channel delegate = mock(Channel.class);

	private boolean connected = true;

	private final Broker broker = Broker.of("north", "localhost", 5672);

	private final CountedChannel counted = new CountedChannel(this.delegate, () -> this.connected,
			new DirectReplyNames.At(null, this.broker),
			new QueueDoor.At(new QueueDoor(new SuspectQueues(new Brokers(List.of(this.broker), Clock.systemUTC()),
					mock(BrokerConnector.class), System::nanoTime)), this.broker));

	private final SettlingChannel channel = this.counted.channel();

	@BeforeEach
	void open() {
		given(this.delegate.isOpen()).willReturn(true);
	}

	@Test
	void eachMessageIsToBeSettled() throws IOException {
		Consumer consumer = consume(false);
		for (long tag = 1; tag <= 5; tag++) {
			deliver(consumer, tag);
		}
		this.channel.basicAck(3, true);
		this.channel.basicReject(4, true);
		assertThat(this.counted.isSettled()).isFalse();
		this.channel.basicNack(5, false, true);
		assertThat(this.counted.isSettled()).isTrue();
		deliver(consumer, 6);
		assertThat(this.counted.isSettled()).isFalse();
		this.channel.basicAck(0, true);
		assertThat(this.counted.isSettled()).isTrue();
	}

	@Test
	void messageThatNeedsNoAcknowledgementIsSettled() throws IOException {
		deliver(consume(true), 1);
		assertThat(this.counted.isSettled()).isTrue();
	}

	@Test
	void nothingIsToBeSettledOnAClosedChannel() throws IOException {
		deliver(consume(false), 1);
		given(this.delegate.isOpen()).willReturn(false);
		assertThat(this.counted.isSettled()).isTrue();
	}

	@Test
	void messageWhoseAcknowledgementFailedIsNotSettled() throws IOException {
		deliver(consume(false), 1);
		willThrow(new AlreadyClosedException(SIGNAL)).given(this.delegate).basicAck(anyLong(), anyBoolean());
		assertThatExceptionOfType(AlreadyClosedException.class).isThrownBy(() -> this.channel.basicAck(1, false));
		assertThat(this.counted.isSettled()).isFalse();
	}

	@Test
	void tellsWhenEverythingIsSettled() throws IOException {
		Consumer consumer = consume(false);
		assertThat(this.channel.settled()).isCompleted();
		deliver(consumer, 1);
		deliver(consumer, 2);
		CompletableFuture<Void> settled = this.channel.settled();
		this.channel.basicAck(2, false);
		assertThat(settled).isNotDone();
		this.channel.basicReject(1, true);
		assertThat(settled).isCompleted();
	}

	@Test
	void nothingWaitsToBeSettledOnceTheChannelIsClosed() throws IOException {
		deliver(consume(false), 1);
		CompletableFuture<Void> settled = this.channel.settled();
		close();
		assertThat(settled).isCompleted();
	}

	@Test
	void whoeverAskedForItIsGivenWhatTellsAConsumerThatItIsCancelled() throws IOException {
		Consumer told = mock();
		this.channel.basicConsume("queue", false, "tag", false, false, null, told);
		List<Runnable> given = new ArrayList<>();
		this.channel.onCancelOk(given::add);
		registered().handleCancelOk("tag");
		verify(told, never()).handleCancelOk(anyString());
		given.forEach(Runnable::run);
		verify(told).handleCancelOk("tag");
	}

	@Test
	void consumerIsToldThatItIsCancelledIfNobodyAskedForIt() throws IOException {
		Consumer told = mock();
		this.channel.basicConsume("queue", false, "tag", false, false, null, told);
		registered().handleCancelOk("tag");
		verify(told).handleCancelOk("tag");
	}

	@Test
	void whatWasDeliveredOnAnotherChannelIsNotSettledOnThisOne() throws IOException {
		deliver(consume(false), 3);
		assertThatIllegalStateException().isThrownBy(() -> this.channel.basicAck(4, true))
			.withMessageStartingWith("Channel closed; cannot ack/nack")
			.withMessageContaining("delivery tag 4 ");
		assertThatIllegalStateException().isThrownBy(() -> this.channel.basicNack(4, false, true));
		assertThatIllegalStateException().isThrownBy(() -> this.channel.basicReject(4, true));
		verify(this.delegate, never()).basicAck(anyLong(), anyBoolean());
		verify(this.delegate, never()).basicNack(anyLong(), anyBoolean(), anyBoolean());
		verify(this.delegate, never()).basicReject(anyLong(), anyBoolean());
		this.channel.basicAck(3, true);
		verify(this.delegate).basicAck(3, true);
	}

	@Test
	void everythingIsSettledWhateverWasDelivered() throws IOException {
		this.channel.basicAck(0, true);
		verify(this.delegate).basicAck(0, true);
	}

	@Test
	void whatAsksForAMessageOrTakesCallbacksMaySettleIt() throws IOException {
		given(this.delegate.basicGet("queue", false))
			.willReturn(new GetResponse(new Envelope(1, false, "", "queue"), null, new byte[0], 0));
		this.channel.basicGet("queue", false);
		this.channel.basicAck(1, false);
		List<Long> handled = new ArrayList<>();
		this.channel.basicConsume("queue", (tag, delivery) -> handled.add(delivery.getEnvelope().getDeliveryTag()),
				(tag) -> {
				});
		ArgumentCaptor<DeliverCallback> callback = ArgumentCaptor.forClass(DeliverCallback.class);
		verify(this.delegate).basicConsume(anyString(), callback.capture(), any(CancelCallback.class));
		callback.getValue()
			.handle("tag", new Delivery(new Envelope(2, false, "", "queue"), new AMQP.BasicProperties(), new byte[0]));
		assertThat(handled).containsExactly(2L);
		this.channel.basicAck(2, false);
		verify(this.delegate).basicAck(1, false);
		verify(this.delegate).basicAck(2, false);
	}

	@Test
	void acknowledgementOnAClosedChannelIsTheClientsToRefuse() throws IOException {
		willThrow(new AlreadyClosedException(SIGNAL)).given(this.delegate).basicAck(anyLong(), anyBoolean());
		given(this.delegate.isOpen()).willReturn(false);
		assertThatExceptionOfType(AlreadyClosedException.class).isThrownBy(() -> this.channel.basicAck(1, false));
	}

	@Test
	void whatCanNotBeSettledAnyMoreIsNotHandled() throws IOException {
		Consumer told = mock();
		Consumer consumer = consume(told);
		given(this.delegate.isOpen()).willReturn(false);
		deliver(consumer, 1);
		verify(told, never()).handleDelivery(any(), any(), any(), any());
	}

	@Test
	void channelIsNotOpenWithoutASocketWhateverTheClientHasNoticed() throws IOException {
		Consumer told = mock();
		Consumer consumer = consume(told);
		assertThat(this.channel.isOpen()).isTrue();
		this.connected = false;
		assertThat(this.channel.isOpen()).isFalse();
		deliver(consumer, 1);
		verify(told, never()).handleDelivery(any(), any(), any(), any());
		assertThat(this.counted.isSettled()).isTrue();
	}

	@Test
	void consumerThatWasCancelledWithMessagesInHandIsToldOfTheEndOfTheChannel() throws IOException {
		Consumer told = mock();
		Consumer consumer = consume(told);
		deliver(consumer, 1);
		consumer.handleCancelOk("tag");
		verify(told, never()).handleShutdownSignal(any(), any());
		close();
		verify(told).handleShutdownSignal("tag", SIGNAL);
	}

	@Test
	void consumerThatTheBrokerHasCancelledIsToldThatItCannotSettleWhatItHas() throws IOException {
		Consumer told = mock();
		Consumer consumer = consume(told);
		deliver(consumer, 1);
		consumer.handleCancel("tag");
		verify(told).handleCancel("tag");
		verify(told).handleShutdownSignal(eq("tag"), any());
		assertThat(this.counted.isSettled()).isTrue();
		close();
		verify(told).handleShutdownSignal(anyString(), any());
	}

	@Test
	void consumerThatTheBrokerHasCancelledWithNothingInHandIsToldNothingElse() throws IOException {
		Consumer told = mock();
		consume(told).handleCancel("tag");
		verify(told, never()).handleShutdownSignal(anyString(), any());
	}

	@Test
	void nothingIsSettledOfAConsumerThatTheBrokerHasCancelled() throws IOException {
		Consumer consumer = consume(false);
		deliver(consumer, 1);
		deliver(consumer, 2);
		consumer.handleCancel("tag");
		this.channel.basicAck(1, false);
		this.channel.basicAck(2, true);
		this.channel.basicAck(0, true);
		this.channel.basicNack(1, false, true);
		this.channel.basicReject(2, false);
		verify(this.delegate, never()).basicAck(anyLong(), anyBoolean());
		verify(this.delegate, never()).basicNack(anyLong(), anyBoolean(), anyBoolean());
		verify(this.delegate, never()).basicReject(anyLong(), anyBoolean());
	}

	@Test
	void otherDeliveriesAreSettledOneByOne() throws IOException {
		Consumer consumer = consume(false);
		this.channel.basicConsume("other", false, "other", false, false, null, new DefaultConsumer(this.channel));
		ArgumentCaptor<Consumer> registered = ArgumentCaptor.captor();
		verify(this.delegate).basicConsume(anyString(), anyBoolean(), eq("other"), anyBoolean(), anyBoolean(), any(),
				registered.capture());
		deliver(consumer, 1);
		deliver(registered.getValue(), 2);
		deliver(consumer, 3);
		deliver(registered.getValue(), 4);
		consumer.handleCancel("tag");
		this.channel.basicAck(3, true);
		verify(this.delegate).basicAck(2, false);
		assertThat(this.counted.isSettled()).isFalse();
		this.channel.basicNack(0, true, true);
		verify(this.delegate).basicNack(4, false, true);
		assertThat(this.counted.isSettled()).isTrue();
	}

	@Test
	void whatTheBrokerHasCancelledGoesBackBeforeTheChannelIsClosed() throws Exception {
		Consumer consumer = consume(false);
		consumer.handleConsumeOk("tag");
		deliver(consumer, 1);
		consumer.handleCancel("tag");
		this.channel.close();
		InOrder inOrder = inOrder(this.delegate);
		inOrder.verify(this.delegate).asyncRpc(new AMQP.Basic.Cancel.Builder().consumerTag("tag").nowait(true).build());
		inOrder.verify(this.delegate).basicNack(0, true, true);
		inOrder.verify(this.delegate).close();
	}

	@Test
	void whatComesForAConsumerThatTheBrokerHasCancelledGoesBackBeforeTheChannelIsClosed() throws Exception {
		Consumer consumer = consume(false);
		deliver(consumer, 1);
		this.channel.basicConsume("other", false, "other", false, false, null, new DefaultConsumer(this.channel));
		ArgumentCaptor<Consumer> other = ArgumentCaptor.captor();
		verify(this.delegate).basicConsume(anyString(), anyBoolean(), eq("other"), anyBoolean(), anyBoolean(), any(),
				other.capture());
		deliver(other.getValue(), 2);
		consumer.handleCancel("tag");
		ArgumentCaptor<Consumer> unsolicited = ArgumentCaptor.captor();
		verify(this.delegate).setDefaultConsumer(unsolicited.capture());
		deliver(unsolicited.getValue(), 3);
		this.channel.close();
		verify(this.delegate).basicNack(1, false, true);
		verify(this.delegate).basicNack(3, false, true);
		verify(this.delegate, never()).basicNack(eq(2L), anyBoolean(), anyBoolean());
	}

	@Test
	void whatComesAfterACancelGoesBackAtOnce() throws IOException {
		Consumer told = mock();
		Consumer consumer = consume(told);
		consumer.handleConsumeOk("tag");
		this.channel.basicCancel("tag");
		deliver(consumer, 1);
		deliver(consumer, 2);
		consumer.handleCancelOk("tag");
		verify(told, never()).handleDelivery(any(), any(), any(), any());
		verify(this.delegate).basicNack(2, true, true);
		verify(this.delegate, never()).basicNack(eq(1L), anyBoolean(), anyBoolean());
		assertThat(this.counted.isSettled()).isTrue();
	}

	@Test
	void whatAConsumerHandlesDoesNotGoBackWithWhatItHasNotBegun() throws IOException {
		Consumer consumer = consume(false);
		consumer.handleConsumeOk("tag");
		for (long tag = 1; tag <= 3; tag++) {
			deliver(consumer, tag);
		}
		this.channel.giveBackAtCancel(() -> List.of(2L, 3L));
		this.channel.basicCancel("tag");
		deliver(consumer, 4);
		consumer.handleCancelOk("tag");
		verify(this.delegate).basicNack(2, false, true);
		verify(this.delegate).basicNack(3, false, true);
		verify(this.delegate).basicNack(4, false, true);
		verify(this.delegate, never()).basicNack(eq(1L), anyBoolean(), anyBoolean());
		assertThat(this.counted.isSettled()).isFalse();
		this.channel.basicAck(1, false);
		assertThat(this.counted.isSettled()).isTrue();
	}

	@Test
	void whatWasPulledDoesNotGoBackWithTheRest() throws IOException {
		given(this.delegate.basicGet("queue", false))
			.willReturn(new GetResponse(new Envelope(1, false, "", "queue"), null, new byte[0], 0));
		this.channel.basicGet("queue", false);
		Consumer consumer = consume(false);
		consumer.handleConsumeOk("tag");
		this.channel.basicCancel("tag");
		deliver(consumer, 2);
		consumer.handleCancelOk("tag");
		verify(this.delegate).basicNack(2, false, true);
	}

	@Test
	void whatComesAfterACancelIsHandledOnATransactedChannel() throws IOException {
		this.channel.txSelect();
		Consumer told = mock();
		Consumer consumer = consume(told);
		consumer.handleConsumeOk("tag");
		this.channel.basicCancel("tag");
		deliver(consumer, 1);
		verify(told).handleDelivery(any(), any(), any(), any());
	}

	@Test
	void rejectOfAConsumerThatIsCancelledDoesNotCountAsAFailure() throws IOException {
		Consumer consumer = consume(false);
		consumer.handleConsumeOk("tag");
		deliver(consumer, 1);
		deliver(consumer, 2);
		deliver(consumer, 3);
		this.channel.basicReject(1, true);
		verify(this.delegate).basicReject(1, true);
		this.channel.basicCancel("tag");
		this.channel.basicReject(2, true);
		verify(this.delegate).basicNack(2, false, true);
		this.channel.basicReject(3, false);
		verify(this.delegate).basicReject(3, false);
	}

	@Test
	void channelIsClosedWhenEverythingIsPassedOnToAConsumerThatIsCancelled() throws Exception {
		Consumer consumer = consume(false);
		consumer.handleConsumeOk("tag");
		this.channel.basicCancel("tag");
		CompletableFuture<Void> closed = CompletableFuture.runAsync(() -> {
			try {
				this.channel.close();
			}
			catch (IOException | TimeoutException ex) {
				throw new IllegalStateException(ex);
			}
		});
		deliver(consumer, 1);
		consumer.handleCancelOk("tag");
		closed.get(10, TimeUnit.SECONDS);
		InOrder inOrder = inOrder(this.delegate);
		inOrder.verify(this.delegate).basicNack(1, true, true);
		inOrder.verify(this.delegate).close();
	}

	@Test
	void channelIsClosedByTheConsumerThatIsCancelled() throws Exception {
		Consumer told = mock();
		Consumer consumer = consume(told);
		consumer.handleConsumeOk("tag");
		this.channel.basicCancel("tag");
		willAnswer((call) -> {
			this.channel.close();
			return null;
		}).given(told).handleCancelOk("tag");
		consumer.handleCancelOk("tag");
		verify(this.delegate).close();
	}

	@Test
	void consumerThatIsToldLateThatItIsCancelledIsToldOfTheEndOfTheChannel() throws IOException {
		Consumer told = mock();
		Consumer consumer = consume(told);
		deliver(consumer, 1);
		close();
		verify(told, never()).handleShutdownSignal(any(), any());
		consumer.handleCancelOk("tag");
		verify(told).handleShutdownSignal("tag", SIGNAL);
	}

	@Test
	void consumerThatHasSettledEverythingIsNotToldOfTheEndOfTheChannel() throws IOException {
		Consumer told = mock();
		Consumer consumer = consume(told);
		deliver(consumer, 1);
		consumer.handleCancelOk("tag");
		this.channel.basicAck(1, false);
		close();
		verify(told, never()).handleShutdownSignal(any(), any());
	}

	@Test
	void consumerIsToldOnceOfTheEndOfTheChannel() throws IOException {
		Consumer told = mock();
		Consumer consumer = consume(told);
		deliver(consumer, 1);
		close();
		consumer.handleShutdownSignal("tag", SIGNAL);
		consumer.handleCancelOk("tag");
		verify(told).handleShutdownSignal("tag", SIGNAL);
	}

	@Test
	void consumerThatFailsWhenItIsToldOfTheEndOfTheChannelDoesNotKeepItFromOthers() throws IOException {
		Consumer told = mock();
		willThrow(new NoClassDefFoundError()).given(told).handleShutdownSignal(any(), any());
		Consumer consumer = consume(told);
		deliver(consumer, 1);
		consumer.handleCancelOk("tag");
		CompletableFuture<Void> settled = this.channel.settled();
		close();
		verify(told).handleShutdownSignal("tag", SIGNAL);
		assertThat(settled).isCompleted();
	}

	@Test
	void returnsTheChannelItself() {
		assertThat(this.channel.target()).isSameAs(this.delegate);
	}

	private void close() {
		given(this.delegate.isOpen()).willReturn(false);
		given(this.delegate.getCloseReason()).willReturn(SIGNAL);
		ArgumentCaptor<ShutdownListener> listener = ArgumentCaptor.forClass(ShutdownListener.class);
		verify(this.delegate).addShutdownListener(listener.capture());
		listener.getValue().shutdownCompleted(SIGNAL);
	}

	private Consumer consume(Consumer consumer) throws IOException {
		this.channel.basicConsume("queue", false, "tag", false, false, null, consumer);
		return registered();
	}

	private Consumer consume(boolean autoAck) throws IOException {
		this.channel.basicConsume("queue", autoAck, "tag", false, false, null, new DefaultConsumer(this.channel));
		return registered();
	}

	private Consumer registered() throws IOException {
		ArgumentCaptor<Consumer> consumer = ArgumentCaptor.forClass(Consumer.class);
		verify(this.delegate).basicConsume(anyString(), anyBoolean(), anyString(), anyBoolean(), anyBoolean(), any(),
				consumer.capture());
		return consumer.getValue();
	}

	private static void deliver(Consumer consumer, long tag) throws IOException {
		consumer.handleDelivery("tag", new Envelope(tag, false, "", "queue"), new AMQP.BasicProperties(), new byte[0]);
	}

}
