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

package dev.failover.integration;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;

import org.awaitility.Awaitility;
import org.awaitility.core.ConditionFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.amqp.rabbit.annotation.RabbitListener;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Configuration;

import dev.failover.broker.Broker;
import dev.failover.broker.Brokers;
import dev.failover.connection.FailoverConnectionFactory;
import dev.failover.template.FailoverTemplate;
import dev.failover.test.FaultProxy;
import dev.failover.test.RabbitNode;
import dev.failover.test.junit.BrokerTest;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * How many round trips it takes from the loss of the active broker to the next confirm,
 * and to the next message. Brokers are so far away that a round trip costs much more than
 * all the rest.
 */
@BrokerTest
class StandbyRoundTripIntegrationTests {

	private static final String QUEUE = "orders";

	private static final Duration ONE_WAY = Duration.ofMillis(100);

	private static final long ROUND_TRIP = 2 * ONE_WAY.toMillis();

	private static final Duration PATIENCE = Duration.ofSeconds(30);

	/**
	 * A machine that is busy can make a run slower, but not faster.
	 */
	private static final int RUNS = 5;

	@North
	private RabbitNode near;

	@South
	private RabbitNode far;

	private FaultProxy toNear;

	private FaultProxy toFar;

	@BeforeEach
	void moveAway() {
		new QueueOnBroker(this.near, QUEUE).declare();
		new QueueOnBroker(this.far, QUEUE).declare();
		this.toNear = FaultProxy.to(this.near);
		this.toFar = FaultProxy.to(this.far);
	}

	@AfterEach
	void closeProxies() {
		this.toNear.close();
		this.toFar.close();
	}

	@Test
	void withStandbyItIsOneToPublishAndToConfirm() {
		long best = Long.MAX_VALUE;
		for (int run = 0; run < RUNS && best >= 3 * ROUND_TRIP; run++) {
			best = Math.min(best, millisToNextConfirm(true));
		}
		assertThat(best).isBetween(ROUND_TRIP, 3 * ROUND_TRIP - 1);
	}

	@Test
	void withoutStandbyItIsMoreThanFour() {
		assertThat(millisToNextConfirm(false)).isGreaterThan(4 * ROUND_TRIP);
	}

	@Test
	void withStandbyItIsOneToConsume() {
		long best = Long.MAX_VALUE;
		for (int run = 0; run < RUNS && best >= 2 * ROUND_TRIP; run++) {
			best = Math.min(best, millisToNextMessage(true));
		}
		assertThat(best).isBetween(ROUND_TRIP, 2 * ROUND_TRIP - 1);
	}

	@Test
	void withoutStandbyConsumersNeedMoreThanFour() {
		assertThat(millisToNextMessage(false)).isGreaterThan(4 * ROUND_TRIP);
	}

	private long millisToNextMessage(boolean standby) {
		List.of(this.near, this.far).forEach((node) -> {
			node.administration().closeConnections();
			QueueOnBroker.delete(QUEUE, node);
			new QueueOnBroker(node, QUEUE).declare();
		});
		try (ConfigurableApplicationContext context = run(Consuming.class, standby, "failover.listener.brokers=active",
				"spring.rabbitmq.listener.simple.prefetch=10")) {
			Broker active = active(context);
			RabbitNode next = (active.port() == this.toNear.port()) ? this.far : this.near;
			RabbitNode left = (next == this.far) ? this.near : this.far;
			await().until(() -> new QueueOnBroker(left, QUEUE).consumers() == 1);
			if (standby) {
				// it is opened, and gets its prefetch count
				await().during(Duration.ofMillis(2 * ROUND_TRIP))
					.until(() -> next.administration().channelCount() == 1);
			}
			new QueueOnBroker(next, QUEUE).publish("after");
			long start = System.nanoTime();
			lose(active);
			await().pollInterval(Duration.ofMillis(2)).until(() -> context.getBean(Consuming.class).at != 0);
			return TimeUnit.NANOSECONDS.toMillis(context.getBean(Consuming.class).at - start);
		}
	}

	private long millisToNextConfirm(boolean standby) {
		try (ConfigurableApplicationContext context = run(Publishing.class, standby)) {
			FailoverTemplate template = context.getBean(FailoverTemplate.class);
			Brokers brokers = context.getBean(Brokers.class);
			template.convertAndSend(QUEUE, "before");
			Broker active = active(context);
			if (standby) {
				Broker next = brokers.getAll()
					.stream()
					.filter((broker) -> !broker.equals(active))
					.findFirst()
					.orElseThrow();
				FailoverConnectionFactory factory = context.getBean(FailoverConnectionFactory.class);
				assertThat(factory.getBrokerAccess().standBy(next)).succeedsWithin(PATIENCE);
			}
			long start = System.nanoTime();
			lose(active);
			template.convertAndSend(QUEUE, "after");
			long millis = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - start);
			assertThat(brokers.getActive()).isNotNull().isNotEqualTo(active);
			return millis;
		}
	}

	private ConfigurableApplicationContext run(Class<?> source, boolean standby, String... more) {
		for (FaultProxy proxy : List.of(this.toNear, this.toFar)) {
			proxy.delay(ONE_WAY);
		}
		List<String> properties = new ArrayList<>(List.of(more));
		properties.add("failover.brokers=%s;%s".formatted(Applications.through(this.toNear, this.near),
				Applications.through(this.toFar, this.far)));
		properties.add("failover.standby=" + standby);
		return Applications.run(source, properties.toArray(String[]::new));
	}

	private static Broker active(ConfigurableApplicationContext context) {
		return Objects.requireNonNull(context.getBean(Brokers.class).getActive());
	}

	private void lose(Broker active) {
		FaultProxy proxy = (active.port() == this.toNear.port()) ? this.toNear : this.toFar;
		proxy.refuse();
		proxy.cut();
	}

	private static ConditionFactory await() {
		return Awaitility.await().atMost(PATIENCE);
	}

	@Configuration(proxyBeanMethods = false)
	static class Publishing {

	}

	@Configuration(proxyBeanMethods = false)
	static class Consuming {

		private volatile long at;

		@RabbitListener(queues = QUEUE)
		void receive(String body) {
			this.at = System.nanoTime();
		}

	}

}
