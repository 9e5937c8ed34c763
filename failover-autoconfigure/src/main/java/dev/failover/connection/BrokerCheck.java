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
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;

import org.jspecify.annotations.Nullable;

import dev.failover.broker.Broker;
import dev.failover.broker.BrokerFailure;
import dev.failover.broker.BrokerState;
import dev.failover.broker.BrokerStatus;
import dev.failover.broker.Brokers;
import dev.failover.broker.BrokersUnavailableException;

/**
 * Connects to every broker once, side by side, and closes the connections again.
 */
final class BrokerCheck {

	private final Brokers brokers;

	private final BrokerConnector connector;

	BrokerCheck(Brokers brokers, BrokerConnector connector) {
		this.brokers = brokers;
		this.connector = connector;
	}

	void run() throws IOException, InterruptedException {
		Map<Broker, CompletableFuture<Void>> answers = new LinkedHashMap<>();
		for (Broker broker : enabled()) {
			ConnectAttempt attempt = this.connector.start(broker, ConnectRequest.named("failover-check"));
			answers.put(broker, this.connector.discard(attempt));
		}
		Map<Broker, BrokerFailure> failures = new LinkedHashMap<>();
		Throwable last = null;
		for (Map.Entry<Broker, CompletableFuture<Void>> answer : answers.entrySet()) {
			Throwable failure = await(answer.getValue());
			if (failure != null) {
				last = failure;
				this.brokers.getStatus(answer.getKey().name())
					.map(BrokerStatus::lastFailure)
					.ifPresent((reported) -> failures.put(answer.getKey(), reported));
			}
		}
		if (last != null) {
			throw new BrokersUnavailableException(
					"%d of the %d brokers cannot be connected to".formatted(failures.size(), answers.size()), failures,
					last);
		}
	}

	private List<Broker> enabled() {
		return this.brokers.getStatuses()
			.stream()
			.filter((status) -> status.state() != BrokerState.DISABLED)
			.map(BrokerStatus::broker)
			.toList();
	}

	/**
	 * Wait for the end of an attempt, which comes within the connect time-out.
	 */
	private static @Nullable Throwable await(CompletableFuture<Void> answer) throws InterruptedException {
		try {
			answer.get();
			return null;
		}
		catch (ExecutionException ex) {
			return (ex.getCause() != null) ? ex.getCause() : ex;
		}
	}

}
