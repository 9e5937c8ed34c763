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
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.mockito.ArgumentCaptor;
import org.springframework.amqp.rabbit.connection.AbstractConnectionFactory;
import org.springframework.amqp.rabbit.listener.AbstractMessageListenerContainer;
import org.springframework.amqp.rabbit.listener.DirectMessageListenerContainer;
import org.springframework.context.ApplicationContext;
import org.springframework.context.event.ContextRefreshedEvent;

import dev.failover.broker.BrokerEvent;
import dev.failover.broker.Brokers;
import dev.failover.broker.EventStage;
import dev.failover.broker.TestBrokers;
import dev.failover.connection.ConsumerAccess;
import dev.failover.connection.FailoverConnectionFactory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.mockito.BDDMockito.given;
import static org.mockito.BDDMockito.then;
import static org.mockito.Mockito.mock;

/**
 * One container with two queues, and two brokers.
 */
class ConsumerReadinessTests {

	private final Brokers brokers = new Brokers(List.of(TestBrokers.broker("first"), TestBrokers.broker("second")),
			Clock.systemUTC());

	private final ConsumerAccess consumers = mock();

	private final ApplicationContext context = mock();

	private final ConsumerReadiness readiness = new ConsumerReadiness(this.brokers, this.consumers, this.context);

	private final DirectMessageListenerContainer container = mock();

	private final List<BrokerEvent.ConsumersReady> told = new CopyOnWriteArrayList<>();

	@BeforeEach
	void connect() {
		AbstractConnectionFactory connectionFactory = mock();
		given(connectionFactory.getRabbitConnectionFactory()).willReturn(mock(FailoverConnectionFactory.class));
		given(this.container.getConnectionFactory()).willReturn(connectionFactory);
		given(this.container.isRunning()).willReturn(true);
		given(this.container.getQueueNames()).willReturn(new String[] { "orders", "bills" });
		given(this.context.getBeansOfType(AbstractMessageListenerContainer.class, false, false))
			.willReturn(Map.of("container", this.container));
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
		consume("orders");
		assertThat(this.told).isEmpty();
		consume("orders", "bills");
		assertReadyOn("first");
		consume("orders", "bills");
		assertThat(this.told).hasSize(1);
	}

	@Test
	void consumersThatAreOnTheirWayAreNotReady() {
		given(this.consumers.isMoving()).willReturn(true);
		this.brokers.operations().activate("second");
		consume("orders", "bills");
		assertThat(this.told).isEmpty();
		given(this.consumers.isMoving()).willReturn(false);
		consume("orders", "bills");
		assertReadyOn("second");
	}

	@Test
	void consumersAreReadyOnEachBrokerThatBecomesActive() {
		consume("orders", "bills");
		this.told.clear();
		consume();
		this.brokers.operations().activate("second");
		assertThat(this.told).isEmpty();
		consume("orders", "bills");
		assertReadyOn("second");
	}

	private void assertReadyOn(String broker) {
		assertThat(this.told).singleElement().satisfies((ready) -> {
			assertThat(ready.broker().name()).isEqualTo(broker);
			assertThat(ready.queues()).isEqualTo(2);
		});
	}

	private void consume(String... queues) {
		given(this.consumers.getQueuesOnActive()).willReturn(Set.of(queues));
		ArgumentCaptor<Runnable> listener = ArgumentCaptor.forClass(Runnable.class);
		then(this.consumers).should().addListener(listener.capture());
		listener.getValue().run();
	}

}
