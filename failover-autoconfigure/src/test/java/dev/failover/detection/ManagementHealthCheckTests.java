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

package dev.failover.detection;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import dev.failover.broker.Broker;
import dev.failover.broker.BrokerCredentials;
import dev.failover.broker.BrokerHealth;
import dev.failover.broker.TestBrokers;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests for {@link ManagementHealthCheck} against a server that answers like RabbitMQ's
 * management plugin.
 */
class ManagementHealthCheckTests {

	private static final String ALARMS = "/api/health/checks/local-alarms";

	private static final String READY = "/api/health/checks/ready-to-serve-clients";

	private static final String NODES = "/api/nodes";

	private static final Answer OK = new Answer(200, "{\"status\":\"ok\"}");

	private final Broker broker = TestBrokers.broker("north");

	private final Map<String, Answer> answers = new ConcurrentHashMap<>(
			Map.of(ALARMS, OK, READY, OK, NODES, new Answer(200, "[{\"running\":true}]")));

	private final Map<String, String> logins = new ConcurrentHashMap<>();

	private HttpServer server;

	private ManagementHealthCheck check;

	@BeforeEach
	void start() throws IOException {
		this.server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
		this.server.createContext("/", this::answer);
		this.server.start();
		URI uri = URI.create("http://localhost:" + this.server.getAddress().getPort());
		ManagementApi api = new ManagementApi(uri, BrokerCredentials.of("watch", "s3cret"));
		this.check = new ManagementHealthCheck((broker) -> broker.name().equals("north") ? api : null, (broker) -> null,
				Duration.ofSeconds(20));
	}

	@AfterEach
	void close() {
		this.check.close();
		this.server.stop(0);
	}

	@Test
	void nodeWithoutAlarmThatIsReadyAndInAMajorityIsHealthy() throws Exception {
		assertThat(this.check.check(this.broker)).isEqualTo(BrokerHealth.healthy());
		assertThat(this.logins).containsOnlyKeys(ALARMS, READY, NODES).containsValue("Basic d2F0Y2g6czNjcmV0");
	}

	@Test
	void appliesToBrokersWithAnAddressOnly() throws Exception {
		assertThat(this.check.appliesTo(this.broker)).isTrue();
		assertThat(this.check.appliesTo(TestBrokers.broker("south"))).isFalse();
		assertThat(this.check.check(TestBrokers.broker("south"))).isEqualTo(BrokerHealth.healthy());
	}

	@Test
	void alarmIsUnhealthy() throws Exception {
		this.answers.put(ALARMS, new Answer(503,
				"{\"status\":\"failed\",\"reason\":\"There are alarms in effect in the cluster\",\"alarms\":[]}"));
		assertThat(reason()).contains("answers 503 (There are alarms in effect in the cluster) to " + ALARMS);
	}

	@Test
	void nodeThatIsNotReadyIsUnhealthyButOldVersionsDoNotTell() throws Exception {
		this.answers.put(READY, new Answer(503, "no JSON"));
		assertThat(reason()).contains("answers 503 to " + READY);
		this.answers.put(READY, new Answer(404, ""));
		assertThat(this.check.check(this.broker).isHealthy()).isTrue();
		this.answers.put(ALARMS, new Answer(404, ""));
		assertThat(reason()).contains("answers 404 to " + ALARMS);
	}

	@Test
	void halfOfTheNodesIsNoMajority() throws Exception {
		this.answers.put(NODES, new Answer(200, "[{\"running\":true},{\"running\" : false}]"));
		assertThat(reason())
			.isEqualTo("1 of the 2 nodes of its cluster runs, and without a majority nothing can be declared");
		this.answers.put(NODES, new Answer(200, "[{\"running\":true},{\"running\":false},{\"running\":true}]"));
		assertThat(this.check.check(this.broker).isHealthy()).isTrue();
		this.answers.put(NODES, new Answer(200, "[]"));
		assertThat(reason()).contains("does not tell which nodes there are");
	}

	@Test
	void refusedLoginIsUnhealthyAndTellsNoPassword() throws Exception {
		this.answers.put(NODES, new Answer(401, "{\"error\":\"not_authorised\",\"reason\":\"Not monitor user\"}"));
		assertThat(reason()).isEqualTo(
				"the management API at http://localhost:%d does not answer the user (Not monitor user), who needs the tag 'monitoring'"
					.formatted(this.server.getAddress().getPort()));
	}

	@Test
	void apiThatIsNotThereIsUnhealthy() throws Exception {
		this.server.stop(0);
		assertThat(reason()).contains("does not answer: java.net.ConnectException");
	}

	@Test
	void apiThatDoesNotAnswerIsUnhealthyWithinTheTimeout() throws Exception {
		try (ManagementHealthCheck impatient = new ManagementHealthCheck(
				(broker) -> new ManagementApi(URI.create("http://localhost:" + this.server.getAddress().getPort()),
						BrokerCredentials.of("watch", "s3cret")),
				(broker) -> null, Duration.ofMillis(100))) {
			this.answers.remove(ALARMS);
			assertThat(impatient.check(this.broker).reason()).contains("does not answer: java.net.http.HttpTimeout");
		}
	}

	private String reason() throws InterruptedException {
		BrokerHealth health = this.check.check(this.broker);
		assertThat(health.isHealthy()).isFalse();
		assertThat(health.reason()).doesNotContain("s3cret");
		return health.reason();
	}

	/**
	 * Without an answer, the request waits for the end of the server.
	 */
	private void answer(HttpExchange exchange) throws IOException {
		String path = exchange.getRequestURI().getPath();
		this.logins.put(path, exchange.getRequestHeaders().getFirst("Authorization"));
		Answer answer = this.answers.get(path);
		if (answer != null) {
			byte[] body = answer.body().getBytes(StandardCharsets.UTF_8);
			exchange.sendResponseHeaders(answer.status(), (body.length > 0) ? body.length : -1);
			exchange.getResponseBody().write(body);
			exchange.close();
		}
	}

	private record Answer(int status, String body) {
	}

}
