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
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;

import com.rabbitmq.client.Channel;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.springframework.amqp.core.Declarables;
import org.springframework.amqp.core.Message;
import org.springframework.amqp.core.Queue;
import org.springframework.amqp.core.QueueBuilder;
import org.springframework.amqp.rabbit.connection.ConnectionFactory;
import org.springframework.amqp.rabbit.listener.AbstractMessageListenerContainer;
import org.springframework.amqp.rabbit.listener.api.ChannelAwareMessageListener;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

import dev.failover.test.RabbitCluster;
import dev.failover.test.RabbitNode;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * A quorum queue drops a message that went back to it too often.
 */
class DeliveryLimitMaintenanceIntegrationTests {

	private static final Log logger = LogFactory.getLog(DeliveryLimitMaintenanceIntegrationTests.class);

	private static final Duration PATIENCE = Duration.ofSeconds(90);

	private static final int MOVES = 25;

	private static final int FAILOVERS = Integer.getInteger("failover.test.failovers", 3);

	private static final int MESSAGES = 600;

	/**
	 * A consumer that has just begun when it is to end may leave messages to the end of
	 * its channel.
	 */
	private static final int MOST_FAILED = 5;

	private static final String DROPPED = "dropped";

	private static final ConsumerVariant SIMPLE = variant(ConsumerVariant.Container.SIMPLE,
			ConsumerVariant.Acknowledgement.AUTOMATIC);

	private static final ConsumerVariant SIMPLE_MANUAL = variant(ConsumerVariant.Container.SIMPLE,
			ConsumerVariant.Acknowledgement.MANUAL);

	private static final ConsumerVariant DIRECT = variant(ConsumerVariant.Container.DIRECT,
			ConsumerVariant.Acknowledgement.AUTOMATIC);

	private static final List<ConsumerVariant> VARIANTS = List.of(SIMPLE, SIMPLE_MANUAL, DIRECT);

	private static ConsumerVariant variant(ConsumerVariant.Container container,
			ConsumerVariant.Acknowledgement acknowledgement) {
		return new ConsumerVariant(container, acknowledgement, 250, 1);
	}

	/**
	 * Slow listeners have most of what they were sent in hand at each move.
	 */
	@Test
	void nothingIsDroppedByPlannedMovesWithinACluster() throws Exception {
		try (RabbitCluster cluster = RabbitCluster.builder()
			.size(2)
			.nodes((node) -> node.version("4").configuration("cluster_name = one-cluster"))
			.start()) {
			nothingIsDropped(cluster.node(0), cluster.node(1));
		}
	}

	@Test
	void nothingIsDroppedByPlannedMovesAndDrainsOfIndependentBrokers() throws Exception {
		try (RabbitNode first = RabbitNode.builder().version("4").name("first").start();
				RabbitNode second = RabbitNode.builder().version("4").name("second").start()) {
			nothingIsDropped(first, second);
		}
	}

	/**
	 * A broker that is lost can be given nothing back, so that RabbitMQ may count what
	 * its consumers had received. But that is less than they handle meanwhile.
	 */
	@Test
	void nothingIsDroppedByFailoversWithinACluster() throws Exception {
		try (RabbitCluster cluster = RabbitCluster.builder().size(3).nodes((node) -> node.version("4")).start()) {
			RabbitNode first = cluster.node(0);
			RabbitNode second = cluster.node(1);
			cluster.node(2)
				.run("rabbitmqctl", "set_policy", "-p", first.virtualHost(), "--apply-to", "quorum_queues", "away",
						".*", "{\"consumer-disconnected-timeout\": 1000}");
			try (ConfigurableApplicationContext context = Applications.run(Shop.class,
					Applications.brokers(first, second))) {
				Desk desk = context.getBean(Desk.class);
				Set<String> sent = new TreeSet<>();
				Applications.move(context);
				for (int i = 0; i < FAILOVERS; i++) {
					RabbitNode lost = Applications.active(context, first, second);
					RabbitNode next = (lost == first) ? second : first;
					for (ConsumerVariant variant : VARIANTS) {
						sent.addAll(publish(next, variant.queue(), i));
					}
					desk.handled.forgetFirsts();
					lost.kill();
					Awaitility.await()
						.atMost(PATIENCE)
						.until(() -> VARIANTS.stream()
							.allMatch((variant) -> desk.handled.isConsumed(variant.queue(), next.port())));
					lost.start();
				}
				assertThat(desk.handled.missing(sent)).as("messages in hand during the failovers").isNotEmpty();
				desk.hurry.countDown();
				Awaitility.await()
					.atMost(PATIENCE)
					.untilAsserted(() -> assertThat(desk.handled.missing(sent)).isEmpty());
				assertThat(cluster.node(2).administration().messageCount(DROPPED)).isZero();
				logger.info("%d failovers, most failed deliveries of one message: %s".formatted(FAILOVERS,
						desk.failedDeliveries));
			}
		}
	}

