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
import java.net.SocketException;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;

import com.rabbitmq.client.AddressResolver;
import com.rabbitmq.client.AuthenticationFailureException;
import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.ConnectionFactory;
import com.rabbitmq.client.MetricsCollector;
import com.rabbitmq.client.NoOpMetricsCollector;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import dev.failover.broker.Activation;
import dev.failover.broker.Broker;
import dev.failover.broker.BrokerCredentials;
import dev.failover.broker.BrokerFailure;
import dev.failover.broker.BrokerState;
import dev.failover.broker.BrokerStatus;
import dev.failover.broker.Brokers;
import dev.failover.broker.BrokersUnavailableException;
import dev.failover.broker.FailureReason;
import dev.failover.strategy.RoundRobinStrategy;
import dev.failover.test.EmbeddedBroker;
import dev.failover.test.FaultProxy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIOException;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

/**
 * Tests for {@link FailoverConnectionFactory} with embedded brokers behind proxies.
 */
class FailoverConnectionFactoryTests {

	private static final Duration PATIENCE = Duration.ofSeconds(20);

	/**
	 * So patient that a busy machine does not start a race where there should be none.
	 */
	private static final ConnectSettings PATIENT = new ConnectSettings(PATIENCE, PATIENCE, false);

	private final Map<String, ConnectionFactory> factories = new LinkedHashMap<>();

	private final List<Broker> all = new ArrayList<>();

	private EmbeddedBroker embedded;

	private FaultProxy one;

	private FaultProxy two;

	private Brokers brokers;

	private FailoverConnectionFactory factory;

	@BeforeEach
	void start() {
		this.embedded = EmbeddedBroker.builder().start();
		this.one = FaultProxy.to(this.embedded);
		this.two = FaultProxy.to(this.embedded);
		add("one", this.one.port(), this.embedded.password());
		add("two", this.two.port(), this.embedded.password());
		create(PATIENT);
	}

	@AfterEach
	void stop() throws Exception {
		this.factory.close();
		this.one.close();
		this.two.close();
		this.embedded.close();
	}

	private void add(String name, int port, String password) {
		add(name, port, password, new ConnectionFactory());
	}

	private void add(String name, int port, String password, ConnectionFactory target) {
		this.all.add(Broker.of(name, "127.0.0.1", port).withVirtualHost(this.embedded.virtualHost()));
		target.setUsername(this.embedded.username());
		target.setPassword(password);
		target.setVirtualHost(this.embedded.virtualHost());
		target.setAutomaticRecoveryEnabled(false);
		this.factories.put(name, target);
	}

	private void create(ConnectSettings settings) {
		this.brokers = new Brokers(this.all, Clock.systemUTC());
		this.factory = new FailoverConnectionFactory(this.brokers, new RoundRobinStrategy(),
				(broker) -> this.factories.get(broker.name()), settings);
	}

	private void recreate(ConnectSettings settings) {
		this.factory.close();
		create(settings);
	}

	/**
	 * As a node does that is put into maintenance.
	 */
	@Test
	void brokerThatRefusesFurtherConnectionsMaySayWhyOnThoseThatAreOpen() throws Exception {
		this.factory.newConnection();
		this.one.refuse();
		firstSaysWhyOnThoseThatAreOpen();
	}

	/**
	 * As a node does that is killed while a connection to it is opened.
	 */
	@Test
	void brokerThatResetsFurtherConnectionsMaySayWhyOnThoseThatAreOpen() throws Exception {
		AtomicBoolean resets = new AtomicBoolean();
		this.all.clear();
		add("one", this.one.port(), this.embedded.password(), new ConnectionFactory() {

			@Override
			public Connection newConnection(ExecutorService executor, AddressResolver addressResolver, String name)
					throws IOException, TimeoutException {
				if (resets.get()) {
					throw new SocketException("Connection reset");
				}
				return super.newConnection(executor, addressResolver, name);
			}

		});
		add("two", this.two.port(), this.embedded.password());
		recreate(PATIENT);
		this.factory.newConnection();
		resets.set(true);
		firstSaysWhyOnThoseThatAreOpen();
	}

