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

package dev.failover.topology;

import java.util.Map;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests for {@link KnownDeclarations}.
 */
class KnownDeclarationsTests {

	private final KnownDeclarations known = new KnownDeclarations();

	@Test
	void defaultExchangeRoutesToTheQueueThatTheKeyNames() {
		queue("orders");
		assertRouted("", "orders", "orders");
		assertRouted("", "other");
	}

	@Test
	void directExchangeRoutesByTheKeyOfABinding() {
		exchange("shop", "direct");
		bind("orders", "shop", "new");
		bind("bills", "shop", "paid");
		assertRouted("shop", "new", "orders");
		assertRouted("shop", "#");
	}

	@Test
	void fanoutExchangeRoutesToAll() {
		exchange("news", "fanout");
		bind("orders", "news", "");
		bind("bills", "news", "ignored");
		assertRouted("news", "any", "orders", "bills");
	}

	@Test
	void exchangeThatOthersDeclareIsTakenForADirectOne() {
		bind("orders", "theirs", "new");
		assertRouted("theirs", "new", "orders");
		assertRouted("theirs", "old");
	}

	@ParameterizedTest
	@CsvSource({ "order.*, order.new, true", "order.*, order, false", "order.*, order.new.eu, false",
			"order.#, order, true", "order.#, order.new.eu, true", "order.#, bill, false", "#, any.thing, true",
			"#.eu, order.new.eu, true", "#.eu, eu, true", "*.*.eu, order.eu, false", "#.new.#, order.new.eu, true",
			"#.new.#, order.old.eu, false", "#.#, x, true", "order.new, order.new, true", "order*, ordering, false" })
	void topicExchangeRoutesByPattern(String pattern, String routingKey, boolean matches) {
		exchange("topics", "topic");
		bind("orders", "topics", pattern);
		bind("bills", "amq.topic", pattern);
		assertRouted("topics", routingKey, matches ? new String[] { "orders" } : new String[0]);
		assertRouted("amq.topic", routingKey, matches ? new String[] { "bills" } : new String[0]);
	}

	@Test
	void emptyRoutingKeyHasNoWord() {
		exchange("topics", "topic");
		bind("orders", "topics", "#");
		bind("bills", "topics", "*");
		bind("rest", "topics", "");
		assertRouted("topics", "", "orders", "rest");
		assertRouted("topics", ".", "orders");
	}

	@Test
	void exchangesAreFollowedAndACircleEnds() {
		exchange("in", "topic");
		exchange("out", "fanout");
		this.known.add(Declaration.exchangeBinding("out", "in", "order.#", Map.of()));
		this.known.add(Declaration.exchangeBinding("in", "out", "", Map.of()));
		bind("orders", "out", "");
		assertRouted("in", "order.new", "orders");
		assertRouted("in", "bill.new");
	}

	private void queue(String name) {
		this.known.add(Declaration.queue(name, true, false, false, Map.of()));
	}

	private void exchange(String name, String type) {
		this.known.add(Declaration.exchange(name, type, true, false, false, Map.of()));
	}

	private void bind(String queue, String exchange, String routingKey) {
		queue(queue);
		this.known.add(Declaration.queueBinding(queue, exchange, routingKey, Map.of()));
	}

	private void assertRouted(String exchange, String routingKey, String... queues) {
		assertThat(this.known.queuesOf(exchange, routingKey)).extracting(Declaration::queue)
			.containsExactlyInAnyOrder(queues);
	}

}
