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
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.amqp.core.Declarables;
import org.springframework.amqp.core.Queue;
import org.springframework.amqp.rabbit.annotation.RabbitListener;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

import dev.failover.broker.Broker;
import dev.failover.broker.BrokerState;
import dev.failover.broker.Brokers;
import dev.failover.template.FailoverTemplate;
import dev.failover.test.RabbitNode;
import dev.failover.test.junit.BrokerTest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * A planned move off a broker that is blocked by an alarm, and reads nothing any more
 * from connections that publish. The time for a move is longer than the tests.
 */
@BrokerTest
class AlarmPlannedMoveIntegrationTests {

	private static final Duration PATIENCE = Duration.ofSeconds(60);

	@North
	private RabbitNode first;

	@South
	private RabbitNode second;

	@AfterEach
	void clearAlarms() {
		this.first.clearMemoryAlarm();
		this.second.clearMemoryAlarm();
	}

	@ParameterizedTest
	@ValueSource(strings = { "simple", "direct" })
	void consumersWhoseConnectionIsBlockedMoveWithoutWaitingForIt(String type) throws Exception {
		try (ConfigurableApplicationContext context = run(type)) {
			Desk desk = context.getBean(Desk.class);
			FailoverTemplate template = context.getBean(FailoverTemplate.class);
			Brokers brokers = context.getBean(Brokers.class);
			template.convertAndSend(Shop.QUEUE, "first");
			Broker left = brokers.getActive();
			RabbitNode node = Applications.node(left, this.first, this.second);
			QueueOnBroker replies = new QueueOnBroker(node, Shop.REPLIES);
			new QueueOnBroker(node, Shop.QUEUE).request(Desk.REQUEST, Shop.REPLIES);
			assertThat(desk.requested.await(PATIENCE.toSeconds(), TimeUnit.SECONDS)).isTrue();
			node.raiseMemoryAlarm();
			desk.reply.countDown();
			await().atMost(PATIENCE)
				.until(() -> brokers.getStatus(left.name()).orElseThrow().state() == BrokerState.BLOCKED);
			Applications.move(context);
			template.convertAndSend(Shop.QUEUE, "after");
			await().atMost(PATIENCE).until(() -> desk.handled.contains("after"));
			assertThat(brokers.getStatus(left.name()).orElseThrow().state()).isNotEqualTo(BrokerState.DOWN);
			node.clearMemoryAlarm();
			await().atMost(PATIENCE).until(() -> replies.drain().contains("reply"));
		}
	}

	private ConfigurableApplicationContext run(String type) {
		return Applications.run(Shop.class, Applications.brokers(this.first, this.second),
				"spring.rabbitmq.listener.type=" + type, "failover.detection.on-blocked=wait",
				"failover.move.timeout=10m", "spring.rabbitmq.channel-rpc-timeout=10m");
	}

	@Configuration(proxyBeanMethods = false)
	static class Shop {

		static final String QUEUE = "alarm-move";

		static final String REPLIES = "alarm-move-replies";

		@Bean
		Declarables queues() {
			return new Declarables(new Queue(QUEUE), new Queue(REPLIES));
		}

		@Bean
		Desk desk() {
			return new Desk();
		}

	}

	/**
	 * Replies to requests when it is told to.
	 */
	static class Desk {

		static final String REQUEST = "request";

		private final Set<String> handled = ConcurrentHashMap.newKeySet();

		private final CountDownLatch requested = new CountDownLatch(1);

		private final CountDownLatch reply = new CountDownLatch(1);

		@RabbitListener(queues = Shop.QUEUE)
		@Nullable String handle(String body) throws InterruptedException {
			this.handled.add(body);
			if (!body.equals(REQUEST)) {
				return null;
			}
			this.requested.countDown();
			assertThat(this.reply.await(PATIENCE.toSeconds(), TimeUnit.SECONDS)).isTrue();
			return "reply";
		}

	}

}
