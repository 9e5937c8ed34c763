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
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;

import com.rabbitmq.client.AddressResolver;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.ConnectionFactory;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import dev.failover.broker.Broker;
import dev.failover.broker.BrokerFailure;
import dev.failover.broker.BrokerState;
import dev.failover.broker.BrokerStatus;
import dev.failover.broker.Brokers;
import dev.failover.broker.FailingThreads;
import dev.failover.broker.FailureReason;
import dev.failover.strategy.FailoverStrategy;
import dev.failover.strategy.RoundRobinStrategy;
import dev.failover.test.EmbeddedBroker;
import dev.failover.test.FaultProxy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIOException;

/**
 * Tests that an {@link Error} costs one call at most, and never a coordinator.
 */
class ErrorsWhileConnectingTests {

	private final EmbeddedBroker embedded = EmbeddedBroker.builder().start();

	private final FaultProxy one = FaultProxy.to(this.embedded);

	private final FaultProxy two = FaultProxy.to(this.embedded);

	private final Brokers brokers = new Brokers(List.of(broker("one", this.one), broker("two", this.two)),
			Clock.systemUTC());

	private final AtomicReference<FailoverStrategy> strategy = new AtomicReference<>(new RoundRobinStrategy());

	private final AtomicReference<Error> onConnect = new AtomicReference<>();

	private final FailoverConnectionFactory factory = factory(false);

	@AfterEach
	void stop() {
		this.factory.close();
		this.one.close();
		this.two.close();
		this.embedded.close();
	}

	private Broker broker(String name, FaultProxy proxy) {
		return Broker.of(name, proxy.host(), proxy.port()).withVirtualHost(this.embedded.virtualHost());
	}

	private FailoverConnectionFactory factory(boolean standby) {
		return new FailoverConnectionFactory(this.brokers,
				(statuses, previous) -> this.strategy.get().order(statuses, previous), (broker) -> target(),
				new ConnectSettings(ProxiedBrokers.PATIENCE, ProxiedBrokers.PATIENCE, standby));
	}

	private ConnectionFactory target() {
		ConnectionFactory target = new Failing();
		target.setUsername(this.embedded.username());
		target.setPassword(this.embedded.password());
		target.setVirtualHost(this.embedded.virtualHost());
		target.setAutomaticRecoveryEnabled(false);
		return target;
	}

	private String active() {
		Broker active = this.brokers.getActive();
		return (active != null) ? active.name() : "none";
	}

	private BrokerStatus status(String name) {
		return this.brokers.getStatus(name).orElseThrow();
	}

	@ParameterizedTest
	@ValueSource(booleans = { true, false })
	void brokersAreUsedInTheirOrderWhileTheStrategyFails(boolean error) throws Exception {
		this.strategy.set((statuses, previous) -> {
			if (error) {
				throw new NoClassDefFoundError("thrown by the test");
			}
			return null;
		});
		this.factory.newConnection();
		assertThat(active()).isEqualTo("one");
		lose(this.one);
		this.factory.newConnection();
		assertThat(active()).isEqualTo("two");
		assertThat(this.factory.getNext()).isEqualTo(this.brokers.getActive());
	}

	@Test
	void standbyConnectionIsOpenedAgainAfterTheStrategyHasFailed() throws Exception {
		try (FailoverConnectionFactory standby = factory(true)) {
			AtomicBoolean failing = new AtomicBoolean(true);
			this.strategy.set((statuses, previous) -> {
				if (failing.get()) {
					throw new AssertionError("thrown by the test");
				}
				return new RoundRobinStrategy().order(statuses, previous);
			});
			standby.newConnection();
			failing.set(false);
			Awaitility.await().atMost(ProxiedBrokers.PATIENCE).until(() -> this.two.openConnections() == 1);
		}
	}

	@Test
	void brokerForWhichAPreparerFailsIsPassedOver() throws Exception {
		this.factory.addPreparer((opened) -> {
			if (opened.broker().name().equals("one")) {
				throw new AssertionError("thrown by the test");
			}
		});
		this.factory.newConnection();
		assertThat(active()).isEqualTo("two");
		assertThat(status("one").lastFailure()).extracting(BrokerFailure::reason).isEqualTo(FailureReason.NOT_PREPARED);
		Awaitility.await().atMost(ProxiedBrokers.PATIENCE).until(() -> this.one.openConnections() == 0);
	}

	@Test
	void electionThatEndsInAnErrorIsFollowedByTheNext() throws Exception {
		AtomicBoolean failing = new AtomicBoolean(true);
		this.factory.getBrokerAccess().addListener((opened) -> {
			if (failing.get()) {
				throw new NoClassDefFoundError("thrown by the test");
			}
		});
		assertThatExceptionOfType(NoClassDefFoundError.class).isThrownBy(this.factory::newConnection);
		Awaitility.await().atMost(ProxiedBrokers.PATIENCE).until(() -> this.one.openConnections() == 0);
		failing.set(false);
		assertThat(connectSoon().isOpen()).isTrue();
	}

	/**
	 * A failed election holds for a moment.
	 */
	private Connection connectSoon() {
		return Awaitility.await()
			.atMost(ProxiedBrokers.PATIENCE)
			.ignoreExceptions()
			.until(this.factory::newConnection, Connection::isOpen);
	}

	@Test
	void noBrokerIsBlamedForWhatThisProcessLacks() throws Exception {
		this.onConnect.set(new OutOfMemoryError("unable to create native thread, says the test"));
		this.factory.newConnection();
		assertThat(active()).isEqualTo("two");
		assertThat(status("one").state()).isEqualTo(BrokerState.UNKNOWN);
	}

