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

import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;

import com.rabbitmq.client.Channel;
import com.rabbitmq.client.ShutdownSignalException;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.amqp.core.AcknowledgeMode;
import org.springframework.amqp.core.Queue;
import org.springframework.amqp.rabbit.annotation.RabbitListener;
import org.springframework.amqp.rabbit.connection.CachingConnectionFactory;
import org.springframework.amqp.rabbit.connection.ChannelListener;
import org.springframework.amqp.rabbit.listener.RabbitListenerEndpointRegistry;
import org.springframework.amqp.support.AmqpHeaders;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.messaging.handler.annotation.Header;

import dev.failover.broker.Brokers;
import dev.failover.test.RabbitNode;
import dev.failover.test.junit.BrokerTest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * What becomes of messages in hand when their connection is closed, as a planned move has
 * lasted as long as it may.
 */
@BrokerTest
class OverduePlannedMoveIntegrationTests {

	private static final Duration PATIENCE = Duration.ofSeconds(60);

	private static final int MESSAGES = 100;

	/**
	 * What the listener has just begun or ended when the connection is closed.
	 */
	private static final int IN_HAND = 2;

	@North
	private RabbitNode first;

	@South
	private RabbitNode second;

	@BeforeEach
	void empty() {
		QueueOnBroker.declareNew(Moved.QUEUE, this.first, this.second);
	}

	/**
	 * It takes 5 seconds to handle all messages, and a second until the connection is
	 * closed.
	 */
	@ParameterizedTest
	@CsvSource({ "simple,AUTO", "direct,AUTO", "simple,MANUAL", "direct,MANUAL" })
	void whatCannotBeAcknowledgedAnyMoreIsNotHandledAndNotAcknowledgedElsewhere(String type, AcknowledgeMode mode)
			throws Exception {
		try (ConfigurableApplicationContext context = Applications.run(Moved.class,
				Applications.brokers(this.first, this.second), "spring.rabbitmq.listener.type=" + type,
				"spring.rabbitmq.listener." + type + ".acknowledge-mode=" + mode,
				"spring.rabbitmq.listener." + type + ".auto-startup=false", "failover.move.timeout=1s")) {
			List<ShutdownSignalException> closed = new CopyOnWriteArrayList<>();
			context.getBean(CachingConnectionFactory.class).addChannelListener(new Closed(closed));
			context.getBean(CachingConnectionFactory.class).createConnection();
			RabbitNode left = Applications.active(context, this.first, this.second);
			String[] messages = IntStream.range(0, MESSAGES).mapToObj((i) -> "message-" + i).toArray(String[]::new);
			new QueueOnBroker(left, Moved.QUEUE).publish(messages);
			context.getBean(RabbitListenerEndpointRegistry.class).start();
			Desk desk = context.getBean(Desk.class);
			await().atMost(PATIENCE).until(() -> desk.calls.get() > 2);
			Applications.move(context);
			assertThat(context.getBean(Brokers.class).getActive().port()).isNotEqualTo(left.port());
			await().atMost(PATIENCE).until(() -> desk.settled.keySet().containsAll(List.of(messages)));
			await().atMost(PATIENCE).until(() -> left.administration().messageCount(Moved.QUEUE) == 0);
			assertThat(closed).extracting(Throwable::getMessage)
				.as("channels closed because of a wrong delivery tag")
				.noneMatch((message) -> message.contains("406"));
			assertThat(desk.calls).as("calls of the listener").hasValueBetween(MESSAGES, MESSAGES + IN_HAND);
		}
		assertThat(QueueOnBroker.drain(Moved.QUEUE, this.first, this.second)).isEmpty();
	}

	@Configuration(proxyBeanMethods = false)
	static class Moved {

		static final String QUEUE = "overdue";

		@Bean
		Queue overdue() {
			return new Queue(QUEUE);
		}

		@Bean
		Desk desk(
				@Value("${spring.rabbitmq.listener.${spring.rabbitmq.listener.type}.acknowledge-mode}") AcknowledgeMode mode) {
			return new Desk(mode.isManual());
		}

	}

	static class Desk {

		final AtomicInteger calls = new AtomicInteger();

		final Map<String, Boolean> settled = new ConcurrentHashMap<>();

		private final CountDownLatch never = new CountDownLatch(1);

		private final boolean manual;

		Desk(boolean manual) {
			this.manual = manual;
		}

		@RabbitListener(queues = Moved.QUEUE)
		void handle(String body, Channel channel, @Header(AmqpHeaders.DELIVERY_TAG) long tag)
				throws IOException, InterruptedException {
			this.calls.incrementAndGet();
			assertThat(this.never.await(50, TimeUnit.MILLISECONDS)).isFalse();
			if (this.manual) {
				channel.basicAck(tag, false);
			}
			this.settled.put(body, true);
		}

	}

	/**
	 * Notes why channels are closed.
	 */
	private record Closed(List<ShutdownSignalException> signals) implements ChannelListener {

		@Override
		public void onCreate(Channel channel, boolean transactional) {
		}

		@Override
		public void onShutDown(ShutdownSignalException signal) {
			this.signals.add(signal);
		}

	}

}
