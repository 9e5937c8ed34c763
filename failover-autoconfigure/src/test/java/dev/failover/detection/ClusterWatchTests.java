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
import java.net.Socket;
import java.time.Clock;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;

import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.ShutdownSignalException;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import dev.failover.broker.Broker;
import dev.failover.broker.BrokerCredentials;
import dev.failover.broker.BrokerStatus;
import dev.failover.broker.Brokers;
import dev.failover.broker.FailureReason;
import dev.failover.broker.RecoveryPolicy;
import dev.failover.broker.TestBrokers;
import dev.failover.connection.BrokerAccess;
import dev.failover.connection.OpenConnection;

import static org.assertj.core.api.Assertions.assertThat;
import static org.mockito.ArgumentMatchers.any;
import static org.mockito.ArgumentMatchers.anyBoolean;
import static org.mockito.ArgumentMatchers.anyString;
import static org.mockito.BDDMockito.given;
import static org.mockito.BDDMockito.willAnswer;
import static org.mockito.Mockito.mock;

/**
 * Tests for {@link ClusterWatch}. A queue that belongs to one connection is locked on all
 * nodes of its cluster, and unknown elsewhere.
 */
class ClusterWatchTests {

	private final FakeScheduler scheduler = new FakeScheduler();

	private final Broker one = TestBrokers.broker("one");

	private final Broker two = TestBrokers.broker("two");

	private final Broker far = TestBrokers.broker("far");

	private final Brokers brokers = new Brokers(List.of(this.one, this.two, this.far),
			(broker) -> BrokerCredentials.of("guest", "guest"),
			new RecoveryPolicy(1, Duration.ZERO, Duration.ZERO, Duration.ZERO), Clock.systemUTC());

	private final BrokerAccess access = mock();

	/**
	 * The names of the brokers of one cluster.
	 */
	private final Set<String> cluster = new HashSet<>(Set.of("one", "two"));

	private final Set<String> forbidden = new HashSet<>();

	private final AtomicReference<Error> onOpen = new AtomicReference<>();

	private final AtomicInteger opened = new AtomicInteger();

	private final AtomicInteger closed = new AtomicInteger();

	@BeforeEach
	void watch() {
		given(this.access.open(any(), anyString())).willAnswer((call) -> {
			Error error = this.onOpen.getAndSet(null);
			if (error != null) {
				return CompletableFuture.failedFuture(error);
			}
			this.opened.incrementAndGet();
			Broker broker = call.getArgument(0);
			return CompletableFuture
				.completedFuture(new OpenConnection(broker, 0, connection(broker.name()), new Socket()));
		});
		willAnswer((call) -> this.closed.incrementAndGet()).given(this.access).close(any());
		new ClusterWatch(this.brokers, this.access, this.scheduler, () -> {
		});
	}

	private Connection connection(String broker) throws IOException {
		Channel channel = mock();
		given(channel.queueDeclare(anyString(), anyBoolean(), anyBoolean(), anyBoolean(), any())).willAnswer((call) -> {
			if (this.forbidden.contains(broker)) {
				throw refusal(AMQP.ACCESS_REFUSED, "ACCESS_REFUSED - access to queue refused");
			}
			return new AMQP.Queue.DeclareOk.Builder().queue("of-" + broker).build();
		});
		given(channel.queueDeclarePassive(anyString())).willAnswer((call) -> {
			String owner = call.<String>getArgument(0).substring("of-".length());
			throw (this.cluster.contains(owner) && this.cluster.contains(broker))
					? refusal(AMQP.RESOURCE_LOCKED, "RESOURCE_LOCKED - cannot obtain exclusive access to locked queue")
					: refusal(AMQP.NOT_FOUND, "NOT_FOUND - no queue 'any' in vhost '/'");
		});
		Connection connection = mock();
		given(connection.createChannel()).willReturn(channel);
		return connection;
	}

	private static IOException refusal(int code, String text) {
		return new IOException(new ShutdownSignalException(false, false,
				new AMQP.Channel.Close.Builder().replyCode(code).replyText(text).classId(50).methodId(10).build(),
				null));
	}

	@Test
	void nodesOfAClusterWithoutANameAreFoundToBeOfOne() {
		upAs(this.one, "rabbit@one");
		upAs(this.two, "rabbit@two");
		upAs(this.far, "rabbit@far");
		this.scheduler.pass(1000);
		assertThat(status(this.one).hasQueuesOf(status(this.two))).isTrue();
		assertThat(status(this.one).hasQueuesOf(status(this.far))).isFalse();
		assertThat(this.opened).as("one connection to each").hasValue(3);
		assertThat(this.closed).hasValue(3);
		this.scheduler.pass(60_000);
		assertThat(this.opened).hasValue(3);
	}

	@Test
	void clustersWithNamesNeedNotBeCompared() {
		upAs(this.one, "orders");
		upAs(this.two, "bills");
		this.scheduler.pass(1000);
		assertThat(this.opened).hasValue(0);
	}

	@Test
	void queueOfTheOtherBrokerServesWhereTheFirstRefusesOne() {
		this.forbidden.add("one");
		upAs(this.one, "rabbit@one");
		upAs(this.two, "rabbit@two");
		this.scheduler.pass(1000);
		assertThat(status(this.one).hasQueuesOf(status(this.two))).isTrue();
	}

	@Test
	void brokersAreComparedAgainWhenOneOfThemCameBack() {
		upAs(this.one, "rabbit@one");
		upAs(this.two, "rabbit@two");
		this.scheduler.pass(1000);
		this.cluster.remove("two");
		this.brokers.failed(this.two, 0, FailureReason.CONNECTION_LOST, null);
		this.brokers.answered(this.two);
		this.scheduler.pass(60_000);
		assertThat(this.opened).hasValue(4);
		assertThat(status(this.one).hasQueuesOf(status(this.two))).isFalse();
	}

	@Test
	void brokersAreComparedAgainAfterAnError() {
		this.onOpen.set(new OutOfMemoryError("thrown by the test"));
		upAs(this.one, "rabbit@one");
		upAs(this.two, "rabbit@two");
		this.scheduler.pass(1000);
		assertThat(status(this.one).hasQueuesOf(status(this.two))).isFalse();
		this.scheduler.pass(60_000);
		assertThat(status(this.one).hasQueuesOf(status(this.two))).isTrue();
	}

	private void upAs(Broker broker, String clusterName) {
		this.brokers.identified(broker, 0, clusterName);
		this.brokers.answered(broker);
	}

	private BrokerStatus status(Broker broker) {
		return this.brokers.getStatus(broker.name()).orElseThrow();
	}

}
