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
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Stream;

import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.awaitility.Awaitility;
import org.springframework.amqp.core.BindingBuilder;
import org.springframework.amqp.core.Declarable;
import org.springframework.amqp.core.Declarables;
import org.springframework.amqp.core.DirectExchange;
import org.springframework.amqp.core.Queue;
import org.springframework.amqp.core.QueueBuilder;
import org.springframework.amqp.rabbit.connection.ConnectionFactory;
import org.springframework.amqp.rabbit.listener.AbstractMessageListenerContainer;
import org.springframework.amqp.rabbit.listener.DirectMessageListenerContainer;
import org.springframework.amqp.rabbit.listener.SimpleMessageListenerContainer;
import org.springframework.boot.health.contributor.HealthIndicator;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

import dev.failover.actuate.BrokersHealthContributor;
import dev.failover.broker.BrokerEvent;
import dev.failover.broker.BrokerState;
import dev.failover.broker.BrokerStatus;
import dev.failover.broker.Brokers;
import dev.failover.template.FailoverTemplate;
import dev.failover.template.PublishException;
import dev.failover.template.PublishOutcome;
import dev.failover.test.RabbitNode;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

/**
 * An application with sound queues and others that are to fall sick, and with listeners
 * of both, in containers of both types.
 */
final class SickQueues {

	static final String EXCHANGE = "shop";

	/**
	 * The last one passes rejected messages on to a sick queue.
	 */
	static final List<String> SOUND = List.of("sound-simple", "sound-direct", "sound-dead-lettering");

	/**
	 * The last one is consumed from by the same container as the second.
	 */
	static final List<String> SICK = List.of("sick-simple", "sick-direct", "sick");

	private static final List<String> LISTENED_SOUND = SOUND.subList(0, 2);

	private static final Duration PATIENCE = Duration.ofSeconds(60);

	/**
	 * Three times what is promised.
	 */
	private static final Duration SOON = Duration.ofSeconds(6);

	private final ConfigurableApplicationContext context;

	private final FailoverTemplate template;

	private final Handling handling;

	private final Brokers brokers;

	SickQueues(ConfigurableApplicationContext context) {
		this.context = context;
		this.template = context.getBean(FailoverTemplate.class);
		this.handling = context.getBean(Handling.class);
		this.brokers = context.getBean(Brokers.class);
	}

	/**
	 * Declare queues of the application on a node, past everything that fails over.
	 */
	static void declare(RabbitNode node, List<String> queues) {
		com.rabbitmq.client.ConnectionFactory factory = new com.rabbitmq.client.ConnectionFactory();
		try {
			factory.setUri(node.uri());
			try (Connection connection = factory.newConnection(); Channel channel = connection.createChannel()) {
				for (String queue : queues) {
					channel.queueDeclare(queue, true, false, false, arguments(queue));
				}
			}
		}
		catch (Exception ex) {
			throw new IllegalStateException(ex);
		}
		Applications.writeQueues(node);
	}

	/**
	 * Have the processes of classic queues answer nothing.
	 */
	static void suspend(RabbitNode node, List<String> queues) {
		onEach(node, queues, "sys:suspend");
	}

	static void resume(RabbitNode node, List<String> queues) {
		onEach(node, queues, "sys:resume");
	}

	private static void onEach(RabbitNode node, List<String> queues, String function) {
		queues.forEach((queue) -> node
			.evaluate("{ok, Q} = rabbit_amqqueue:lookup(rabbit_misc:r(<<\"/\">>, queue, <<\"%s\">>)), ".formatted(queue)
					+ function + "(amqqueue:get_pid(Q))."));
	}

	private static Map<String, Object> arguments(String queue) {
		return queue.equals(SOUND.get(2))
				? Map.of("x-dead-letter-exchange", "", "x-dead-letter-routing-key", SICK.get(0)) : Map.of();
	}

	/**
	 * Everything but what needs the sick queues is done.
	 */
	void assertSoundQueuesAreUsed(String message) {
		SOUND.forEach((queue) -> this.template.convertAndSend(queue, message));
		LISTENED_SOUND.forEach((queue) -> this.template.convertAndSend(EXCHANGE, queue, message + ", bound"));
		Awaitility.await()
			.atMost(PATIENCE)
			.untilAsserted(() -> assertThat(this.handling.received)
				.containsAll(LISTENED_SOUND.stream().map((queue) -> queue + " " + message).toList())
				.containsAll(LISTENED_SOUND.stream().map((queue) -> queue + " " + message + ", bound").toList()));
	}

	/**
	 * What is sick is named, by the active broker, which is up.
	 */
	void assertPending(List<String> queues) {
		Awaitility.await().atMost(PATIENCE).untilAsserted(() -> {
			BrokerStatus active = active();
			assertThat(active.state()).isEqualTo(BrokerState.UP);
			assertThat(active.pendingDeclarations()).containsAll(queues.stream().map("Queue '%s'"::formatted).toList());
			HealthIndicator health = (HealthIndicator) this.context.getBean(BrokersHealthContributor.class)
				.getContributor(active.broker().name());
			assertThat(health).isNotNull();
			assertThat(health.health().getDetails()).containsKey("pendingDeclarations");
		});
	}

