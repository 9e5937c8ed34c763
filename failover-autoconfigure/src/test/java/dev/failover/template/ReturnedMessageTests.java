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
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.springframework.amqp.core.ReturnedMessage;

import dev.failover.ensure.EnsurePolicy;
import dev.failover.test.EmbeddedBroker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

/**
 * Messages that no queue is bound for, on a broker that rejects them before it returns
 * them.
 */
@Timeout(30)
class ReturnedMessageTests {

	private EmbeddedBroker broker;

	private PublishingFixture fixture;

	private FailoverTemplate template;

	@BeforeEach
	void start() {
		this.broker = EmbeddedBroker.builder().start();
		this.fixture = new PublishingFixture(List.of(this.broker));
		this.template = this.fixture.template(PublishSettings.DEFAULTS);
	}

	@AfterEach
	void stop() {
		this.template.destroy();
		this.fixture.close();
		this.broker.close();
	}

	@Test
	void messageIsReturnedToItsSender() {
		this.template.execute((channel) -> channel.exchangeDeclare("unbound", "topic"));
		for (String exchange : List.of("", "unbound")) {
			assertThatExceptionOfType(MessageReturnedException.class)
				.isThrownBy(() -> this.template.convertAndSend(exchange, "nowhere", "lost"))
				.satisfies((ex) -> assertThat(ex.getReturnedMessage().getBody()).asString().isEqualTo("lost"));
		}
	}

	@Test
	void messageThatMustNotBeSentTwiceIsReturnedToItsSender() {
		assertThatExceptionOfType(MessageReturnedException.class)
			.isThrownBy(() -> this.template.ensure(EnsurePolicy.DEFAULT.withIdempotent(false), () -> {
				this.template.convertAndSend("", "nowhere", "lost");
				return null;
			}));
	}

	@Test
	void callbackIsToldOfAMessageThatIsReturned() {
		List<ReturnedMessage> returned = new CopyOnWriteArrayList<>();
		this.template.setReturnsCallback(returned::add);
		this.template.convertAndSend("", "nowhere", "lost");
		assertThat(returned).singleElement()
			.satisfies((message) -> assertThat(message.getRoutingKey()).isEqualTo("nowhere"));
	}

	@Test
	void asynchronousMessagesAreReturnedAmongOthers() throws Exception {
		this.template.execute((channel) -> channel.queueDeclare("orders", false, false, false, null));
		List<CompletableFuture<Confirmation>> routed = new ArrayList<>();
		List<CompletableFuture<Confirmation>> lost = new ArrayList<>();
		for (int i = 0; i < 100; i++) {
			routed.add(this.template.convertAndSendAsync("", "orders", "there"));
			lost.add(this.template.convertAndSendAsync("", "nowhere", "lost"));
		}
		for (int i = 0; i < 100; i++) {
			assertThat(routed.get(i).get(20, TimeUnit.SECONDS).tries()).isEqualTo(1);
			assertThat(lost.get(i)).failsWithin(Duration.ofSeconds(20))
				.withThrowableThat()
				.withCauseInstanceOf(MessageReturnedException.class);
		}
		assertThat(this.template.<Long>execute((channel) -> channel.messageCount("orders"))).isEqualTo(100);
	}

}
