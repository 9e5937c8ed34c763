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

package dev.failover.actuate;

import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.mockito.Mockito;
import org.springframework.boot.actuate.endpoint.web.WebEndpointHttpMethod;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.context.support.StaticApplicationContext;
import org.springframework.mock.env.MockEnvironment;

import dev.failover.broker.Activation;
import dev.failover.broker.Broker;
import dev.failover.broker.BrokerState;
import dev.failover.broker.Brokers;
import dev.failover.broker.FailureReason;
import dev.failover.broker.TestBrokers;
import dev.failover.connection.PlannedMoves;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.mockito.BDDMockito.given;
import static org.mockito.BDDMockito.then;

/**
 * What operators change through the endpoint.
 */
@ExtendWith(OutputCaptureExtension.class)
class FailoverEndpointOperationsTests {

	private static final Instant NOW = Instant.parse("2026-01-01T00:00:00Z");

	private static final String PASSWORD = "verysecret";

	private final Broker first = TestBrokers.broker("first");

	private final Brokers brokers = new Brokers(List.of(this.first, TestBrokers.broker("second")),
			Clock.fixed(NOW, ZoneOffset.UTC));

	private final PlannedMoves moves = Mockito.mock(PlannedMoves.class);

	private final CompletableFuture<Activation> move = new CompletableFuture<>();

	private final FailoverEndpoint endpoint = new FailoverEndpoint(this.brokers,
			new BrokerEventHistory(this.brokers, Clock.systemUTC()), Mockito.mock(FailoverReadings.class),
			new OperatorRequests(this.brokers.operations(), this.moves, Clock.fixed(NOW, ZoneOffset.UTC)));

	@BeforeEach
	void connectToFirst() {
		this.brokers.connected(this.first, 0);
		given(this.moves.activate("second")).willReturn(this.move);
	}

	@Test
	void operationsNeedAccess() {
		assertThat(web("READ_ONLY").find(WebEndpointHttpMethod.GET, "failover")).isPresent();
		assertThat(web("READ_ONLY").find(WebEndpointHttpMethod.POST, "failover/{operation}")).isEmpty();
		assertThat(web(null).find(WebEndpointHttpMethod.POST, "failover/{operation}")).as("by default").isEmpty();
		assertThat(web("UNRESTRICTED").find(WebEndpointHttpMethod.POST, "failover/{operation}")).isPresent();
	}

	@Test
	void moveIsUnderWayUntilItIsMade() {
		WebEndpoint.Answer answer = post("activate", Map.of("broker", "second"));
		assertThat(answer.status()).isEqualTo(202);
		assertThat(answer.<Map<String, Object>>read("$")).isEqualTo(Map.of("operation", "activate", "broker", "second",
				"force", false, "at", NOW.toString(), "state", "RUNNING"));
		assertThat(lastOperation()).containsEntry("state", "RUNNING");
		this.move.complete(new Activation(TestBrokers.broker("second"), 0));
		assertThat(lastOperation()).containsEntry("state", "DONE").doesNotContainKey("reason");
		assertThat(post("activate", Map.of("broker", "second")).status()).as("active already").isEqualTo(200);
	}

	@Test
	void moveThatIsNotMadeIsTold(CapturedOutput output) {
		post("activate", Map.of("broker", "second"));
		this.move.completeExceptionally(new IllegalStateException("no connection was made ready"));
		assertThat(lastOperation()).containsEntry("state", "FAILED")
			.containsEntry("reason", "no connection was made ready");
		assertThat(output).containsPattern("INFO .*Operation 'activate' for broker second was requested by an operator")
			.contains("Operation 'activate' for broker second failed: no connection was made ready");
	}

	@Test
	void nothingButWhatIsMeantForOperatorsIsToldOfAFailure(CapturedOutput output) {
		post("activate", Map.of("broker", "second"));
		this.move.completeExceptionally(new RuntimeException(PASSWORD));
		assertThat(lastOperation()).containsEntry("state", "FAILED").containsEntry("reason", "RuntimeException");
		assertThat(output).doesNotContain(PASSWORD);
	}

	@Test
	void moveThatIsRefusedIsAConflict() {
		this.move.completeExceptionally(new IllegalStateException("Broker 'second' cannot become active: it is DOWN"));
		WebEndpoint.Answer answer = post("activate", Map.of("broker", "second"));
		assertThat(answer.status()).isEqualTo(409);
		assertThat(answer.<String>read("$.reason")).isEqualTo("Broker 'second' cannot become active: it is DOWN");
		assertThat(this.endpoint.failover().operations()).isEmpty();
	}

	@Test
	void forceActivatesAtOnceAndSupersedesAMoveThatIsUnderWay() {
		post("activate", Map.of("broker", "second"));
		WebEndpoint.Answer answer = post("activate", Map.of("broker", "second", "force", "true"));
		assertThat(answer.status()).isEqualTo(200);
		assertThat(answer.<String>read("$.state")).isEqualTo("DONE");
		assertThat(answer.<Boolean>read("$.force")).isTrue();
		assertThat(this.brokers.getActive()).isEqualTo(TestBrokers.broker("second"));
		then(this.moves).should(Mockito.times(2)).activate("second");
		assertThat(this.endpoint.failover().operations()).extracting(OperationDescriptor::state)
			.containsExactly(OperationDescriptor.State.DONE, OperationDescriptor.State.RUNNING);
	}

