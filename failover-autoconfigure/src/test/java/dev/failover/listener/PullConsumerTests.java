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
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

import com.rabbitmq.client.AMQP.BasicProperties;
import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Consumer;
import com.rabbitmq.client.Envelope;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.mockito.ArgumentCaptor;
import org.springframework.amqp.rabbit.connection.Connection;
import org.springframework.amqp.rabbit.connection.ConnectionFactory;

import dev.failover.broker.Broker;
import dev.failover.broker.Brokers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.mockito.ArgumentMatchers.anyBoolean;
import static org.mockito.ArgumentMatchers.anyString;
import static org.mockito.BDDMockito.given;
import static org.mockito.BDDMockito.then;
import static org.mockito.Mockito.mock;
import static org.mockito.Mockito.timeout;

/**
 * Tests for {@link PullConsumer} without a broker.
 */
class PullConsumerTests {

	private static final Duration PATIENCE = Duration.ofSeconds(20);

	private final Broker broker = Broker.of("one", "localhost", 5672);

	private final Brokers brokers = new Brokers(List.of(this.broker), Clock.systemUTC());

	private final BlockingQueue<String> handled = new LinkedBlockingQueue<>();

	private final Channel channel = mock();

	private final Connection connection = mock();

	private final ConnectionFactory connectionFactory = mock();

	private final PullConsumer consumer = new PullConsumer(this.connectionFactory, this.brokers, "orders",
			(message) -> handle(new String(message.getBody())));

	private void handle(String body) {
		this.handled.add(body);
		if (body.equals("error")) {
			throw new AssertionError("thrown by the test");
		}
	}

	@AfterEach
	void stop() {
		this.consumer.stop();
	}

	@Test
	void goesOnAfterAnErrorOfTheListenerAndOfTheErrorHandler() throws Exception {
		this.consumer.setErrorHandler((failure) -> {
			throw new AssertionError("thrown by the test");
		});
		Consumer target = start();
		deliver(target, "error");
		then(this.channel).should(timeout(PATIENCE.toMillis())).basicNack(1, false, true);
		deliver(target, "next");
		then(this.channel).should(timeout(PATIENCE.toMillis())).basicAck(1, false);
		then(this.connection).should().createChannel(anyBoolean());
		assertThat(this.consumer.isRunning()).isTrue();
	}

	@Test
	void beginsAnewAfterAnErrorOfTheConnectionFactory() throws Exception {
		given(this.connectionFactory.createConnection()).willThrow(new NoClassDefFoundError("thrown by the test"))
			.willReturn(this.connection);
		deliver(started(), "message");
	}

	@Test
	void goesOnWhenTheWeightOfItsBrokerChanges() throws Exception {
		Consumer target = start();
		this.brokers.operations().reweight("one", 7, 3);
		deliver(target, "first");
		deliver(target, "second");
		then(this.connection).should().createChannel(anyBoolean());
	}

	private Consumer start() throws IOException {
		given(this.connectionFactory.createConnection()).willReturn(this.connection);
		return started();
	}

	private Consumer started() throws IOException {
		given(this.connection.createChannel(anyBoolean())).willReturn(this.channel);
		this.brokers.connected(this.broker, 0);
		this.consumer.start();
		ArgumentCaptor<Consumer> consuming = ArgumentCaptor.captor();
		then(this.channel).should(timeout(PATIENCE.toMillis()))
			.basicConsume(anyString(), anyBoolean(), consuming.capture());
		return consuming.getValue();
	}

	/**
	 * Which broker is active is looked at before each message.
	 */
	private void deliver(Consumer target, String body) throws IOException, InterruptedException {
		target.handleDelivery("tag", new Envelope(1, false, "", "orders"), new BasicProperties(), body.getBytes());
		assertThat(this.handled.poll(PATIENCE.toMillis(), TimeUnit.MILLISECONDS)).isEqualTo(body);
	}

}
