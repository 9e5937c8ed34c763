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

package dev.failover.samples.orders;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.http.HttpStatus;
import org.springframework.http.HttpStatusCode;
import org.springframework.http.MediaType;
import org.springframework.test.context.ContextConfiguration;
import org.springframework.web.client.RestClient;

import dev.failover.broker.BrokerState;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

/**
 * The shop with its embedded brokers, over HTTP.
 */
@SpringBootTest(webEnvironment = SpringBootTest.WebEnvironment.RANDOM_PORT,
		properties = { "management.endpoints.web.exposure.include=*", "management.endpoint.env.show-values=always",
				"management.endpoint.configprops.show-values=always",
				"management.endpoint.failover.access=unrestricted",
				"management.endpoint.health.group.readiness.include=readinessState,failover" })
@ContextConfiguration(initializers = LocalBrokersInitializer.class)
class OrdersApplicationTests {

	private static final Duration PATIENCE = Duration.ofSeconds(30);

	private final RestClient client;

	OrdersApplicationTests(@Autowired @LocalServerPort int port) {
		this.client = RestClient.create("http://localhost:" + port);
	}

	@Test
	void sellsOnWhenTheActiveBrokerIsKilled() {
		Awaitility.await().atMost(PATIENCE).until(() -> state().fulfilled() > 20);
		String active = active();
		post("/api/brokers/" + active + "/kill");
		long confirmed = state().confirmed();
		Awaitility.await().atMost(PATIENCE).until(() -> !active().isEmpty() && !active().equals(active));
		Awaitility.await().atMost(PATIENCE).until(() -> state().confirmed() > confirmed + 20);
		Awaitility.await().atMost(PATIENCE).until(() -> state().fulfilled() > confirmed + 20);
		assertThat(stateOf(active)).isEqualTo(BrokerState.DOWN);
		assertThat(post("/api/orders")).isEqualTo(HttpStatus.CREATED);
		post("/api/brokers/" + active + "/restart");
		String other = active();
		post("/api/brokers/" + other + "/kill");
		Awaitility.await().atMost(PATIENCE).until(() -> active().equals(active));
		post("/api/brokers/" + other + "/restart");
		assertThat(state().errors()).isZero();
	}

	@Test
	void refusesWhatCannotBeDone() {
		assertThat(refusal("nobody/kill", HttpStatus.NOT_FOUND)).contains("There is no broker 'nobody'");
		assertThat(refusal("north/explode", HttpStatus.NOT_FOUND)).contains("There is no action 'explode'");
		assertThat(refusal("north/freeze", HttpStatus.CONFLICT)).contains("Broker 'north' is not one to freeze now");
	}

	private String refusal(String path, HttpStatus expected) {
		return this.client.post().uri("/api/brokers/" + path).exchange((request, response) -> {
			assertThat(response.getStatusCode()).isEqualTo(expected);
			return String.valueOf(response.bodyTo(String.class));
		});
	}

	@Test
	void activatesAndDisablesByTheButtons(@Autowired Journal journal) {
		Awaitility.await().atMost(PATIENCE).until(() -> stateOf("north") == BrokerState.UP);
		Awaitility.await().atMost(PATIENCE).until(() -> stateOf("south") == BrokerState.UP);
		String before = active();
		String target = before.equals("north") ? "south" : "north";
		List<Journal.Entry> entries = new CopyOnWriteArrayList<>();
		journal.open((update) -> {
			if (update.data() instanceof Journal.Entry entry) {
				entries.add(entry);
			}
		});
		assertThat(post("/api/brokers/" + target + "/activate")).isEqualTo(HttpStatus.NO_CONTENT);
		assertThat(active()).isEqualTo(target);
		assertThat(post("/api/brokers/" + before + "/disable")).isEqualTo(HttpStatus.NO_CONTENT);
		assertThat(labels(before)).contains("enable").doesNotContain("disable");
		assertThat(refusal(target + "/disable", HttpStatus.CONFLICT)).contains("no other one to go to");
		assertThat(refusal(before + "/activate", HttpStatus.CONFLICT)).contains("DISABLED");
		assertThat(post("/api/brokers/" + before + "/enable")).isEqualTo(HttpStatus.NO_CONTENT);
		Awaitility.await().atMost(PATIENCE).until(() -> stateOf(before) == BrokerState.UP);
		Awaitility.await()
			.atMost(PATIENCE)
			.untilAsserted(() -> assertThat(entries).filteredOn((entry) -> entry.kind() != Journal.Kind.NOTE)
				.extracting(Journal.Entry::kind, Journal.Entry::label)
				.containsExactly(tuple(Journal.Kind.MOVE, "move to " + target)));
	}

