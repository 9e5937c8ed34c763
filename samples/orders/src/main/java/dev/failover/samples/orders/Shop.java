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

package dev.failover.samples.orders;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;

import org.jspecify.annotations.Nullable;
import org.springframework.stereotype.Component;

import dev.failover.broker.BrokerServer;
import dev.failover.broker.BrokerState;
import dev.failover.broker.BrokerStatus;
import dev.failover.broker.Brokers;
import dev.failover.connection.PlannedMoves;

/**
 * What the page shows, and what its buttons do.
 */
@Component
class Shop {

	private final OrderBook book;

	private final Brokers brokers;

	private final PlannedMoves moves;

	private final LocalBrokers local;

	private final Journal journal;

	Shop(OrderBook book, Brokers brokers, PlannedMoves moves, LocalBrokers local, Journal journal) {
		this.book = book;
		this.brokers = brokers;
		this.moves = moves;
		this.local = local;
		this.journal = journal;
	}

	ShopState state() {
		List<ShopState.BrokerView> views = this.brokers.getStatuses().stream().map(this::view).toList();
		OrderBook.Counts counts = this.book.counts();
		return new ShopState(views, counts.sent(), counts.confirmed(), counts.fulfilled(), counts.missing(),
				counts.duplicates(), counts.errors());
	}

	private ShopState.BrokerView view(BrokerStatus status) {
		String name = status.broker().name();
		Optional<LocalBroker> broker = this.local.get(name);
		boolean running = broker.map(LocalBroker::isRunning).orElse(true);
		BrokerState state = (running || status.state() == BrokerState.DISABLED) ? status.state() : BrokerState.DOWN;
		boolean failed = status.state() == BrokerState.DOWN || status.state() == BrokerState.BLOCKED;
		String failure = (failed && status.lastFailure() != null) ? status.lastFailure().toString() : null;
		return new ShopState.BrokerView(name, state, status.active(), status.since(), failure, product(status),
				broker.map(LocalBroker::faults).orElse(Set.of()),
				actions(status).stream().map((action) -> view(action, status)).toList());
	}

	private static @Nullable String product(BrokerStatus status) {
		BrokerServer server = status.server();
		return (server != null && server.product() != null && server.version() != null)
				? server.product() + " " + server.version() : null;
	}

	private ShopState.ActionView view(BrokerAction action, BrokerStatus status) {
		return new ShopState.ActionView(action.path(), action.label(), can(action, status));
	}

	private List<BrokerAction> actions(BrokerStatus status) {
		List<BrokerAction> actions = new ArrayList<>();
		this.local.get(status.broker().name()).ifPresent((broker) -> actions.addAll(broker.actions()));
		actions.add(BrokerAction.ACTIVATE);
		actions.add((status.state() == BrokerState.DISABLED) ? BrokerAction.ENABLE : BrokerAction.DISABLE);
		return actions;
	}

	private boolean can(BrokerAction action, BrokerStatus status) {
		if (action == BrokerAction.ACTIVATE) {
			return !status.active() && status.state().isUsable();
		}
		return this.local.get(status.broker().name()).map((broker) -> broker.can(action)).orElse(true);
	}

	/**
	 * Do what a button says.
	 * @param name the name of the broker
	 * @param action what to do
	 * @return a future that completes when it is done, and fails with an
	 * {@link IllegalStateException} if it cannot be done
	 * @throws IllegalArgumentException if there is no broker of that name
	 * @throws IllegalStateException if it cannot be done
	 */
	CompletableFuture<?> perform(String name, BrokerAction action) {
		BrokerStatus status = this.brokers.getStatus(name)
			.orElseThrow(() -> new IllegalArgumentException("There is no broker '%s'".formatted(name)));
		CompletableFuture<?> outcome = switch (action) {
			case ACTIVATE -> this.moves.activate(name);
			case DISABLE -> this.moves.disable(name);
			case ENABLE -> enable(name);
			default -> change(status, action);
		};
		return outcome.whenComplete((done, failure) -> this.journal.tell(state()));
	}

	private CompletableFuture<?> enable(String name) {
		this.brokers.operations().enable(name);
		return CompletableFuture.completedFuture(null);
	}

	private CompletableFuture<?> change(BrokerStatus status, BrokerAction action) {
		String name = status.broker().name();
		LocalBroker broker = this.local.get(name)
			.orElseThrow(() -> new IllegalStateException(
					"Broker '%s' was not started by the shop: %s it yourself".formatted(name, action.path())));
		if (!actions(status).contains(action) || !can(action, status)) {
			throw new IllegalStateException("Broker '%s' is not one to %s now".formatted(name, action.path()));
		}
		boolean fault = action.isFault() || (action == BrokerAction.RESTART && broker.isRunning());
		this.journal.note(fault ? Journal.Kind.FAULT : Journal.Kind.NOTE, action.path() + " " + name,
				"%s %s, by hand".formatted(action.label(), name));
		broker.perform(action);
		return CompletableFuture.completedFuture(null);
	}

}
