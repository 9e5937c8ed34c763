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

import java.util.List;
import java.util.function.Consumer;

import org.springframework.amqp.AmqpException;
import org.springframework.http.HttpStatus;
import org.springframework.http.ProblemDetail;
import org.springframework.web.bind.annotation.ExceptionHandler;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.ResponseStatus;
import org.springframework.web.bind.annotation.RestController;
import org.springframework.web.server.ResponseStatusException;

import dev.failover.broker.BrokerState;
import dev.failover.broker.BrokerStatus;
import dev.failover.broker.Brokers;
import dev.failover.test.EmbeddedBroker;

/**
 * The shop over HTTP.
 */
@RestController
@RequestMapping("/api")
class OrdersController {

	private final OrderDesk desk;

	private final OrderBook book;

	private final Brokers brokers;

	private final EmbeddedBrokers embedded;

	OrdersController(OrderDesk desk, OrderBook book, Brokers brokers, EmbeddedBrokers embedded) {
		this.desk = desk;
		this.book = book;
		this.brokers = brokers;
		this.embedded = embedded;
	}

	@GetMapping("/state")
	ShopState state() {
		List<BrokerView> views = this.brokers.getStatuses().stream().map(this::view).toList();
		OrderBook.Counts counts = this.book.counts();
		return new ShopState(views, counts.sent(), counts.confirmed(), counts.fulfilled(), counts.missing(),
				counts.duplicates(), counts.errors());
	}

	private BrokerView view(BrokerStatus status) {
		String name = status.broker().name();
		boolean running = this.embedded.get(name).map(EmbeddedBroker::isRunning).orElse(true);
		return new BrokerView(name, running ? status.state() : BrokerState.DOWN, status.active());
	}

	@PostMapping("/orders")
	@ResponseStatus(HttpStatus.CREATED)
	PlacedOrder order() {
		return new PlacedOrder(this.desk.order());
	}

	@PostMapping("/brokers/{name}/kill")
	@ResponseStatus(HttpStatus.NO_CONTENT)
	void kill(@PathVariable String name) {
		change(name, EmbeddedBroker::kill);
	}

	@PostMapping("/brokers/{name}/restart")
	@ResponseStatus(HttpStatus.NO_CONTENT)
	void restart(@PathVariable String name) {
		change(name, EmbeddedBroker::restart);
	}

	private void change(String name, Consumer<EmbeddedBroker> change) {
		if (this.brokers.getStatus(name).isEmpty()) {
			throw new ResponseStatusException(HttpStatus.NOT_FOUND, "There is no broker '%s'".formatted(name));
		}
		EmbeddedBroker broker = this.embedded.get(name)
			.orElseThrow(() -> new ResponseStatusException(HttpStatus.CONFLICT,
					"Broker '%s' is not embedded: kill and restart it yourself".formatted(name)));
		change.accept(broker);
	}

	@ExceptionHandler
	ProblemDetail handle(AmqpException failure) {
		return ProblemDetail.forStatusAndDetail(HttpStatus.SERVICE_UNAVAILABLE, "No broker has confirmed the order");
	}

	/**
	 * What the page shows.
	 *
	 * @param brokers the brokers
	 * @param sent orders handed over for publishing
	 * @param confirmed orders that a broker has confirmed
	 * @param fulfilled orders that the listener has handled
	 * @param missing confirmed orders that are overdue
	 * @param duplicates orders that came once more
	 * @param errors orders that no broker confirmed
	 */
	record ShopState(List<BrokerView> brokers, long sent, long confirmed, long fulfilled, long missing, long duplicates,
			long errors) {
	}

	/**
	 * A broker as the page shows it.
	 *
	 * @param name the name
	 * @param state the state, down also if an embedded broker was killed while it was not
	 * active
	 * @param active whether it is the active one
	 */
	record BrokerView(String name, BrokerState state, boolean active) {
	}

	/**
	 * An order that a broker has.
	 *
	 * @param id the id
	 */
	record PlacedOrder(String id) {
	}

}
