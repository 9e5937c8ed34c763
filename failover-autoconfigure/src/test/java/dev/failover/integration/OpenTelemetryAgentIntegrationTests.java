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

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;

import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.ConnectionFactory;
import com.rabbitmq.client.GetResponse;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import dev.failover.test.EmbeddedBroker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * An application with the OpenTelemetry Java agent, and without any library for tracing.
 * The build puts the agent below {@code target}.
 */
class OpenTelemetryAgentIntegrationTests {

	private static final Path AGENT = Path.of("target", "agent", "opentelemetry-javaagent.jar");

	private static final List<String> TRACING = List.of("opentelemetry-", "micrometer-tracing", "context-propagation");

	/**
	 * With all others, the application takes twice as long to start.
	 */
	private static final List<String> INSTRUMENTATIONS = List.of("executors", "rabbitmq", "spring-rabbit");

	private static final int MESSAGES = 400;

	@TempDir
	private Path directory;

	/**
	 * The body of each message is the id of its trace.
	 */
	@Test
	void traceOfAMessageGoesOnWithWhatIsSentForItUnderLoad() throws Exception {
		try (EmbeddedBroker broker = EmbeddedBroker.builder().start();
				Connection connection = connect(broker);
				Channel channel = connection.createChannel()) {
			channel.queueDeclare(TracedForwarder.IN, true, false, false, null);
			for (int i = 1; i <= MESSAGES; i++) {
				publish(channel, "%032x".formatted(i));
			}
			Process application = start(broker);
			try {
				await().atMost(Duration.ofMinutes(2))
					.until(() -> broker.messageCount(TracedForwarder.CONFIRMED) == MESSAGES);
				assertTraces(channel, TracedForwarder.OUT);
				assertTraces(channel, TracedForwarder.CONFIRMED);
			}
			finally {
				application.getOutputStream().close();
				if (!application.waitFor(20, TimeUnit.SECONDS)) {
					application.destroyForcibly();
				}
			}
		}
	}

	private static void publish(Channel channel, String trace) throws IOException {
		AMQP.BasicProperties properties = new AMQP.BasicProperties.Builder()
			.headers(Map.of("traceparent", "00-" + trace + "-00000000000000ff-01"))
			.build();
		channel.basicPublish("", TracedForwarder.IN, properties, trace.getBytes(StandardCharsets.UTF_8));
	}

	private static void assertTraces(Channel channel, String queue) throws IOException {
		Set<String> traces = new HashSet<>();
		for (GetResponse next = channel.basicGet(queue, true); next != null; next = channel.basicGet(queue, true)) {
			String trace = new String(next.getBody(), StandardCharsets.UTF_8);
			traces.add(trace);
			assertThat(next.getProps().getHeaders().get("traceparent").toString().split("-")[1]).isEqualTo(trace);
		}
		assertThat(traces).hasSize(MESSAGES);
	}

	private Process start(EmbeddedBroker broker) throws IOException {
		String classPath = Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator))
			.filter((entry) -> TRACING.stream().noneMatch(Path.of(entry).getFileName().toString()::startsWith))
			.collect(Collectors.joining(File.pathSeparator));
		List<String> command = new ArrayList<>(List.of(
				Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-XX:TieredStopAtLevel=1",
				"-javaagent:" + AGENT.toAbsolutePath(), "-Dotel.traces.exporter=none", "-Dotel.metrics.exporter=none",
				"-Dotel.logs.exporter=none", "-Dotel.instrumentation.common.default-enabled=false"));
		INSTRUMENTATIONS.forEach((name) -> command.add("-Dotel.instrumentation." + name + ".enabled=true"));
		command.addAll(List.of("-cp", classPath, TracedForwarder.class.getName(), Applications.brokers(broker)));
		return new ProcessBuilder(command).redirectErrorStream(true)
			.redirectOutput(this.directory.resolve("output").toFile())
			.start();
	}

	private static Connection connect(EmbeddedBroker broker) throws Exception {
		ConnectionFactory factory = new ConnectionFactory();
		factory.setUri(broker.uri());
		return factory.newConnection();
	}

}
