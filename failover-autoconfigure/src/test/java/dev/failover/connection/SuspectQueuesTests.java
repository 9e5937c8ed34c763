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
import java.net.Socket;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;

import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.CancelCallback;
import com.rabbitmq.client.Channel;
import com.rabbitmq.client.ChannelContinuationTimeoutException;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.ShutdownSignalException;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;

import dev.failover.broker.Broker;
import dev.failover.broker.Brokers;
import dev.failover.broker.FailureReason;
import dev.failover.failure.ClientOperation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.mockito.ArgumentMatchers.any;
import static org.mockito.ArgumentMatchers.anyBoolean;
import static org.mockito.ArgumentMatchers.anyMap;
import static org.mockito.ArgumentMatchers.anyString;
import static org.mockito.BDDMockito.given;
import static org.mockito.BDDMockito.willAnswer;
import static org.mockito.BDDMockito.willReturn;
import static org.mockito.BDDMockito.willThrow;
import static org.mockito.Mockito.mock;

/**
 * Tests for {@link SuspectQueues} and {@link QueueDoor}.
 */
@ExtendWith(OutputCaptureExtension.class)
class SuspectQueuesTests {

	private static final ShutdownSignalException OF_ORDERS = closed(AMQP.INTERNAL_ERROR,
			"INTERNAL_ERROR - failed consuming from quorum queue 'orders' in vhost '/': noproc", 60, 20);

	private static final ShutdownSignalException OF_NOBODY = closed(AMQP.INTERNAL_ERROR, "INTERNAL_ERROR", 0, 0);

	private final Broker broker = Broker.of("north", "localhost", 5672);

	private final BrokerConnector connector = mock(BrokerConnector.class);

	private final Connection apart = mock(Connection.class);

	private final Channel channel = mock(Channel.class);

	private long nanoTime;

	private final Brokers brokers = new Brokers(List.of(this.broker), Clock.systemUTC());

	private final QueueDoor door = new QueueDoor(new SuspectQueues(this.brokers, this.connector, () -> this.nanoTime));

	private final QueueDoor.At queues = new QueueDoor.At(this.door, this.broker);

	private final AtomicInteger checks = new AtomicInteger();

	private final AtomicReference<Error> onStart = new AtomicReference<>();

	@BeforeEach
	void connect() throws IOException {
		given(this.connector.timeout()).willReturn(Duration.ofSeconds(3));
		given(this.connector.startUnreported(any(), anyString(), any())).willAnswer((invocation) -> {
			Error error = this.onStart.getAndSet(null);
			if (error != null) {
				throw error;
			}
			this.checks.incrementAndGet();
			ConnectAttempt attempt = new ConnectAttempt(this.broker, 1, (ended, failure) -> {
			});
			attempt.succeed(new OpenConnection(this.broker, 1, this.apart, new Socket()));
			return attempt;
		});
		willAnswer((invocation) -> {
			invocation.<Runnable>getArgument(0).run();
			return CompletableFuture.completedFuture(null);
		}).given(this.connector).inBackground(any());
		given(this.apart.createChannel()).willReturn(this.channel);
	}

	@Test
	void queueThatIsNamedIsTriedApartAndNoOther() throws Throwable {
		consumesInVain(OF_ORDERS);
		fail("orders", OF_ORDERS);
		fail("bills", OF_ORDERS);
		consume("bills");
		assertThat(this.checks).hasValue(0);
		assertThat(refused("orders")).hasMessageContaining("'orders'")
			.hasMessageContaining("'north'")
			.hasRootCause(OF_ORDERS);
		assertThat(this.checks).hasValue(1);
	}

	@Test
	void allThatWereUnderWayAreSuspectIfNoneIsNamedAndEachIsTriedAtOnce() throws Throwable {
		fail("orders", OF_NOBODY);
		fail("bills", OF_NOBODY);
		refused("orders");
		refused("bills");
		assertThat(this.checks).hasValue(2);
		consume("orders");
		consume("bills");
		assertThat(this.checks).hasValue(2);
	}

	@Test
	void queueThatDoesNotAnswerIsSuspect() {
		fail("orders", new ChannelContinuationTimeoutException(null, null, 1, null));
		assertThat(refused("orders")).hasRootCauseInstanceOf(ChannelContinuationTimeoutException.class);
	}

