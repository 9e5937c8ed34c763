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

import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;

import com.rabbitmq.client.Command;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.mockito.Mockito;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

/**
 * Tests for {@link DeclarationRun}.
 */
class DeclarationRunTests {

	private final AnsweringConnection connection = new AnsweringConnection();

	private final BrokerDeclarations declarations = this.connection.declarations();

	private final DeclarationRun run = new DeclarationRun(this.connection.get(), this.declarations);

	@AfterEach
	void close() {
		this.connection.close();
	}

	@Test
	void whatIsNotAnsweredHoldsNothingElseUp() throws Exception {
		this.connection.hold(queue("sick").description());
		this.run.declare(queue("sick"));
		this.run.declare(queue("sound"));
		this.run.declare(binding("sick"));
		this.run.declare(binding("sound"));
		assertThat(this.run.finish((declaration) -> false)).extracting(AskedDeclaration::declaration)
			.containsExactly(queue("sick"));
		assertThat(this.connection.asked()).containsExactly(queue("sick").description(), queue("sound").description(),
				binding("sound").description());
		assertThat(this.declarations.isPending(binding("sick"))).isTrue();
		assertThat(this.declarations.isPending(binding("sound"))).isFalse();
	}

	@Test
	void answerThatIsLateButInTimeCounts() throws Exception {
		CompletableFuture<Command> answer = this.connection.hold(queue("slow").description());
		this.run.declare(queue("slow"));
		answer.complete(Mockito.mock());
		this.run.declare(binding("slow"));
		assertThat(this.run.finish((declaration) -> false)).isEmpty();
		assertThat(this.connection.asked()).containsExactly(queue("slow").description(), binding("slow").description());
		assertThat(this.declarations.isPending(queue("slow"))).isFalse();
	}

	@Test
	void whatNoChannelIsLeftForIsPending() throws Exception {
		this.connection.limitChannels(5);
		for (String sick : List.of("first", "second", "third")) {
			this.connection.hold(queue(sick).description());
			this.run.declare(queue(sick));
		}
		this.run.declare(queue("sound"));
		this.run.declare(binding("sound"));
		assertThat(this.run.take()).as("channel for others").isNotNull();
		assertThat(this.run.finish((declaration) -> false)).extracting(AskedDeclaration::declaration)
			.containsExactly(queue("first"), queue("second"));
		assertThat(List.of(queue("third"), queue("sound"), binding("sound"))).allMatch(this.declarations::isPending);
	}

	@Test
	void whatNoChannelWasLeftForIsDeclaredWhenOthersAreAnswered() throws Exception {
		this.connection.limitChannels(4);
		CompletableFuture<Command> answer = this.connection.hold(queue("slow").description());
		this.run.declare(queue("slow"));
		this.run.declare(queue("sound"));
		this.run.declare(binding("sound"));
		assertThat(this.connection.asked()).containsExactly(queue("slow").description());
		answer.complete(Mockito.mock());
		assertThat(this.run.finish((declaration) -> false)).isEmpty();
		assertThat(this.connection.asked()).containsExactly(queue("slow").description(), queue("sound").description(),
				binding("sound").description());
		assertThat(List.of(queue("slow"), queue("sound"), binding("sound"))).noneMatch(this.declarations::isPending);
	}

	@Test
	void whatIsKnownIsNotWaitedForLong() throws Exception {
		this.declarations.declared(queue("sick"));
		this.connection.hold(queue("sick").description());
		long begin = System.nanoTime();
		this.run.declare(queue("sick"));
		assertThat(this.run.finish((declaration) -> false)).hasSize(1);
		assertThat(Duration.ofNanos(System.nanoTime() - begin)).isLessThan(this.declarations.timeout());
	}

	@Test
	void queueThatCannotBeUsedNowIsPendingWithItsBindings() throws Exception {
		this.connection.hold(queue("sick").description())
			.completeExceptionally(AnsweringConnection.channelClosed(404,
					"NOT_FOUND - home node 'a' of durable queue 'sick' is down or inaccessible"));
		this.run.declare(queue("sick"));
		this.run.declare(binding("sick"));
		assertThat(this.run.finish((declaration) -> false)).isEmpty();
		assertThat(this.run.isClosedInAnswer()).isFalse();
		assertThat(this.declarations.isPending(queue("sick"))).isTrue();
		assertThat(this.declarations.isPending(binding("sick"))).isTrue();
		assertThat(this.connection.asked()).hasSize(1);
	}

	@Test
	void whatIsPendingIsNotAskedForAgain() throws Exception {
		this.declarations.add(queue("sick"), AnsweringConnection.channelClosed(404, "crashed"));
		this.run.declare(queue("sick"));
		assertThat(this.run.finish((declaration) -> false)).isEmpty();
		assertThat(this.connection.asked()).isEmpty();
	}

	@Test
	void connectionMayBeClosedInAnswer() throws Exception {
		this.connection.closeFor(queue("sick").description());
		this.run.declare(queue("sick"));
		assertThat(this.run.finish((declaration) -> false)).isEmpty();
		assertThat(this.run.isClosedInAnswer()).isTrue();
		assertThat(this.declarations.isPending(queue("sick"))).isTrue();
	}

	@Test
	void lateRefusalNamesWhatIsRefused() throws Exception {
		this.connection.hold(queue("slow").description());
		this.connection.refuse(queue("different").description(), 406);
		this.run.declare(queue("slow"));
		this.run.declare(queue("different"));
		this.connection.hold(queue("slow").description()).complete(Mockito.mock());
		assertThatExceptionOfType(TopologyException.class).isThrownBy(() -> this.run.finish((declaration) -> false))
			.withMessageContaining("Queue 'different' cannot be declared on broker 'one': 406");
	}

	@Test
	void lateRefusalMayBeIgnored() throws Exception {
		this.connection.hold(queue("slow").description());
		this.connection.refuse(queue("different").description(), 406);
		this.run.declare(queue("slow"));
		this.run.declare(queue("different"));
		assertThat(this.run.finish(queue("different")::equals)).hasSize(1);
		assertThat(this.declarations.isPending(queue("different"))).isFalse();
	}

	private static Declaration queue(String name) {
		return Declaration.queue(name, true, false, false, null);
	}

	private static Declaration binding(String queue) {
		return Declaration.queueBinding(queue, "amq.direct", queue, null);
	}

}
