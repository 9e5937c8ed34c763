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

import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;

import com.rabbitmq.client.AMQP;
import org.jspecify.annotations.Nullable;

/**
 * What was declared on a cluster, or was pending there. It is not forgotten when a broker
 * fails. Safe for use by several threads.
 */
final class KnownDeclarations {

	private final Map<String, Declaration> declarations = new ConcurrentHashMap<>();

	void add(Declaration declaration) {
		this.declarations.put(declaration.description(), declaration);
	}

	boolean contains(Declaration declaration) {
		return this.declarations.containsKey(declaration.description());
	}

	/**
	 * Return the queues that get messages from the default exchange, by a binding with
	 * the same routing key, or from a fanout exchange.
	 */
	List<Declaration> queuesOf(String exchange, String routingKey) {
		Stream<String> names = exchange.isEmpty() ? Stream.of(routingKey) : boundTo(exchange, routingKey);
		return names.map(Declaration::queue).map(this.declarations::get).filter(Objects::nonNull).distinct().toList();
	}

	private Stream<String> boundTo(String exchange, String routingKey) {
		boolean fanout = isFanout(exchange);
		return this.declarations.values()
			.stream()
			.map(Declaration::method)
			.filter(AMQP.Queue.Bind.class::isInstance)
			.map(AMQP.Queue.Bind.class::cast)
			.filter((bind) -> bind.getExchange().equals(exchange)
					&& (fanout || bind.getRoutingKey().equals(routingKey)))
			.map(AMQP.Queue.Bind::getQueue);
	}

	private boolean isFanout(String exchange) {
		@Nullable Declaration declared = this.declarations.get(Declaration.exchange(exchange));
		return declared != null && declared.method() instanceof AMQP.Exchange.Declare declare
				&& declare.getType().equals("fanout");
	}

}