	private void firstSaysWhyOnThoseThatAreOpen() throws Exception {
		Broker first = this.brokers.getActive();
		assertThat(first).isEqualTo(this.all.get(0));
		CompletableFuture<Connection> further = CompletableFuture.supplyAsync(() -> {
			try {
				return this.factory.newConnection();
			}
			catch (IOException | TimeoutException ex) {
				throw new IllegalStateException(ex);
			}
		});
		Awaitility.await().during(Duration.ofMillis(300)).until(() -> first.equals(this.brokers.getActive()));
		this.one.cut();
		further.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
		assertThat(this.brokers.getActive()).isEqualTo(this.all.get(1));
		assertThat(this.brokers.getStatuses().get(0).lastFailure().reason()).isEqualTo(FailureReason.CONNECTION_LOST);
	}

	@Test
	@DisplayName("Behaviour 6: construction does no I/O")
	void constructionDoesNoInputOutput() {
		assertThat(this.one.acceptedConnections() + this.two.acceptedConnections()).isZero();
		assertThat(this.factory.getHost()).isEqualTo("127.0.0.1");
		assertThat(this.factory.getPort()).isEqualTo(this.one.port());
	}

	@Test
	void firstBrokerOfTheStrategyIsTriedFirstAndStaysActive() throws Exception {
		try (Connection first = this.factory.newConnection(); Connection second = this.factory.newConnection("named")) {
			assertThat(this.brokers.getActive().name()).isEqualTo("one");
			assertThat(first.getPort()).isEqualTo(this.one.port());
			assertThat(second.getPort()).isEqualTo(this.one.port());
			assertThat(second.getClientProvidedName()).isEqualTo("named");
			assertThat(this.factory.openConfirmChannel(first).writeBatch()).isNotNull()
				.isNotEqualTo(this.factory.openConfirmChannel(second).writeBatch());
			assertThat(this.two.acceptedConnections()).isZero();
		}
	}

	@Test
	void refusedBrokerIsPassedOver() throws Exception {
		this.one.refuse();
		try (Connection connection = this.factory.newConnection()) {
			assertThat(connection.getPort()).isEqualTo(this.two.port());
			assertThat(this.brokers.getStatus("one")).map(BrokerStatus::lastFailure)
				.map(BrokerFailure::reason)
				.contains(FailureReason.UNREACHABLE);
		}
	}

	@Test
	@SuppressWarnings("deprecation")
	void brokerThatIsSetToNioIsPassedOverAndNoConnectionToItLeft() throws Exception {
		this.factories.get("one").useNio();
		try (Connection connection = this.factory.newConnection()) {
			assertThat(connection.getPort()).isEqualTo(this.two.port());
			assertThat(this.brokers.getStatus("one").orElseThrow().lastFailure().description())
				.contains("NIO and Netty are not supported");
			Awaitility.await().atMost(PATIENCE).until(() -> this.one.openConnections() == 0);
		}
	}

	@Test
	void connectionThatIsOpenTooLateToTellOfTheBrokerIsNoFailureOfIt() throws Exception {
		CountDownLatch over = new CountDownLatch(1);
		AtomicReference<Connection> late = new AtomicReference<>();
		add("late", this.one.port(), this.embedded.password(), new ConnectionFactory() {

			@Override
			public Connection newConnection(ExecutorService executor, AddressResolver addressResolver, String name)
					throws IOException, TimeoutException {
				Connection opened = super.newConnection(executor, addressResolver, name);
				Awaitility.await().atMost(PATIENCE).until(() -> over.getCount() == 0);
				late.set(opened);
				return opened;
			}

		});
		recreate(PATIENT);
		Broker broker = this.all.get(2);
		assertThat(this.factory.getBrokerAccess().knock(broker, Duration.ofSeconds(1))).failsWithin(PATIENCE);
		over.countDown();
		Awaitility.await().atMost(PATIENCE).until(() -> late.get() != null && !late.get().isOpen());
		Awaitility.await()
			.during(Duration.ofMillis(300))
			.until(() -> this.brokers.getStatus("late").orElseThrow().lastFailure() == null);
	}

	@Test
	void unresolvableBrokerIsPassedOver() throws Exception {
		Broker nowhere = Broker.of("nowhere", "no-such-host.invalid", 5672);
		this.all.add(0, nowhere);
		this.factories.put("nowhere", new ConnectionFactory());
		recreate(PATIENT);
		try (Connection connection = this.factory.newConnection()) {
			assertThat(connection.isOpen()).isTrue();
			assertThat(this.brokers.getActive()).isNotEqualTo(nowhere);
		}
	}

