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

import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.http.HttpStatus;
import org.springframework.http.HttpStatusCode;
import org.springframework.test.context.ContextConfiguration;
import org.springframework.web.client.RestClient;

import dev.failover.broker.BrokerState;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * The shop with its embedded brokers, over HTTP.
 */
@SpringBootTest(webEnvironment = SpringBootTest.WebEnvironment.RANDOM_PORT,
		properties = { "management.endpoints.web.exposure.include=*", "management.endpoint.env.show-values=always",
				"management.endpoint.configprops.show-values=always",
				"management.endpoint.health.group.readiness.include=readinessState,failover" })
@ContextConfiguration(initializers = EmbeddedBrokersInitializer.class)
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
	void tellsOfAnUnknownBroker() {
		this.client.post().uri("/api/brokers/nobody/kill").exchange((request, response) -> {
			assertThat(response.getStatusCode()).isEqualTo(HttpStatus.NOT_FOUND);
			assertThat(response.bodyTo(String.class)).contains("There is no broker 'nobody'");
			return response;
		});
	}

	@Test
	void showsTheBrokersInHealth() {
		assertThat(this.client.get().uri("/actuator/health").retrieve().body(String.class)).contains("\"failover\"",
				"\"north\"", "\"south\"");
	}

	@ParameterizedTest
	@ValueSource(strings = { "env", "configprops/failover" })
	void tellsOfTheBrokersButNotTheirPasswords(String endpoint) {
		assertThat(this.client.get().uri("/actuator/" + endpoint).retrieve().body(String.class)).contains("******")
			.doesNotContain("guest:guest");
	}

	@ParameterizedTest
	@ValueSource(strings = { "health", "health/failover", "health/readiness" })
	void tellsOfTheBrokersWithoutCredentials(String endpoint) {
		assertThat(this.client.get().uri("/actuator/" + endpoint).retrieve().body(String.class)).contains("north")
			.doesNotContain("guest");
	}

	@Test
	void servesThePage() {
		assertThat(this.client.get().uri("/").retrieve().body(String.class)).contains("Place one order");
	}

	private String active() {
		return state().brokers()
			.stream()
			.filter(OrdersController.BrokerView::active)
			.map(OrdersController.BrokerView::name)
			.findFirst()
			.orElse("");
	}

	private BrokerState stateOf(String name) {
		return state().brokers()
			.stream()
			.filter((broker) -> broker.name().equals(name))
			.map(OrdersController.BrokerView::state)
			.findFirst()
			.orElseThrow();
	}

	private OrdersController.ShopState state() {
		OrdersController.ShopState state = this.client.get()
			.uri("/api/state")
			.retrieve()
			.body(OrdersController.ShopState.class);
		assertThat(state).isNotNull();
		return state;
	}

	private HttpStatusCode post(String path) {
		return this.client.post().uri(path).exchange((request, response) -> response.getStatusCode());
	}

}
