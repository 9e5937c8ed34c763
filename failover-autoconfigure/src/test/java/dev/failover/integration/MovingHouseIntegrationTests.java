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
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;

import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.springframework.amqp.core.Queue;
import org.springframework.amqp.core.QueueBuilder;
import org.springframework.amqp.rabbit.annotation.RabbitListener;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

import dev.failover.broker.Broker;
import dev.failover.broker.BrokerCredentials;
import dev.failover.broker.BrokerState;
import dev.failover.broker.BrokerStatus;
import dev.failover.broker.Brokers;
import dev.failover.connection.PlannedMoves;
import dev.failover.listener.BrokerDrains;
import dev.failover.template.FailoverTemplate;
import dev.failover.test.RabbitNode;
import dev.failover.test.junit.BrokerTest;
import dev.failover.test.junit.Rabbit;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * An application moves from RabbitMQ 3.10 with classic queues to 4.3 with quorum queues
 * while it runs, as the recipe in the documentation says. Another application goes on to
 * publish to the old broker in the meantime.
 */
@BrokerTest
class MovingHouseIntegrationTests {

	private static final Duration PATIENCE = Duration.ofSeconds(60);

	private static final String QUEUE = "parcels";

	private static final String NEW = "new-house";

	private static final int LATE = 200;

	@Rabbit(version = "3.10")
	private RabbitNode from;

	@Rabbit(version = "4")
	private RabbitNode to;

	@Test
	void applicationMovesFromClassicToQuorumQueuesWithoutAnErrorOrALoss() throws Exception {
		this.to.run("rabbitmqctl", "update_vhost_metadata", this.to.virtualHost(), "--default-queue-type", "quorum");
		try (ConfigurableApplicationContext context = Applications.run(Moving.class, Applications.brokers(this.from),
				"failover.detection.probe-interval=100ms", "failover.detection.probe-timeout=5s");
				SteadyStream stream = SteadyStream.start(context.getBean(FailoverTemplate.class), QUEUE)) {
			Brokers brokers = context.getBean(Brokers.class);
			Handled handled = context.getBean(Parcels.class).handled;
			Broker old = brokers.getAll().get(0);
			assertThat(type(this.from)).isEqualTo("classic");
			add(brokers);
			Awaitility.await().atMost(PATIENCE).until(() -> isConsumedBeside(context, NEW));
			assertThat(type(this.to)).isEqualTo("quorum");
			publish(this.to, "early");
			stream.awaitMore(200);
			context.getBean(PlannedMoves.class).activate(NEW).get(30, TimeUnit.SECONDS);
			publish(this.from, "late");
			stream.awaitMore(200);
			Awaitility.await()
				.atMost(PATIENCE)
				.until(() -> handled.missing(names("early")).isEmpty() && handled.missing(names("late")).isEmpty());
			context.getBean(PlannedMoves.class).remove(old.name()).get(60, TimeUnit.SECONDS);
			assertThat(brokers.getAll()).extracting(Broker::name).containsExactly(NEW);
			assertThat(this.from.administration().messageCount(QUEUE)).isZero();
			this.from.stop();
			stream.awaitMore(200);
			stream.end();
			assertThat(stream.errors()).isEmpty();
			Awaitility.await().atMost(PATIENCE).until(() -> handled.missing(stream.confirmed()).isEmpty());
			assertThat(handled.duplicates()).isZero();
		}
	}

	private void add(Brokers brokers) {
		brokers.operations()
			.add(Broker.of(NEW, this.to.host(), this.to.port()).withVirtualHost(this.to.virtualHost()),
					BrokerCredentials.of(this.to.username(), this.to.password()));
	}

	private static boolean isConsumedBeside(ConfigurableApplicationContext context, String name) {
		BrokerStatus status = context.getBean(Brokers.class).getStatus(name).orElseThrow();
		return status.state() == BrokerState.UP && !status.active()
				&& context.getBean(BrokerDrains.class).getConsumerCount(status.broker()) == 1;
	}

	/**
	 * Publish as another application does.
	 */
	private static void publish(RabbitNode node, String prefix) throws Exception {
		QueueOnBroker queue = new QueueOnBroker(node, QUEUE);
		for (String message : names(prefix)) {
			queue.publish(message);
		}
	}

	private static List<String> names(String prefix) {
		return IntStream.range(0, LATE).mapToObj((number) -> prefix + number).toList();
	}

	private static String type(RabbitNode node) {
		return node
			.run("rabbitmqctl", "list_queues", "-q", "-p", node.virtualHost(), "--no-table-headers", "name", "type")
			.lines()
			.filter((line) -> line.startsWith(QUEUE + "\t"))
			.map((line) -> line.substring(line.indexOf('\t') + 1).trim())
			.findFirst()
			.orElse("none");
	}

	@Configuration(proxyBeanMethods = false)
	static class Moving {

		@Bean
		Queue parcels() {
			return QueueBuilder.durable(QUEUE).build();
		}

		@Bean
		Parcels listener() {
			return new Parcels();
		}

	}

	static class Parcels {

		final Handled handled = new Handled();

		@RabbitListener(queues = QUEUE)
		void handle(String message) {
			this.handled.add(QUEUE, message, 0);
		}

	}

}
