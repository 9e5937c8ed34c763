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
import java.util.concurrent.TimeUnit;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
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
 * How many round trips it takes from the loss of the active broker to the next confirm.
 * Brokers are so far away that a round trip costs much more than all the rest.
 */
@BrokerTest
class StandbyRoundTripIntegrationTests {

	private static final String QUEUE = "orders";

	private static final Duration ONE_WAY = Duration.ofMillis(100);

	private static final long ROUND_TRIP = 2 * ONE_WAY.toMillis();

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

	private long millisToNextConfirm(boolean standby) {
		this.toNear.delay(ONE_WAY);
		this.toFar.delay(ONE_WAY);
		try (ConfigurableApplicationContext context = Applications.run(Publishing.class, "failover.brokers=%s;%s"
			.formatted(Applications.through(this.toNear, this.near), Applications.through(this.toFar, this.far)),
				"failover.standby=" + standby)) {
			FailoverTemplate template = context.getBean(FailoverTemplate.class);
			Brokers brokers = context.getBean(Brokers.class);
			template.convertAndSend(QUEUE, "before");
			Broker active = brokers.getActive();
			if (standby) {
				Broker next = brokers.getAll()
					.stream()
					.filter((broker) -> !broker.equals(active))
					.findFirst()
					.orElseThrow();
				FailoverConnectionFactory factory = context.getBean(FailoverConnectionFactory.class);
				assertThat(factory.getBrokerAccess().standBy(next)).succeedsWithin(Duration.ofSeconds(30));
			}
			FaultProxy proxy = (active.port() == this.toNear.port()) ? this.toNear : this.toFar;
			proxy.refuse();
			long start = System.nanoTime();
			proxy.cut();
			template.convertAndSend(QUEUE, "after");
			long millis = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - start);
			assertThat(brokers.getActive()).isNotNull().isNotEqualTo(active);
			return millis;
		}
	}

	@Configuration(proxyBeanMethods = false)
	static class Publishing {

	}

}
