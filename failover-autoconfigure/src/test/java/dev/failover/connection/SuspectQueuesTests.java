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
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;

import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.Channel;
import com.rabbitmq.client.ChannelContinuationTimeoutException;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.ShutdownSignalException;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import dev.failover.broker.Broker;
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
import static org.mockito.BDDMockito.willThrow;
import static org.mockito.Mockito.mock;

/**
 * Tests for {@link SuspectQueues}.
 */
class SuspectQueuesTests {

	private static final ShutdownSignalException OF_ORDERS = closed(AMQP.INTERNAL_ERROR,
			"INTERNAL_ERROR - failed consuming from quorum queue 'orders' in vhost '/': noproc", 60, 20);

	private static final ShutdownSignalException OF_NOBODY = closed(AMQP.INTERNAL_ERROR, "INTERNAL_ERROR", 0, 0);

	private final Broker broker = Broker.of("north", "localhost", 5672);

	private final BrokerConnector connector = mock(BrokerConnector.class);

	private final Connection apart = mock(Connection.class);

	private final Channel channel = mock(Channel.class);

	private long nanoTime;

	private final SuspectQueues.At queues = new SuspectQueues.At(new SuspectQueues(this.connector, () -> this.nanoTime),
			this.broker);

	private final AtomicInteger checks = new AtomicInteger();

	@BeforeEach
	void connect() throws IOException {
		given(this.connector.timeout()).willReturn(Duration.ofSeconds(3));
		given(this.connector.startUnreported(any(), anyString(), any())).willAnswer((invocation) -> {
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

	private void consumesInVain(ShutdownSignalException signal) throws IOException {
		given(this.channel.basicConsume(anyString(), anyBoolean(), anyMap(), any(),
				any(com.rabbitmq.client.CancelCallback.class)))
			.willThrow(new IOException(signal));
	}

	private void consume(String queue) throws Throwable {
		assertThat(this.queues.touch(ClientOperation.BASIC_CONSUME, queue, () -> "tag")).isEqualTo("tag");
	}

	private void fail(String queue, Exception failure) {
		IOException thrown = new IOException(failure);
		assertThatExceptionOfType(IOException.class)
			.isThrownBy(() -> this.queues.touch(ClientOperation.BASIC_CONSUME, queue, () -> {
				throw thrown;
			}))
			.isSameAs(thrown);
	}

	private IOException refused(String queue) {
		return catchThrowableOfType(IOException.class,
				() -> this.queues.touch(ClientOperation.BASIC_CONSUME, queue, () -> "tag"));
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
