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

package dev.failover.template;

import java.time.Duration;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;

import io.micrometer.common.KeyValue;
import io.micrometer.common.KeyValues;
import io.micrometer.observation.Observation;
import io.micrometer.observation.ObservationHandler;
import io.micrometer.observation.ObservationRegistry;
import io.micrometer.observation.tck.TestObservationRegistry;
import io.micrometer.observation.tck.TestObservationRegistryAssert;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.amqp.core.Message;
import org.springframework.amqp.core.MessageBuilder;
import org.springframework.amqp.core.Queue;
import org.springframework.amqp.rabbit.core.RabbitAdmin;
import org.springframework.amqp.rabbit.support.micrometer.RabbitMessageSenderContext;
import org.springframework.amqp.rabbit.support.micrometer.RabbitTemplateObservationConvention;
import org.springframework.context.support.GenericApplicationContext;
import org.springframework.jdbc.datasource.DataSourceTransactionManager;
import org.springframework.jdbc.datasource.DriverManagerDataSource;
import org.springframework.transaction.support.TransactionTemplate;

import dev.failover.ensure.EnsurePolicy;
import dev.failover.ensure.Ensurer;
import dev.failover.ensure.FailureClassifier;
import dev.failover.test.EmbeddedBroker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.awaitility.Awaitility.await;

/**
 * Tests for what a {@link FailoverTemplate} observes, on embedded brokers behind proxies.
 */
class SendObservationTests {

	private static final String QUEUE = "orders";

	private static final String NAME = "spring.rabbit.template";

	private final TestObservationRegistry registry = TestObservationRegistry.create();

	private final GenericApplicationContext context = new GenericApplicationContext();

	private final Recorder recorder = new Recorder();

	private final ProxiedBroker north = ProxiedBroker.of(EmbeddedBroker.builder().name("north").start());

	private final ProxiedBroker south = ProxiedBroker.of(EmbeddedBroker.builder().name("south").start());

	private final PublishingFixture fixture = new PublishingFixture(List.of(this.north, this.south));

	private FailoverTemplate template;

	@BeforeEach
	void start() {
		this.registry.observationConfig().observationHandler(this.recorder);
		this.context.registerBean(ObservationRegistry.class, () -> this.registry);
		this.context.refresh();
		RabbitAdmin admin = new RabbitAdmin(this.fixture.connectionFactory);
		this.fixture.connectionFactory.addConnectionListener((connection) -> admin.declareQueue(new Queue(QUEUE)));
		this.template = template(Duration.ofSeconds(30));
	}

	@AfterEach
	void stop() {
		this.template.destroy();
		this.fixture.close();
		this.context.close();
		for (ProxiedBroker broker : List.of(this.north, this.south)) {
			broker.close();
			broker.target().close();
		}
	}

	@Test
	void sendIsObservedUntilItIsConfirmed() {
		this.template.convertAndSend("", QUEUE, "1");
		TestObservationRegistryAssert.assertThat(this.registry)
			.hasNumberOfObservationsWithNameEqualTo(NAME, 1)
			.hasObservationWithNameEqualTo(NAME)
			.that()
			.hasBeenStarted()
			.hasBeenStopped()
			.doesNotHaveError()
			.hasContextualNameEqualTo("/orders send")
			.hasOnlyKeys("spring.rabbit.template.name", "messaging.destination.name",
					"messaging.rabbitmq.destination.routing_key", "messaging.system", "messaging.operation.name",
					"messaging.operation.type", "messaging.message.id", "messaging.message.body.size", "server.address",
					"server.port", "failover.broker", "failover.tries", "failover.outcome")
			.hasLowCardinalityKeyValue("spring.rabbit.template.name", "rabbitTemplate")
			.hasLowCardinalityKeyValue("messaging.destination.name", "")
			.hasLowCardinalityKeyValue("messaging.rabbitmq.destination.routing_key", QUEUE)
			.hasHighCardinalityKeyValue("messaging.system", "rabbitmq")
			.hasHighCardinalityKeyValue("messaging.operation.name", "publish")
			.hasHighCardinalityKeyValue("messaging.operation.type", "send")
			.hasHighCardinalityKeyValue("messaging.message.body.size", "1")
			.hasHighCardinalityKeyValue("server.port", Integer.toString(this.north.port()))
			.hasHighCardinalityKeyValue("failover.broker", "north")
			.hasHighCardinalityKeyValue("failover.tries", "1")
			.hasHighCardinalityKeyValue("failover.outcome", "confirmed");
		assertThat(this.recorder.events).containsExactly("failover.try: try 1 on north");
	}

