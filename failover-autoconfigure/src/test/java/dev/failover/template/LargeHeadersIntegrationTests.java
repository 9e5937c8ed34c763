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
import java.util.concurrent.TimeUnit;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.springframework.amqp.core.Message;
import org.springframework.amqp.core.MessageBuilder;

import dev.failover.integration.North;
import dev.failover.test.RabbitNode;
import dev.failover.test.junit.EachRabbit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

/**
 * A message whose headers are larger than a frame of the connection may be, while the
 * messages of others are in flight.
 */
@ParameterizedClass
@EachRabbit
class LargeHeadersIntegrationTests {

	private static final String QUEUE = "headers";

	@Parameter
	private String version;

	@North
	private RabbitNode node;

	private ProxiedBroker broker;

	private PublishingFixture fixture;

	private FailoverTemplate template;

	@BeforeEach
	void start() {
		this.broker = ProxiedBroker.of(this.node);
		this.fixture = new PublishingFixture(List.of(this.broker));
		this.template = this.fixture.template(PublishSettings.DEFAULTS);
		this.template.execute((channel) -> channel.queueDelete(QUEUE));
		this.template.execute((channel) -> channel.queueDeclare(QUEUE, true, false, false, null));
		this.template.convertAndSend("", QUEUE, "connected");
		this.template.receive(QUEUE);
		this.broker.proxy().delay(Duration.ofMillis(200));
	}

	@AfterEach
	void close() {
		this.broker.proxy().pass();
		this.template.destroy();
		this.fixture.close();
		this.broker.close();
	}

	@Test
	void messageWithTooLargeHeadersIsRefusedAndOthersGoOnce() throws Exception {
		List<CompletableFuture<Confirmation>> others = new ArrayList<>();
		for (int i = 0; i < 500; i++) {
			others.add(this.template.convertAndSendAsync("", QUEUE, "other " + i));
		}
		assertThatExceptionOfType(PublishException.class)
			.isThrownBy(() -> this.template.send("", QUEUE, message(200_000)))
			.withMessageContaining("the connection allows 131072 (frame_max)")
			.satisfies((ex) -> assertThat(ex.getOutcome()).isEqualTo(PublishOutcome.NOT_SENT));
		assertThat(this.template.sendAsync("", QUEUE, message(200_000))).failsWithin(Duration.ofSeconds(20))
			.withThrowableThat()
			.withCauseInstanceOf(PublishException.class);
		this.template.send("", QUEUE, message(130_000));
		for (CompletableFuture<Confirmation> other : others) {
			assertThat(other.get(20, TimeUnit.SECONDS).tries()).isEqualTo(1);
		}
		assertThat(this.template.<Long>execute((channel) -> channel.messageCount(QUEUE))).isEqualTo(501);
	}

	private static Message message(int size) {
		return MessageBuilder.withBody(new byte[0]).setHeader("trace", "x".repeat(size)).build();
	}

}
