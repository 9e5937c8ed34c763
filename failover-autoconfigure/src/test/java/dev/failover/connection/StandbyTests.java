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

import java.time.Duration;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Stream;

import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

import dev.failover.broker.Broker;
import dev.failover.broker.BrokerState;
import dev.failover.broker.RecoveryPolicy;
import dev.failover.test.FaultProxy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

/**
 * Tests for standby connections with embedded brokers behind proxies.
 */
class StandbyTests {

	private static final String PUBLISHER = "factory.publisher#1:0";

	private static final Duration WHILE = Duration.ofMillis(600);

	private ProxiedBrokers brokers = new ProxiedBrokers(ProxiedBrokers.STANDBY);

	@AfterEach
	void stop() {
		this.brokers.close();
	}

	private static ConditionFactory await() {
		return Awaitility.await().atMost(ProxiedBrokers.PATIENCE);
	}

	private static void awaitOpen(FaultProxy proxy, int connections) {
		await().until(() -> proxy.openConnections() == connections && proxy.connectingConnections() == 0);
	}

	/**
	 * Wait until standby connections can be taken.
	 */
	private void awaitStandby(String broker) {
		assertThat(this.brokers.factory.getBrokerAccess().standBy(broker(broker)))
			.succeedsWithin(ProxiedBrokers.PATIENCE);
	}

	private FaultProxy proxy(Broker broker) {
		return switch (broker.name()) {
			case "one" -> this.brokers.one;
			case "two" -> this.brokers.two;
			default -> this.brokers.three;
		};
	}

	private Broker broker(String name) {
		return this.brokers.status(name).broker();
	}

	private void loseActive(FaultProxy proxy) {
		Broker lost = this.brokers.brokers.getActive();
		proxy.refuse();
		proxy.cut();
		await().until(() -> !lost.equals(this.brokers.brokers.getActive()));
	}

	@Test
	void nothingIsOpenedBeforeTheApplicationConnects() {
		Awaitility.await()
			.during(WHILE)
			.atMost(ProxiedBrokers.PATIENCE)
			.until(() -> this.brokers.one.acceptedConnections() + this.brokers.two.acceptedConnections() == 0);
	}

	@Test
	void connectionToTheNextBrokerIsOpenedAndTakenWhenTheActiveOneIsLost() throws Exception {
		this.brokers.factory.newConnection("application");
		awaitOpen(this.brokers.two, 1);
		awaitStandby("two");
		loseActive(this.brokers.one);
		Connection next = this.brokers.factory.newConnection("application");
		assertThat(next.getClientProvidedName()).isEqualTo("failover-standby");
		assertThat(this.brokers.active()).isEqualTo("two");
		assertThat(this.brokers.two.acceptedConnections()).isEqualTo(1);
	}

	@Test
	void withoutStandbyTheConnectionIsOpenedWhenItIsNeeded() throws Exception {
		this.brokers.close();
		this.brokers = new ProxiedBrokers(ProxiedBrokers.PATIENT);
		this.brokers.factory.newConnection("application");
		Awaitility.await()
			.during(WHILE)
			.atMost(ProxiedBrokers.PATIENCE)
			.until(() -> this.brokers.two.acceptedConnections() == 0);
		loseActive(this.brokers.one);
		assertThat(this.brokers.factory.newConnection("application").getClientProvidedName()).isEqualTo("application");
	}

	@Test
	void eachKindOfConnectionThatIsInUseHasOne() throws Exception {
		this.brokers.factory.newConnection("consumers");
		this.brokers.factory.newConnection(PUBLISHER);
		awaitOpen(this.brokers.two, 2);
		awaitStandby("two");
		loseActive(this.brokers.one);
		Connection publisher = this.brokers.factory.newConnection(PUBLISHER);
		Connection consumers = this.brokers.factory.newConnection("consumers");
		assertThat(publisher.getClientProvidedName()).isEqualTo("failover-standby.publisher");
		assertThat(consumers.getClientProvidedName()).isEqualTo("failover-standby");
		assertThat(this.brokers.two.acceptedConnections()).isEqualTo(2);
		awaitOpen(this.brokers.three, 2);
	}

	@Test
	void publishersAreKnownByTheEndOfTheirNames() throws Exception {
		this.brokers.factory.newConnection("order.publisher-service#1");
		this.brokers.factory.newConnection("order.publisher-service#2.publisher");
		awaitOpen(this.brokers.two, 2);
	}

