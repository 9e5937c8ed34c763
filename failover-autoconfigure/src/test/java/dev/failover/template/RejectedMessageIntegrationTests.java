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
import java.util.Map;
import java.util.concurrent.TimeUnit;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;

import dev.failover.ensure.EnsurePolicy;
import dev.failover.integration.North;
import dev.failover.test.RabbitNode;
import dev.failover.test.junit.EachRabbit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.awaitility.Awaitility.await;

/**
 * Publishing to a queue that is full, and rejects what comes.
 */
@ParameterizedClass
@EachRabbit
class RejectedMessageIntegrationTests {

	private static final String QUEUE = "full";

	private static final int ROUNDS = Integer.getInteger("failover.test.rounds", 50);

	@Parameter
	private String version;

	@North
	private RabbitNode node;

	private PublishingFixture fixture;

	private FailoverTemplate template;

	@BeforeEach
	void fillQueue() {
		this.fixture = new PublishingFixture(List.of(this.node));
		this.template = this.fixture.template(PublishSettings.DEFAULTS);
		this.template.execute((channel) -> channel.queueDelete(QUEUE));
		this.template.execute((channel) -> channel.queueDeclare(QUEUE, true, false, false,
				Map.of("x-max-length", 1, "x-overflow", "reject-publish")));
		this.template.convertAndSend("", QUEUE, "fits");
	}

	@AfterEach
	void close() {
		this.template.destroy();
		this.fixture.close();
	}

	@Test
	void messageThatAHealthyBrokerRejectsUntilTheDeadlineMayHaveArrivedElsewhere() {
		EnsurePolicy policy = EnsurePolicy.DEFAULT.withTimeout(Duration.ofSeconds(2));
		assertThatExceptionOfType(PublishException.class).isThrownBy(() -> this.template.ensure(policy, () -> {
			this.template.convertAndSend("", QUEUE, "does not fit");
			return null;
		})).withMessageContaining("The broker rejected the message until its time was over").satisfies((ex) -> {
			assertThat(ex.getOutcome()).isEqualTo(PublishOutcome.UNKNOWN);
			assertThat(ex.getMessageId()).isNotEmpty();
			assertThat(ex).hasRootCauseMessage("The broker rejected the message (basic.nack)");
		});
		assertThat(this.template.receiveAndConvert(QUEUE)).isEqualTo("fits");
		assertThat(this.template.receiveAndConvert(QUEUE)).isNull();
	}

	@Test
	void rejectedMessageIsConfirmedWhenThereIsRoomAgain() throws Exception {
		var first = this.template.convertAndSendAsync("", QUEUE, "does not fit");
		await().during(Duration.ofMillis(300)).until(() -> !first.isDone());
		assertThat(this.template.receiveAndConvert(QUEUE)).isEqualTo("fits");
		assertThat(first.get(10, TimeUnit.SECONDS).tries()).isGreaterThan(1);
		assertThat(this.template.receiveAndConvert(QUEUE)).isEqualTo("does not fit");
	}

	@Test
	@DisplayName("a rejected message that must not be sent twice is sent once")
	void rejectedMessageThatIsNotIdempotentIsSentOnce() {
		EnsurePolicy policy = EnsurePolicy.DEFAULT.withIdempotent(false);
		assertThatExceptionOfType(PublishException.class).isThrownBy(() -> this.template.ensure(policy, () -> {
			this.template.convertAndSend("", QUEUE, "does not fit");
			return null;
		}))
			.withMessageContaining("must not be sent twice")
			.satisfies((ex) -> assertThat(ex.getOutcome()).isEqualTo(PublishOutcome.UNKNOWN));
	}

	@Test
	void rejectedMessageHasFewCopiesInTheDeadLetterQueueAndAnUnknownOutcome() {
		this.template.execute((channel) -> channel.queueDelete("dead-letters"));
		this.template.execute((channel) -> channel.queueDeclare("dead-letters", true, false, false, null));
		this.template.execute((channel) -> channel.queueDelete(QUEUE));
		this.template.execute((channel) -> channel.queueDeclare(QUEUE, true, false, false,
				Map.of("x-max-length", 1, "x-overflow", "reject-publish-dlx", "x-dead-letter-exchange", "",
						"x-dead-letter-routing-key", "dead-letters")));
		this.template.convertAndSend("", QUEUE, "fits");
		EnsurePolicy policy = EnsurePolicy.DEFAULT.withTimeout(Duration.ofSeconds(10));
		assertThatExceptionOfType(PublishException.class).isThrownBy(() -> this.template.ensure(policy, () -> {
			this.template.convertAndSend("", QUEUE, "does not fit");
			return null;
		})).satisfies((ex) -> assertThat(ex.getOutcome()).isEqualTo(PublishOutcome.UNKNOWN));
		int copies = 0;
		while (this.template.receive("dead-letters") != null) {
			copies++;
		}
		assertThat(copies).isBetween(1, 6);
	}

	@Test
	void messageForAnInternalExchangeIsRefusedEachTime() {
		this.template.execute((channel) -> channel.exchangeDeclare("internal", "fanout", false, true, true, null));
		for (int i = 0; i < ROUNDS; i++) {
			assertThatExceptionOfType(PublishException.class)
				.isThrownBy(() -> this.template.convertAndSend("internal", "", "refused"))
				.withMessageContaining("The broker refused the message: ACCESS_REFUSED")
				.satisfies((ex) -> assertThat(ex.getOutcome()).isEqualTo(PublishOutcome.NOT_SENT));
		}
	}

	@Test
	void dependentThatThrowsHoldsNoOtherUp() throws Exception {
		this.template.receive(QUEUE);
		var failing = this.template.convertAndSendAsync("", QUEUE, "one").thenAccept((confirmed) -> {
			throw new AssertionError("expected by the test");
		});
		assertThat(failing).failsWithin(Duration.ofSeconds(10));
		this.template.receive(QUEUE);
		assertThat(this.template.convertAndSendAsync("", QUEUE, "two").get(10, TimeUnit.SECONDS).tries()).isEqualTo(1);
	}

}
