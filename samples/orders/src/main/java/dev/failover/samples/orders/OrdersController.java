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

import java.util.Arrays;
import java.util.concurrent.CompletableFuture;

import org.springframework.amqp.AmqpException;
import org.springframework.core.task.TaskRejectedException;
import org.springframework.http.HttpStatus;
import org.springframework.http.MediaType;
import org.springframework.http.ProblemDetail;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.ExceptionHandler;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.ResponseStatus;
import org.springframework.web.bind.annotation.RestController;
import org.springframework.web.servlet.mvc.method.annotation.SseEmitter;

/**
 * The shop over HTTP.
 */
@RestController
@RequestMapping("/api")
class OrdersController {

	private final OrderDesk desk;

	private final Shop shop;

	private final LiveStreams streams;

	OrdersController(OrderDesk desk, Shop shop, LiveStreams streams) {
		this.desk = desk;
		this.shop = shop;
		this.streams = streams;
	}

	@GetMapping("/state")
	ShopState state() {
		return this.shop.state();
	}

	@GetMapping(path = "/stream", produces = MediaType.TEXT_EVENT_STREAM_VALUE)
	SseEmitter stream() {
		return this.streams.open();
	}

	@PostMapping("/orders")
	@ResponseStatus(HttpStatus.CREATED)
	PlacedOrder order() {
		return new PlacedOrder(this.desk.order());
	}

	@PostMapping("/brokers/{name}/{action}")
	CompletableFuture<ResponseEntity<Void>> change(@PathVariable String name, @PathVariable String action) {
		return this.shop.perform(name, action(action)).thenApply((done) -> ResponseEntity.noContent().build());
	}

	private static BrokerAction action(String path) {
		return Arrays.stream(BrokerAction.values())
			.filter((action) -> action.path().equals(path))
			.findFirst()
			.orElseThrow(() -> new IllegalArgumentException("There is no action '%s'".formatted(path)));
	}

	@ExceptionHandler
	ProblemDetail handle(AmqpException failure) {
		return ProblemDetail.forStatusAndDetail(HttpStatus.SERVICE_UNAVAILABLE, "No broker has confirmed the order");
	}

	@ExceptionHandler
	ProblemDetail handle(IllegalArgumentException failure) {
		return ProblemDetail.forStatusAndDetail(HttpStatus.NOT_FOUND, failure.getMessage());
	}

	@ExceptionHandler
	ProblemDetail handle(IllegalStateException failure) {
		return ProblemDetail.forStatusAndDetail(HttpStatus.CONFLICT, failure.getMessage());
	}

	@ExceptionHandler
	ProblemDetail handle(TaskRejectedException failure) {
		return ProblemDetail.forStatusAndDetail(HttpStatus.SERVICE_UNAVAILABLE, "Too many pages are open");
	}

	/**
	 * An order that a broker has.
	 *
	 * @param id the id
	 */
	record PlacedOrder(String id) {
	}

}
