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

import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.BiPredicate;

import com.rabbitmq.client.AMQP;

/**
 * What was declared on a cluster, or was pending there. It is not forgotten when a broker
 * fails. Safe for use by several threads.
 */
final class KnownDeclarations {

	/**
	 * The exchanges that each virtual host has are named by their type.
	 */
	private static final String PREDECLARED = "amq.";

	private final Map<String, Declaration> declarations = new ConcurrentHashMap<>();

	void add(Declaration declaration) {
		this.declarations.put(declaration.description(), declaration);
	}

	boolean contains(Declaration declaration) {
		return this.declarations.containsKey(declaration.description());
	}

	/**
	 * Return the queues that a message is for, as far as declared bindings tell: headers
	 * exchanges and exchanges of other types are taken for direct ones.
	 */
	List<Declaration> queuesOf(String exchange, String routingKey) {
		Set<String> queues = new LinkedHashSet<>();
		if (exchange.isEmpty()) {
			queues.add(routingKey);
		}
		else {
			route(exchange, routingKey, queues, new HashSet<>());
		}
		return queues.stream().map(Declaration::queue).map(this.declarations::get).filter(Objects::nonNull).toList();
	}

	private void route(String exchange, String routingKey, Set<String> queues, Set<String> visited) {
		if (!visited.add(exchange)) {
			return;
		}
		BiPredicate<String, String> matching = matching(exchange);
		for (Declaration declaration : this.declarations.values()) {
			if (declaration.method() instanceof AMQP.Queue.Bind bind) {
				if (bind.getExchange().equals(exchange) && matching.test(bind.getRoutingKey(), routingKey)) {
					queues.add(bind.getQueue());
				}
			}
			else if (declaration.method() instanceof AMQP.Exchange.Bind bind && bind.getSource().equals(exchange)
					&& matching.test(bind.getRoutingKey(), routingKey)) {
				route(bind.getDestination(), routingKey, queues, visited);
			}
		}
	}

	/**
	 * Return which keys of bindings match which routing keys.
	 */
	private BiPredicate<String, String> matching(String exchange) {
		return switch (type(exchange)) {
			case "fanout" -> (binding, routingKey) -> true;
			case "topic" -> TopicPattern::matches;
			default -> String::equals;
		};
	}

	private String type(String exchange) {
		Declaration declared = this.declarations.get(Declaration.exchange(exchange));
		if (declared != null && declared.method() instanceof AMQP.Exchange.Declare declare) {
			return declare.getType();
		}
		return exchange.startsWith(PREDECLARED) ? exchange.substring(PREDECLARED.length()) : "direct";
	}

}
