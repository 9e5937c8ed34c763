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

package dev.failover.autoconfigure.cloud;

import java.time.Clock;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicReference;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.cloud.context.environment.EnvironmentChangeEvent;

import dev.failover.autoconfigure.FailoverConnectionDetails;
import dev.failover.broker.Broker;
import dev.failover.broker.BrokerCredentials;
import dev.failover.broker.Brokers;
import dev.failover.broker.TestBrokers;
import dev.failover.connection.PlannedMoves;

import static org.assertj.core.api.Assertions.assertThat;
import static org.mockito.ArgumentMatchers.any;
import static org.mockito.ArgumentMatchers.anyString;
import static org.mockito.BDDMockito.given;
import static org.mockito.Mockito.mock;

/**
 * Tests that {@link BrokersRefresher} goes on whatever fails.
 */
class BrokersRefresherTests {

	private final FailoverConnectionDetails details = mock();

	private final Brokers brokers = new Brokers(
			List.of(TestBrokers.broker("north"), TestBrokers.broker("south"), TestBrokers.broker("west")),
			Clock.systemUTC());

	private final PlannedMoves moves = mock();

	private final AtomicReference<Error> onRemove = new AtomicReference<>();

	private final BrokersRefresher refresher = new BrokersRefresher(this.details, this.brokers, this.moves);

	@BeforeEach
	void remove() {
		given(this.details.refresh()).willReturn(true);
		given(this.details.getCredentials(any())).willReturn(BrokerCredentials.of("guest", "guest"));
		given(this.moves.remove(anyString())).willAnswer((call) -> {
			Error error = this.onRemove.getAndSet(null);
			if (error != null) {
				throw error;
			}
			this.brokers.operations().remove(call.getArgument(0));
			return CompletableFuture.completedFuture(null);
		});
	}

	@Test
	void errorKeepsOneBrokerFromBeingRemovedAndNoOther() {
		this.onRemove.set(new NoClassDefFoundError("thrown by the test"));
		refresh("west");
		assertThat(this.brokers.getAll()).extracting(Broker::name).containsExactlyInAnyOrder("north", "west");
	}

	@Test
	void nextConfigurationIsAppliedAfterAnError() {
		given(this.details.getCredentials(any())).willThrow(new NoClassDefFoundError("thrown by the test"))
			.willReturn(BrokerCredentials.of("guest", "guest"));
		refresh("west");
		assertThat(this.brokers.getAll()).hasSize(3);
		refresh("west");
		assertThat(this.brokers.getAll()).extracting(Broker::name).containsExactly("west");
	}

	private void refresh(String... names) {
		given(this.details.getBrokers()).willReturn(List.of(names).stream().map(TestBrokers::broker).toList());
		this.refresher.onApplicationEvent(new EnvironmentChangeEvent(Set.of("failover.brokers")));
	}

}
