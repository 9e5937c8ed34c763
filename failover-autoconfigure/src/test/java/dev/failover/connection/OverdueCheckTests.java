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

package dev.failover.connection;

import java.time.Duration;
import java.util.Arrays;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;

import com.rabbitmq.client.Connection;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests for {@link OverdueCheck} with embedded brokers behind proxies.
 */
class OverdueCheckTests {

	private static final Duration SHORT = Duration.ofMillis(300);

	private final ProxiedBrokers brokers = new ProxiedBrokers(ProxiedBrokers.PATIENT);

	@AfterEach
	void stop() {
		this.brokers.close();
	}

	@Test
	void connectionThatAnswersStaysOpen() throws Exception {
		Connection connection = this.brokers.factory.newConnection("application");
		assertThat(this.brokers.factory.releaseOverdue(ProxiedBrokers.PATIENCE)).isTrue();
		assertThat(connection.isOpen()).isTrue();
	}

	@Test
	void connectionThatDoesNotAnswerIsCut() throws Exception {
		Connection connection = this.brokers.factory.newConnection("application");
		silence();
		assertThat(this.brokers.factory.releaseOverdue(SHORT)).isFalse();
		Awaitility.await().atMost(ProxiedBrokers.PATIENCE).until(() -> !connection.isOpen());
	}

	@Test
	void connectionThatTheApplicationClosesMeanwhileDoesNotCountAgainstItsBroker() throws Exception {
		Connection connection = this.brokers.factory.newConnection("application");
		silence();
		CompletableFuture<Boolean> serving = CompletableFuture.supplyAsync(() -> {
			try {
				return this.brokers.factory.releaseOverdue(ProxiedBrokers.PATIENCE);
			}
			catch (InterruptedException ex) {
				throw new CompletionException(ex);
			}
		});
		Awaitility.await().atMost(ProxiedBrokers.PATIENCE).until(OverdueCheckTests::isAsking);
		connection.abort(1);
		assertThat(serving).succeedsWithin(ProxiedBrokers.PATIENCE.dividedBy(2)).isEqualTo(true);
	}

	/**
	 * Whether a thread waits for the answer to a channel that the check opens.
	 */
	private static boolean isAsking() {
		return Thread.getAllStackTraces()
			.values()
			.stream()
			.anyMatch((stack) -> Arrays.stream(stack)
				.anyMatch((frame) -> frame.getClassName().startsWith(OverdueCheck.class.getName()))
					&& Arrays.stream(stack).anyMatch((frame) -> "createChannel".equals(frame.getMethodName())));
	}

	private void silence() {
		this.brokers.one.blackHole();
		this.brokers.two.refuse();
		this.brokers.three.refuse();
	}

}