	private List<String> labels(String broker) {
		return state().brokers()
			.stream()
			.filter((view) -> view.name().equals(broker))
			.flatMap((view) -> view.actions().stream())
			.map(ShopState.ActionView::path)
			.toList();
	}

	@Test
	void showsTheBrokersInHealth() {
		assertThat(this.client.get().uri("/actuator/health").retrieve().body(String.class)).contains("\"failover\"",
				"\"north\"", "\"south\"");
	}

	@Test
	void movesToAnotherBrokerByTheEndpoint() {
		Awaitility.await().atMost(PATIENCE).until(() -> !active().isEmpty());
		String target = active().equals("north") ? "south" : "north";
		Awaitility.await().atMost(PATIENCE).until(() -> stateOf(target) == BrokerState.UP);
		assertThat(operate("activate", "{\"broker\": \"%s\"}".formatted(target), HttpStatus.ACCEPTED))
			.contains("\"broker\":\"" + target);
		Awaitility.await().atMost(PATIENCE).until(() -> active().equals(target));
		assertThat(operate("activate?force=true&broker=" + target, "", HttpStatus.OK)).contains("\"state\":\"DONE\"");
		assertThat(operate("activate", "{\"broker\": \"nobody\"}", HttpStatus.NOT_FOUND))
			.contains("{\"reason\":\"There is no broker 'nobody'\"}");
		assertThat(operate("activate", "{}", HttpStatus.BAD_REQUEST)).contains("reason");
	}

	private String operate(String operation, String json, HttpStatus expected) {
		return this.client.post()
			.uri("/actuator/failover/" + operation)
			.contentType(MediaType.APPLICATION_JSON)
			.body(json)
			.exchange((request, response) -> {
				assertThat(response.getStatusCode()).isEqualTo(expected);
				return String.valueOf(response.bodyTo(String.class));
			});
	}

	@ParameterizedTest
	@ValueSource(strings = { "env", "configprops/failover" })
	void tellsOfTheBrokersButNotTheirPasswords(String endpoint) {
		assertThat(this.client.get().uri("/actuator/" + endpoint).retrieve().body(String.class)).contains("******")
			.doesNotContain("guest:guest");
	}

	@ParameterizedTest
	@ValueSource(strings = { "health", "health/failover", "health/readiness", "failover" })
	void tellsOfTheBrokersWithoutCredentials(String endpoint) {
		assertThat(this.client.get().uri("/actuator/" + endpoint).retrieve().body(String.class)).contains("north")
			.doesNotContain("guest");
	}

	@ParameterizedTest
	@ValueSource(strings = { "", "page.css", "page.js", "icon.svg" })
	void servesThePageWithoutContentFromElsewhere(String path) {
		String content = this.client.get().uri("/" + path).retrieve().body(String.class);
		assertThat(content).isNotEmpty();
		assertThat(content.replace("http://www.w3.org/2000/svg", "")).doesNotContain("http:", "https:", "=\"//",
				"url(");
	}

	private String active() {
		return state().brokers()
			.stream()
			.filter(ShopState.BrokerView::active)
			.map(ShopState.BrokerView::name)
			.findFirst()
			.orElse("");
	}

	private BrokerState stateOf(String name) {
		return state().brokers()
			.stream()
			.filter((broker) -> broker.name().equals(name))
			.map(ShopState.BrokerView::state)
			.findFirst()
			.orElseThrow();
	}

	private ShopState state() {
		ShopState state = this.client.get().uri("/api/state").retrieve().body(ShopState.class);
		assertThat(state).isNotNull();
		return state;
	}

	private HttpStatusCode post(String path) {
		return this.client.post().uri(path).exchange((request, response) -> response.getStatusCode());
	}

}
