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
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.Consumer;

import org.jspecify.annotations.Nullable;

import dev.failover.broker.Broker;

/**
 * {@link BrokerAccess} by means of a {@link BrokerConnector}.
 */
final class ConnectorAccess implements BrokerAccess {

	private static final String PROBE = "failover-probe";

	private final BrokerConnector connector;

	private final Standby standby;

	private final VirtualConnections connections;

	ConnectorAccess(BrokerConnector connector, Standby standby, VirtualConnections connections) {
		this.connector = connector;
		this.standby = standby;
		this.connections = connections;
	}

	@Override
	public void addListener(Consumer<OpenConnection> listener) {
		this.connector.addListener(listener);
	}

	@Override
	public void onClose(Runnable task) {
		this.connector.onClose(task);
	}

	@Override
	public CompletableFuture<@Nullable Void> check(Broker broker) {
		return discarded(this.connector.startCheck(broker, ConnectRequest.named(PROBE)));
	}

	@Override
	public CompletableFuture<@Nullable Void> prepare(Broker broker) {
		return discarded(this.connector.startPrepared(broker, ConnectRequest.named(PROBE)));
	}

	@Override
	public CompletableFuture<@Nullable Void> knock(Broker broker, Duration timeout) {
		return discarded(this.connector.startUnreported(broker, PROBE, timeout)).exceptionally((failure) -> {
			if (FailureReasons.isLimit(failure)) {
				return null;
			}
			throw new CompletionException(failure);
		});
	}

	private CompletableFuture<@Nullable Void> discarded(ConnectAttempt attempt) {
		this.connector.discard(attempt);
		return attempt.result().thenApply((connection) -> null);
	}

	@Override
	public CompletableFuture<OpenConnection> open(Broker broker, String name) {
		return this.connector.start(broker, ConnectRequest.named(name)).result();
	}

	@Override
	public CompletableFuture<@Nullable Void> standBy(Broker broker) {
		CompletableFuture<@Nullable Void> demand = this.standby.demand(broker);
		CompletableFuture<@Nullable Void> prepared = new CompletableFuture<>();
		demand.whenComplete((ready, failure) -> {
			if (demand.isCancelled()) {
				prepared.cancel(false);
			}
			else if (failure != null) {
				prepared.completeExceptionally(failure);
			}
			else {
				this.connections.prepare(broker).whenComplete((done, late) -> prepared.complete(null));
			}
		});
		return prepared;
	}

	@Override
	public @Nullable Broker nextBeside(Broker active) {
		return this.standby.nextBeside(active);
	}

	@Override
	public void endStandBy() {
		this.standby.endDemand();
		this.connections.endPreparation();
	}

	@Override
	public boolean isInUse(String broker) {
		return this.connections.isInUse(broker);
	}

	@Override
	public CompletableFuture<@Nullable Void> settled() {
		return this.connections.settled();
	}

	@Override
	public void close(OpenConnection connection) {
		this.connector.abort(connection.connection());
	}

}
