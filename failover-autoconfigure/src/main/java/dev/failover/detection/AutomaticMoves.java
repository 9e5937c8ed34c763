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

package dev.failover.detection;

import java.util.concurrent.CompletableFuture;
import java.util.function.Function;

import dev.failover.broker.Broker;
import dev.failover.broker.BrokerEvent;
import dev.failover.broker.BrokerListener;
import dev.failover.broker.Brokers;
import dev.failover.broker.EventStage;
import dev.failover.connection.PlannedMoves;

/**
 * Planned moves that nobody has asked for. One that is not made yet is called off when an
 * operator holds switches.
 */
final class AutomaticMoves implements Function<String, CompletableFuture<?>>, BrokerListener, AutoCloseable {

	private final Brokers brokers;

	private final PlannedMoves moves;

	private volatile CompletableFuture<?> last = CompletableFuture.completedFuture(null);

	AutomaticMoves(Brokers brokers, PlannedMoves moves) {
		this.brokers = brokers;
		this.moves = moves;
		brokers.addListener(this, EventStage.CONNECTIONS);
	}

	@Override
	public CompletableFuture<?> apply(String broker) {
		CompletableFuture<?> move = this.moves.failBack(broker);
		this.last = move;
		if (this.brokers.isHeld()) {
			callOff();
		}
		return move;
	}

	@Override
	public void onEvent(BrokerEvent event) {
		if (event instanceof BrokerEvent.HoldChanged changed && changed.held()) {
			callOff();
		}
	}

	/**
	 * A move gives way to one to where the application is. One that has given way to an
	 * operator's has ended.
	 */
	private void callOff() {
		Broker active = this.brokers.getActive();
		if (active != null && !this.last.isDone()) {
			this.moves.activate(active.name());
		}
	}

	@Override
	public void close() {
		this.brokers.removeListener(this);
	}

}
