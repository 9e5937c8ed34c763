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

package dev.failover.autoconfigure.listener;

import java.time.Duration;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.springframework.amqp.core.Queue;
import org.springframework.amqp.rabbit.connection.ConnectionFactory;
import org.springframework.amqp.rabbit.core.RabbitTemplate;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

import dev.failover.autoconfigure.listener.ListenerApplication.ContainerType;
import dev.failover.broker.Broker;
import dev.failover.broker.Brokers;
import dev.failover.integration.QueueOnBroker;
import dev.failover.test.EmbeddedBroker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * Two independent brokers, the first of which is lost.
 */
class ListenerFailoverIntegrationTests {

	private static final Duration RECOVERY = Duration.ofSeconds(10);

	private EmbeddedBroker first;

	private EmbeddedBroker second;

	@BeforeEach
	void startBrokers() {
		this.first = EmbeddedBroker.builder().user("app", "first-secret").start();
		this.second = EmbeddedBroker.builder().user("app", "second-secret").start();
	}

	@AfterEach
	void closeBrokers() {
		this.first.close();
		this.second.close();
	}

	@ParameterizedTest
	@EnumSource
	@DisplayName("Behaviour 16: the topology is declared on the broker that becomes active")
	void consumesFromTheNewBrokerWithItsTopologyDeclaredThere(ContainerType type) {
		QueueOnBroker there = new QueueOnBroker(this.second, ListenerApplication.QUEUE);
		try (ConfigurableApplicationContext context = run(type, Declaring.class)) {
			publish(context, "before");
			awaitReceived(context, "before");
			this.first.kill();
			awaitActive(context, 1);
			publish(context, "after");
			awaitReceived(context, "after");
			assertThat(there.exists()).isTrue();
		}
	}

	@ParameterizedTest
	@EnumSource
	void movesBackAndForth(ContainerType type) {
		try (ConfigurableApplicationContext context = run(type, Declaring.class)) {
			publish(context, "begin");
			awaitReceived(context, "begin");
			for (int round = 0; round < 3; round++) {
				this.first.kill();
				awaitActive(context, 1);
				publish(context, "second-" + round);
				awaitReceived(context, "second-" + round);
				this.first.start();
				this.second.kill();
				awaitActive(context, 0);
				publish(context, "first-" + round);
				awaitReceived(context, "first-" + round);
				this.second.start();
			}
		}
	}

	@ParameterizedTest
	@EnumSource
	void consumesAgainWhenTheQueueThatIsMissingOnTheNewBrokerIsAdded(ContainerType type) {
		new QueueOnBroker(this.first, ListenerApplication.QUEUE).declare();
		QueueOnBroker there = new QueueOnBroker(this.second, ListenerApplication.QUEUE);
		try (ConfigurableApplicationContext context = run(type, NotDeclaring.class)) {
			publish(context, "before");
			awaitReceived(context, "before");
			this.first.kill();
			awaitActive(context, 1);
			await().pollDelay(Duration.ofSeconds(1)).until(() -> !there.exists());
			there.declare();
			there.publish("after");
			awaitReceived(context, "after");
		}
	}

	@ParameterizedTest
	@EnumSource
	void consumesAgainWhenTheLoginThatAllBrokersRefusedIsPermitted(ContainerType type) {
		int firstPort = this.first.port();
		try (ConfigurableApplicationContext context = run(type, Declaring.class)) {
			publish(context, "before");
			awaitReceived(context, "before");
			replaceSecond("changed-secret");
			this.first.close();
			this.first = EmbeddedBroker.builder().port(firstPort).user("app", "changed-secret").start();
			await().atMost(RECOVERY)
				.untilAsserted(() -> assertThat(context.getBean(Brokers.class).getStatuses())
					.allSatisfy((status) -> assertThat(status.lastFailure()).asString().contains("ACCESS_REFUSED")));
			replaceSecond("second-secret");
			awaitActive(context, 1);
			publish(context, "after");
			awaitReceived(context, "after");
		}
	}

	@ParameterizedTest
	@EnumSource
	void resumesAfterAllBrokersWereDown(ContainerType type) {
		try (ConfigurableApplicationContext context = run(type, Declaring.class)) {
			publish(context, "before");
			awaitReceived(context, "before");
			this.first.kill();
			this.second.kill();
			await().pollDelay(Duration.ofSeconds(2)).until(() -> context.getBean(Brokers.class).getActive() == null);
			this.second.start();
			awaitActive(context, 1);
			publish(context, "after");
			awaitReceived(context, "after");
		}
	}

	private ConfigurableApplicationContext run(ContainerType type, Class<?> more) {
		return ListenerApplication.run(type, more, this.first, this.second);
	}

	private void replaceSecond(String password) {
		int port = this.second.port();
		this.second.close();
		this.second = EmbeddedBroker.builder().port(port).user("app", password).start();
	}

	private static void publish(ConfigurableApplicationContext context, String order) {
		RabbitTemplate plain = new RabbitTemplate(context.getBean(ConnectionFactory.class));
		await().atMost(RECOVERY)
			.ignoreExceptions()
			.untilAsserted(() -> plain.convertAndSend(ListenerApplication.QUEUE, order));
	}

	private static void awaitReceived(ConfigurableApplicationContext context, String order) {
		await().atMost(RECOVERY)
			.untilAsserted(() -> assertThat(context.getBean(ListenerApplication.class).received()).contains(order));
	}

	private static void awaitActive(ConfigurableApplicationContext context, int index) {
		Brokers brokers = context.getBean(Brokers.class);
		Broker expected = brokers.getAll().get(index);
		await().atMost(RECOVERY).until(() -> expected.equals(brokers.getActive()));
	}

	/**
	 * Declares the queue, as most applications do.
	 */
	@Configuration(proxyBeanMethods = false)
	static class Declaring {

		@Bean
		Queue orders() {
			return new Queue(ListenerApplication.QUEUE);
		}

	}

	/**
	 * Relies on a queue that somebody else has declared.
	 */
	@Configuration(proxyBeanMethods = false)
	static class NotDeclaring {

	}

}
