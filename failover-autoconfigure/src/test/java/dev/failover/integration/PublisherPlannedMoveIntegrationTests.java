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
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;

import org.awaitility.Awaitility;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Configuration;

import dev.failover.broker.Broker;
import dev.failover.broker.BrokerState;
import dev.failover.broker.Brokers;
import dev.failover.connection.PlannedMoves;
import dev.failover.template.FailoverTemplate;
import dev.failover.test.RabbitNode;
import dev.failover.test.junit.BrokerTest;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Publishers that are moved to and fro between two healthy brokers.
 */
@BrokerTest
class PublisherPlannedMoveIntegrationTests {

	private static final String QUEUE = "moved";

	private static final int MOVES = Integer.getInteger("failover.test.moves", 20);

	@North
	private RabbitNode first;

	@South
	private RabbitNode second;

	@BeforeEach
	void declare() {
		QueueOnBroker.declareNew(QUEUE, this.first, this.second);
	}

	@Test
	void nothingIsLostOrDoubledAndNothingFails() throws Exception {
		try (ConfigurableApplicationContext context = run();
				Senders blocking = Senders.start(2, 2000 * MOVES / 20,
						(message) -> context.getBean(FailoverTemplate.class).convertAndSend(QUEUE, message));
				SteadyStream asynchronous = SteadyStream.start(context.getBean(FailoverTemplate.class), QUEUE)) {
			for (int i = 0; i < MOVES; i++) {
				asynchronous.awaitMore(50);
				Applications.move(context);
			}
			blocking.awaitEnd();
			asynchronous.end();
			assertThat(blocking.errors()).isEmpty();
			assertThat(asynchronous.errors()).isEmpty();
			Set<String> sent = new HashSet<>(blocking.sent());
			sent.addAll(asynchronous.confirmed());
			List<String> onFirst = new QueueOnBroker(this.first, QUEUE).drain();
			List<String> onSecond = new QueueOnBroker(this.second, QUEUE).drain();
			assertThat(onFirst).isNotEmpty();
			assertThat(onSecond).isNotEmpty();
			assertThat(onFirst.size() + onSecond.size()).as("messages on both brokers").isEqualTo(sent.size());
			onFirst.forEach(sent::remove);
			onSecond.forEach(sent::remove);
			assertThat(sent).as("lost").isEmpty();
		}
	}

	@Test
	void connectionsToTheOldBrokerAreClosed() throws Exception {
		try (ConfigurableApplicationContext context = run()) {
			FailoverTemplate template = context.getBean(FailoverTemplate.class);
			template.convertAndSend(QUEUE, "publisher");
			template.receive(QUEUE);
			Broker left = context.getBean(Brokers.class).getActive();
			Applications.move(context);
			template.convertAndSend(QUEUE, "moved");
			assertThat(template.receiveAndConvert(QUEUE)).isEqualTo("moved");
			context.getBean(PlannedMoves.class).disable(left.name()).get(30, TimeUnit.SECONDS);
			RabbitNode node = Applications.node(left, this.first, this.second);
			Awaitility.await()
				.atMost(Duration.ofSeconds(30))
				.until(() -> connections(node), (open) -> open.equals("0"));
		}
	}

	@Test
	void brokerThatIsActiveCanBeDisabled() throws Exception {
		try (ConfigurableApplicationContext context = run()) {
			FailoverTemplate template = context.getBean(FailoverTemplate.class);
			template.convertAndSend(QUEUE, "before");
			Brokers brokers = context.getBean(Brokers.class);
			Broker disabled = brokers.getActive();
			context.getBean(PlannedMoves.class).disable(disabled.name()).get(30, TimeUnit.SECONDS);
			assertThat(brokers.getActive()).isNotNull().isNotEqualTo(disabled);
			assertThat(brokers.getStatus(disabled.name()).orElseThrow().state()).isEqualTo(BrokerState.DISABLED);
			template.convertAndSend(QUEUE, "after");
		}
	}

	private static String connections(RabbitNode node) {
		return node.evaluate("length(rabbit_networking:local_connections()).").trim();
	}

	private ConfigurableApplicationContext run() {
		return Applications.run(Publishing.class, Applications.brokers(this.first, this.second),
				"failover.standby=false");
	}

	@Configuration(proxyBeanMethods = false)
	static class Publishing {

	}

}