	@Test
	void whatConcernsAnotherOperationOrTheApplicationItselfIsNoSuspicion() throws Throwable {
		fail("orders", closed(AMQP.INTERNAL_ERROR, "INTERNAL_ERROR", 50, 10));
		fail("orders", closed(AMQP.CONNECTION_FORCED, "CONNECTION_FORCED - broker forced connection closure", 0, 0));
		fail("orders", missing());
		fail("orders", new ShutdownSignalException(true, false, null, null));
		consume("orders");
	}

	@Test
	void isTriedAgainLessAndLessOften() throws Throwable {
		consumesInVain(OF_ORDERS);
		fail("orders", OF_ORDERS);
		refused("orders");
		for (int seconds : new int[] { 1, 2, 4, 8, 10, 10 }) {
			int before = this.checks.get();
			this.nanoTime += Duration.ofSeconds(seconds).toNanos() - 1;
			refused("orders");
			assertThat(this.checks).hasValue(before);
			this.nanoTime++;
			refused("orders");
			assertThat(this.checks).hasValue(before + 1);
		}
	}

	@Test
	void queueThatFailsAgainAfterItWasClearedIsTriedLater() throws Throwable {
		fail("orders", OF_ORDERS);
		refused("orders");
		fail("orders", OF_ORDERS);
		refused("orders");
		assertThat(this.checks).hasValue(1);
		this.nanoTime += SuspectQueues.FIRST_INTERVAL.toNanos();
		refused("orders");
		assertThat(this.checks).hasValue(2);
		consume("orders");
	}

	@Test
	void queueThatIsRefusedForAReasonOfItsOwnIsLeftToItsConsumer() throws Throwable {
		consumesInVain(missing());
		fail("orders", OF_ORDERS);
		refused("orders");
		consume("orders");
	}

	@Test
	void errorWhileItIsTriedLeavesTheQueueSuspectOnly() throws Throwable {
		willThrow(new OutOfMemoryError("by the test")).given(this.channel).basicQos(1);
		fail("orders", OF_ORDERS);
		refused("orders");
		this.nanoTime += SuspectQueues.FIRST_INTERVAL.toNanos();
		refused("orders");
		assertThat(this.checks).hasValue(2);
	}

	@Test
	void errorBeforeItIsTriedLeavesTheQueueSuspectOnly() throws Throwable {
		this.onStart.set(new NoClassDefFoundError("thrown by the test"));
		fail("orders", OF_ORDERS);
		refused("orders");
		this.nanoTime += SuspectQueues.FIRST_INTERVAL.toNanos();
		refused("orders");
		assertThat(this.checks).hasValue(1);
		consume("orders");
	}

	@Test
	void queueIsNamedFromTheFirstTryInVainUntilItIsConsumed(CapturedOutput output) throws Throwable {
		consumesInVain(OF_ORDERS);
		fail("orders", OF_ORDERS);
		assertThat(named()).isEmpty();
		refused("orders");
		assertThat(named()).containsExactly("orders");
		this.nanoTime += SuspectQueues.FIRST_INTERVAL.toNanos();
		consumes();
		refused("orders");
		assertThat(named()).containsExactly("orders");
		consume("orders");
		assertThat(named()).isEmpty();
		assertThat(output).containsOnlyOnce("'orders' cannot be consumed on broker 'north' at the moment. Its")
			.containsOnlyOnce("'orders' can be consumed on broker 'north' again");
	}

	@Test
	void queueIsNotNamedAnyMoreWhenItsBrokerIsDown() throws Throwable {
		consumesInVain(OF_ORDERS);
		fail("orders", OF_ORDERS);
		refused("orders");
		this.brokers.failed(this.broker, 0, FailureReason.CONNECTION_LOST, null);
		assertThat(named()).isEmpty();
		this.nanoTime += SuspectQueues.FIRST_INTERVAL.toNanos();
		refused("orders");
		assertThat(named()).as("out of order still").containsExactly("orders");
	}

	@Test
	void queueIsNotToBlameIfItsBrokerFailsMeanwhile(CapturedOutput output) throws Throwable {
		given(this.channel.basicConsume(anyString(), anyBoolean(), anyMap(), any(), any(CancelCallback.class)))
			.willAnswer((call) -> {
				this.brokers.failed(this.broker, 0, FailureReason.CONNECTION_LOST, null);
				throw new IOException(OF_NOBODY);
			});
		fail("orders", OF_ORDERS);
		refused("orders");
		assertThat(named()).isEmpty();
		assertThat(output).doesNotContain("cannot be consumed on broker 'north' at the moment. Its");
	}

