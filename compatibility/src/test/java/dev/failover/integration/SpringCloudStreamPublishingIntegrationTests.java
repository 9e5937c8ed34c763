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

import java.beans.PropertyDescriptor;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Date;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Function;

import org.awaitility.Awaitility;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.amqp.rabbit.connection.ConnectionFactory;
import org.springframework.amqp.rabbit.connection.CorrelationData;
import org.springframework.amqp.rabbit.core.RabbitAdmin;
import org.springframework.amqp.rabbit.core.RabbitTemplate;
import org.springframework.amqp.support.AmqpHeaders;
import org.springframework.beans.BeanWrapper;
import org.springframework.beans.PropertyAccessorFactory;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.cloud.stream.config.ProducerMessageHandlerCustomizer;
import org.springframework.cloud.stream.function.StreamBridge;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.integration.amqp.outbound.AmqpOutboundEndpoint;
import org.springframework.integration.amqp.support.ReturnedAmqpMessageException;
import org.springframework.integration.annotation.ServiceActivator;
import org.springframework.integration.channel.QueueChannel;
import org.springframework.messaging.Message;
import org.springframework.messaging.MessageHandler;
import org.springframework.messaging.support.ErrorMessage;
import org.springframework.messaging.support.MessageBuilder;

import dev.failover.template.FailoverTemplate;
import dev.failover.template.PublishException;
import dev.failover.test.RabbitNode;
import dev.failover.test.junit.EachRabbit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatException;

/**
 * Producers of Spring Cloud Stream.
 */
@ParameterizedClass
@EachRabbit
@ExtendWith(OutputCaptureExtension.class)
class SpringCloudStreamPublishingIntegrationTests {

	private static final String DESTINATION = "dispatched";

	private static final String QUEUE = DESTINATION + ".desk";

	private static final String INCOMING = "ordered";

	private static final String BINDING = "orders-out-0";

	private static final String PRODUCER = "spring.cloud.stream.rabbit.bindings." + BINDING + ".producer.";

	private static final String OWN_TEMPLATE = "failover.publish.stream-binder=false";

	private static final Duration PATIENCE = Duration.ofSeconds(30);

	@Parameter
	private String version;

	@North
	private RabbitNode first;

	@South
	private RabbitNode second;

	@BeforeEach
	void empty() {
		QueueOnBroker.delete(QUEUE, this.first, this.second);
		QueueOnBroker.delete(INCOMING + ".desk", this.first, this.second);
	}

	/**
	 * What a sender or a function has sent without an error arrives, though a batch is
	 * published after its messages were sent.
	 */
	@ParameterizedTest
	@EnumSource
	void nothingIsLostWithTheBroker(Way way) throws Exception {
		try (ConfigurableApplicationContext context = run(Shop.class, way.settings); Load load = way.load(context)) {
			load.awaitMore();
			Applications.writeQueues(this.first, this.second);
			RabbitNode lost = Applications.active(context, this.first, this.second);
			lost.kill();
			load.awaitMore();
			lost.start();
			load.end();
			Applications.awaitReturn(context, lost);
			Applications.move(context);
			context.getBean(HandledWithPauses.class).awaitAll(load.sent());
			assertThat(load.errors()).isEmpty();
		}
	}

	/**
	 * Its id is that of Spring's message, if the application sets none.
	 */
	@ParameterizedTest
	@ValueSource(strings = { "", "delivery-mode=NON_PERSISTENT", "delay-expression=headers.wait", "compress=true",
			"routing-key-expression=headers.key", "header-patterns=text,amqp_timestamp,amqp_messageId" })
	void messageIsTheSameAsWithTheTemplateOfTheBinder(String property) {
		List<Map<String, Object>> delivered = new ArrayList<>();
		for (String own : List.of(OWN_TEMPLATE, "failover.publish.stream-binder=true")) {
			try (ConfigurableApplicationContext context = run(Bridge.class, queue(), own,
					property.isEmpty() ? "" : PRODUCER + property)) {
				context.getBean(StreamBridge.class).send(BINDING, message().build());
				context.getBean(StreamBridge.class)
					.send(BINDING, message().setHeader(AmqpHeaders.MESSAGE_ID, "id").build());
				delivered.add(receive(context));
				delivered.add(receive(context));
			}
		}
		assertThat(delivered.get(0)).containsKeys("body", "headers", "priority", "expiration");
		assertThat(delivered.get(0).remove("messageId")).asString().isNotEmpty();
		assertThat(delivered.get(2).remove("messageId")).asString().isNotEmpty();
		assertThat(delivered.get(2)).isEqualTo(delivered.get(0));
		assertThat(delivered.get(1)).containsEntry("messageId", "id");
		assertThat(delivered.get(3)).isEqualTo(delivered.get(1));
	}

