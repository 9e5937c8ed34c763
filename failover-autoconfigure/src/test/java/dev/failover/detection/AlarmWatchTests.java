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

package dev.failover.detection;

import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;

import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.ShutdownListener;
import com.rabbitmq.client.ShutdownSignalException;
import com.rabbitmq.client.UnblockedCallback;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.mockito.ArgumentCaptor;

import dev.failover.broker.Broker;
import dev.failover.broker.BrokerState;
import dev.failover.broker.Brokers;
import dev.failover.broker.FailureReason;
import dev.failover.connection.BrokerAccess;
import dev.failover.connection.OpenConnection;

import static org.assertj.core.api.Assertions.assertThat;
import static org.mockito.ArgumentMatchers.any;
import static org.mockito.ArgumentMatchers.anyString;
import static org.mockito.ArgumentMatchers.eq;
import static org.mockito.BDDMockito.given;
import static org.mockito.BDDMockito.then;
import static org.mockito.Mockito.atLeastOnce;
import static org.mockito.Mockito.mock;
import static org.mockito.Mockito.never;
import static org.mockito.Mockito.times;

/**
 * Tests for the end of alarms, with a broker that the test plays.
 */
class AlarmWatchTests {

	private static final Duration GRACE = Duration.ofSeconds(1);

	private static final Duration RETRY = Duration.ofSeconds(1);

	private final Broker one = broker("one");

	private final Broker two = broker("two");

	private final Brokers brokers = new Brokers(List.of(this.one, this.two), Clock.systemUTC());

	private final FakeScheduler scheduler = new FakeScheduler();

	private final Connection connection = mock();

	private final Connection besideConnection = mock();

	private final Channel channel = mock();

	private final OpenConnection beside = new OpenConnection(this.one, 1, this.besideConnection, null);

	private final BrokerAccess access = mock();

	private final AlarmWatch watch = new AlarmWatch(new OpenConnection(this.one, 0, this.connection, null),
			this.brokers, this.access, GRACE, this.scheduler);

	@BeforeEach
	void connect() throws Exception {
		given(this.connection.isOpen()).willReturn(true);
		given(this.besideConnection.createChannel()).willReturn(this.channel);
		given(this.access.open(eq(this.one), anyString())).willReturn(CompletableFuture.completedFuture(this.beside));
		this.brokers.connected(this.one, 0);
	}

	private static Broker broker(String name) {
		return Broker.of(name, name + ".example.com", 5672);
	}

	private void leaveBlockedBroker() {
		this.watch.handleBlocked("low on memory");
		this.scheduler.pass(GRACE.toMillis());
		assertThat(this.brokers.getActive()).isNull();
		assertThat(state()).isEqualTo(BrokerState.BLOCKED);
	}

	private BrokerState state() {
		return this.brokers.getStatus("one").orElseThrow().state();
	}

	private void close(boolean hard) {
		ArgumentCaptor<ShutdownListener> listener = ArgumentCaptor.captor();
		then(this.channel).should(atLeastOnce()).addShutdownListener(listener.capture());
		AMQP.Channel.Close refused = new AMQP.Channel.Close.Builder().replyCode(AMQP.ACCESS_REFUSED)
			.replyText("ACCESS_REFUSED - access to exchange 'amq.default' refused")
			.build();
		listener.getValue()
			.shutdownCompleted(new ShutdownSignalException(hard, false, hard ? null : refused, this.channel));
	}

	@Test
	void brokerIsUpWhenTheAlarmEnds() throws Exception {
		leaveBlockedBroker();
		ArgumentCaptor<UnblockedCallback> unblocked = ArgumentCaptor.captor();
		then(this.besideConnection).should().addBlockedListener(any(), unblocked.capture());
		assertThat(state()).isEqualTo(BrokerState.BLOCKED);
		unblocked.getValue().handle();
		assertThat(state()).isEqualTo(BrokerState.UP);
		then(this.access).should().close(this.beside);
	}

	@Test
	void refusalToPublishTellsThatTheAlarmIsOver() {
		leaveBlockedBroker();
		close(false);
		assertThat(state()).isEqualTo(BrokerState.UP);
		then(this.access).should().close(this.beside);
	}

	@Test
	void endOfTheAlarmIsWaitedForOnAnotherConnectionWhenOneIsLost() {
		leaveBlockedBroker();
		close(true);
		assertThat(state()).isEqualTo(BrokerState.BLOCKED);
		this.scheduler.pass(RETRY.toMillis());
		then(this.access).should(times(2)).open(eq(this.one), anyString());
		close(false);
		assertThat(state()).isEqualTo(BrokerState.UP);
	}

	@Test
	void endOfTheAlarmIsWaitedForAlsoIfThereIsNoConnectionAtFirst() {
		given(this.access.open(eq(this.one), anyString()))
			.willReturn(CompletableFuture.failedFuture(new IOException("connection limit (3) is reached")))
			.willThrow(new OutOfMemoryError("thrown by the test"))
			.willReturn(CompletableFuture.completedFuture(this.beside));
		leaveBlockedBroker();
		this.scheduler.pass(2 * RETRY.toMillis());
		close(false);
		assertThat(state()).isEqualTo(BrokerState.UP);
	}

	@Test
	void endOfTheAlarmIsWaitedForAlsoIfTheBlockedConnectionIsClosedBefore() {
		this.watch.handleBlocked("low on memory");
		this.watch.closed();
		this.scheduler.pass(0);
		close(false);
		assertThat(state()).isEqualTo(BrokerState.UP);
		assertThat(this.brokers.getActive()).isEqualTo(this.one);
	}

	@Test
	void nothingIsWaitedForOnceTheBrokerHasFailedOtherwise() {
		leaveBlockedBroker();
		this.brokers.failed(this.one, 1, FailureReason.CONNECTION_LOST, null);
		close(true);
		this.scheduler.pass(10 * RETRY.toMillis());
		then(this.access).should().open(any(), anyString());
		assertThat(state()).isEqualTo(BrokerState.DOWN);
	}

	@Test
	void nothingIsWaitedForWhenAConnectionIsClosedThatWasNotBlocked() {
		this.watch.closed();
		this.scheduler.pass(10 * RETRY.toMillis());
		then(this.access).should(never()).open(any(), anyString());
	}

}
