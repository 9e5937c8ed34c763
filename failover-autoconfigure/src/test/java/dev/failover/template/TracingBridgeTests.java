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

import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

import io.micrometer.observation.Observation;
import io.micrometer.observation.ObservationHandler.FirstMatchingCompositeObservationHandler;
import io.micrometer.observation.ObservationRegistry;
import io.micrometer.tracing.Span;
import io.micrometer.tracing.handler.DefaultTracingObservationHandler;
import io.micrometer.tracing.handler.PropagatingSenderTracingObservationHandler;
import io.micrometer.tracing.otel.bridge.OtelCurrentTraceContext;
import io.micrometer.tracing.otel.bridge.OtelPropagator;
import io.micrometer.tracing.otel.bridge.OtelTracer;
import io.opentelemetry.api.common.AttributeKey;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.api.trace.StatusCode;
import io.opentelemetry.api.trace.Tracer;
import io.opentelemetry.api.trace.propagation.W3CTraceContextPropagator;
import io.opentelemetry.context.propagation.ContextPropagators;
import io.opentelemetry.sdk.testing.exporter.InMemorySpanExporter;
import io.opentelemetry.sdk.trace.SdkTracerProvider;
import io.opentelemetry.sdk.trace.data.EventData;
import io.opentelemetry.sdk.trace.data.SpanData;
import io.opentelemetry.sdk.trace.export.SimpleSpanProcessor;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.amqp.core.Message;
import org.springframework.amqp.core.MessageBuilder;
import org.springframework.amqp.core.Queue;
import org.springframework.amqp.rabbit.core.RabbitAdmin;
import org.springframework.context.support.GenericApplicationContext;

import dev.failover.test.EmbeddedBroker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

/**
 * Tests for the spans that Micrometer Tracing makes with OpenTelemetry, on an embedded
 * broker.
 */
class TracingBridgeTests {

	private static final String QUEUE = "orders";

	private static final int SENDERS = 16;

	private static final int MESSAGES = 25;

	private final InMemorySpanExporter exporter = InMemorySpanExporter.create();

	private final SdkTracerProvider provider = SdkTracerProvider.builder()
		.addSpanProcessor(SimpleSpanProcessor.create(this.exporter))
		.build();

	private final Tracer openTelemetry = this.provider.get("test");

	private final OtelTracer tracer = new OtelTracer(this.openTelemetry, new OtelCurrentTraceContext(), (event) -> {
	});

	private final ObservationRegistry registry = ObservationRegistry.create();

	private final GenericApplicationContext context = new GenericApplicationContext();

	private final EmbeddedBroker broker = EmbeddedBroker.builder().name("north").start();

	private final PublishingFixture fixture = new PublishingFixture(List.of(this.broker));

	private final FailoverTemplate template = this.fixture.template(PublishSettings.DEFAULTS);

	private final ExecutorService senders = Executors.newFixedThreadPool(SENDERS);

	@BeforeEach
	void start() {
		OtelPropagator propagator = new OtelPropagator(
				ContextPropagators.create(W3CTraceContextPropagator.getInstance()), this.openTelemetry);
		this.registry.observationConfig()
			.observationHandler(new FirstMatchingCompositeObservationHandler(
					new PropagatingSenderTracingObservationHandler<>(this.tracer, propagator),
					new DefaultTracingObservationHandler(this.tracer)));
		this.context.registerBean(ObservationRegistry.class, () -> this.registry);
		this.context.refresh();
		this.template.setApplicationContext(this.context);
		this.template.setObservationEnabled(true);
		new RabbitAdmin(this.fixture.connectionFactory).declareQueue(new Queue(QUEUE));
	}

	@AfterEach
	void stop() {
		this.senders.shutdownNow();
		this.template.destroy();
		this.fixture.close();
		this.context.close();
		this.broker.close();
		this.provider.close();
	}

	@Test
	void headersThatArriveAreOfTheSpanOfTheSendInTheTraceOfTheSenderUnderLoad() throws Exception {
		List<Future<?>> sending = IntStream.range(0, SENDERS)
			.<Future<?>>mapToObj((sender) -> this.senders.submit(this::sendAll))
			.toList();
		for (Future<?> sent : sending) {
			sent.get(60, TimeUnit.SECONDS);
		}
		Map<String, SpanData> spans = this.exporter.getFinishedSpanItems()
			.stream()
			.filter((span) -> span.getKind() == SpanKind.PRODUCER)
			.collect(Collectors.toMap(SpanData::getSpanId, Function.identity()));
		assertThat(spans).hasSize(SENDERS * MESSAGES);
		for (int i = 0; i < SENDERS * MESSAGES; i++) {
			Map<String, Object> headers = Objects.requireNonNull(this.template.receive(QUEUE, 5000))
				.getMessageProperties()
				.getHeaders();
			String[] parent = headers.get("traceparent").toString().split("-");
			SpanData span = spans.remove(parent[2]);
			assertThat(span).isNotNull();
			assertThat(parent[1]).isEqualTo(headers.get("trace")).isEqualTo(span.getTraceId());
			assertThat(span.getParentSpanId()).isEqualTo(headers.get("span"));
			assertThat(span.getAttributes().get(AttributeKey.stringKey("failover.broker"))).isEqualTo("north");
			assertThat(span.getEvents()).extracting(EventData::getName).containsExactly("try 1 on north");
		}
	}

	private void sendAll() {
		CompletableFuture<?>[] sent = IntStream.range(0, MESSAGES)
			.mapToObj((i) -> Observation.createNotStarted("request", this.registry).observe(this::send))
			.toArray(CompletableFuture[]::new);
		CompletableFuture.allOf(sent).join();
	}

	private CompletableFuture<Confirmation> send() {
		Span current = Objects.requireNonNull(this.tracer.currentSpan());
		Message message = MessageBuilder.withBody(new byte[0])
			.setHeader("trace", current.context().traceId())
			.setHeader("span", current.context().spanId())
			.build();
		return this.template.sendAsync("", QUEUE, message);
	}

	@Test
	void whatDependsOnAConfirmIsInTheTraceOfTheSender() {
		List<@Nullable String> traces = new CopyOnWriteArrayList<>();
		String trace = Observation.createNotStarted("request", this.registry).observe(() -> {
			CompletableFuture<?>[] called = IntStream.range(0, MESSAGES)
				.mapToObj((i) -> send().thenRun(() -> traces.add(currentTrace())))
				.toArray(CompletableFuture[]::new);
			CompletableFuture.allOf(called).join();
			return currentTrace();
		});
		assertThat(traces).hasSize(MESSAGES).containsOnly(trace);
	}

	private @Nullable String currentTrace() {
		Span current = this.tracer.currentSpan();
		return (current != null) ? current.context().traceId() : null;
	}

	@Test
	void spanOfAMessageThatIsReturnedHasItsException() {
		assertThatExceptionOfType(MessageReturnedException.class)
			.isThrownBy(() -> this.template.convertAndSend("", "nobody", "1"));
		SpanData span = this.exporter.getFinishedSpanItems().get(0);
		assertThat(span.getName()).isEqualTo("/nobody send");
		assertThat(span.getStatus().getStatusCode()).isEqualTo(StatusCode.ERROR);
		assertThat(span.getEvents()).extracting(EventData::getName).containsExactly("try 1 on north", "exception");
		assertThat(span.getAttributes().get(AttributeKey.stringKey("failover.outcome"))).isEqualTo("returned");
	}

}
