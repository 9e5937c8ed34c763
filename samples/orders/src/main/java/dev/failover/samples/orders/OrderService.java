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

import org.springframework.amqp.rabbit.annotation.RabbitListener;
import org.springframework.stereotype.Service;

import dev.failover.ensure.Ensure;
import dev.failover.template.FailoverTemplate;

/**
 * Takes orders, and fulfils them.
 */
@Service
class OrderService {

	private final FailoverTemplate template;

	private final OrderBook book;

	OrderService(FailoverTemplate template, OrderBook book) {
		this.template = template;
		this.book = book;
	}

	/**
	 * Place an order. When this returns, a broker has it.
	 */
	@Ensure
	void place(String order) {
		this.template.convertAndSend(OrdersApplication.QUEUE, order);
	}

	@RabbitListener(queues = OrdersApplication.QUEUE)
	void fulfil(String order) {
		this.book.fulfilled(order);
	}

}
