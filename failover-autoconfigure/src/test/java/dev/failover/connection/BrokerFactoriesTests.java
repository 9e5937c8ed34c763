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

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

import com.rabbitmq.client.ConnectionFactory;
import org.junit.jupiter.api.Test;

import dev.failover.broker.Broker;
import dev.failover.broker.TestBrokers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIOException;

/**
 * Tests for {@link BrokerFactories}.
 */
class BrokerFactoriesTests {

	private final Broker broker = TestBrokers.broker("one");

	private final List<String> created = new ArrayList<>();

	private final BrokerFactories factories = new BrokerFactories((created) -> {
		this.created.add(created.name());
		return new ConnectionFactory();
	});

	private final ConnectAttempt attempt = new ConnectAttempt(this.broker, 0, (ended, failure) -> {
	});

	@Test
	void attemptThatHasFailedCreatesNoFactory() {
		this.attempt.fail(new IOException("The broker was removed"));
		assertThatIOException().isThrownBy(() -> this.factories.get(this.attempt)).withMessageContaining("one");
		assertThat(this.created).isEmpty();
	}

	@Test
	void attemptThatRunsHasTheFactoryOfItsBroker() throws IOException {
		assertThat(this.factories.get(this.attempt)).isSameAs(this.factories.get(this.broker));
		assertThat(this.created).containsExactly("one");
	}

	@Test
	void removalIsToldOnceForEachFactory() {
		List<String> removed = new ArrayList<>();
		this.factories.onRemoval(removed::add);
		this.factories.remove(this.broker);
		assertThat(removed).isEmpty();
		this.factories.get(this.broker);
		this.factories.remove(this.broker);
		this.factories.remove(this.broker);
		assertThat(removed).containsExactly("one");
		this.factories.get(this.broker);
		assertThat(this.created).containsExactly("one", "one");
	}

}
