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
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;

import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.springframework.amqp.core.Queue;
import org.springframework.amqp.rabbit.annotation.RabbitListener;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

import dev.failover.broker.Broker;
import dev.failover.broker.BrokerState;
import dev.failover.broker.BrokerStatus;
import dev.failover.broker.Brokers;
import dev.failover.template.FailoverTemplate;
import dev.failover.test.RabbitNode;
import dev.failover.test.junit.EachRabbit;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Brokers that neither answer nor close their connections, and such that are blocked by a
 * memory or disk alarm. The confirm time-out and the heartbeat are longer than the tests.
 */
@ParameterizedClass
@EachRabbit
class FrozenBrokerIntegrationTests {

	private static final Duration PATIENCE = Duration.ofSeconds(30);

	/**
	 * What the README promises for a broker that is frozen, and for one that is blocked.
	 */
	private static final Duration FROZEN_IS_LEFT = Duration.ofMillis(1500);

	private static final Duration BLOCKED_IS_LEFT = Duration.ofSeconds(1);

	@Parameter
	private String version;

	@North
	private RabbitNode first;

	@South
	private RabbitNode second;

	@Test
	void frozenBrokerIsLeftByPublishers() {
		publishThrough((active) -> active.freeze(), (active) -> active.thaw(), FROZEN_IS_LEFT);
	}

	@ParameterizedTest
	@EnumSource
	void blockedBrokerIsLeftByPublishersAndIsUpAgainWhenTheAlarmEnds(Alarm alarm) {
		publishThrough(alarm.raise, alarm.clear, BLOCKED_IS_LEFT);
	}

	@Test
	void frozenBrokerIsLeftByAnApplicationThatOnlyConsumes() {
		try (ConfigurableApplicationContext context = run(Consuming.class)) {
			Brokers brokers = context.getBean(Brokers.class);
			Awaitility.await().atMost(PATIENCE).until(() -> brokers.getActive() != null);
			Broker active = brokers.getActive();
			node(active).freeze();
			try {
				Awaitility.await()
					.atMost(FROZEN_IS_LEFT.multipliedBy(3))
					.until(() -> brokers.getActive() != null && !brokers.getActive().equals(active));
			}
			finally {
				node(active).thaw();
			}
		}
	}

	private void publishThrough(Consumer<RabbitNode> fault, Consumer<RabbitNode> mend, Duration promise) {
		try (ConfigurableApplicationContext context = run(Publishing.class)) {
			FailoverTemplate template = context.getBean(FailoverTemplate.class);
			Brokers brokers = context.getBean(Brokers.class);
			template.convertAndSend(Publishing.QUEUE, "before");
			Broker active = brokers.getActive();
			fault.accept(node(active));
			long begin = System.nanoTime();
			try {
				for (int i = 0; i < 10; i++) {
					template.convertAndSend(Publishing.QUEUE, "meanwhile");
				}
				assertThat(Duration.ofNanos(System.nanoTime() - begin)).isLessThan(promise.multipliedBy(3));
				assertThat(brokers.getActive()).isNotNull().isNotEqualTo(active);
			}
			finally {
				mend.accept(node(active));
			}
			Awaitility.await()
				.atMost(Duration.ofMinutes(1))
				.until(() -> brokers.getStatus(active.name()).map(BrokerStatus::state).orElseThrow() == BrokerState.UP);
			assertThat(brokers.getActive()).isNotEqualTo(active);
		}
	}

	private ConfigurableApplicationContext run(Class<?> application) {
		return Applications.run(application, Applications.brokers(this.first, this.second),
				"failover.publish.confirm-timeout=40s", "spring.rabbitmq.requested-heartbeat=120s",
				"failover.detection.success-threshold=1");
	}

	private RabbitNode node(Broker broker) {
		return Applications.node(broker, this.first, this.second);
	}

	/**
	 * The alarms of RabbitMQ.
	 */
	enum Alarm {

		MEMORY(RabbitNode::raiseMemoryAlarm, RabbitNode::clearMemoryAlarm),

		DISK(RabbitNode::raiseDiskAlarm, RabbitNode::clearDiskAlarm);

		private final Consumer<RabbitNode> raise;

		private final Consumer<RabbitNode> clear;

		Alarm(Consumer<RabbitNode> raise, Consumer<RabbitNode> clear) {
			this.raise = raise;
			this.clear = clear;
		}

	}

	@Configuration(proxyBeanMethods = false)
	static class Publishing {

		static final String QUEUE = "frozen";

		@Bean
		Queue queue() {
			return new Queue(QUEUE);
		}

	}

	@Configuration(proxyBeanMethods = false)
	static class Consuming extends Publishing {

		private final Set<String> received = ConcurrentHashMap.newKeySet();

		@RabbitListener(queues = QUEUE)
		void receive(String body) {
			this.received.add(body);
		}

	}

}