	@Test
	void publishersAreKnownByTheirPurposeWhateverTheirNames() throws Exception {
		this.brokers.factory.newConnection(null, ConnectionPurpose.ANY, "orders.publisher");
		this.brokers.factory.newConnection(null, ConnectionPurpose.PUBLISHING, "orders");
		awaitOpen(this.brokers.two, 2);
		awaitStandby("two");
		loseActive(this.brokers.one);
		Connection publisher = this.brokers.factory.newConnection(null, ConnectionPurpose.PUBLISHING, "orders");
		assertThat(publisher.getClientProvidedName()).isEqualTo("failover-standby.publisher");
	}

	@Test
	void connectionThatDiesIsReplacedByOneToAnotherBroker() throws Exception {
		this.brokers.factory.newConnection();
		awaitOpen(this.brokers.two, 1);
		awaitStandby("two");
		this.brokers.factory.getBrokerAccess().endStandBy();
		this.brokers.two.cut();
		awaitOpen(this.brokers.three, 1);
		assertThat(this.brokers.state("two")).isEqualTo(BrokerState.DOWN);
		assertThat(this.brokers.active()).isEqualTo("one");
	}

	@Test
	void brokerThatIsDownIsTriedOnceUntilItAnswersAgain() throws Exception {
		this.brokers.two.refuse();
		this.brokers.three.refuse();
		this.brokers.factory.newConnection();
		await().until(() -> this.brokers.state("three") == BrokerState.DOWN);
		Awaitility.await()
			.during(WHILE)
			.atMost(ProxiedBrokers.PATIENCE)
			.until(() -> this.brokers.brokers.getIncarnation(broker("two")) == 1
					&& this.brokers.brokers.getIncarnation(broker("three")) == 1);
		this.brokers.two.pass();
		for (int i = 0; i < 3; i++) {
			this.brokers.brokers.answered(broker("two"));
		}
		awaitOpen(this.brokers.two, 1);
	}

	@Test
	void connectionIsClosedWhenTheApplicationHasClosedItsOwn() throws Exception {
		Connection connection = this.brokers.factory.newConnection();
		awaitOpen(this.brokers.two, 1);
		connection.close();
		awaitOpen(this.brokers.two, 0);
		assertThat(this.brokers.state("two")).isEqualTo(BrokerState.UP);
	}

	@Test
	void changedWeightsOpenNoConnection() throws Exception {
		this.brokers.factory.newConnection("application");
		awaitOpen(this.brokers.two, 1);
		awaitStandby("two");
		for (int i = 1; i <= 10; i++) {
			this.brokers.brokers.operations().reweight("two", 0, 10 + i);
			this.brokers.brokers.operations().reweight("one", 0, 10 + i);
			awaitStandby("two");
		}
		Awaitility.await()
			.during(WHILE)
			.atMost(ProxiedBrokers.PATIENCE)
			.until(() -> this.brokers.one.acceptedConnections() == 1 && this.brokers.two.acceptedConnections() == 1);
		this.brokers.factory.getBrokerAccess().endStandBy();
		loseActive(this.brokers.one);
		assertThat(this.brokers.factory.newConnection("application").getClientProvidedName())
			.isEqualTo("failover-standby");
		assertThat(this.brokers.two.acceptedConnections()).isEqualTo(1);
	}

	@Test
	void connectionIsPrepared() throws Exception {
		List<String> prepared = new CopyOnWriteArrayList<>();
		this.brokers.factory.addPreparer((opened) -> prepared.add(opened.broker().name()));
		this.brokers.factory.newConnection();
		await().untilAsserted(() -> assertThat(prepared).containsExactly("one", "two"));
	}

	@Test
	void listenersAreToldWhenItIsTaken() throws Exception {
		List<String> inUse = new CopyOnWriteArrayList<>();
		this.brokers.factory.getBrokerAccess().addListener((opened) -> inUse.add(opened.broker().name()));
		this.brokers.factory.newConnection();
		awaitOpen(this.brokers.two, 1);
		awaitStandby("two");
		loseActive(this.brokers.one);
		assertThat(inUse).containsExactly("one");
		this.brokers.factory.newConnection();
		assertThat(inUse).containsExactly("one", "two");
	}