	@Test
	void activeBrokerStaysActiveWhenAFurtherConnectionEndsInAnErrorOfThisProcess() throws Exception {
		Connection first = this.factory.newConnection();
		this.onConnect.set(new OutOfMemoryError("unable to create native thread, says the test"));
		assertThatIOException().isThrownBy(this.factory::newConnection)
			.withMessageContaining("'one', which stays active")
			.withCauseInstanceOf(OutOfMemoryError.class);
		assertThat(first.isOpen()).isTrue();
		assertThat(this.factory.newConnection().isOpen()).isTrue();
		assertThat(active()).isEqualTo("one");
	}

	@Test
	void anyOtherErrorWhileConnectingIsAFailureOfTheBroker() throws Exception {
		this.factory.newConnection();
		this.onConnect.set(new NoClassDefFoundError("thrown by the test"));
		assertThat(this.factory.newConnection().isOpen()).isTrue();
		assertThat(active()).isEqualTo("two");
		assertThat(status("one").state()).isEqualTo(BrokerState.DOWN);
	}

	@Test
	void reconnectorGoesOnAfterAnError() throws Exception {
		AtomicBoolean failing = new AtomicBoolean(true);
		SpringReconnector reconnector = new SpringReconnector(this.brokers, this.factory, () -> {
			if (failing.getAndSet(false)) {
				throw new NoClassDefFoundError("thrown by the test");
			}
			open();
		});
		assertThatIOException().isThrownBy(() -> reconnector.reconnect(ProxiedBrokers.PATIENCE))
			.withCauseInstanceOf(NoClassDefFoundError.class);
		reconnector.reconnect(ProxiedBrokers.PATIENCE);
		assertThat(active()).isEqualTo("one");
		lose(this.one);
		failing.set(true);
		assertThat(reconnector.awaitActive(ProxiedBrokers.PATIENCE)).isTrue();
		assertThat(active()).isEqualTo("two");
	}

	private void open() {
		try {
			this.factory.newConnection();
		}
		catch (IOException | TimeoutException ex) {
			throw new IllegalStateException(ex);
		}
	}

	@Test
	void connectionIsLeftAlsoIfTheThreadForThatCannotBeStartedAtOnce() throws Exception {
		FailingThreads.in(this.factory, 2, "connections", "tasks");
		this.factory.newConnection();
		this.brokers.operations().activate("two");
		assertThat(this.factory.getBrokerAccess().settled()).succeedsWithin(ProxiedBrokers.PATIENCE);
		Awaitility.await().atMost(ProxiedBrokers.PATIENCE).until(() -> this.one.openConnections() == 0);
	}

	@Test
	void nobodyWaitsForConnectionsThatAreLeftAfterTheEnd() throws Exception {
		this.factory.newConnection();
		this.two.blackHole();
		this.brokers.operations().activate("two");
		CompletableFuture<?> settled = this.factory.getBrokerAccess().settled();
		assertThat(settled).isNotDone();
		this.factory.close();
		assertThat(settled).succeedsWithin(ProxiedBrokers.PATIENCE);
	}

	@Test
	void connectsAlsoIfAThreadForThatCannotBeStarted() throws Exception {
		FailingThreads.in(this.factory, 1, "brokerConnector", "executor");
		this.factory.newConnection();
		assertThat(active()).isEqualTo("two");
		assertThat(status("one").state()).isEqualTo(BrokerState.UNKNOWN);
	}

	@Test
	void standbyConnectionIsOpenedAlsoIfTheThreadForThatCannotBeStartedAtOnce() throws Exception {
		try (FailoverConnectionFactory standby = factory(true)) {
			standby.newConnection();
			FailingThreads.in(standby, 2, "brokerConnector", "executor");
			Awaitility.await().atMost(ProxiedBrokers.PATIENCE).until(() -> this.two.openConnections() == 1);
		}
	}

	@Test
	void reconnectorGoesOnAfterItsThreadCouldNotBeStarted() throws Exception {
		SpringReconnector reconnector = new SpringReconnector(this.brokers, this.factory, this::open);
		FailingThreads.in(reconnector, 1, "executor");
		assertThatIOException().isThrownBy(() -> reconnector.reconnect(ProxiedBrokers.PATIENCE))
			.withCauseInstanceOf(OutOfMemoryError.class);
		assertThat(reconnector.awaitActive(ProxiedBrokers.PATIENCE)).isTrue();
		assertThat(active()).isEqualTo("one");
	}

	@Test
	void everythingIsClosedAlsoIfATaskForThatFails() throws Exception {
		AtomicBoolean closed = new AtomicBoolean();
		this.factory.getBrokerAccess().onClose(() -> {
			throw new NoClassDefFoundError("thrown by the test");
		});
		this.factory.getBrokerAccess().onClose(() -> closed.set(true));
		this.factory.newConnection();
		this.factory.close();
		assertThat(closed).isTrue();
		Awaitility.await().atMost(ProxiedBrokers.PATIENCE).until(() -> this.one.openConnections() == 0);
	}

	private void lose(FaultProxy proxy) {
		Broker lost = this.brokers.getActive();
		proxy.refuse();
		proxy.cut();
		Awaitility.await().atMost(ProxiedBrokers.PATIENCE).until(() -> !lost.equals(this.brokers.getActive()));
	}

	/**
	 * Throws once what it is to throw.
	 */
	private final class Failing extends ConnectionFactory {

		@Override
		public Connection newConnection(ExecutorService executor, AddressResolver resolver, String name)
				throws IOException, TimeoutException {
			Error error = ErrorsWhileConnectingTests.this.onConnect.getAndSet(null);
			if (error != null) {
				throw error;
			}
			return super.newConnection(executor, resolver, name);
		}

	}

}
