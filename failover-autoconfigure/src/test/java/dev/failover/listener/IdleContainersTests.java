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

import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Set;

import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.ShutdownSignalException;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.amqp.AmqpIOException;
import org.springframework.amqp.rabbit.connection.AbstractConnectionFactory;
import org.springframework.amqp.rabbit.listener.AbstractMessageListenerContainer;
import org.springframework.amqp.rabbit.listener.ListenerContainerConsumerFailedEvent;
import org.springframework.amqp.rabbit.listener.SimpleMessageListenerContainer;
import org.springframework.context.ApplicationContext;

import dev.failover.broker.Broker;
import dev.failover.broker.Brokers;
import dev.failover.broker.FailureReason;
import dev.failover.broker.TestBrokers;
import dev.failover.connection.ConsumerAccess;
import dev.failover.connection.FailoverConnectionFactory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.mockito.BDDMockito.given;
import static org.mockito.Mockito.mock;

/**
 * One container with two queues, and one broker.
 */
class IdleContainersTests {

	private static final Instant START = Instant.parse("2026-01-01T00:00:00Z");

	private final Broker north = TestBrokers.broker("north");

	private final Brokers brokers = new Brokers(List.of(this.north), Clock.systemUTC());

	private final ConsumerAccess consumers = mock();

	private final ApplicationContext context = mock();

	private final Clock clock = mock();

	private final SimpleMessageListenerContainer container = mock();

	private final IdleContainers idle = new IdleContainers(this.brokers, this.consumers, this.context, this.clock);

	@BeforeEach
	void run() {
		AbstractConnectionFactory connectionFactory = mock();
		given(connectionFactory.getRabbitConnectionFactory()).willReturn(mock(FailoverConnectionFactory.class));
		given(this.container.getConnectionFactory()).willReturn(connectionFactory);
		given(this.container.isRunning()).willReturn(true);
		given(this.container.getListenerId()).willReturn("shop");
		given(this.container.getQueueNames()).willReturn(new String[] { "orders", "bills" });
		given(this.context.getBeansOfType(AbstractMessageListenerContainer.class, false, false))
			.willReturn(Map.of("container", this.container));
		given(this.clock.instant()).willReturn(START);
		this.brokers.connected(this.north, 0);
	}

	private void consume(String... queues) {
		given(this.consumers.getQueuesOnActive()).willReturn(Set.of(queues));
	}

	private void passPatience() {
		given(this.clock.instant()).willReturn(START.plus(IdleContainers.PATIENCE));
	}

	private void fail(Throwable failure, boolean fatal) {
		this.idle
			.onApplicationEvent(new ListenerContainerConsumerFailedEvent(this.container, "Aborted", failure, fatal));
	}

	@Test
	void containerThatConsumesOneOfItsQueuesIsInOrder() {
		consume("bills");
		assertThat(this.idle.getAll()).isEmpty();
		passPatience();
		assertThat(this.idle.getAll()).isEmpty();
		assertThat(this.idle.getRunning()).isEqualTo(1);
	}

	@Test
	void containerThatConsumesNothingIsToldAfterAWhile() {
		assertThat(this.idle.getAll()).isEmpty();
		given(this.clock.instant()).willReturn(START.plus(IdleContainers.PATIENCE).minus(Duration.ofMillis(1)));
		assertThat(this.idle.getAll()).isEmpty();
		passPatience();
		assertThat(this.idle.getAll()).containsExactly(new IdleContainer("shop", List.of("orders", "bills"), START,
				"It runs, but consumes none of its queues on broker north"));
		consume("orders");
		assertThat(this.idle.getAll()).isEmpty();
		consume();
		assertThat(this.idle.getAll()).as("since now").isEmpty();
	}

	@Test
	void nothingIsToldOfConsumersWhileTheyMoveOrThereIsNoBroker() {
		this.idle.getAll();
		passPatience();
		given(this.consumers.isMoving()).willReturn(true);
		assertThat(this.idle.getAll()).isEmpty();
		given(this.consumers.isMoving()).willReturn(false);
		this.brokers.failed(this.north, 0, FailureReason.CONNECTION_LOST, null);
		assertThat(this.idle.getAll()).isEmpty();
	}

	@Test
	void containerThatTheApplicationHasStoppedIsInOrder() {
		given(this.container.isRunning()).willReturn(false);
		this.idle.getAll();
		passPatience();
		assertThat(this.idle.getAll()).isEmpty();
		assertThat(this.idle.getRunning()).isZero();
	}

	@Test
	void containerThatAFailureHasStoppedIsToldAtOnceUntilItRuns() {
		given(this.container.isRunning()).willReturn(false);
		fail(new IllegalStateException("outer", new IllegalArgumentException("s3cret")), true);
		assertThat(this.idle.getAll()).singleElement().satisfies((told) -> {
			assertThat(told.since()).isEqualTo(START);
			assertThat(told.reason())
				.isEqualTo("It was stopped by a failure that is not retried: Aborted (IllegalArgumentException)");
		});
		this.brokers.failed(this.north, 0, FailureReason.CONNECTION_LOST, null);
		assertThat(this.idle.getAll()).as("without a broker, too").hasSize(1);
		given(this.container.isRunning()).willReturn(true);
		consume("orders");
		assertThat(this.idle.getAll()).isEmpty();
		given(this.container.isRunning()).willReturn(false);
		assertThat(this.idle.getAll()).as("stopped by the application now").isEmpty();
	}

	@Test
	void failureThatIsRetriedStopsNothing() {
		fail(new IllegalStateException(), false);
		assertThat(this.idle.getAll()).isEmpty();
	}

	@Test
	void containerThatIsGoneIsForgotten() {
		given(this.container.isRunning()).willReturn(false);
		fail(new IllegalStateException(), true);
		given(this.context.getBeansOfType(AbstractMessageListenerContainer.class, false, false)).willReturn(Map.of());
		assertThat(this.idle.getAll()).isEmpty();
	}

	@Test
	void containerThatWaitsForAnotherOneWithExclusiveRightsIsInOrder() {
		fail(new AmqpIOException(new IOException(new ShutdownSignalException(false, false,
				new AMQP.Channel.Close.Builder().replyCode(AMQP.ACCESS_REFUSED)
					.replyText("ACCESS_REFUSED - queue 'orders' in vhost '/' in exclusive use")
					.classId(60)
					.methodId(20)
					.build(),
				null))), false);
		this.idle.getAll();
		passPatience();
		assertThat(this.idle.getAll()).isEmpty();
	}

}