	void awaitNothingPending(Duration patience) {
		Awaitility.await().atMost(patience).until(() -> active().pendingDeclarations().isEmpty());
	}

	private BrokerStatus active() {
		return this.brokers.getStatuses().stream().filter(BrokerStatus::active).findFirst().orElseThrow();
	}

	/**
	 * Return the connection that the application uses now.
	 */
	Connection connection() {
		return Objects.requireNonNull(this.context.getBean(ConnectionFactory.class).createConnection().getDelegate());
	}

	/**
	 * Senders are told at once, or as soon as it is certain, which queue it is.
	 */
	void assertSendsEndSoon() {
		for (String queue : SICK) {
			assertEndsSoon(queue, () -> this.template.convertAndSend(queue, "to a sick queue"));
			assertEndsSoon(queue, () -> this.template.convertAndSend(EXCHANGE, queue, "to a sick queue, bound"));
		}
	}

	private void assertEndsSoon(String queue, ThrowingCallable send) {
		long begin = System.nanoTime();
		assertThatExceptionOfType(PublishException.class).isThrownBy(send)
			.withMessageContaining(
					"Queue '%s' is not available on broker '%s'".formatted(queue, active().broker().name()))
			.extracting(PublishException::getOutcome)
			.isEqualTo(PublishOutcome.UNKNOWN);
		assertThat(Duration.ofNanos(System.nanoTime() - begin)).isLessThan(SOON);
	}

	/**
	 * Return the losses of the active broker from now on.
	 */
	List<BrokerEvent> losses() {
		List<BrokerEvent> losses = new CopyOnWriteArrayList<>();
		this.brokers.addListener((event) -> {
			if (event instanceof BrokerEvent.Lost) {
				losses.add(event);
			}
		});
		return losses;
	}

	void awaitAllAreUsed(String message) {
		List<String> all = Stream.concat(LISTENED_SOUND.stream(), SICK.stream()).toList();
		all.forEach((queue) -> this.template.convertAndSend(EXCHANGE, queue, message));
		Awaitility.await()
			.atMost(PATIENCE)
			.untilAsserted(() -> assertThat(this.handling.received)
				.containsAll(all.stream().map((queue) -> queue + " " + message).toList()));
	}

	private static Declarables bound(List<String> names) {
		DirectExchange exchange = new DirectExchange(EXCHANGE);
		List<Declarable> all = new ArrayList<>(List.of(exchange));
		for (String name : names) {
			Queue queue = QueueBuilder.durable(name).withArguments(arguments(name)).build();
			all.add(queue);
			all.add(BindingBuilder.bind(queue).to(exchange).with(name));
		}
		return new Declarables(all);
	}

	private static final class Handling {

		private final List<String> received = new CopyOnWriteArrayList<>();

		<T extends AbstractMessageListenerContainer> T listen(T container, String... queues) {
			container.setQueueNames(queues);
			container.setMessageListener((message) -> this.received
				.add(message.getMessageProperties().getConsumerQueue() + " " + new String(message.getBody())));
			return container;
		}

	}

	/**
	 * Has sound queues only.
	 */
	@Configuration(proxyBeanMethods = false)
	static class Sound {

		@Bean
		Declarables sound() {
			return bound(SOUND);
		}

		@Bean
		Handling handling() {
			return new Handling();
		}

		@Bean
		SimpleMessageListenerContainer soundSimple(ConnectionFactory connectionFactory, Handling handling) {
			return handling.listen(new SimpleMessageListenerContainer(connectionFactory), SOUND.get(0));
		}

		@Bean
		DirectMessageListenerContainer soundDirect(ConnectionFactory connectionFactory, Handling handling) {
			return handling.listen(new DirectMessageListenerContainer(connectionFactory), SOUND.get(1));
		}

	}

	/**
	 * Has the sick queues, too, which come first everywhere.
	 */
	@Configuration(proxyBeanMethods = false)
	static class Shop {

		@Bean
		Declarables sick() {
			return bound(SICK);
		}

		@Bean
		SimpleMessageListenerContainer sickSimple(ConnectionFactory connectionFactory, Handling handling) {
			return handling.listen(new SimpleMessageListenerContainer(connectionFactory), SICK.get(0));
		}

		@Bean
		DirectMessageListenerContainer sickDirect(ConnectionFactory connectionFactory, Handling handling) {
			return handling.listen(new DirectMessageListenerContainer(connectionFactory), SICK.get(1), SICK.get(2));
		}

		@Configuration(proxyBeanMethods = false)
		static class Others extends Sound {

		}

	}

}
