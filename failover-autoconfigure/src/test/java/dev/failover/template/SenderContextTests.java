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
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;

import com.rabbitmq.client.observation.micrometer.MicrometerObservationCollectorBuilder;
import com.rabbitmq.client.observation.micrometer.PublishContext;
import io.micrometer.context.ContextRegistry;
import io.micrometer.observation.Observation;
import io.micrometer.observation.ObservationHandler;
import io.micrometer.observation.ObservationRegistry;
import io.micrometer.observation.ObservationView;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.amqp.core.Message;
import org.springframework.amqp.core.MessageBuilder;
import org.springframework.amqp.core.Queue;
import org.springframework.amqp.rabbit.core.RabbitAdmin;
import org.springframework.context.support.GenericApplicationContext;

import dev.failover.test.EmbeddedBroker;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests for what the thread of a sender carries, on an embedded broker.
 */
class SenderContextTests {

	private static final String QUEUE = "orders";

	private static final int SENDERS = 16;

	private static final int MESSAGES = 50;

	private final ObservationRegistry registry = ObservationRegistry.create();

	private final GenericApplicationContext context = new GenericApplicationContext();

	private final List<String> published = new CopyOnWriteArrayList<>();

	private final EmbeddedBroker broker = EmbeddedBroker.builder().start();

	private final PublishingFixture fixture = new PublishingFixture(List.of(this.broker));

	private final FailoverTemplate template = this.fixture.template(PublishSettings.DEFAULTS);

	private final ExecutorService senders = Executors.newFixedThreadPool(SENDERS);

	@BeforeEach
	void start() {
		this.registry.observationConfig().observationHandler(new Published());
		this.fixture.nativeFactory
			.setObservationCollector(new MicrometerObservationCollectorBuilder().registry(this.registry).build());
		this.context.registerBean(ObservationRegistry.class, () -> this.registry);
		this.context.refresh();
		this.template.setApplicationContext(this.context);
		new RabbitAdmin(this.fixture.connectionFactory).declareQueue(new Queue(QUEUE));
	}

	@AfterEach
	void stop() {
		this.senders.shutdownNow();
		this.template.destroy();
		this.fixture.close();
		this.context.close();
		this.broker.close();
	}

	@ParameterizedTest
	@ValueSource(booleans = { true, false })
	void whatIsObservedWhereAMessageIsWrittenBelongsToItsSenderUnderLoad(boolean observed) throws Exception {
		this.template.setObservationEnabled(observed);
		List<Future<?>> sending = IntStream.range(0, SENDERS)
			.<Future<?>>mapToObj((sender) -> this.senders.submit(() -> sendAll(sender)))
			.toList();
		for (Future<?> sent : sending) {
			sent.get(60, TimeUnit.SECONDS);
		}
		assertThat(this.published).hasSize(SENDERS * MESSAGES).allMatch((pair) -> {
			String[] senders = pair.split(" ");
			return senders[0].equals(senders[1]);
		});
	}

	private void sendAll(int sender) {
		CompletableFuture<?>[] sent = IntStream.range(0, MESSAGES).mapToObj((i) -> {
			String name = sender + "-" + i;
			return Observation.createNotStarted(name, this.registry)
				.observe(() -> this.template.sendAsync("", QUEUE, message(name)));
		}).toArray(CompletableFuture[]::new);
		CompletableFuture.allOf(sent).join();
	}

	private static Message message(String sender) {
		return MessageBuilder.withBody(new byte[0]).setHeader("sender", sender).build();
	}

	@ParameterizedTest
	@ValueSource(booleans = { true, false })
	void whatDependsOnAConfirmIsInTheScopeOfTheSender(boolean observed) {
		this.template.setObservationEnabled(observed);
		Observation sender = Observation.start("sender", this.registry);
		List<@Nullable Observation> seen = new CopyOnWriteArrayList<>();
		List<String> threads = new CopyOnWriteArrayList<>();
		CompletableFuture<?>[] called = sender.observe(() -> IntStream.range(0, MESSAGES)
			.mapToObj((i) -> this.template.sendAsync("", QUEUE, message("1")).thenRun(() -> {
				seen.add(this.registry.getCurrentObservation());
				threads.add(Thread.currentThread().getName());
			}))
			.toArray(CompletableFuture[]::new));
		assertThat(CompletableFuture.allOf(called)).succeedsWithin(Duration.ofSeconds(30));
		assertThat(seen).hasSize(MESSAGES).allMatch((observation) -> observation == sender);
		assertThat(threads).anyMatch((name) -> name.startsWith("failover-confirms"));
	}

	@Test
	void whateverHasAnAccessorIsCarried() {
		ThreadLocal<@Nullable String> tenant = new ThreadLocal<>();
		ContextRegistry.getInstance().registerThreadLocalAccessor("tenant", tenant);
		try {
			assertThat(ThreadContexts.capture(ObservationRegistry.NOOP)).isNull();
			tenant.set("north");
			ThreadContext captured = ThreadContexts.capture(ObservationRegistry.NOOP);
			tenant.set("south");
			ThreadContext.Restored restored = ThreadContexts.restore(captured);
			assertThat(tenant.get()).isEqualTo("north");
			restored.close();
			assertThat(tenant.get()).isEqualTo("south");
		}
		finally {
			ContextRegistry.getInstance().removeThreadLocalAccessor("tenant");
		}
	}

	@Test
	void contextThatCannotBeRestoredDoesNoHarm() {
		ThreadContexts.restore(() -> {
			throw new IllegalStateException("thrown by the test");
		}).close();
		ThreadContexts.restore(() -> () -> {
			throw new IllegalStateException("thrown by the test");
		}).close();
	}

	/**
	 * Notes for each message that the client publishes whose it is, and in whose
	 * observation that was.
	 */
	private final class Published implements ObservationHandler<PublishContext> {

		@Override
		public void onStart(PublishContext context) {
			ObservationView parent = context.getParentObservation();
			while (parent != null && parent.getContextView().getName().equals("spring.rabbit.template")) {
				parent = parent.getContextView().getParentObservation();
			}
			SenderContextTests.this.published.add(Objects.requireNonNull(context.getCarrier()).get("sender") + " "
					+ ((parent != null) ? parent.getContextView().getName() : "nobody"));
		}

		@Override
		public boolean supportsContext(Observation.Context context) {
			return context instanceof PublishContext;
		}

	}

}