	@Test
	void brokerThatSaysNothingIsOvertakenByTheNextOne() throws Exception {
		recreate(new ConnectSettings(Duration.ofSeconds(60), Duration.ofMillis(50), false));
		this.one.blackHole();
		try (Connection connection = this.factory.newConnection()) {
			assertThat(connection.getPort()).isEqualTo(this.two.port());
		}
	}

	@Test
	void overtakenAttemptClosesItsConnectionAndReportsTheBroker() throws Exception {
		recreate(new ConnectSettings(Duration.ofSeconds(60), Duration.ofMillis(50), false));
		this.one.blackHole();
		try (Connection connection = this.factory.newConnection()) {
			assertThat(connection.getPort()).isEqualTo(this.two.port());
			this.one.pass();
			Awaitility.await()
				.atMost(PATIENCE)
				.untilAsserted(() -> assertThat(this.brokers.getStatus("one")).map(BrokerStatus::state)
					.contains(BrokerState.UP));
			Awaitility.await().atMost(PATIENCE).until(() -> this.one.openConnections() == 0);
			assertThat(this.brokers.getActive().name()).isEqualTo("two");
		}
	}

	@Test
	@DisplayName("Behaviour 13: the connect time-out is that of one broker, and leaves the others theirs")
	void withoutRaceDelayTheNextBrokerIsTriedWhenTheTimeoutIsOver() throws Exception {
		recreate(new ConnectSettings(Duration.ofSeconds(2), Duration.ZERO, false));
		this.one.blackHole();
		try (Connection connection = this.factory.newConnection()) {
			assertThat(connection.getPort()).isEqualTo(this.two.port());
			assertThat(this.brokers.getStatus("one")).map(BrokerStatus::lastFailure)
				.map(BrokerFailure::reason)
				.contains(FailureReason.TIMEOUT);
		}
	}

	@Test
	void lostActiveBrokerIsTriedLast() throws Exception {
		Connection first = this.factory.newConnection();
		this.one.cut();
		Awaitility.await().atMost(PATIENCE).until(() -> this.brokers.getActive() == null);
		try (Connection second = this.factory.newConnection()) {
			assertThat(second.getPort()).isEqualTo(this.two.port());
			assertThat(first.isOpen()).isFalse();
			assertThat(this.one.acceptedConnections()).isEqualTo(1);
		}
	}

	@Test
	void failureOfTheActiveBrokerClosesAllItsSockets() throws Exception {
		Connection first = this.factory.newConnection();
		Connection second = this.factory.newConnection();
		this.one.blackHole();
		this.brokers.failed(this.brokers.getActivation(), FailureReason.TIMEOUT, null);
		Awaitility.await().atMost(PATIENCE).until(() -> !first.isOpen() && !second.isOpen());
	}

	@Test
	void callerThatConnectsToABrokerThatFailsMeanwhileGetsTheNextOne() throws Exception {
		recreate(new ConnectSettings(Duration.ofSeconds(60), Duration.ofSeconds(60), false));
		this.factory.newConnection();
		Activation active = this.brokers.getActivation();
		this.one.blackHole();
		ExecutorService executor = Executors.newSingleThreadExecutor();
		Future<Connection> connecting = executor.submit(() -> this.factory.newConnection());
		Awaitility.await().atMost(PATIENCE).until(() -> this.one.acceptedConnections() == 2);
		this.brokers.failed(active, FailureReason.TIMEOUT, null);
		assertThat(connecting.get(20, TimeUnit.SECONDS).getPort()).isEqualTo(this.two.port());
		executor.shutdown();
	}

	@Test
	void exceptionListsTheLastErrorOfEachBroker() {
		this.one.refuse();
		this.two.refuse();
		assertThatExceptionOfType(BrokersUnavailableException.class).isThrownBy(() -> this.factory.newConnection())
			.withMessageContaining("None of the 2 brokers")
			.withMessageContaining("one: ConnectException: Connection refused")
			.withMessageContaining("two: ConnectException: Connection refused")
			.satisfies((ex) -> assertThat(ex.getFailures()).hasSize(2));
	}

