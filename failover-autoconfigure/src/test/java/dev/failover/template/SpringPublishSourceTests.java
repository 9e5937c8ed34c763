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

package dev.failover.template;

import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;

import com.rabbitmq.client.ConnectionFactory;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.amqp.rabbit.connection.CachingConnectionFactory;

import dev.failover.broker.Activation;
import dev.failover.broker.Broker;
import dev.failover.broker.Brokers;
import dev.failover.broker.FailureReason;
import dev.failover.connection.ConnectSettings;
import dev.failover.connection.FailoverConnectionFactory;
import dev.failover.connection.SpringReconnector;
import dev.failover.strategy.RoundRobinStrategy;
import dev.failover.test.EmbeddedBroker;
import dev.failover.test.FaultProxy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIOException;

/**
 * Tests for {@link SpringPublishSource}.
 */
class SpringPublishSourceTests {

	private static final Duration PATIENCE = Duration.ofSeconds(60);

	private final ExecutorService executor = Executors.newSingleThreadExecutor();

	private EmbeddedBroker embedded;

	private FaultProxy one;

	private FaultProxy two;

	private Brokers brokers;

	private FailoverConnectionFactory failover;

	private CachingConnectionFactory caching;

	private SpringPublishSource source;

	@BeforeEach
	void start() {
		this.embedded = EmbeddedBroker.builder().start();
		this.one = FaultProxy.to(this.embedded);
		this.two = FaultProxy.to(this.embedded);
		this.brokers = new Brokers(List.of(broker("one", this.one), broker("two", this.two)), Clock.systemUTC());
		this.failover = new FailoverConnectionFactory(this.brokers, new RoundRobinStrategy(), this::factory,
				new ConnectSettings(PATIENCE, PATIENCE, false));
		this.caching = new CachingConnectionFactory(this.failover);
		this.source = new SpringPublishSource(this.caching, this.brokers,
				new SpringReconnector(this.brokers, this.failover, () -> this.caching.createConnection().close()));
	}

	@AfterEach
	void stop() throws Exception {
		this.executor.shutdownNow();
		this.caching.destroy();
		this.failover.close();
		this.one.close();
		this.two.close();
		this.embedded.close();
	}

	private Broker broker(String name, FaultProxy proxy) {
		return Broker.of(name, "127.0.0.1", proxy.port()).withVirtualHost(this.embedded.virtualHost());
	}

	private ConnectionFactory factory(Broker broker) {
		ConnectionFactory target = new ConnectionFactory();
		target.setUsername(this.embedded.username());
		target.setPassword(this.embedded.password());
		target.setVirtualHost(broker.virtualHost());
		target.setAutomaticRecoveryEnabled(false);
		return target;
	}

	/**
	 * Or else a broker that does not confirm is never given up: the report would be about
	 * the one before, and be ignored as late.
	 */
	@Test
	void channelBelongsToTheBrokerOfItsConnectionAlsoAfterASwitchWhileItIsOpened() throws Exception {
		this.failover.newConnection();
		Activation before = this.brokers.getActivation();
		this.one.blackHole();
		Future<PublishSource.Opened> opening = this.executor.submit(this.source::open);
		Awaitility.await().atMost(PATIENCE).until(() -> this.one.acceptedConnections() == 2);
		this.brokers.failed(before, FailureReason.TIMEOUT, null);
		PublishSource.Opened opened = opening.get(60, TimeUnit.SECONDS);
		assertThat(opened.channel().getConnection().getPort()).isEqualTo(this.two.port());
		assertThat(opened.activation()).isEqualTo(this.brokers.getActivation()).isNotEqualTo(before);
		this.source.failed(opened.activation(), new IllegalStateException("no confirm"));
		assertThat(this.brokers.getActivation()).isNull();
		Awaitility.await().atMost(PATIENCE).until(() -> !opened.channel().isOpen());
	}

	@Test
	void channelOfALostConnectionBelongsToNoBroker() throws Exception {
		PublishSource.Opened opened = this.source.open();
		assertThat(opened.activation()).isEqualTo(this.brokers.getActivation());
		this.one.cut();
		Awaitility.await().atMost(PATIENCE).until(() -> !opened.channel().isOpen());
	}

	@Test
	void channelsAreOpenedOnTheConnectionApartUntilItIsClosed() throws Exception {
		PublishSource.Opened first = this.source.open();
		PublishSource.Opened apart = this.source.openApart();
		assertThat(apart.activation()).isEqualTo(first.activation()).isNotNull();
		assertThat(this.one.acceptedConnections()).isEqualTo(2);
		assertThat(this.source.open().channel().getConnection()).isSameAs(apart.channel().getConnection());
		apart.channel().getConnection().close();
		assertThat(this.source.open().channel().getConnection()).isSameAs(first.channel().getConnection());
	}

	@Test
	void formerConnectionApartIsClosedWhenNothingRunsOnIt() throws Exception {
		this.source.open();
		PublishSource.Opened former = this.source.openApart();
		PublishSource.Opened apart = this.source.openApart();
		Awaitility.await()
			.during(Duration.ofMillis(700))
			.atMost(PATIENCE)
			.until(() -> former.channel().getConnection().isOpen());
		former.channel().close();
		Awaitility.await().atMost(PATIENCE).until(() -> !former.channel().getConnection().isOpen());
		assertThat(apart.channel().isOpen()).isTrue();
	}

	@Test
	void brokerThatOpensNoConnectionApartIsNotGivenUpForThat() throws Exception {
		Activation active = this.source.open().activation();
		this.one.refuse();
		assertThatIOException().isThrownBy(this.source::openApart);
		assertThat(this.brokers.getActivation()).isEqualTo(active);
	}

}
