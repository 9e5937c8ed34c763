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

import java.io.BufferedReader;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.springframework.core.task.SimpleAsyncTaskExecutor;

import dev.failover.test.EmbeddedBroker;
import dev.failover.test.junit.BrokerTest;
import dev.failover.test.junit.Embedded;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * Processes without a web server in which nothing but consumers is left when the main
 * method has returned. All kinds of them are in the same outage, as it takes long.
 */
@BrokerTest
class WorkerIntegrationTests {

	private static final Duration PATIENCE = Duration.ofSeconds(90);

	/**
	 * Threads of pools, which keep a process running by chance, live for 60 seconds
	 * without work.
	 */
	private static final Duration OUTAGE = Duration.ofSeconds(75);

	private final List<Worker> workers = new ArrayList<>();

	@AfterEach
	void destroy() throws InterruptedException {
		for (Worker worker : this.workers) {
			worker.process.destroyForcibly();
			assertThat(worker.process.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS)).isTrue();
		}
	}

	@Test
	void workersOutliveAnOutageOfAllBrokersConsumeAgainAndEndWithTheirContext(@Embedded EmbeddedBroker first,
			@Embedded EmbeddedBroker second) throws Exception {
		String brokers = Applications.brokers(first, second);
		Map<String, Worker> consumers = new LinkedHashMap<>();
		consumers.put("simple", start(brokers, "simple", "listener", "spring.rabbitmq.listener.type=simple"));
		consumers.put("direct", start(brokers, "direct", "listener", "spring.rabbitmq.listener.type=direct"));
		consumers.put("pull", start(brokers, "pull", "pull"));
		consumers.values().forEach((worker) -> worker.awaitHandled("first"));
		first.kill();
		second.kill();
		awaitNoEnd(consumers.values());
		first.start();
		for (Map.Entry<String, Worker> consumer : consumers.entrySet()) {
			QueueOnBroker queue = new QueueOnBroker(first, consumer.getKey());
			queue.declare();
			queue.publish("after");
		}
		consumers.values().forEach((worker) -> worker.awaitHandled("after"));
		consumers.values().forEach((worker) -> worker.tell(WorkerApplication.CLOSE));
		for (Worker worker : consumers.values()) {
			worker.awaitEnd();
		}
	}

	/**
	 * An open connection keeps a process running, as it does without Failover.
	 */
	@Test
	void workersEndWithTheirConnectionsWhenTheirListenersHaveStoppedOrTheyHaveNone(@Embedded EmbeddedBroker broker)
			throws Exception {
		String brokers = Applications.brokers(broker);
		List<Worker> consumers = List.of(start(brokers, "simple", "listener", "spring.rabbitmq.listener.type=simple"),
				start(brokers, "direct", "listener", "spring.rabbitmq.listener.type=direct"));
		Worker publisher = start(brokers, "publisher", "none");
		consumers.forEach((worker) -> worker.awaitHandled("first"));
		publisher.awaitLine(WorkerApplication.SENT);
		consumers.forEach((worker) -> worker.tell(WorkerApplication.STOP));
		consumers.forEach((worker) -> worker.awaitLine(WorkerApplication.STOPPED));
		assertThat(publisher.process.isAlive()).isTrue();
		broker.kill();
		publisher.awaitEnd();
		for (Worker worker : consumers) {
			worker.awaitEnd();
		}
	}

	private static void awaitNoEnd(Collection<Worker> workers) {
		CompletableFuture<?>[] ends = workers.stream()
			.map((worker) -> worker.process.onExit())
			.toArray(CompletableFuture<?>[]::new);
		CompletableFuture<?> end = CompletableFuture.anyOf(ends);
		await().during(OUTAGE).atMost(OUTAGE.plusSeconds(5)).until(() -> !end.isDone());
	}

	private Worker start(String brokers, String queue, String kind, String... more) throws IOException {
		List<String> command = new ArrayList<>(
				List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-Xmx128m", "-cp",
						System.getProperty("java.class.path"), WorkerApplication.class.getName(), brokers,
						"worker.queue=" + queue, "worker.kind=" + kind));
		command.addAll(List.of(more));
		Worker worker = new Worker(new ProcessBuilder(command).redirectErrorStream(true).start());
		this.workers.add(worker);
		return worker;
	}

	private static final class Worker {

		private final Process process;

		private final Queue<String> output = new ConcurrentLinkedQueue<>();

		Worker(Process process) {
			this.process = process;
			BufferedReader reader = process.inputReader();
			new SimpleAsyncTaskExecutor("output-").execute(() -> reader.lines().forEach(this.output::add));
		}

		void awaitHandled(String message) {
			awaitLine(WorkerApplication.HANDLED + message);
		}

		void awaitLine(String line) {
			await().atMost(PATIENCE).untilAsserted(() -> assertThat(this.output).contains(line));
		}

		void tell(String command) {
			PrintStream input = new PrintStream(this.process.getOutputStream(), true);
			input.println(command);
		}

		void awaitEnd() throws InterruptedException {
			assertThat(this.process.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS)).as("%s", this.output).isTrue();
			assertThat(this.process.exitValue()).as("%s", this.output).isZero();
		}

	}

}