	@Test
	void wrongPasswordOnOneBrokerIsNoAuthenticationFailureOfAll() throws Exception {
		this.factories.get("one").setPassword("wrong");
		try (Connection connection = this.factory.newConnection()) {
			assertThat(connection.getPort()).isEqualTo(this.two.port());
			assertThat(this.brokers.getStatus("one")).map(BrokerStatus::lastFailure)
				.map(BrokerFailure::reason)
				.contains(FailureReason.ACCESS_REFUSED);
		}
		this.two.refuse();
		Awaitility.await().atMost(PATIENCE).until(() -> {
			this.two.cut();
			return this.two.openConnections() == 0;
		});
		assertThatExceptionOfType(IOException.class).isThrownBy(() -> this.factory.newConnection())
			.isNotInstanceOf(AuthenticationFailureException.class);
	}

	@Test
	void loginRefusedByEveryBrokerIsAnAuthenticationFailure() {
		this.factories.values().forEach((target) -> target.setPassword("wrong-secret"));
		assertThatExceptionOfType(AuthenticationFailureException.class).isThrownBy(() -> this.factory.newConnection())
			.withMessageContaining("one: ")
			.withMessageContaining("two: ")
			.withMessageNotContaining("wrong-secret");
	}

	@Test
	void callersAtTheSameTimeShareOneSearch() throws Exception {
		int callers = 20;
		this.one.refuse();
		ExecutorService executor = Executors.newFixedThreadPool(callers);
		CountDownLatch start = new CountDownLatch(1);
		List<Future<Connection>> connections = new ArrayList<>();
		for (int i = 0; i < callers; i++) {
			connections.add(executor.submit(() -> {
				start.await();
				return this.factory.newConnection();
			}));
		}
		start.countDown();
		for (Future<Connection> connection : connections) {
			assertThat(connection.get(20, TimeUnit.SECONDS).getPort()).isEqualTo(this.two.port());
		}
		executor.shutdown();
		assertThat(this.brokers.getIncarnation(this.all.get(0))).isEqualTo(1);
	}

	@Test
	void settingsReachTheFactoriesOfAllBrokers() {
		MetricsCollector collector = new NoOpMetricsCollector();
		this.factory.setMetricsCollector(collector);
		this.factory.setRequestedHeartbeat(7);
		this.factory.setClientProperties(Map.of("app", "orders"));
		assertThat(this.factories.values()).allSatisfy((target) -> {
			assertThat(target.getMetricsCollector()).isSameAs(collector);
			assertThat(target.getRequestedHeartbeat()).isEqualTo(7);
			assertThat(target.getClientProperties()).containsEntry("app", "orders");
			assertThat(target.isAutomaticRecoveryEnabled()).isFalse();
		});
	}

	@Test
	void eachBrokerHasACollectorOfItsOwnUntilThereIsOneForAll() throws Exception {
		add("three", this.one.port(), this.embedded.password());
		this.all.remove(2);
		List<String> removed = new ArrayList<>();
		Map<String, MetricsCollector> collectors = new LinkedHashMap<>();
		this.factory.setMetricsCollectors(new BrokerMetricsCollectors() {

			@Override
			public MetricsCollector get(String broker) {
				return collectors.compute(broker, (name, before) -> new NoOpMetricsCollector());
			}

			@Override
			public void remove(String broker) {
				removed.add(broker);
			}

		});
		assertThat(collectors).containsOnlyKeys("one", "two");
		this.brokers.operations()
			.add(Broker.of("three", "127.0.0.1", this.one.port()).withVirtualHost(this.embedded.virtualHost()),
					BrokerCredentials.of(this.embedded.username(), this.embedded.password()));
		this.factory.checkAll();
		assertThat(collectors).containsOnlyKeys("one", "two", "three");
		collectors.forEach((broker, collector) -> assertThat(this.factories.get(broker).getMetricsCollector())
			.isSameAs(collector));
		this.brokers.operations().remove("three");
		assertThat(removed).containsExactly("three");
		MetricsCollector forAll = new NoOpMetricsCollector();
		this.factory.setMetricsCollector(forAll);
		collectors.clear();
		this.brokers.operations()
			.add(Broker.of("three", "127.0.0.1", this.one.port()).withVirtualHost(this.embedded.virtualHost()),
					BrokerCredentials.of(this.embedded.username(), this.embedded.password()));
		this.factory.checkAll();
		assertThat(collectors).isEmpty();
		assertThat(this.factory.getMetricsCollector()).isSameAs(forAll);
		assertThat(this.factories.values()).extracting(ConnectionFactory::getMetricsCollector).containsOnly(forAll);
	}