	private static MessageBuilder<?> message() {
		return MessageBuilder.withPayload(Map.of("number", 17))
			.setHeader("text", "value")
			.setHeader("number", 3)
			.setHeader("list", List.of("a", 1L))
			.setHeader("key", "routed")
			.setHeader("wait", 25)
			.setHeader(AmqpHeaders.TYPE, "order")
			.setHeader(AmqpHeaders.APP_ID, "shop")
			.setHeader(AmqpHeaders.CORRELATION_ID, "correlated")
			.setHeader(AmqpHeaders.REPLY_TO, "answers")
			.setHeader(AmqpHeaders.EXPIRATION, "60000")
			.setHeader(AmqpHeaders.TIMESTAMP, new Date(1_800_000_000_000L))
			.setHeader(AmqpHeaders.CONTENT_ENCODING, "utf-8")
			.setHeader("priority", 4);
	}

	private static Map<String, Object> receive(ConfigurableApplicationContext context) {
		org.springframework.amqp.core.Message message = context.getBean(FailoverTemplate.class).receive(QUEUE, 5000);
		assertThat(message).isNotNull();
		Map<String, Object> fields = new TreeMap<>();
		fields.put("body", new String(message.getBody()));
		BeanWrapper properties = PropertyAccessorFactory.forBeanPropertyAccess(message.getMessageProperties());
		for (PropertyDescriptor property : properties.getPropertyDescriptors()) {
			if (!Set.of("class", "deliveryTag", "replyToAddress", "messageCount").contains(property.getName())) {
				fields.put(property.getName(), properties.getPropertyValue(property.getName()));
			}
		}
		return fields;
	}

	@Test
	void messageThatNoQueueIsBoundForIsNoError() {
		try (ConfigurableApplicationContext context = run(Bridge.class)) {
			assertThat(context.getBean(StreamBridge.class).send(BINDING, "lost")).isTrue();
		}
	}

	@Test
	void senderGetsTheFailure() {
		try (ConfigurableApplicationContext context = run(Bridge.class)) {
			context.getBean(StreamBridge.class).send(BINDING, "first");
			context.getBean(RabbitAdmin.class).deleteExchange(DESTINATION);
			assertThatException().isThrownBy(() -> context.getBean(StreamBridge.class).send(BINDING, "second"))
				.withCauseInstanceOf(PublishException.class);
		}
	}

	@Test
	void partitionsArePublishedTo() {
		try (ConfigurableApplicationContext context = run(Bridge.class,
				"spring.cloud.stream.bindings." + BINDING + ".producer.partition-key-expression=payload",
				"spring.cloud.stream.bindings." + BINDING + ".producer.partition-count=2",
				"spring.cloud.stream.bindings." + BINDING + ".producer.required-groups=desk")) {
			for (int i = 0; i < 20; i++) {
				context.getBean(StreamBridge.class).send(BINDING, "order-" + i);
			}
			RabbitAdmin admin = context.getBean(RabbitAdmin.class);
			List<Long> counts = List.of(count(admin, QUEUE + "-0"), count(admin, QUEUE + "-1"));
			assertThat(counts).allMatch((count) -> count > 0);
			assertThat(counts.get(0) + counts.get(1)).isEqualTo(20);
			admin.deleteQueue(QUEUE + "-0");
			admin.deleteQueue(QUEUE + "-1");
		}
	}

	private static long count(RabbitAdmin admin, String queue) {
		return (long) admin.getQueueProperties(queue).get(RabbitAdmin.QUEUE_MESSAGE_COUNT);
	}

