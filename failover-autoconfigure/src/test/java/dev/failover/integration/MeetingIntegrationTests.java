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
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.IntStream;
import java.util.stream.Stream;

import org.awaitility.Awaitility;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.amqp.core.Queue;
import org.springframework.amqp.rabbit.annotation.RabbitListener;
import org.springframework.amqp.rabbit.config.SimpleRabbitListenerContainerFactory;
import org.springframework.amqp.rabbit.listener.SimpleMessageListenerContainer;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;

import dev.failover.broker.Brokers;
import dev.failover.template.FailoverTemplate;
import dev.failover.test.FaultProxy;
import dev.failover.test.RabbitNode;
import dev.failover.test.junit.BrokerTest;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Applications that list the same two independent brokers, and settle on different ones:
 * the first broker pauses just when one of them connects.
 */
@BrokerTest
@ExtendWith(OutputCaptureExtension.class)
class MeetingIntegrationTests {

	private static final Duration PATIENCE = Duration.ofSeconds(60);

	private static final String QUEUE = "meeting";

	@North
	private RabbitNode first;

	@South
	private RabbitNode second;

	@BeforeEach
	void declareQueues() {
		QueueOnBroker.declareNew(QUEUE, this.first, this.second);
	}

	@ParameterizedTest
	@ValueSource(strings = { "spring.rabbitmq.listener.type=simple", "spring.rabbitmq.listener.type=direct",
			"failover.standby=false" })
	void consumersReceiveWhatIsPublishedToTheOtherBroker(String property) {
		try (ConfigurableApplicationContext consumer = Applications.run(Consuming.class,
				Applications.brokers(this.first, this.second), "failover.connect.race-delay=0", property);
				ConfigurableApplicationContext producer = runWithFirstPaused()) {
			assertThat(Applications.active(consumer, this.first, this.second)).isSameAs(this.first);
			FailoverTemplate template = producer.getBean(FailoverTemplate.class);
			List<String> orders = IntStream.range(0, 5).mapToObj((number) -> "order-" + number).toList();
			orders.forEach((order) -> template.convertAndSend(QUEUE, order));
			assertThat(Applications.active(producer, List.of(this.second))).isSameAs(this.second);
			Desk desk = consumer.getBean(Desk.class);
			Awaitility.await().atMost(PATIENCE).untilAsserted(() -> assertThat(desk.handled).containsAll(orders));
		}
	}

	/**
	 * Whoever takes part tells it.
	 */
	@Test
	void messagesThatNobodyConsumesAreToldByPublisherAndConsumer(CapturedOutput output) {
		String look = "failover.detection.queue-interval=500ms";
		try (ConfigurableApplicationContext consumer = Applications.run(Consuming.class,
				Applications.brokers(this.first, this.second), "failover.connect.race-delay=0",
				"failover.listener.brokers=active", look);
				ConfigurableApplicationContext producer = runWithFirstPaused(look)) {
			assertThat(unconsumed(producer)).isEmpty();
			producer.getBean(FailoverTemplate.class).convertAndSend(QUEUE, "stranded");
			for (ConfigurableApplicationContext context : List.of(producer, consumer)) {
				Awaitility.await()
					.atMost(PATIENCE)
					.untilAsserted(() -> assertThat(unconsumed(context))
						.containsExactly("%d %s".formatted(this.second.port(), QUEUE)));
			}
			String warning = "Messages wait on broker 127.0.0.1:%d that nobody consumes, in [%s]"
				.formatted(this.second.port(), QUEUE);
			assertThat(output.getAll().lines().filter((line) -> line.contains(warning))).hasSize(2);
			try (ConfigurableApplicationContext another = Applications.run(Consuming.class,
					Applications.brokers(this.second), look)) {
				Desk desk = another.getBean(Desk.class);
				Awaitility.await().atMost(PATIENCE).until(() -> desk.handled.contains("stranded"));
				for (ConfigurableApplicationContext context : List.of(producer, consumer)) {
					Awaitility.await().atMost(PATIENCE).until(() -> unconsumed(context).isEmpty());
				}
			}
			assertThat(output).contains("are being consumed again");
		}
	}

	private static List<String> unconsumed(ConfigurableApplicationContext context) {
		return context.getBean(Brokers.class)
			.getStatuses()
			.stream()
			.flatMap(
					(status) -> status.unconsumedQueues().stream().map((queue) -> status.broker().port() + " " + queue))
			.toList();
	}

	@Test
	void applicationThatOnlyPublishesConsumesNothingUntilItHasAListener(CapturedOutput output) {
		try (ConfigurableApplicationContext context = Applications.run(Publishing.class,
				Applications.brokers(this.first, this.second))) {
			context.getBean(FailoverTemplate.class).convertAndSend(QUEUE, "active");
			Brokers brokers = context.getBean(Brokers.class);
			Awaitility.await()
				.atMost(PATIENCE)
				.until(() -> brokers.getStatuses().stream().allMatch((status) -> status.cluster() != null));
			new QueueOnBroker(this.first, QUEUE).publish("first");
			new QueueOnBroker(this.second, QUEUE).publish("second");
			assertThat(output).doesNotContain("beside the active broker");
			Set<String> handled = ConcurrentHashMap.newKeySet();
			SimpleMessageListenerContainer container = context.getBean(SimpleRabbitListenerContainerFactory.class)
				.createListenerContainer();
			container.setQueueNames(QUEUE);
			container.setMessageListener((message) -> handled.add(new String(message.getBody())));
			container.start();
			try {
				Awaitility.await().atMost(PATIENCE).until(() -> handled.containsAll(List.of("first", "second")));
			}
			finally {
				container.stop();
			}
		}
	}

	/**
	 * The first broker is there for everybody else.
	 */
	private ConfigurableApplicationContext runWithFirstPaused(String... properties) {
		FaultProxy proxy = FaultProxy.to(this.first);
		proxy.blackHole();
		String brokers = "failover.brokers=" + Applications.through(proxy, this.first) + ";" + this.second.uri();
		ConfigurableApplicationContext producer = Applications.run(Publishing.class,
				Stream.concat(Stream.of(brokers), Stream.of(properties)).toArray(String[]::new));
		producer.getBean(FailoverTemplate.class).execute((channel) -> channel.isOpen());
		proxy.pass();
		return producer;
	}

	@Configuration(proxyBeanMethods = false)
	static class Publishing {

		@Bean
		Queue meeting() {
			return new Queue(QUEUE);
		}

	}

	@Configuration(proxyBeanMethods = false)
	@Import(Publishing.class)
	static class Consuming {

		@Bean
		Desk desk() {
			return new Desk();
		}

	}

	static class Desk {

		final Set<String> handled = ConcurrentHashMap.newKeySet();

		@RabbitListener(queues = QUEUE)
		void handle(String order) {
			this.handled.add(order);
		}

	}

}