	private static void nothingIsDropped(RabbitNode first, RabbitNode second) throws Exception {
		try (ConfigurableApplicationContext context = Applications.run(Shop.class, Applications.brokers(first, second),
				"failover.move.timeout=2s", "failover.listener.brokers=active",
				"failover.detection.probe-timeout=10s")) {
			Desk desk = context.getBean(Desk.class);
			Set<String> sent = new TreeSet<>();
			Applications.move(context);
			for (RabbitNode node : List.of(first, second)) {
				for (ConsumerVariant variant : VARIANTS) {
					sent.addAll(publish(node, variant.queue(), 0));
				}
			}
			for (int i = 0; i < MOVES; i++) {
				Applications.move(context);
				desk.handled.forgetFirsts();
				int port = Applications.active(context, first, second).port();
				Awaitility.await()
					.atMost(PATIENCE)
					.until(() -> VARIANTS.stream()
						.allMatch((variant) -> desk.handled.isConsumed(variant.queue(), port)));
			}
			assertThat(desk.handled.missing(sent)).as("messages in hand during the moves").isNotEmpty();
			desk.hurry.countDown();
			Awaitility.await().atMost(PATIENCE).untilAsserted(() -> assertThat(desk.handled.missing(sent)).isEmpty());
			assertThat(first.administration().messageCount(DROPPED)).isZero();
			assertThat(second.administration().messageCount(DROPPED)).isZero();
			assertThat(desk.failedDeliveries.get()).as("most failed deliveries of one message")
				.isLessThanOrEqualTo(MOST_FAILED);
			assertThat(desk.handled.duplicates()).isZero();
		}
	}

	private static List<String> publish(RabbitNode node, String queue, int batch) {
		List<String> messages = IntStream.range(0, MESSAGES)
			.mapToObj((number) -> "%s@%d#%d.%d".formatted(queue, node.port(), batch, number))
			.toList();
		new QueueOnBroker(node, queue).publish(messages.toArray(String[]::new));
		return messages;
	}

	@Configuration(proxyBeanMethods = false)
	static class Shop {

		@Bean
		Declarables queues() {
			return new Declarables(new Queue(DROPPED, true, false, false, Map.of("x-queue-type", "quorum")),
					quorum(SIMPLE.queue()), quorum(SIMPLE_MANUAL.queue()), quorum(DIRECT.queue()));
		}

		private static Queue quorum(String name) {
			return QueueBuilder.durable(name).quorum().deadLetterExchange("").deadLetterRoutingKey(DROPPED).build();
		}

		@Bean
		Desk desk() {
			return new Desk();
		}

		@Bean
		AbstractMessageListenerContainer simple(ConnectionFactory connectionFactory, Desk desk) {
			return desk.container(SIMPLE, connectionFactory);
		}

		@Bean
		AbstractMessageListenerContainer simpleManual(ConnectionFactory connectionFactory, Desk desk) {
			return desk.container(SIMPLE_MANUAL, connectionFactory);
		}

		@Bean
		AbstractMessageListenerContainer direct(ConnectionFactory connectionFactory, Desk desk) {
			return desk.container(DIRECT, connectionFactory);
		}

	}

	/**
	 * Is slow until it has to hurry.
	 */
	static class Desk {

		final Handled handled = new Handled();

		final CountDownLatch hurry = new CountDownLatch(1);

		final AtomicLong failedDeliveries = new AtomicLong();

		AbstractMessageListenerContainer container(ConsumerVariant variant, ConnectionFactory connectionFactory) {
			AbstractMessageListenerContainer container = variant.create(connectionFactory, this.handled);
			ChannelAwareMessageListener listener = (ChannelAwareMessageListener) container.getMessageListener();
			container.setMessageListener(
					(ChannelAwareMessageListener) (message, channel) -> handle(message, channel, listener));
			return container;
		}

		private void handle(Message message, Channel channel, ChannelAwareMessageListener listener) throws Exception {
			Object failed = message.getMessageProperties().getHeader("x-delivery-count");
			this.failedDeliveries.accumulateAndGet((failed instanceof Number number) ? number.longValue() : 0,
					Math::max);
			this.hurry.await(50, TimeUnit.MILLISECONDS);
			listener.onMessage(message, channel);
		}

	}

}
