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

import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;

import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.ConnectionFactory;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import dev.failover.broker.Broker;
import dev.failover.broker.BrokerStatus;
import dev.failover.broker.Brokers;
import dev.failover.connection.ConnectSettings;
import dev.failover.connection.FailoverConnectionFactory;
import dev.failover.strategy.RoundRobinStrategy;
import dev.failover.test.EmbeddedBroker;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests for {@link QueueWatch} with two embedded brokers, on which queues are declared,
 * filled and consumed from past it.
 */
class QueueWatchTests {

	private static final Duration PATIENCE = Duration.ofSeconds(30);

	private static final Duration INTERVAL = Duration.ofMillis(100);

	private final EmbeddedBroker first = EmbeddedBroker.builder().start();

	private final EmbeddedBroker second = EmbeddedBroker.builder().start();

	private final Brokers brokers = new Brokers(List.of(broker("first", this.first), broker("second", this.second)),
			Clock.systemUTC());

	private final FailoverConnectionFactory factory = new FailoverConnectionFactory(this.brokers,
			new RoundRobinStrategy(), this::target, new ConnectSettings(PATIENCE, PATIENCE, false));

	private final Set<String> known = new TreeSet<>(Set.of("bills", "orders"));

	private final Map<String, Set<String>> own = new ConcurrentHashMap<>();

	private Connection onFirst;

	private Connection onSecond;

	@BeforeEach
	void connect() throws Exception {
		this.onFirst = target(this.brokers.getAll().get(0)).newConnection();
		this.onSecond = target(this.brokers.getAll().get(1)).newConnection();
	}

	@AfterEach
	void close() throws Exception {
		this.factory.close();
		this.onFirst.close();
		this.onSecond.close();
		this.first.close();
		this.second.close();
	}

	@Test
	void tellsOfABrokerOnWhichNothingIsConsumedUntilSomethingIs() throws Exception {
		fill(this.onFirst, "orders");
		watch(INTERVAL);
		awaitUnconsumed("first", "orders");
		assertThat(unconsumed("second")).isEmpty();
		consume(this.onFirst, "orders");
		awaitUnconsumed("first");
	}

	@Test
	void tellsOfAQueueThatIsConsumedFromElsewhere() throws Exception {
		consume(this.onFirst, "bills");
		consume(this.onFirst, "orders");
		consume(this.onSecond, "bills");
		fill(this.onSecond, "orders");
		watch(INTERVAL);
		awaitUnconsumed("second", "orders");
		assertThat(unconsumed("first")).isEmpty();
	}

	@Test
	void queueThatTheApplicationItselfConsumesElsewhereIsMissed() throws Exception {
		this.own.put("first", Set.of("orders"));
		consume(this.onSecond, "bills");
		fill(this.onSecond, "orders");
		watch(INTERVAL);
		awaitUnconsumed("second", "orders");
	}

	/**
	 * A dead-letter queue, for example.
	 */
	@Test
	void saysNothingOfAQueueThatNobodyConsumesAnywhereBesideOneThatIs() throws Exception {
		this.known.add("absent");
		consume(this.onFirst, "orders");
		fill(this.onFirst, "bills");
		fill(this.onSecond, "orders");
		watch(INTERVAL);
		awaitUnconsumed("second", "orders");
		assertThat(unconsumed("first")).isEmpty();
	}

	@Test
	void looksAgainAfterAnError() throws Exception {
		AtomicInteger looks = new AtomicInteger();
		fill(this.onFirst, "orders");
		new QueueWatch(this.brokers, this.factory.getBrokerAccess(), () -> {
			if (looks.incrementAndGet() == 1) {
				throw new NoClassDefFoundError("thrown by the test");
			}
			return this.known;
		}, (broker) -> Set.of(), INTERVAL);
		this.factory.newConnection();
		this.factory.checkAll();
		awaitUnconsumed("first", "orders");
	}

	@Test
	void looksAtNothingWithoutAnInterval() throws Exception {
		fill(this.onFirst, "orders");
		watch(Duration.ZERO);
		Awaitility.await().during(Duration.ofSeconds(1)).atMost(PATIENCE).until(() -> unconsumed("first").isEmpty());
	}

	private void watch(Duration interval) throws Exception {
		new QueueWatch(this.brokers, this.factory.getBrokerAccess(), () -> this.known,
				(broker) -> this.own.getOrDefault(broker.name(), Set.of()), interval);
		this.factory.newConnection();
		this.factory.checkAll();
	}

	private void awaitUnconsumed(String broker, String... queues) {
		Awaitility.await()
			.atMost(PATIENCE)
			.untilAsserted(() -> assertThat(unconsumed(broker)).containsExactlyInAnyOrder(queues));
	}

	private Set<String> unconsumed(String broker) {
		return this.brokers.getStatus(broker).map(BrokerStatus::unconsumedQueues).orElseThrow();
	}

	private static void fill(Connection connection, String queue) throws Exception {
		try (Channel channel = connection.createChannel()) {
			channel.confirmSelect();
			channel.queueDeclare(queue, false, false, false, Map.of());
			channel.basicPublish("", queue, null, new byte[0]);
			channel.waitForConfirmsOrDie(PATIENCE.toMillis());
		}
	}

	private static void consume(Connection connection, String queue) throws Exception {
		Channel channel = connection.createChannel();
		channel.queueDeclare(queue, false, false, false, Map.of());
		channel.basicConsume(queue, true, (tag, message) -> {
		}, (tag) -> {
		});
	}

	private ConnectionFactory target(Broker broker) {
		EmbeddedBroker embedded = broker.name().equals("first") ? this.first : this.second;
		ConnectionFactory target = new ConnectionFactory();
		target.setHost(embedded.host());
		target.setPort(embedded.port());
		target.setUsername(embedded.username());
		target.setPassword(embedded.password());
		target.setVirtualHost(embedded.virtualHost());
		target.setAutomaticRecoveryEnabled(false);
		return target;
	}

	private static Broker broker(String name, EmbeddedBroker embedded) {
		return Broker.of(name, embedded.host(), embedded.port()).withVirtualHost(embedded.virtualHost());
	}

}