	@Test
	void confirmsAndReturnsReachTheChannelsOfTheBinding() {
		try (ConfigurableApplicationContext context = run(Channels.class,
				"spring.cloud.stream.bindings." + BINDING + ".producer.error-channel-enabled=true",
				PRODUCER + "confirm-ack-channel=confirmed")) {
			StreamBridge bridge = context.getBean(StreamBridge.class);
			assertThat(bridge.send(BINDING, "returned")).isTrue();
			Message<?> error = context.getBean("errors", QueueChannel.class).receive(0);
			assertThat(error).isInstanceOf(ErrorMessage.class);
			assertThat(error.getPayload()).isInstanceOfSatisfying(ReturnedAmqpMessageException.class,
					(returned) -> assertThat(returned.getAmqpMessage().getBody()).asString().isEqualTo("returned"));
			assertThat(context.getBean("confirmed", QueueChannel.class).receive(0)).isNotNull();
			context.getBean(RabbitAdmin.class).deleteExchange(DESTINATION);
			assertThatException().isThrownBy(() -> bridge.send(BINDING, "refused"));
			assertThat(context.getBean("errors", QueueChannel.class).receive(0)).isNotNull();
		}
	}

	@Test
	void correlationOfAMessageIsCompleted() {
		try (ConfigurableApplicationContext context = run(Bridge.class, PRODUCER + "use-confirm-header=true")) {
			CorrelationData correlation = new CorrelationData("order-1");
			context.getBean(StreamBridge.class)
				.send(BINDING,
						MessageBuilder.withPayload("returned")
							.setHeader(AmqpHeaders.PUBLISH_CONFIRM_CORRELATION, correlation)
							.build());
			assertThat(correlation.getFuture()).isCompletedWithValueMatching(CorrelationData.Confirm::ack);
			assertThat(correlation.getReturned()).isNotNull();
		}
	}

	@Test
	void customizersOfTheApplicationAreApplied() {
		try (ConfigurableApplicationContext context = run(Customized.class)) {
			AmqpOutboundEndpoint endpoint = endpoint(context);
			assertThat(endpoint.getRabbitTemplate().getConnectionFactory())
				.isNotSameAs(context.getBean(ConnectionFactory.class));
		}
	}

	@Test
	void templateOfTheBinderIsLeftAloneIfThePropertySaysSo(CapturedOutput output) {
		try (ConfigurableApplicationContext context = run(Customized.class, OWN_TEMPLATE)) {
			assertThat(endpoint(context).getRabbitTemplate().getConnectionFactory())
				.isSameAs(context.getBean(ConnectionFactory.class));
			assertThat(context.getBeansOfType(FailoverTemplate.class)).hasSize(1);
			assertThat(output).doesNotContain("without failover");
		}
	}

	private static AmqpOutboundEndpoint endpoint(ConfigurableApplicationContext context) {
		context.getBean(StreamBridge.class).send(BINDING, "first");
		return context.getBean(Customized.class).endpoint;
	}

	@Test
	void transactedProducerIsWarnedOf(CapturedOutput output) {
		try (ConfigurableApplicationContext context = run(Bridge.class, queue(), PRODUCER + "transacted=true")) {
			context.getBean(StreamBridge.class).send(BINDING, "order");
			assertThat(receive(context)).containsEntry("body", "order");
			assertThat(output).containsOnlyOnce("Spring Cloud Stream's binding '" + BINDING + "' (destination '"
					+ DESTINATION + "') publishes without failover, because its channel is transacted");
		}
	}

	@Test
	void batchingProducerIsWarnedOf(CapturedOutput output) {
		try (ConfigurableApplicationContext context = run(Bridge.class, PRODUCER + "batching-enabled=true")) {
			context.getBean(StreamBridge.class).send(BINDING, "order");
			assertThat(output).containsOnlyOnce("binding '" + BINDING + "' (destination '" + DESTINATION
					+ "') sends batches: messages whose batch is not complete");
		}
	}

	@Test
	void binderWithItsOwnConnectionFactoryIsWarnedOf(CapturedOutput output) {
		String binder = "spring.cloud.stream.binders.own.";
		try (ConfigurableApplicationContext context = run(Bridge.class, queue(), binder + "type=rabbit",
				binder + "environment.spring.rabbitmq.host=localhost",
				binder + "environment.spring.rabbitmq.port=" + this.first.port(),
				binder + "environment.spring.rabbitmq.virtual-host=" + this.first.virtualHost(),
				binder + "environment.spring.rabbitmq.username=" + this.first.username(),
				binder + "environment.spring.rabbitmq.password=" + this.first.password())) {
			context.getBean(StreamBridge.class).send(BINDING, "order");
			assertThat(output).containsOnlyOnce("binding '" + BINDING + "' (destination '" + DESTINATION
					+ "') publishes without failover, because its binder has a connection factory of its own");
		}
	}

	private static String queue() {
		return "spring.cloud.stream.bindings." + BINDING + ".producer.required-groups=desk";
	}

