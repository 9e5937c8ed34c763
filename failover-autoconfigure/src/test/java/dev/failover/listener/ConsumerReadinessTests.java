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

package dev.failover.listener;

import java.time.Clock;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.DefaultConsumer;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.amqp.rabbit.connection.AbstractConnectionFactory;
import org.springframework.amqp.rabbit.listener.ConsumeOkEvent;
import org.springframework.amqp.rabbit.listener.DirectMessageListenerContainer;
import org.springframework.context.ApplicationContext;
import org.springframework.context.event.ContextRefreshedEvent;

import dev.failover.broker.Activation;
import dev.failover.broker.BrokerEvent;
import dev.failover.broker.Brokers;
import dev.failover.broker.EventStage;
import dev.failover.broker.TestBrokers;
import dev.failover.connection.FailoverConnectionFactory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.mockito.BDDMockito.given;
import static org.mockito.Mockito.mock;

/**
 * One container with two queues, and a connection to each of two brokers.
 */
class ConsumerReadinessTests {

	private final Brokers brokers = new Brokers(List.of(TestBrokers.broker("first"), TestBrokers.broker("second")),
			Clock.systemUTC());

	private final ContainerBook containers = new ContainerBook();

	private final Connection toFirst = mock();

	private final Connection toSecond = mock();

	private final ApplicationContext context = mock();

	private final ConsumerReadiness readiness = new ConsumerReadiness(this.brokers, this.containers,
			(connection) -> new Activation(this.brokers.getAll().get((connection == this.toFirst) ? 0 : 1), 0),
			this.context);

	private final DirectMessageListenerContainer container = mock();

	private final List<BrokerEvent.ConsumersReady> told = new CopyOnWriteArrayList<>();

	@BeforeEach
	void connect() {
		AbstractConnectionFactory connectionFactory = mock();
		given(connectionFactory.getRabbitConnectionFactory()).willReturn(mock(FailoverConnectionFactory.class));
		given(this.container.getConnectionFactory()).willReturn(connectionFactory);
		given(this.container.isRunning()).willReturn(true);
		given(this.container.getQueueNames()).willReturn(new String[] { "orders", "bills" });
		this.containers.postProcessAfterInitialization(this.container, "container");
		this.brokers.addListener((event) -> {
			if (event instanceof BrokerEvent.ConsumersReady ready) {
				this.told.add(ready);
			}
		}, EventStage.REPORTS);
		this.readiness.onApplicationEvent(new ContextRefreshedEvent(this.context));
		this.brokers.connected(this.brokers.getAll().get(0), 0);
	}

	@Test
	void consumersAreReadyWhenEveryQueueIsConsumedFrom() {
		consume("orders", this.toFirst);
		consume("orders", this.toFirst);
		assertThat(this.told).isEmpty();
		consume("bills", this.toFirst);
		assertReadyOn("first");
		consume("bills", this.toFirst);
		assertThat(this.told).hasSize(1);
	}

	@Test
	void consumerThatIsLateToHaveBegunOnTheBrokerThatWasLeftDoesNotCount() {
		this.brokers.operations().activate("second");
		consume("orders", this.toSecond);
		consume("bills", this.toFirst);
		assertThat(this.told).isEmpty();
		consume("bills", this.toSecond);
		assertReadyOn("second");
	}

	@Test
	void consumersAreNotReadyBeforeTheirContainerKnowsItsQueuesAgain() {
		this.containers.beginMove();
		this.brokers.operations().activate("second");
		given(this.container.getQueueNames()).willReturn(new String[] { "orders" });
		consume("orders", this.toSecond);
		consume("bills", this.toSecond);
		assertThat(this.told).isEmpty();
		given(this.container.getQueueNames()).willReturn(new String[] { "orders", "bills" });
		this.containers.endMove();
		assertReadyOn("second");
	}

	@Test
	void queueThatWasConsumedFromBeforeTheApplicationWasElsewhereDoesNotCount() {
		consume("orders", this.toFirst);
		consume("bills", this.toFirst);
		this.told.clear();
		this.brokers.operations().activate("second");
		consume("orders", this.toSecond);
		this.brokers.operations().activate("first");
		consume("orders", this.toFirst);
		assertThat(this.told).isEmpty();
		consume("bills", this.toFirst);
		assertReadyOn("first");
	}

	private void assertReadyOn(String broker) {
		assertThat(this.told).singleElement().satisfies((ready) -> {
			assertThat(ready.broker().name()).isEqualTo(broker);
			assertThat(ready.queues()).isEqualTo(2);
		});
	}

	private void consume(String queue, Connection connection) {
		Channel channel = mock();
		given(channel.getConnection()).willReturn(connection);
		this.readiness.onApplicationEvent(new ConsumeOkEvent(new DefaultConsumer(channel), queue, "tag"));
	}

}
