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
import java.util.concurrent.CopyOnWriteArrayList;

import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.awaitility.Awaitility;
import org.junit.jupiter.params.ParameterizedTest;
import org.springframework.amqp.core.Declarables;
import org.springframework.amqp.core.Queue;
import org.springframework.amqp.core.QueueBuilder;
import org.springframework.amqp.rabbit.connection.ConnectionFactory;
import org.springframework.amqp.rabbit.listener.AbstractMessageListenerContainer;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.event.EventListener;

import dev.failover.broker.BrokerEvent;
import dev.failover.broker.FailureReason;
import dev.failover.template.FailoverTemplate;
import dev.failover.test.RabbitCluster;
import dev.failover.test.RabbitNode;
import dev.failover.test.junit.EachRabbit;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * The nodes of a cluster are put into maintenance, restarted and revived one after the
 * other, under load.
 */
class RollingMaintenanceIntegrationTests {

	private static final Log logger = LogFactory.getLog(RollingMaintenanceIntegrationTests.class);

	private static final Duration PATIENCE = Duration.ofSeconds(90);

	private static final int PER_SECOND = 500;

	private static final String DROPPED = "dropped";

	private static final ConsumerVariant SIMPLE = new ConsumerVariant(ConsumerVariant.Container.SIMPLE,
			ConsumerVariant.Acknowledgement.AUTOMATIC, 250, 4);

	private static final ConsumerVariant DIRECT = new ConsumerVariant(ConsumerVariant.Container.DIRECT,
			ConsumerVariant.Acknowledgement.MANUAL, 250, 4);

	private static final List<String> QUEUES = List.of(SIMPLE.queue(), DIRECT.queue());

	@ParameterizedTest
	@EachRabbit
	void nothingIsLostDroppedOrRefusedWhileNodesAreInMaintenance(String version) throws Exception {
		try (RabbitCluster cluster = RabbitCluster.builder().nodes((node) -> node.version(version)).start();
				ConfigurableApplicationContext context = Applications.run(Shop.class,
						Applications.brokers(cluster.nodes().toArray(RabbitNode[]::new)))) {
			Shop shop = context.getBean(Shop.class);
			Handled handled = context.getBean(Handled.class);
			SteadyLoad load = SteadyLoad.start(context.getBean(FailoverTemplate.class), QUEUES, PER_SECOND);
			try (load) {
				QuorumQueues.awaitOnline(cluster.node(0), QUEUES);
				for (RabbitNode node : cluster.nodes()) {
					node.administration().drain();
					load.awaitProgress(handled);
					node.stop();
					load.awaitProgress(handled);
					node.start();
					node.administration().revive();
					QuorumQueues.awaitOnline(node, QUEUES);
					load.awaitProgress(handled);
				}
				load.end();
			}
			Awaitility.await().atMost(PATIENCE).untilAsserted(() -> assertThat(handled.missing(load.sent())).isEmpty());
			logger
				.info("%s: %d messages, %d handled twice".formatted(version, load.sent().size(), handled.duplicates()));
			assertThat(load.errors()).isEmpty();
			// at most what was in flight, at each of the switches: the prefetch of all
			// consumers
			assertThat(handled.duplicates()).isLessThanOrEqualTo(3 * 8 * 250);
			assertThat(cluster.node(0).administration().messageCount(DROPPED)).isZero();
			// a node that is drained refuses connections before it says why
			assertThat(shop.reasons).contains(FailureReason.MAINTENANCE)
				.isSubsetOf(FailureReason.MAINTENANCE, FailureReason.UNREACHABLE);
		}
	}

	@Configuration(proxyBeanMethods = false)
	static class Shop {

		final List<FailureReason> reasons = new CopyOnWriteArrayList<>();

		@EventListener
		void on(BrokerEvent event) {
			if (event instanceof BrokerEvent.Lost lost) {
				this.reasons.add(lost.failure().reason());
			}
		}

		@Bean
		Declarables queues() {
			return new Declarables(new Queue(DROPPED, true, false, false, Map.of("x-queue-type", "quorum")),
					quorum(SIMPLE.queue()), quorum(DIRECT.queue()));
		}

		private static Queue quorum(String name) {
			return QueueBuilder.durable(name)
				.quorum()
				.deliveryLimit(20)
				.deadLetterExchange("")
				.deadLetterRoutingKey(DROPPED)
				.build();
		}

		@Bean
		Handled handled() {
			return new Handled();
		}

		@Bean
		AbstractMessageListenerContainer simple(ConnectionFactory connectionFactory, Handled handled) {
			return SIMPLE.create(connectionFactory, handled);
		}

		@Bean
		AbstractMessageListenerContainer direct(ConnectionFactory connectionFactory, Handled handled) {
			return DIRECT.create(connectionFactory, handled);
		}

	}

}