	@Test
	void queueIsNotToBlameIfTheConnectionIsLostOrClosedForAnotherReason(CapturedOutput output) throws Throwable {
		fail("orders", OF_ORDERS);
		for (ShutdownSignalException other : List.of(new ShutdownSignalException(true, false, null, null),
				closed(AMQP.CONNECTION_FORCED, "CONNECTION_FORCED - broker forced connection closure", 0, 0))) {
			consumesInVain(other);
			refused("orders");
			this.nanoTime += SuspectQueues.MAX_INTERVAL.toNanos();
		}
		given(this.apart.createChannel()).willThrow(new IOException(OF_NOBODY));
		refused("orders");
		assertThat(this.checks).hasValue(3);
		assertThat(named()).isEmpty();
		assertThat(output).doesNotContain("cannot be consumed on broker 'north' at the moment. Its");
	}

	@Test
	void queueThatIsBeingDeclaredIsRefusedBeforeAnythingIsTried() throws Throwable {
		this.door.setGuard(refusing("orders"));
		for (ClientOperation operation : List.of(ClientOperation.QUEUE_DECLARE, ClientOperation.BASIC_CONSUME,
				ClientOperation.BASIC_GET)) {
			assertThatExceptionOfType(IOException.class)
				.isThrownBy(() -> this.queues.pass(operation, "orders", () -> "passed"))
				.withMessage("orders is being declared");
			assertThat(this.queues.pass(operation, "bills", () -> "passed")).isEqualTo("passed");
		}
		assertThat(this.checks).hasValue(0);
	}

	@Test
	void suspectQueueCanBeDeclared() throws Throwable {
		fail("orders", OF_ORDERS);
		assertThat(this.queues.pass(ClientOperation.QUEUE_DECLARE, "orders", () -> "passed")).isEqualTo("passed");
		refused("orders");
	}

	private static QueueGuard refusing(String refused) {
		return new QueueGuard() {

			@Override
			public void check(Broker broker, String queue) throws IOException {
				if (queue.equals(refused)) {
					throw new IOException(queue + " is being declared");
				}
			}

			@Override
			public DestinationFault rejected(Broker broker, String exchange, String routingKey) {
				return null;
			}

		};
	}

	private Set<String> named() {
		return this.brokers.getStatus("north").orElseThrow().suspectQueues();
	}

	private void consumes() throws IOException {
		willReturn("tag").given(this.channel)
			.basicConsume(anyString(), anyBoolean(), anyMap(), any(), any(CancelCallback.class));
	}

	private void consumesInVain(ShutdownSignalException signal) throws IOException {
		willThrow(new IOException(signal)).given(this.channel)
			.basicConsume(anyString(), anyBoolean(), anyMap(), any(), any(CancelCallback.class));
	}

	private void consume(String queue) throws Throwable {
		assertThat(this.queues.pass(ClientOperation.BASIC_CONSUME, queue, () -> "tag")).isEqualTo("tag");
	}

	private void fail(String queue, Exception failure) {
		IOException thrown = new IOException(failure);
		assertThatExceptionOfType(IOException.class)
			.isThrownBy(() -> this.queues.pass(ClientOperation.BASIC_CONSUME, queue, () -> {
				throw thrown;
			}))
			.isSameAs(thrown);
	}

	private IOException refused(String queue) {
		return catchThrowableOfType(IOException.class,
				() -> this.queues.pass(ClientOperation.BASIC_CONSUME, queue, () -> "tag"));
	}

	private static ShutdownSignalException closed(int code, String text, int classId, int methodId) {
		return new ShutdownSignalException(true, false,
				new AMQP.Connection.Close.Builder().replyCode(code)
					.replyText(text)
					.classId(classId)
					.methodId(methodId)
					.build(),
				null);
	}

	private static ShutdownSignalException missing() {
		return new ShutdownSignalException(false, false,
				new AMQP.Channel.Close.Builder().replyCode(AMQP.NOT_FOUND)
					.replyText("NOT_FOUND - no queue 'orders' in vhost '/'")
					.classId(60)
					.methodId(20)
					.build(),
				null);
	}

}
