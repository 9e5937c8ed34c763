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
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;

import com.rabbitmq.client.Channel;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.amqp.core.Queue;
import org.springframework.amqp.rabbit.annotation.RabbitListener;
import org.springframework.amqp.rabbit.connection.CachingConnectionFactory;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

import dev.failover.broker.Brokers;
import dev.failover.test.RabbitNode;
import dev.failover.test.junit.BrokerTest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * Slow listeners without acknowledgements: RabbitMQ sends them everything at once.
 */
@BrokerTest
class SlowListenerIntegrationTests {

	private static final Duration PATIENCE = Duration.ofSeconds(60);

	/**
	 * Three times what a failover and the back-off of a container may take.
	 */
	private static final Duration AT_ONCE = Duration.ofSeconds(12);

	/**
	 * More than the client holds.
	 */
	private static final int MANY = 3000;

	/**
	 * More than a consumer is given ahead.
	 */
	private static final int FEW = 100;

	@North
	private RabbitNode first;

	@South
	private RabbitNode second;

	@BeforeEach
	void declareQueues() {
		QueueOnBroker.declareNew(Slow.QUEUE, this.first, this.second);
		Applications.writeQueues(this.first, this.second);
	}

	@ParameterizedTest
	@CsvSource({ "simple,1", "simple,3", "direct,1" })
	void newBrokerIsConsumedFromAtOnce(String type, int consumers) {
		try (ConfigurableApplicationContext context = run(type, consumers)) {
			Desk desk = context.getBean(Desk.class);
			RabbitNode lost = Applications.active(context, this.first, this.second);
			RabbitNode other = (lost == this.first) ? this.second : this.first;
			new QueueOnBroker(lost, Slow.QUEUE).publish(messages("old", MANY));
			new QueueOnBroker(other, Slow.QUEUE).publish(messages("new", MANY));
			await().atMost(PATIENCE).until(() -> desk.count("old") > 5);
			lost.kill();
			try {
				await().atMost(AT_ONCE).until(() -> new QueueOnBroker(other, Slow.QUEUE).consumers() == consumers);
				int before = desk.count("old");
				await().atMost(PATIENCE).until(() -> desk.count("old") > before + 20);
			}
			finally {
				desk.open.countDown();
				lost.start();
			}
			new QueueOnBroker(other, Slow.QUEUE).publish("last");
			await().atMost(PATIENCE).until(() -> desk.handled.contains("last"));
			assertThat(new QueueOnBroker(other, Slow.QUEUE).consumers()).isEqualTo(consumers);
		}
	}

	/**
	 * The broker is the same before and after.
	 */
	@Test
	void consumerWhoseChannelIsClosedForAMistakeBeginsAnew() throws Exception {
		try (ConfigurableApplicationContext context = run("simple", 1)) {
			Desk desk = context.getBean(Desk.class);
			RabbitNode active = Applications.active(context, this.first, this.second);
			new QueueOnBroker(active, Slow.QUEUE).publish(messages("old", FEW));
			await().atMost(PATIENCE).until(() -> desk.count("old") > 5);
			Channel channel = desk.channel;
			channel.basicPublish("missing", "", null, new byte[0]);
			await().atMost(PATIENCE)
				.until(() -> new QueueOnBroker(active, Slow.QUEUE).consumers() == 1
						&& active.administration().messageCount(Slow.QUEUE) == 0);
			desk.open.countDown();
			new QueueOnBroker(active, Slow.QUEUE).publish("last");
			await().atMost(PATIENCE).until(() -> desk.handled.contains("last"));
			assertThat(context.getBean(Brokers.class).getActive().port()).isEqualTo(active.port());
		}
	}

	private ConfigurableApplicationContext run(String type, int consumers) {
		ConfigurableApplicationContext context = Applications.run(Slow.class,
				Applications.brokers(this.first, this.second), "spring.rabbitmq.listener.type=" + type,
				"spring.rabbitmq.listener." + type + ".acknowledge-mode=none", "slow.consumers=" + consumers);
		context.getBean(CachingConnectionFactory.class).createConnection();
		return context;
	}

	private static String[] messages(String prefix, int number) {
		return IntStream.range(0, number).mapToObj((i) -> prefix + "-" + i).toArray(String[]::new);
	}

	@Configuration(proxyBeanMethods = false)
	static class Slow {

		static final String QUEUE = "slow";

		@Bean
		Queue slow() {
			return new Queue(QUEUE);
		}

		@Bean
		Desk desk() {
			return new Desk();
		}

	}

	/**
	 * Takes its time until it is to be quick.
	 */
	static class Desk {

		final Set<String> handled = ConcurrentHashMap.newKeySet();

		final CountDownLatch open = new CountDownLatch(1);

		volatile Channel channel;

		@RabbitListener(queues = Slow.QUEUE, concurrency = "${slow.consumers}")
		void handle(String body, Channel channel) throws InterruptedException {
			this.channel = channel;
			this.handled.add(body);
			this.open.await(100, TimeUnit.MILLISECONDS);
		}

		int count(String prefix) {
			return (int) this.handled.stream().filter((body) -> body.startsWith(prefix)).count();
		}

	}

}
