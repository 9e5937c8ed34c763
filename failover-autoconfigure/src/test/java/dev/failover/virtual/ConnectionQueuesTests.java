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

package dev.failover.virtual;

import java.io.IOException;
import java.util.Map;

import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import static org.mockito.BDDMockito.given;
import static org.mockito.BDDMockito.then;
import static org.mockito.Mockito.mock;

/**
 * Tests for {@link ConnectionQueues}.
 */
class ConnectionQueuesTests {

	private static final String QUEUE = "orders";

	private static final String EXCHANGE = "events";

	private final ConnectionQueues queues = new ConnectionQueues();

	private final Connection next = mock();

	private final Channel channel = mock();

	@BeforeEach
	void openChannels() throws IOException {
		given(this.next.createChannel()).willReturn(mock(), this.channel);
		this.queues.declared(QUEUE, false, false,
				(channel) -> channel.queueDeclare(QUEUE, true, false, false, Map.of()));
	}

	@Test
	void declaresAgainWhatWasDeclaredByMethodsOfTheProtocol() throws IOException {
		this.queues.done(new AMQP.Exchange.Declare.Builder().exchange(EXCHANGE).type("fanout").durable().build());
		this.queues.done(new AMQP.Queue.Bind.Builder().queue(QUEUE).exchange(EXCHANGE).routingKey("key").build());
		this.queues.declareOn(this.next, (queue) -> false);
		then(this.channel).should().queueDeclare(QUEUE, true, false, false, Map.of());
		then(this.channel).should().exchangeDeclare(EXCHANGE, "fanout", true, false, false, null);
		then(this.channel).should().queueBind(QUEUE, EXCHANGE, "key", null);
	}

	@Test
	void forgetsWhatWasUndoneByMethodsOfTheProtocol() throws IOException {
		this.queues.done(new AMQP.Exchange.Declare.Builder().exchange(EXCHANGE).type("fanout").build());
		this.queues.done(new AMQP.Queue.Bind.Builder().queue(QUEUE).exchange(EXCHANGE).routingKey("key").build());
		this.queues.done(new AMQP.Queue.Unbind.Builder().queue(QUEUE).exchange(EXCHANGE).routingKey("key").build());
		this.queues.done(new AMQP.Exchange.Delete.Builder().exchange(EXCHANGE).build());
		this.queues.declareOn(this.next, (queue) -> false);
		then(this.channel).should().queueDeclare(QUEUE, true, false, false, Map.of());
		then(this.channel).should().abort();
		then(this.channel).shouldHaveNoMoreInteractions();
	}

	@Test
	void declaresNothingThatWasLookedForOnly() throws IOException {
		this.queues.done(new AMQP.Exchange.Declare.Builder().exchange(EXCHANGE).type("fanout").passive().build());
		this.queues.declareOn(this.next, (queue) -> false);
		then(this.channel).should().queueDeclare(QUEUE, true, false, false, Map.of());
		then(this.channel).should().abort();
		then(this.channel).shouldHaveNoMoreInteractions();
	}

}
