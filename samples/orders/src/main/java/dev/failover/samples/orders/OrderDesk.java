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

import java.time.Duration;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicLong;

import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.springframework.amqp.AmqpException;
import org.springframework.scheduling.annotation.Scheduled;
import org.springframework.stereotype.Component;

/**
 * Where customers come from: a steady stream of orders.
 */
@Component
class OrderDesk {

	private static final Log logger = LogFactory.getLog(OrderDesk.class);

	private final String prefix = UUID.randomUUID().toString().substring(0, 8);

	private final AtomicLong number = new AtomicLong();

	private final OrderService service;

	private final OrderBook book;

	OrderDesk(OrderService service, OrderBook book) {
		this.service = service;
		this.book = book;
	}

	@Scheduled(fixedDelayString = "${orders.interval:50ms}")
	void sell() {
		try {
			order();
		}
		catch (AmqpException ex) {
			logger.error("Order is lost", ex);
		}
	}

	/**
	 * Place one order.
	 * @return its id, when a broker has confirmed it
	 */
	String order() {
		String order = this.prefix + "-" + this.number.incrementAndGet();
		this.book.sent();
		long start = System.nanoTime();
		try {
			this.service.place(order);
			this.book.confirmed(order, Duration.ofNanos(System.nanoTime() - start));
			return order;
		}
		catch (RuntimeException ex) {
			this.book.failed();
			throw ex;
		}
	}

}
