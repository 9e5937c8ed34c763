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
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.springframework.amqp.core.Queue;
import org.springframework.amqp.rabbit.annotation.RabbitListener;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

import dev.failover.broker.Broker;
import dev.failover.broker.Brokers;
import dev.failover.template.FailoverTemplate;
import dev.failover.test.RabbitNode;
import dev.failover.test.junit.BrokerTest;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * A message that its listener gives back at the very moment at which the broker that was
 * left seems to be empty, because the message is in hand.
 */
@BrokerTest
class RejectedMessageDrainIntegrationTests {

	private static final Duration PATIENCE = Duration.ofSeconds(60);

	/**
	 * Lets the broker take a second longer than it would for what comes on the channel
	 * with the message.
	 */
	private static final String HOLD = """
			HasMessage = fun(C) -> case catch rabbit_channel:info(C, [messages_unacknowledged]) of
				[{messages_unacknowledged, N}] -> N > 0; _Ended -> false end end,
			Held = lists:filter(HasMessage, rabbit_channel:list_local()),
			[sys:suspend(C) || C <- Held],
			spawn(fun() -> timer:sleep(1000), [sys:resume(C) || C <- Held] end),
			length(Held).""";

	private static final String CONSUMERS = """
			{ok, Q} = rabbit_amqqueue:lookup(rabbit_misc:r(<<"%s">>, queue, <<"%s">>)),
			length(rabbit_amqqueue:consumers(Q)).""";

	@North
	private RabbitNode first;

	@South
	private RabbitNode second;

	@Test
	void messageIsHandledBeforeTheBrokerCountsAsEmpty() throws Exception {
		try (ConfigurableApplicationContext context = Applications.run(Shop.class,
				Applications.brokers(this.first, this.second), "spring.rabbitmq.listener.type=simple",
				"failover.listener.brokers=active")) {
			Desk desk = context.getBean(Desk.class);
			context.getBean(FailoverTemplate.class).convertAndSend(Shop.QUEUE, "message");
			Awaitility.await().atMost(PATIENCE).until(() -> desk.deliveries.get() == 1);
			Broker left = context.getBean(Brokers.class).getActive();
			desk.node = Applications.node(left, this.first, this.second);
			Applications.move(context);
			RabbitNode next = (desk.node == this.first) ? this.second : this.first;
			// until then, the message may come back to the consumer that is being
			// cancelled
			Awaitility.await().atMost(PATIENCE).until(() -> isConsumed(next));
			desk.moved.countDown();
			Awaitility.await().atMost(PATIENCE).until(() -> desk.deliveries.get() == 3);
			assertThat(desk.held).isEqualTo("1");
		}
	}

	private static boolean isConsumed(RabbitNode node) {
		return node.evaluate(CONSUMERS.formatted(node.virtualHost(), Shop.QUEUE)).equals("1");
	}

	@Configuration(proxyBeanMethods = false)
	static class Shop {

		static final String QUEUE = "rejected";

		@Bean
		Queue queue() {
			return new Queue(QUEUE);
		}

		@Bean
		Desk desk() {
			return new Desk();
		}

	}

	/**
	 * Gives its message back twice: after the move, and when the consumer that has it
	 * then is cancelled, because no other message is there.
	 */
	static class Desk {

		final AtomicInteger deliveries = new AtomicInteger();

		final CountDownLatch moved = new CountDownLatch(1);

		volatile RabbitNode node;

		volatile String held;

		@RabbitListener(queues = Shop.QUEUE)
		void handle(String body) throws InterruptedException {
			switch (this.deliveries.incrementAndGet()) {
				case 1 -> {
					assertThat(this.moved.await(PATIENCE.toSeconds(), TimeUnit.SECONDS)).isTrue();
					throw new IllegalStateException("Given back after the move");
				}
				case 2 -> {
					this.held = this.node.evaluate(HOLD);
					throw new IllegalStateException("Given back when nothing else is there");
				}
				default -> {
				}
			}
		}

	}

}