	@Test
	void channelInConfirmModeIsKeptReadyForThoseWhoWantOne() throws Exception {
		Connection first = this.brokers.factory.newConnection(PUBLISHER);
		assertThat(this.brokers.factory.openConfirmChannel(first).channel().getChannelNumber()).isEqualTo(1);
		Connection second = null;
		for (FaultProxy proxy : List.of(this.brokers.one, this.brokers.two)) {
			this.brokers.factory.getBrokerAccess().endStandBy();
			awaitStandby((proxy == this.brokers.one) ? "two" : "three");
			loseActive(proxy);
			second = this.brokers.factory.newConnection(PUBLISHER);
		}
		long sent = this.brokers.three.deliveredBytes();
		Channel channel = this.brokers.factory.openConfirmChannel(second).channel();
		assertThat(this.brokers.three.deliveredBytes()).as("nothing is asked").isEqualTo(sent);
		assertThat(channel.getNextPublishSeqNo()).isEqualTo(1);
		channel.basicPublish("", "nowhere", null, new byte[1]);
		assertThat(channel.waitForConfirms(20_000)).isTrue();
		assertThat(this.brokers.factory.openConfirmChannel(second).channel()).isNotSameAs(channel);
	}

	@Test
	void connectionsAreKeptToABrokerOnDemand() throws Exception {
		this.brokers.factory.newConnection();
		awaitOpen(this.brokers.two, 1);
		awaitStandby("three");
		awaitOpen(this.brokers.three, 1);
		awaitOpen(this.brokers.two, 0);
		this.brokers.factory.getBrokerAccess().endStandBy();
		awaitOpen(this.brokers.two, 1);
		awaitOpen(this.brokers.three, 0);
	}

	@Test
	void demandForABrokerThatCannotBeConnectedToFails() throws Exception {
		this.brokers.factory.newConnection();
		this.brokers.three.refuse();
		CompletableFuture<?> demand = this.brokers.factory.getBrokerAccess().standBy(broker("three"));
		assertThat(demand).failsWithin(ProxiedBrokers.PATIENCE)
			.withThrowableThat()
			.withMessageContaining("Broker 'three' cannot be connected to");
		awaitOpen(this.brokers.two, 1);
	}

	@Test
	void laterDemandTakesThePlaceOfTheOneBefore() throws Exception {
		this.brokers.factory.newConnection();
		this.brokers.three.blackHole();
		CompletableFuture<?> demand = this.brokers.factory.getBrokerAccess().standBy(broker("three"));
		awaitStandby("two");
		assertThatExceptionOfType(CancellationException.class).isThrownBy(demand::join);
	}

	@Test
	void nothingIsLeftOfThirtyFailovers() throws Exception {
		this.brokers.close();
		this.brokers = new ProxiedBrokers(ProxiedBrokers.STANDBY,
				new RecoveryPolicy(1, Duration.ZERO, Duration.ZERO, Duration.ZERO));
		int adopted = 0;
		for (int i = 0; i < 30; i++) {
			Connection publisher = this.brokers.factory.newConnection(PUBLISHER);
			Connection consumers = this.brokers.factory.newConnection("consumers");
			this.brokers.factory.openConfirmChannel(publisher);
			adopted += publisher.getClientProvidedName().equals("failover-standby.publisher") ? 1 : 0;
			Broker active = this.brokers.brokers.getActive();
			List<Broker> all = this.brokers.brokers.getAll();
			Broker next = all.get((all.indexOf(active) + 1) % all.size());
			awaitStandby(next.name());
			proxy(active).cut();
			await().until(() -> !publisher.isOpen() && !consumers.isOpen());
			this.brokers.brokers.answered(active);
		}
		Connection last = this.brokers.factory.newConnection(PUBLISHER);
		Connection lastOfConsumers = this.brokers.factory.newConnection("consumers");
		this.brokers.factory.getBrokerAccess().endStandBy();
		assertThat(adopted).isEqualTo(29);
		await().until(() -> openConnections() == 4);
		assertThat(last.createChannel().getChannelNumber()).isLessThanOrEqualTo(2);
		await().untilAsserted(() -> assertThat(liveThreads()).isLessThan(60));
		last.close();
		lastOfConsumers.close();
		await().until(() -> openConnections() == 0);
	}

	private int openConnections() {
		return Stream.of(this.brokers.one, this.brokers.two, this.brokers.three)
			.mapToInt(FaultProxy::openConnections)
			.sum();
	}

	private static long liveThreads() {
		return Thread.getAllStackTraces()
			.keySet()
			.stream()
			.filter((thread) -> thread.getName().startsWith("AMQP Connection")
					|| thread.getName().startsWith("failover-"))
			.count();
	}

}