	@Test
	void observationOfAnAsynchronousSendLastsAsLongAsTheConfirm() throws Exception {
		this.template.convertAndSend("", QUEUE, "before");
		this.north.proxy().blackHole();
		CompletableFuture<Boolean> stoppedBefore = this.template.convertAndSendAsync("", QUEUE, "1")
			.thenApply((confirmation) -> this.recorder.stopped.size() == 2);
		await().until(() -> this.recorder.events.size() == 2);
		assertThat(this.recorder.stopped).hasSize(1);
		this.north.proxy().pass();
		assertThat(stoppedBefore.get(30, TimeUnit.SECONDS)).isTrue();
		assertThat(this.recorder.stopped.get(1).isConfirmed()).isTrue();
	}

	@Test
	void eachTryAndEachSwitchIsAnEvent() throws Exception {
		this.template.convertAndSend("", QUEUE, "before");
		this.recorder.events.clear();
		this.north.proxy().blackHole();
		CompletableFuture<Confirmation> confirmed = this.template.convertAndSendAsync("", QUEUE, "1");
		await().until(() -> this.recorder.events.size() == 1);
		this.north.proxy().refuse();
		this.north.proxy().cut();
		assertThat(confirmed.get(30, TimeUnit.SECONDS).tries()).isEqualTo(2);
		assertThat(this.recorder.events).containsExactly("failover.try: try 1 on north",
				"failover.switch: switch from north to south", "failover.try: try 2 on south");
		assertThat(this.recorder.stopped.get(1).getHighCardinalityKeyValues())
			.contains(KeyValue.of("failover.broker", "south"), KeyValue.of("failover.tries", "2"));
	}

	@Test
	void failureIsThatOfTheSend() {
		this.template.destroy();
		this.template = template(Duration.ofMillis(500));
		this.north.proxy().refuse();
		this.south.proxy().refuse();
		assertThatExceptionOfType(PublishException.class)
			.isThrownBy(() -> this.template.convertAndSend("", QUEUE, "1"));
		TestObservationRegistryAssert.assertThat(this.registry)
			.hasObservationWithNameEqualTo(NAME)
			.that()
			.hasBeenStopped()
			.hasError()
			.hasHighCardinalityKeyValue("error.type", PublishException.class.getName())
			.hasHighCardinalityKeyValue("failover.tries", "0")
			.hasHighCardinalityKeyValue("failover.outcome", "not_sent")
			.doesNotHaveHighCardinalityKeyValueWithKey("failover.broker");
	}

	@Test
	void returnedMessageAndOneThatCannotBeEncodedAreFailures() {
		assertThatExceptionOfType(MessageReturnedException.class)
			.isThrownBy(() -> this.template.convertAndSend("", "nobody", "1"));
		assertThat(this.recorder.stopped.get(0).getError()).isInstanceOf(MessageReturnedException.class);
		assertThat(this.recorder.stopped.get(0).getHighCardinalityKeyValues())
			.contains(KeyValue.of("failover.outcome", "returned"));
		assertThat(this.template.sendAsync("", QUEUE, tooLong())).isCompletedExceptionally();
		assertThat(this.recorder.stopped.get(1).getError()).isInstanceOf(PublishException.class);
	}

	@Test
	void messageThatATransactionHoldsIsObservedUntilItHasEnded() {
		DriverManagerDataSource database = new DriverManagerDataSource("jdbc:h2:mem:" + UUID.randomUUID());
		TransactionTemplate transaction = new TransactionTemplate(new DataSourceTransactionManager(database));
		this.template.setChannelTransacted(true);
		transaction.executeWithoutResult((status) -> {
			this.template.convertAndSend("", QUEUE, "1");
			assertThat(this.recorder.stopped).isEmpty();
		});
		assertThat(this.recorder.stopped).hasSize(1).allMatch(FailoverSenderContext::isConfirmed);
		transaction.executeWithoutResult((status) -> {
			this.template.convertAndSend("", QUEUE, "2");
			status.setRollbackOnly();
		});
		assertThat(this.recorder.stopped.get(1).getOutcome()).isEqualTo(PublishOutcome.NOT_SENT);
		assertThat(this.recorder.stopped.get(1).getError()).hasMessageContaining("rolled back");
	}

	@Test
	void sendInsideOfInvokeIsObservedOnceBySpring() {
		this.template.invoke((operations) -> {
			operations.convertAndSend("", QUEUE, "1");
			return true;
		});
		TestObservationRegistryAssert.assertThat(this.registry).hasNumberOfObservationsWithNameEqualTo(NAME, 1);
		assertThat(this.recorder.stopped).isEmpty();
	}

