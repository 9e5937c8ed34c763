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

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;

import com.rabbitmq.client.Connection;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import dev.failover.broker.Activation;
import dev.failover.broker.BrokerEvent;
import dev.failover.broker.EventStage;
import dev.failover.broker.FailureReason;
import dev.failover.test.FaultProxy;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests that the sockets of a broker that says nothing any more are closed as soon as it
 * is given up, whatever those do who are notified of it.
 */
class SocketsOfFailedBrokersTests {

	private final ProxiedBrokers brokers = new ProxiedBrokers(ProxiedBrokers.PATIENT);

	private final ExecutorService reporters = Executors.newCachedThreadPool();

	private final CountDownLatch release = new CountDownLatch(1);

	@AfterEach
	void stop() {
		this.release.countDown();
		this.reporters.shutdown();
		this.brokers.close();
	}

	@ParameterizedTest
	@EnumSource(names = { "REPORTS", "APPLICATION" })
	void listenerThatDoesNotReturnDelaysNothing(EventStage stage) throws Exception {
		CountDownLatch called = new CountDownLatch(1);
		this.brokers.brokers.addListener((event) -> {
			if (event instanceof BrokerEvent.StateChanged changed && changed.failure() != null) {
				called.countDown();
				awaitRelease();
			}
		}, stage);
		Connection first = this.brokers.factory.newConnection();
		giveUp(this.brokers.one);
		assertThat(called.await(20, TimeUnit.SECONDS)).isTrue();
		awaitClosed(first);
		Connection second = this.brokers.factory.newConnection();
		assertThat(this.brokers.active()).isEqualTo("two");
		giveUp(this.brokers.two);
		awaitClosed(second);
		this.brokers.factory.newConnection();
		assertThat(this.brokers.active()).isEqualTo("three");
	}

	@ParameterizedTest
	@EnumSource
	void listenerThatThrowsAnErrorDelaysNothing(EventStage stage) throws Exception {
		this.brokers.brokers.addListener((event) -> {
			throw new OutOfMemoryError("thrown by the test");
		}, stage);
		for (FaultProxy proxy : new FaultProxy[] { this.brokers.one, this.brokers.two }) {
			Connection connection = this.brokers.factory.newConnection();
			giveUp(proxy);
			awaitClosed(connection);
		}
		this.brokers.factory.newConnection();
		assertThat(this.brokers.active()).isEqualTo("three");
	}

	/**
	 * The broker says nothing any more, and whoever notices reports it on a thread of its
	 * own.
	 */
	private void giveUp(FaultProxy proxy) {
		proxy.blackHole();
		Activation active = this.brokers.brokers.getActivation();
		this.reporters.execute(() -> this.brokers.brokers.failed(active, FailureReason.TIMEOUT, null));
	}

	private static void awaitClosed(Connection connection) {
		Awaitility.await().atMost(ProxiedBrokers.PATIENCE).until(() -> !connection.isOpen());
	}

	private void awaitRelease() {
		try {
			this.release.await(60, TimeUnit.SECONDS);
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
		}
	}

}