	@ParameterizedTest
	@ValueSource(strings = { "host", "username", "password", "virtualHost", "uri" })
	void settingsOfOneBrokerAreRefused(String setting) {
		assertThatIllegalStateException().isThrownBy(() -> {
			switch (setting) {
				case "host" -> this.factory.setHost("x");
				case "username" -> this.factory.setUsername("x");
				case "password" -> this.factory.setPassword("x");
				case "virtualHost" -> this.factory.setVirtualHost("x");
				default -> this.factory.setUri("amqp://x");
			}
		}).withMessageContaining("'" + setting + "'").withMessageContaining("failover.brokers");
	}

	@Test
	void automaticRecoveryIsRefused() {
		assertThatIllegalStateException().isThrownBy(() -> this.factory.setAutomaticRecoveryEnabled(true));
		assertThat(this.factory.isAutomaticRecoveryEnabled()).isFalse();
	}

	@Test
	void everyBrokerNeedsAFactory() {
		assertThatIllegalArgumentException()
			.isThrownBy(() -> new FailoverConnectionFactory(this.brokers, new RoundRobinStrategy(), (broker) -> null,
					ConnectSettings.DEFAULTS))
			.withMessageContaining("'one'");
	}

	@Test
	void interruptedCallerIsReleasedAtOnce() throws Exception {
		recreate(new ConnectSettings(Duration.ofSeconds(60), Duration.ZERO, false));
		this.one.blackHole();
		CountDownLatch released = new CountDownLatch(1);
		Thread caller = new Thread(() -> {
			try {
				this.factory.newConnection();
			}
			catch (Exception ex) {
				if (Thread.currentThread().isInterrupted()) {
					released.countDown();
				}
			}
		});
		caller.start();
		Awaitility.await().atMost(PATIENCE).until(() -> this.one.acceptedConnections() > 0);
		caller.interrupt();
		assertThat(released.await(20, TimeUnit.SECONDS)).isTrue();
	}

	@Test
	void closeReleasesWhoeverConnectsAndClosesWhatIsOpen() throws Exception {
		recreate(new ConnectSettings(Duration.ofSeconds(60), Duration.ZERO, false));
		Connection open = this.factory.newConnection();
		this.one.blackHole();
		ExecutorService executor = Executors.newSingleThreadExecutor();
		Future<Connection> connecting = executor.submit(() -> this.factory.newConnection());
		Awaitility.await().atMost(PATIENCE).until(() -> this.one.acceptedConnections() > 1);
		this.factory.close();
		assertThat(connecting).failsWithin(PATIENCE);
		executor.shutdown();
		Awaitility.await().atMost(PATIENCE).until(() -> !open.isOpen());
	}

	@Test
	void closeIsNoFailureOfABroker() throws Exception {
		CountDownLatch ended = new CountDownLatch(1);
		this.factory.newConnection().addShutdownListener((signal) -> ended.countDown());
		this.factory.close();
		assertThat(ended.await(PATIENCE.toSeconds(), TimeUnit.SECONDS)).isTrue();
		assertThat(this.brokers.getStatuses()).extracting(BrokerStatus::lastFailure).containsOnlyNulls();
	}

	@Test
	void messageThatIsTooLargeForTheClientIsNoFailureOfABroker() throws Exception {
		this.factories.values().forEach((target) -> target.setMaxInboundMessageBodySize(10_000));
		CountDownLatch ended = new CountDownLatch(1);
		Connection connection = this.factory.newConnection();
		connection.addShutdownListener((signal) -> ended.countDown());
		Channel channel = connection.createChannel();
		String queue = channel.queueDeclare().getQueue();
		channel.basicPublish("", queue, null, new byte[10_001]);
		assertThatIOException().isThrownBy(() -> channel.basicGet(queue, true));
		assertThat(ended.await(PATIENCE.toSeconds(), TimeUnit.SECONDS)).isTrue();
		assertThat(this.brokers.getStatuses()).extracting(BrokerStatus::lastFailure).containsOnlyNulls();
		assertThat(this.brokers.getActive()).isEqualTo(this.all.get(0));
	}

}
