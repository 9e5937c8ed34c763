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
import java.util.Collection;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;

import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.springframework.amqp.core.MessageBuilder;
import org.springframework.amqp.core.MessageProperties;
import org.springframework.amqp.core.Queue;
import org.springframework.amqp.rabbit.annotation.RabbitListener;
import org.springframework.amqp.rabbit.connection.ConnectionFactory;
import org.springframework.amqp.rabbit.core.RabbitTemplate;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

import dev.failover.autoconfigure.listener.ListenerApplication.ContainerType;
import dev.failover.broker.Brokers;
import dev.failover.integration.North;
import dev.failover.integration.QueueOnBroker;
import dev.failover.integration.South;
import dev.failover.test.RabbitNode;
import dev.failover.test.junit.EachRabbit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * Two independent RabbitMQ brokers, the first of which is killed.
 */
@ParameterizedClass
@EachRabbit
class ListenerRabbitIntegrationTests {

	private static final Duration RECOVERY = Duration.ofSeconds(20);

	@Parameter
	private String version;

	@North
	private RabbitNode first;

	@South
	private RabbitNode second;

	@ParameterizedTest
	@EnumSource
	void consumesFromTheNewBrokerAfterKill(ContainerType type) {
		try (ConfigurableApplicationContext context = run(type)) {
			publishAndAwait(context, "before");
			long killed = System.nanoTime();
			this.first.kill();
			publishAndAwait(context, "after");
			assertThat(TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - killed)).isLessThan(5000);
			assertThat(new QueueOnBroker(this.second, ListenerApplication.QUEUE).exists()).isTrue();
		}
	}

	@ParameterizedTest
	@EnumSource
	@DisplayName("Behaviour 30: a message that cannot be decoded is left to Spring AMQP's error handling")
	void messageThatCannotBeDecodedIsRejected(ContainerType type) {
		try (ConfigurableApplicationContext context = run(type)) {
			context.getBean(RabbitTemplate.class)
				.send(ListenerApplication.QUEUE,
						MessageBuilder.withBody("not serialized".getBytes())
							.setContentType(MessageProperties.CONTENT_TYPE_SERIALIZED_OBJECT)
							.build());
			publishAndAwait(context, "good");
			await().atMost(RECOVERY)
				.until(() -> this.first.administration().messageCount(ListenerApplication.QUEUE) == 0);
			assertThat(context.getBean(ListenerApplication.class).received()).containsOnly("good");
			Brokers brokers = context.getBean(Brokers.class);
			assertThat(brokers.getActive()).isEqualTo(brokers.getAll().get(0));
			assertThat(brokers.getStatuses().get(0).lastFailure()).isNull();
		}
	}

	/**
	 * To declare the queue that is gone, its container declares them all.
	 */
	@ParameterizedTest
	@EnumSource
	void consumesAgainWhenAQueueThatIsDifferentIsMendedAfterItsOwnIsGone(ContainerType type) {
		try (ConfigurableApplicationContext context = run(type)) {
			publishAndAwait(context, "before");
			QueueOnBroker other = new QueueOnBroker(this.first, Declaring.OTHER);
			other.delete();
			other.declareTransient();
			QueueOnBroker own = new QueueOnBroker(this.first, ListenerApplication.QUEUE);
			own.delete();
			await().during(Duration.ofSeconds(1)).atMost(RECOVERY).until(() -> !own.exists());
			other.delete();
			publishAndAwait(context, "after");
			assertThat(other.exists()).isTrue();
		}
	}

	@ParameterizedTest
	@EnumSource
	void consumesAgainWhenTheLoginThatWasRefusedIsPermitted(ContainerType type) {
		try (ConfigurableApplicationContext context = run(type)) {
			publishAndAwait(context, "before");
			this.second.administration().changePassword(this.second.username(), "changed-secret");
			this.first.administration().changePassword(this.first.username(), "changed-secret");
			try {
				// a standby connection was logged in before
				this.second.administration().closeConnections();
				this.first.administration().closeConnections();
				await().atMost(RECOVERY)
					.untilAsserted(() -> assertThat(context.getBean(Brokers.class).getStatuses()).allSatisfy(
							(status) -> assertThat(status.lastFailure()).asString().contains("ACCESS_REFUSED")));
			}
			finally {
				this.second.administration().changePassword(this.second.username(), this.second.password());
			}
			publishAndAwait(context, "after");
			this.first.administration().changePassword(this.first.username(), this.first.password());
			assertThat(context.getBean(Brokers.class).getActive())
				.isEqualTo(context.getBean(Brokers.class).getAll().get(1));
		}
	}

	/**
	 * The container looks for its old queue on the next broker.
	 */
	@Test
	void consumesFromAnotherQueueThatTheNextBrokerHasNamed() {
		try (ConfigurableApplicationContext context = ListenerApplication.run(ContainerType.SIMPLE,
				List.of(Declaring.class, ListenerApplication.class, Named.class), List.of(), this.first, this.second)) {
			Queue queue = context.getBean("named", Queue.class);
			publishAndAwait(context, queue, "before");
			String left = queue.getActualName();
			this.first.kill();
			publishAndAwait(context, queue, "after");
			assertThat(queue.getActualName()).isNotEqualTo(left);
		}
	}

	private static void publishAndAwait(ConfigurableApplicationContext context, Queue queue, String order) {
		RabbitTemplate plain = new RabbitTemplate(context.getBean(ConnectionFactory.class));
		await().atMost(RECOVERY).pollInterval(Duration.ofMillis(20)).ignoreExceptions().untilAsserted(() -> {
			plain.convertAndSend(queue.getActualName(), order);
			await().atMost(Duration.ofSeconds(1))
				.untilAsserted(() -> assertThat(context.getBean(Named.class).received).contains(order));
		});
	}

	private ConfigurableApplicationContext run(ContainerType type) {
		return ListenerApplication.run(type, Declaring.class, this.first, this.second);
	}

	private static void publishAndAwait(ConfigurableApplicationContext context, String order) {
		RabbitTemplate plain = new RabbitTemplate(context.getBean(ConnectionFactory.class));
		await().atMost(RECOVERY).pollInterval(Duration.ofMillis(20)).ignoreExceptions().untilAsserted(() -> {
			plain.convertAndSend(ListenerApplication.QUEUE, order);
			awaitReceived(context, order, Duration.ofSeconds(1));
		});
	}

	private static void awaitReceived(ConfigurableApplicationContext context, String order) {
		awaitReceived(context, order, RECOVERY);
	}

	private static void awaitReceived(ConfigurableApplicationContext context, String order, Duration timeout) {
		await().atMost(timeout)
			.pollInterval(Duration.ofMillis(20))
			.untilAsserted(() -> assertThat(context.getBean(ListenerApplication.class).received()).contains(order));
	}

	@Configuration(proxyBeanMethods = false)
	static class Declaring {

		static final String OTHER = "other";

		@Bean
		Queue other() {
			return new Queue(OTHER);
		}

		@Bean
		Queue orders() {
			return new Queue(ListenerApplication.QUEUE);
		}

	}

	@Configuration(proxyBeanMethods = false)
	static class Named {

		private final Collection<String> received = new ConcurrentLinkedQueue<>();

		@Bean
		static Queue named() {
			return new Queue("", false, true, true);
		}

		@RabbitListener(queues = "#{named}")
		void on(String order) {
			this.received.add(order);
		}

	}

}
