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
import java.util.concurrent.CopyOnWriteArrayList;

import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.event.EventListener;

import dev.failover.broker.Broker;
import dev.failover.broker.BrokerEvent;
import dev.failover.broker.Brokers;
import dev.failover.template.FailoverTemplate;
import dev.failover.test.FaultProxy;
import dev.failover.test.RabbitNode;
import dev.failover.test.junit.BrokerTest;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * A primary broker that is lost and comes back, once or again and again.
 */
@BrokerTest
class FailbackIntegrationTests {

	private static final String QUEUE = "failback";

	private static final Duration PATIENCE = Duration.ofSeconds(60);

	private static final int FLAPS = Integer.getInteger("failover.test.flaps", 6);

	/**
	 * How long the primary is down, and up, each time.
	 */
	private static final Duration PHASE = Duration.ofMillis(Integer.getInteger("failover.test.flap-millis", 750));

	@North
	private RabbitNode first;

	@South
	private RabbitNode second;

	private FaultProxy toFirst;

	@BeforeEach
	void putAProxyBefore() {
		new QueueOnBroker(this.first, QUEUE).declare();
		new QueueOnBroker(this.second, QUEUE).declare();
		this.toFirst = FaultProxy.to(this.first);
	}

	@AfterEach
	void closeProxy() {
		this.toFirst.close();
	}

	@Test
	void applicationGoesBackWithoutAnErrorWhenThePrimaryHasStayedUp() throws Exception {
		try (ConfigurableApplicationContext context = run("failover.failback.grace=1s");
				SteadyStream stream = SteadyStream.start(context.getBean(FailoverTemplate.class), QUEUE)) {
			Switches switches = context.getBean(Switches.class);
			losePrimary(context);
			this.toFirst.pass();
			Awaitility.await().atMost(PATIENCE).until(() -> isPrimaryActive(context));
			stream.awaitMore(200);
			stream.end();
			assertThat(stream.errors()).isEmpty();
			assertThat(switches.planned).isNotEmpty()
				.last()
				.satisfies((failback) -> assertThat(failback.to().name()).isEqualTo("primary"));
			assertThat(switches.activated).last().matches(BrokerEvent.Activated::isPlanned);
		}
	}

	@Test
	void primaryThatComesAndGoesIsNotGoneBackTo() {
		try (ConfigurableApplicationContext context = run("failover.failback.grace=5s")) {
			FailoverTemplate template = context.getBean(FailoverTemplate.class);
			template.convertAndSend(QUEUE, "before");
			Switches switches = context.getBean(Switches.class);
			losePrimary(context);
			for (int i = 0; i < FLAPS; i++) {
				this.toFirst.pass();
				during(PHASE, template);
				this.toFirst.refuse();
				this.toFirst.cut();
				during(PHASE, template);
			}
			assertThat(switches.activated.stream().filter((switched) -> switched.from() != null))
				.hasSizeLessThanOrEqualTo(2);
			assertThat(isPrimaryActive(context)).isFalse();
		}
	}

	@Test
	void applicationStaysWhereItIsIfFailbackIsSwitchedOff() {
		try (ConfigurableApplicationContext context = run("failover.failback.enabled=false",
				"failover.failback.grace=100ms")) {
			FailoverTemplate template = context.getBean(FailoverTemplate.class);
			template.convertAndSend(QUEUE, "before");
			losePrimary(context);
			this.toFirst.pass();
			Awaitility.await()
				.atMost(PATIENCE)
				.until(() -> context.getBean(Brokers.class).getStatus("primary").orElseThrow().state().isUsable());
			during(Duration.ofSeconds(2), template);
			assertThat(isPrimaryActive(context)).isFalse();
		}
	}

	private void losePrimary(ConfigurableApplicationContext context) {
		assertThat(isPrimaryActive(context)).isTrue();
		this.toFirst.refuse();
		this.toFirst.cut();
		Awaitility.await().atMost(PATIENCE).until(() -> {
			context.getBean(FailoverTemplate.class).convertAndSend(QUEUE, "lost");
			Broker active = context.getBean(Brokers.class).getActive();
			return active != null && active.name().equals("secondary");
		});
	}

	private static boolean isPrimaryActive(ConfigurableApplicationContext context) {
		Broker active = context.getBean(Brokers.class).getActive();
		return active != null && active.name().equals("primary");
	}

	private static void during(Duration time, FailoverTemplate template) {
		long end = System.nanoTime() + time.toNanos();
		Awaitility.await().pollInterval(Duration.ofMillis(50)).atMost(PATIENCE).until(() -> {
			template.convertAndSend(QUEUE, "meanwhile");
			return System.nanoTime() - end >= 0;
		});
	}

	private ConfigurableApplicationContext run(String... properties) {
		List<String> all = new ArrayList<>(List.of(properties));
		String uri = this.first.uri().toString();
		all.addAll(List.of("failover.brokers[0].uri=" + this.second.uri(), "failover.brokers[0].name=secondary",
				"failover.brokers[0].priority=1",
				"failover.brokers[1].uri=" + uri.replace(":" + this.first.port(), ":" + this.toFirst.port()),
				"failover.brokers[1].name=primary", "failover.strategy=priority",
				"failover.detection.probe-interval=100ms", "failover.detection.probe-timeout=5s",
				"failover.detection.success-threshold=1", "failover.connect.race-delay=3s"));
		return Applications.run(Publishing.class, all.toArray(String[]::new));
	}

	@Configuration(proxyBeanMethods = false)
	static class Publishing {

		@Bean
		Switches switches() {
			return new Switches();
		}

	}

	static class Switches {

		final List<BrokerEvent.Activated> activated = new CopyOnWriteArrayList<>();

		final List<BrokerEvent.FailbackPlanned> planned = new CopyOnWriteArrayList<>();

		@EventListener
		void on(BrokerEvent.Activated event) {
			this.activated.add(event);
		}

		@EventListener
		void on(BrokerEvent.FailbackPlanned event) {
			this.planned.add(event);
		}

	}

}
