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

import java.net.Socket;
import java.time.Clock;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;

import com.rabbitmq.client.Connection;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import dev.failover.broker.Broker;
import dev.failover.broker.Brokers;
import dev.failover.broker.TestBrokers;
import dev.failover.connection.BrokerAccess;
import dev.failover.connection.OpenConnection;

import static org.assertj.core.api.Assertions.assertThat;
import static org.mockito.ArgumentMatchers.any;
import static org.mockito.ArgumentMatchers.anyString;
import static org.mockito.BDDMockito.given;
import static org.mockito.Mockito.mock;

/**
 * Tests for {@link NodeWatch} with brokers that do not tell.
 */
class NodeWatchTests {

	private final FakeScheduler scheduler = new FakeScheduler();

	private final Broker one = TestBrokers.broker("one");

	private final Broker two = TestBrokers.broker("two");

	private final Brokers brokers = new Brokers(List.of(this.one, this.two), Clock.systemUTC());

	private final BrokerAccess access = mock();

	private final AtomicReference<Error> onOpen = new AtomicReference<>();

	private final AtomicInteger opened = new AtomicInteger();

	@BeforeEach
	void watch() {
		given(this.access.open(any(), anyString())).willAnswer((call) -> {
			Error error = this.onOpen.getAndSet(null);
			if (error != null) {
				return CompletableFuture.failedFuture(error);
			}
			this.opened.incrementAndGet();
			return CompletableFuture
				.completedFuture(new OpenConnection(call.getArgument(0), 0, mock(Connection.class), new Socket()));
		});
		new NodeWatch(this.brokers, this.access, this.scheduler, () -> {
		});
	}

	@Test
	void brokersOfOneClusterAreAskedOnce() {
		upAs(this.one, "orders");
		upAs(this.two, "orders");
		this.scheduler.pass(60_000);
		assertThat(this.opened).hasValue(2);
	}

	@Test
	void brokersOfDifferentClustersAreNotAsked() {
		upAs(this.one, "orders");
		upAs(this.two, "bills");
		this.scheduler.pass(60_000);
		assertThat(this.opened).hasValue(0);
	}

	@Test
	void brokersAreAskedAgainAfterAnError() {
		this.onOpen.set(new OutOfMemoryError("thrown by the test"));
		upAs(this.one, "orders");
		upAs(this.two, "orders");
		this.scheduler.pass(60_000);
		assertThat(this.opened).hasValue(2);
	}

	private void upAs(Broker broker, String clusterName) {
		this.brokers.identified(broker, 0, clusterName);
		this.brokers.answered(broker);
	}

}