	@Test
	void conventionIsReplaced() {
		this.template.setObservationConvention(new RabbitTemplateObservationConvention() {

			@Override
			public String getName() {
				return "orders.sent";
			}

			@Override
			public KeyValues getLowCardinalityKeyValues(RabbitMessageSenderContext context) {
				return KeyValues.of("tries", Integer.toString(((FailoverSenderContext) context).getTries()));
			}

		});
		this.template.convertAndSend("", QUEUE, "1");
		TestObservationRegistryAssert.assertThat(this.registry)
			.hasObservationWithNameEqualTo("orders.sent")
			.that()
			.hasOnlyKeys("tries")
			.hasLowCardinalityKeyValue("tries", "1");
	}

	@Test
	void conventionOfOpenTelemetryNamesTheDestination() {
		this.template.setObservationConvention(FailoverTemplateObservation.OpenTelemetryConvention.INSTANCE);
		this.template.convertAndSend("amq.direct", "orders", "1", (message) -> {
			message.getMessageProperties().setCorrelationId("conversation");
			message.getMessageProperties().setHeader("x-delay", 1L);
			message.getMessageProperties().setDelayLong(1L);
			return message;
		});
		FailoverSenderContext sent = this.recorder.stopped.get(0);
		assertThat(sent.getContextualName()).isEqualTo("publish amq.direct:orders");
		assertThat(sent.getAllKeyValues()).contains(KeyValue.of("messaging.destination.name", "amq.direct:orders"),
				KeyValue.of("messaging.message.conversation_id", "conversation"));
		assertThat(sent.getLowCardinalityKeyValue("messaging.destination.name"))
			.isEqualTo(KeyValue.of("messaging.destination.name", "amq.direct"));
	}

	@Test
	void handlerThatFailsDoesNoHarmToTheMessage() {
		this.registry.observationConfig().observationHandler(new Broken());
		this.template.convertAndSend("", QUEUE, "1");
		assertThat(this.template.convertAndSendAsync("", QUEUE, "2")).succeedsWithin(Duration.ofSeconds(30));
		assertThat(this.template.receiveAndConvert(QUEUE, 5000)).isEqualTo("1");
		assertThat(this.template.receiveAndConvert(QUEUE, 5000)).isEqualTo("2");
	}

	@Test
	void nothingFollowsAMessageThatIsNotObserved() {
		SendObservations observations = new SendObservations(() -> null);
		Message message = MessageBuilder.withBody(new byte[0]).build();
		assertThat(observations.start(ObservationRegistry.NOOP, "", QUEUE, message)).isNull();
		this.template.setObservationEnabled(false);
		this.template.convertAndSend("", QUEUE, "1");
		TestObservationRegistryAssert.assertThat(this.registry).doesNotHaveAnyObservation();
	}

	private FailoverTemplate template(Duration timeout) {
		Ensurer ensurer = new Ensurer(this.fixture.brokers, this.fixture.reconnector, FailureClassifier.standard(),
				() -> false);
		EnsurePolicy policy = EnsurePolicy.DEFAULT.withTimeout(timeout);
		FailoverTemplate created = new FailoverTemplate(this.fixture.connectionFactory, ensurer, policy,
				PublishSettings.DEFAULTS);
		created.setApplicationContext(this.context);
		created.setObservationEnabled(true);
		return created;
	}

	private static Message tooLong() {
		return MessageBuilder.withBody(new byte[0]).setType("x".repeat(300)).build();
	}

	/**
	 * Records the events and ends of what is published with failover.
	 */
	private static final class Recorder implements ObservationHandler<FailoverSenderContext> {

		private final List<String> events = new CopyOnWriteArrayList<>();

		private final List<FailoverSenderContext> stopped = new CopyOnWriteArrayList<>();

		@Override
		public void onEvent(Observation.Event event, FailoverSenderContext context) {
			this.events.add(event.getName() + ": " + event.getContextualName());
		}

		@Override
		public void onStop(FailoverSenderContext context) {
			this.stopped.add(context);
		}

		@Override
		public boolean supportsContext(Observation.Context context) {
			return context instanceof FailoverSenderContext;
		}

	}

	/**
	 * Fails whatever it is told.
	 */
	private static final class Broken implements ObservationHandler<FailoverSenderContext> {

		@Override
		public void onError(FailoverSenderContext context) {
			throw new IllegalStateException("thrown by the test");
		}

		@Override
		public void onEvent(Observation.Event event, FailoverSenderContext context) {
			throw new IllegalStateException("thrown by the test");
		}

		@Override
		public void onStop(FailoverSenderContext context) {
			throw new IllegalStateException("thrown by the test");
		}

		@Override
		public boolean supportsContext(Observation.Context context) {
			return context instanceof FailoverSenderContext;
		}

	}

}
