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

package dev.failover.topology;

import java.io.IOException;
import java.net.Socket;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;

import com.rabbitmq.client.Command;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.mockito.BDDMockito;
import org.mockito.Mockito;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;

import dev.failover.broker.FailingThreads;
import dev.failover.broker.FailureReason;
import dev.failover.connection.BrokerAccess;
import dev.failover.connection.OpenConnection;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIOException;
import static org.assertj.core.api.Assertions.assertThatNoException;

/**
 * Tests for {@link PendingDeclarations} and {@link BrokerDeclarations}.
 */
@ExtendWith(OutputCaptureExtension.class)
class PendingDeclarationsTests {

	private static final Duration PATIENCE = Duration.ofSeconds(20);

	private final AnsweringConnection connection = new AnsweringConnection();

	private final BrokerDeclarations declarations = this.connection.declarations();

	private final BrokerAccess access = Mockito.mock();

	private final OpenConnection opened = new OpenConnection(this.connection.broker(), 0, this.connection.get(),
			new Socket());

	@BeforeEach
	void giveAccess() {
		BDDMockito.given(this.access.open(BDDMockito.any(), BDDMockito.any()))
			.willReturn(CompletableFuture.completedFuture(this.opened));
		this.connection.pending().retryWith(this.access);
	}

	@AfterEach
	void close() {
		this.connection.close();
	}

	@Test
	void whatIsPendingIsDeclaredAgainOnAConnectionApartUntilItSucceeds(CapturedOutput output) {
		down("sick");
		this.declarations.add(queue("sick"), failure());
		this.declarations.add(binding("sick"), null);
		Awaitility.await().atMost(PATIENCE).until(() -> pending().size() == 2);
		this.connection.hold(queue("sick").description()).complete(Mockito.mock());
		Awaitility.await().atMost(PATIENCE).until(() -> pending().isEmpty());
		assertThat(this.connection.asked()).endsWith(queue("sick").description(), binding("sick").description());
		BDDMockito.then(this.access).should(Mockito.timeout(PATIENCE.toMillis())).close(this.opened);
		assertThat(output.getAll().lines().filter((line) -> line.contains("takes traffic without"))).hasSize(1);
		assertThat(output).contains("Queue 'sick' is declared on broker 'one'");
	}

	@Test
	void answerThatComesLateEndsTheWait() {
		CompletableFuture<Command> answer = this.connection.hold(queue("slow").description());
		this.declarations.add(List.of(new AskedDeclaration(queue("slow"), answer, System.nanoTime())), this.opened);
		Awaitility.await().atMost(PATIENCE).until(() -> pending().size() == 1);
		answer.complete(Mockito.mock());
		Awaitility.await().atMost(PATIENCE).until(() -> pending().isEmpty());
		BDDMockito.then(this.access).should(Mockito.timeout(PATIENCE.toMillis())).close(this.opened);
		BDDMockito.then(this.access).should(Mockito.never()).open(BDDMockito.any(), BDDMockito.any());
	}

	@Test
	void whatIsNeverAnsweredIsAskedForAgainOnAnotherConnection(CapturedOutput output) {
		this.connection.hold(queue("lost").description());
		this.declarations.add(queue("lost"), null);
		Awaitility.await().atMost(PATIENCE).until(() -> this.connection.asked().size() == 1);
		this.connection.hold(queue("lost").description()).complete(Mockito.mock());
		BDDMockito.then(this.access).should(Mockito.timeout(PATIENCE.toMillis())).close(this.opened);
		Awaitility.await().atMost(PATIENCE).until(() -> !this.declarations.isPending(queue("lost")));
		BDDMockito.then(this.access).should(Mockito.times(2)).open(BDDMockito.any(), BDDMockito.any());
		assertThat(output).contains("Queue 'lost' (the broker does not answer)");
	}

	@Test
	void whatIsRefusedAtLastStaysPendingAndIsNamedOnce(CapturedOutput output) {
		this.connection.refuse(queue("different").description(), 406);
		this.declarations.add(queue("different"), failure());
		Awaitility.await()
			.atMost(PATIENCE)
			.until(() -> output.getAll().contains("Queue 'different', which was pending, cannot be declared"));
		assertThat(this.connection.brokers().getStatuses().get(0).lastFailure()).isNull();
		assertThat(this.declarations.isPending(queue("different"))).isTrue();
	}