	@Test
	void otherMovesGiveWayWhenTheForcedOneIsMade() {
		List<Broker> active = new ArrayList<>();
		given(this.moves.activate("second")).willAnswer((invocation) -> {
			active.add(this.brokers.getActive());
			return this.move;
		});
		post("activate", Map.of("broker", "second", "force", "true"));
		assertThat(active).containsExactly(TestBrokers.broker("second"));
	}

	@Test
	void forceDoesNotActivateABrokerThatIsDown() {
		this.brokers.failed(TestBrokers.broker("second"), 0, FailureReason.TIMEOUT, null);
		WebEndpoint.Answer answer = post("activate", Map.of("broker", "second", "force", true));
		assertThat(answer.status()).isEqualTo(409);
		assertThat(answer.<String>read("$.reason")).contains("it is DOWN, TIMEOUT");
		then(this.moves).shouldHaveNoInteractions();
	}

	@Test
	void disablesWhenNothingRunsThereAnyMore() {
		CompletableFuture<Void> left = new CompletableFuture<>();
		given(this.moves.disable("first")).willReturn(left);
		assertThat(post("disable", Map.of("broker", "first")).status()).isEqualTo(202);
		left.complete(null);
		assertThat(lastOperation()).containsEntry("operation", "disable").containsEntry("state", "DONE");
	}

	@Test
	void enablesAtOnce() {
		this.brokers.operations().disable("second");
		assertThat(post("enable", Map.of("broker", "second")).status()).isEqualTo(200);
		assertThat(this.brokers.getStatus("second").orElseThrow().state()).isEqualTo(BrokerState.UNKNOWN);
	}

	@Test
	void holdsSwitchesUntilTheyAreReleased() {
		WebEndpoint.Answer answer = post("hold", Map.of());
		assertThat(answer.status()).isEqualTo(200);
		assertThat(answer.<Map<String, Object>>read("$")).containsEntry("operation", "hold")
			.doesNotContainKey("broker");
		assertThat(web("UNRESTRICTED").get().<Boolean>read("$.held")).isTrue();
		assertThat(web("UNRESTRICTED").get().<Boolean>read("$.events[0].details.held")).isTrue();
		post("release", Map.of());
		assertThat(web("UNRESTRICTED").get().<Boolean>read("$.held")).isFalse();
	}

	@Test
	void holdIsRefusedForOneBroker() {
		WebEndpoint.Answer answer = post("hold", Map.of("broker", "first"));
		assertThat(answer.status()).isEqualTo(400);
		assertThat(answer.<String>read("$.reason")).isEqualTo("'hold' applies to all brokers and takes no 'broker'");
	}

	@Test
	void unknownBrokerIsNotFound() {
		WebEndpoint.Answer answer = post("activate", Map.of("broker", "third"));
		assertThat(answer.status()).isEqualTo(404);
		assertThat(answer.<String>read("$.reason")).isEqualTo("There is no broker 'third'");
	}

	@Test
	void unknownOperationIsNotFound() {
		WebEndpoint.Answer answer = post("kill", Map.of("broker", "first"));
		assertThat(answer.status()).isEqualTo(404);
		assertThat(answer.<String>read("$.reason"))
			.startsWith("Unknown operation 'kill'. Supported operations: [activate, ");
	}

	@Test
	void brokerIsRequired() {
		WebEndpoint.Answer answer = post("activate", Map.of());
		assertThat(answer.status()).isEqualTo(400);
		assertThat(answer.<String>read("$.reason")).isEqualTo("'broker' must be the name of a broker");
	}

	@Test
	void forceIsRefusedWhereItMeansNothing() {
		WebEndpoint.Answer answer = post("disable", Map.of("broker", "first", "force", true));
		assertThat(answer.status()).isEqualTo(400);
		assertThat(answer.<String>read("$.reason")).isEqualTo("'force' is only supported with 'activate'");
	}

	@Test
	void withoutTheWebRefusalsAreExceptions() {
		this.move.completeExceptionally(new IllegalStateException("refused"));
		assertThatIllegalStateException().isThrownBy(() -> this.endpoint.operate("activate", "second", null))
			.withMessage("refused");
	}

	@Test
	void remembersTheLastTen() {
		for (int i = 0; i < 11; i++) {
			post("enable", Map.of("broker", (i == 0) ? "first" : "second"));
		}
		assertThat(this.endpoint.failover().operations()).hasSize(10)
			.extracting(OperationDescriptor::broker)
			.containsOnly("second");
	}

	private Map<String, Object> lastOperation() {
		return web("UNRESTRICTED").get().<List<Map<String, Object>>>read("$.operations").get(0);
	}

	private WebEndpoint.Answer post(String operation, Map<String, Object> parameters) {
		return web("UNRESTRICTED").post(operation, parameters);
	}

	private WebEndpoint web(String access) {
		try (StaticApplicationContext context = new StaticApplicationContext()) {
			MockEnvironment environment = new MockEnvironment();
			if (access != null) {
				environment.setProperty("management.endpoint.failover.access", access);
			}
			context.setEnvironment(environment);
			context.registerBean(FailoverEndpoint.class, () -> this.endpoint);
			context.registerBean(FailoverEndpointWebExtension.class,
					() -> new FailoverEndpointWebExtension(this.endpoint, this.brokers));
			context.refresh();
			return new WebEndpoint(context);
		}
	}

}