	private ConfigurableApplicationContext run(Class<?> application, String... settings) {
		List<String> all = new ArrayList<>(List.of(settings));
		all.removeIf(String::isEmpty);
		all.add("spring.cloud.stream.bindings." + BINDING + ".destination=" + DESTINATION);
		return Applications.run(application,
				ConsumerTrial.settings(List.of(this.first, this.second), all.toArray(String[]::new)));
	}

	/**
	 * How messages are sent.
	 */
	enum Way {

		BRIDGE("spring.cloud.function.definition=desk"),

		BATCHES("spring.cloud.function.definition=desk", PRODUCER + "batching-enabled=true", PRODUCER + "batch-size=10",
				PRODUCER + "batch-timeout=100"),

		FUNCTION("spring.cloud.function.definition=desk;relay",
				"spring.cloud.stream.bindings.relay-in-0.destination=" + INCOMING,
				"spring.cloud.stream.bindings.relay-in-0.group=desk",
				"spring.cloud.stream.bindings.relay-out-0.destination=" + DESTINATION);

		private final String[] settings;

		Way(String... settings) {
			List<String> all = new ArrayList<>(List.of(settings));
			all.add("spring.cloud.stream.bindings.desk-in-0.destination=" + DESTINATION);
			all.add("spring.cloud.stream.bindings.desk-in-0.group=desk");
			this.settings = all.toArray(String[]::new);
		}

		/**
		 * The input of the function is published by other means.
		 */
		private Load load(ConfigurableApplicationContext context) {
			StreamBridge bridge = context.getBean(StreamBridge.class);
			FailoverTemplate template = context.getBean(FailoverTemplate.class);
			return new Load((this == FUNCTION) ? (message) -> template.convertAndSend(INCOMING, INCOMING, message)
					: (message) -> bridge.send(BINDING, message));
		}

	}

	/**
	 * Sends 200 messages a second.
	 */
	private static final class Load implements AutoCloseable {

		private static final int PACE_MILLIS = 5;

		private final Set<String> sent = ConcurrentHashMap.newKeySet();

		private final Queue<Throwable> errors = new ConcurrentLinkedQueue<>();

		private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor();

		private final Consumer<String> sender;

		private int number;

		Load(Consumer<String> sender) {
			this.sender = sender;
			this.timer.scheduleAtFixedRate(this::send, 0, PACE_MILLIS, TimeUnit.MILLISECONDS);
		}

		private void send() {
			String message = "order-" + this.number++;
			try {
				this.sender.accept(message);
				this.sent.add(message);
			}
			catch (RuntimeException ex) {
				this.errors.add(ex);
			}
		}

		void awaitMore() {
			int enough = this.sent.size() + 400;
			Awaitility.await().atMost(PATIENCE).until(() -> this.sent.size() >= enough);
		}

		Set<String> sent() {
			return this.sent;
		}

		Queue<Throwable> errors() {
			return this.errors;
		}

		void end() throws InterruptedException {
			this.timer.shutdown();
			assertThat(this.timer.awaitTermination(30, TimeUnit.SECONDS)).isTrue();
		}

		@Override
		public void close() {
			this.timer.shutdownNow();
		}

	}

	@Configuration(proxyBeanMethods = false)
	static class Bridge {

	}

	@Configuration(proxyBeanMethods = false)
	static class Shop {

		@Bean
		HandledWithPauses handled() {
			return new HandledWithPauses();
		}

		@Bean
		Consumer<String> desk(HandledWithPauses handled) {
			return handled::add;
		}

		@Bean
		Function<String, String> relay() {
			return Function.identity();
		}

	}

	@Configuration(proxyBeanMethods = false)
	static class Channels {

		@Bean
		QueueChannel confirmed() {
			return new QueueChannel();
		}

		@Bean
		QueueChannel errors() {
			return new QueueChannel();
		}

		@ServiceActivator(inputChannel = "errorChannel", outputChannel = "errors")
		Message<?> error(Message<?> message) {
			return message;
		}

	}

	@Configuration(proxyBeanMethods = false)
	static class Customized {

		private AmqpOutboundEndpoint endpoint;

		@Bean
		ProducerMessageHandlerCustomizer<MessageHandler> customizer() {
			return (handler, destination) -> {
				this.endpoint = (AmqpOutboundEndpoint) handler;
				assertThat(this.endpoint.getRabbitTemplate()).isExactlyInstanceOf(RabbitTemplate.class);
			};
		}

	}

}
