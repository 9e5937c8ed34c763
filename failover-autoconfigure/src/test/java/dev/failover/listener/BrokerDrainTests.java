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

package dev.failover.listener;

import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.amqp.rabbit.connection.CachingConnectionFactory;
import org.springframework.amqp.rabbit.listener.DirectMessageListenerContainer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.mockito.BDDMockito.given;
import static org.mockito.BDDMockito.then;
import static org.mockito.Mockito.mock;

/**
 * Tests that a {@link BrokerDrain} ends whatever fails.
 */
class BrokerDrainTests {

	private final CachingConnectionFactory connectionFactory = mock();

	@ParameterizedTest
	@ValueSource(booleans = { true, false })
	void connectionIsClosedAlsoWithoutAThreadForThat(boolean lacking) {
		CompletableFuture<Void> end = drain((task) -> {
			if (lacking) {
				throw new OutOfMemoryError("thrown by the test");
			}
			task.run();
		}).end();
		assertThat(end).succeedsWithin(Duration.ofSeconds(20));
		then(this.connectionFactory).should().destroy();
	}

	@Test
	void containerThatCannotBeCopiedForAnErrorIsLeftOut() {
		DirectMessageListenerContainer original = new DirectMessageListenerContainer(this.connectionFactory);
		BrokerDrain drain = drain(Runnable::run);
		given(this.connectionFactory.createConnection()).willThrow(new NoClassDefFoundError("thrown by the test"));
		original.setQueueNames("orders");
		assertThatExceptionOfType(NoClassDefFoundError.class).isThrownBy(() -> drain.follow(List.of(original), true));
		assertThat(drain.size()).isZero();
		drain.end();
		then(this.connectionFactory).should().destroy();
	}

	private BrokerDrain drain(Executor stopper) {
		return new BrokerDrain(this.connectionFactory, Set::of, mock(), stopper);
	}

}