	@Test
	void brokerThatFailedBeginsAnew() {
		down("sick");
		this.declarations.add(queue("sick"), failure());
		this.connection.brokers().failed(this.connection.broker(), 0, FailureReason.CONNECTION_LOST, null);
		BrokerDeclarations next = this.connection.declarations();
		assertThat(next).isNotSameAs(this.declarations);
		assertThat(next.isPending(queue("sick"))).isFalse();
		assertThat(next.isKnown(queue("sick"))).isTrue();
		Awaitility.await().atMost(PATIENCE).until(() -> !this.declarations.isPending(queue("sick")));
	}

	@Test
	void nobodyWaitsForAQueueThatIsPending() {
		down("sick");
		this.declarations.add(queue("sick"), failure());
		assertThatIOException().isThrownBy(() -> check("sick"))
			.withMessageContaining("Queue 'sick' is not available on broker 'one': 404");
		assertThatNoException().isThrownBy(() -> check("sound"));
	}

	@Test
	void messageThatIsNotTakenOverHasItsQueueLookedAt() {
		this.declarations.declared(queue("sick"));
		down("sick");
		assertThat(rejected("", "nowhere")).isNull();
		assertThat(this.connection.pending().rejected(this.connection.broker(), "", "sick").certain()).isFalse();
		Awaitility.await()
			.atMost(PATIENCE)
			.until(() -> this.connection.pending().rejected(this.connection.broker(), "", "sick").certain());
		assertThat(rejected("", "sick")).contains("Queue 'sick' is not available on broker 'one': 404");
	}

	@Test
	void queueThatIsFoundWellIsNotLookedAtAgainAtOnce() {
		this.declarations.declared(queue("sound"));
		assertThat(rejected("", "sound")).isNotNull();
		Awaitility.await().atMost(PATIENCE).until(() -> rejected("", "sound") == null);
		assertThat(this.connection.asked()).containsExactly(queue("sound").description());
	}

	@Test
	void queueIsFoundByItsBindings() {
		this.declarations.declared(queue("sick"));
		this.declarations.declared(binding("sick"));
		this.declarations.declared(Declaration.exchange("news", "fanout", true, false, false, null));
		this.declarations.declared(queue("reader"));
		this.declarations.declared(Declaration.queueBinding("reader", "news", "", null));
		down("sick");
		assertThat(rejected("amq.direct", "other")).isNull();
		assertThat(rejected("amq.direct", "sick")).contains("Queue 'sick'");
		assertThat(rejected("news", "whatever")).contains("Queue 'reader'");
	}

	@Test
	void errorOnTheWayToTheConnectionCostsOneTry() {
		BDDMockito.given(this.access.open(BDDMockito.any(), BDDMockito.any()))
			.willThrow(new OutOfMemoryError("thrown by the test"))
			.willReturn(CompletableFuture.completedFuture(this.opened));
		this.declarations.add(queue("sick"), failure());
		Awaitility.await().atMost(PATIENCE).until(() -> !this.declarations.isPending(queue("sick")));
	}

	@Test
	void errorWhileSomethingIsAskedForCostsOneTry() throws IOException {
		this.connection.openChannelAfter(new OutOfMemoryError("thrown by the test"));
		this.declarations.add(queue("sick"), failure());
		this.declarations.add(queue("sicker"), failure());
		Awaitility.await()
			.atMost(PATIENCE)
			.until(() -> !this.declarations.isPending(queue("sick")) && !this.declarations.isPending(queue("sicker")));
	}

	@Test
	void threadThatCannotBeStartedIsStartedLater() {
		FailingThreads.in(this.connection.pending(), 1, "executor");
		this.connection.pending().execute(() -> this.declarations.declared(queue("sound")));
		Awaitility.await().atMost(PATIENCE).until(() -> this.declarations.isKnown(queue("sound")));
	}

	private void down(String queue) {
		this.connection.hold(queue(queue).description()).completeExceptionally(failure());
	}

	private static Throwable failure() {
		return AnsweringConnection.channelClosed(404, "NOT_FOUND - home node is down or inaccessible");
	}

	private void check(String queue) throws IOException {
		this.connection.pending().check(this.connection.broker(), queue);
	}

	private String rejected(String exchange, String routingKey) {
		var fault = this.connection.pending().rejected(this.connection.broker(), exchange, routingKey);
		return (fault != null) ? fault.description() : null;
	}

	private List<String> pending() {
		return List.copyOf(this.connection.brokers().getStatuses().get(0).pendingDeclarations());
	}

	private static Declaration queue(String name) {
		return Declaration.queue(name, true, false, false, null);
	}

	private static Declaration binding(String queue) {
		return Declaration.queueBinding(queue, "amq.direct", queue, null);
	}

}
