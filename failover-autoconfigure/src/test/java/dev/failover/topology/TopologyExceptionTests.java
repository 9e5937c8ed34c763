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

package dev.failover.topology;

import java.io.IOException;

import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.Method;
import com.rabbitmq.client.ShutdownSignalException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.amqp.AmqpIOException;
import org.springframework.amqp.core.BindingBuilder;
import org.springframework.amqp.core.Declarable;
import org.springframework.amqp.core.FanoutExchange;
import org.springframework.amqp.core.Queue;
import org.springframework.amqp.rabbit.core.DeclarationExceptionEvent;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests for {@link TopologyException}.
 */
class TopologyExceptionTests {

	private static final Queue QUEUE = new Queue("orders");

	private static final FanoutExchange EXCHANGE = new FanoutExchange("shop");

	@Test
	void refusalNamesWhatTheBrokerRefused() {
		Throwable thrown = thrown(closedChannel(406));
		assertThat(TopologyException.of("one", thrown, event(QUEUE, thrown))).isNotNull()
			.hasMessage("Queue 'orders' cannot be declared on broker 'one': 406 text");
		assertThat(TopologyException.of("one", thrown, event(EXCHANGE, thrown))).isNotNull()
			.hasMessageStartingWith("Exchange 'shop' ");
		assertThat(TopologyException.of("one", thrown, event(BindingBuilder.bind(QUEUE).to(EXCHANGE), thrown)))
			.isNotNull()
			.hasMessageStartingWith("Binding of 'orders' to exchange 'shop' with routing key '' ");
	}

	@Test
	void failureOfAnEarlierDeclarationIsNotTakenForThisOne() {
		DeclarationExceptionEvent earlier = event(QUEUE, new IllegalStateException("earlier"));
		assertThat(TopologyException.of("one", thrown(closedChannel(403)), earlier)).isNotNull()
			.hasMessage("The topology cannot be declared on broker 'one': 403 text");
	}

	@Test
	void lostConnectionIsNoCause() {
		assertThat(TopologyException.of("one", thrown(closedChannel(406)), null)).isNotNull()
			.hasNoCause()
			.hasSuppressedException(thrown(closedChannel(406)));
	}

	@ParameterizedTest
	@ValueSource(ints = { 402, 403, 503, 540, 541 })
	void connectionThatIsClosedForWhatWasDeclaredIsARefusal(int code) {
		assertThat(TopologyException.of("one", thrown(closedConnection(code)), null)).isNotNull();
	}

	@ParameterizedTest
	@ValueSource(ints = { 320, 506 })
	void connectionThatIsClosedForAnotherReasonIsNone(int code) {
		assertThat(TopologyException.of("one", thrown(closedConnection(code)), null)).isNull();
		assertThat(TopologyException.of("one", thrown(null), null)).isNull();
	}

	@Test
	void whatTheClientRefusesIsARefusal() {
		Throwable thrown = new AmqpIOException(new IOException(new IllegalArgumentException("too long")));
		assertThat(TopologyException.of("one", thrown, null)).isNotNull()
			.hasMessage("The topology cannot be declared on broker 'one': too long");
	}

	@Test
	void lockedQueueIsRecognised() {
		assertThat(TopologyException.isLocked(thrown(closedChannel(405)))).isTrue();
		assertThat(TopologyException.isLocked(thrown(closedChannel(403)))).isFalse();
		assertThat(TopologyException.isLocked(thrown(null))).isFalse();
	}

	private static DeclarationExceptionEvent event(Declarable declarable, Throwable thrown) {
		return new DeclarationExceptionEvent(TopologyExceptionTests.class, declarable, thrown);
	}

	private static Method closedChannel(int code) {
		return new AMQP.Channel.Close.Builder().replyCode(code).replyText("text").build();
	}

	private static Method closedConnection(int code) {
		return new AMQP.Connection.Close.Builder().replyCode(code).replyText("text").build();
	}

	private static Throwable thrown(Method reason) {
		return new AmqpIOException(new IOException(new ShutdownSignalException(false, false, reason, null)));
	}

}
