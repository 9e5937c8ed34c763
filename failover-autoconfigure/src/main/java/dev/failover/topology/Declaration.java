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
import java.util.Set;

import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.Method;
import org.jspecify.annotations.Nullable;
import org.springframework.amqp.core.Binding;
import org.springframework.amqp.core.Declarable;
import org.springframework.amqp.core.Exchange;
import org.springframework.amqp.core.Queue;

/**
 * What is declared: one queue, exchange or binding.
 *
 * @param description what it is, and which one, as people read it; no two of a broker
 * have the same
 * @param queue the queue that is declared or bound, if any
 * @param needs the descriptions of what has to be there before
 * @param method what the broker is sent
 */
record Declaration(String description, @Nullable String queue, Set<String> needs, Method method) {

	static Declaration queue(String name, boolean durable, boolean exclusive, boolean autoDelete,
			@Nullable Map<String, Object> arguments) {
		return new Declaration(queue(name), name, Set.of(),
				new AMQP.Queue.Declare.Builder().queue(name)
					.durable(durable)
					.exclusive(exclusive)
					.autoDelete(autoDelete)
					.arguments(arguments)
					.build());
	}

	static Declaration exchange(String name, String type, boolean durable, boolean autoDelete, boolean internal,
			@Nullable Map<String, Object> arguments) {
		return new Declaration(exchange(name), null, Set.of(),
				new AMQP.Exchange.Declare.Builder().exchange(name)
					.type(type)
					.durable(durable)
					.autoDelete(autoDelete)
					.internal(internal)
					.arguments(arguments)
					.build());
	}

	static Declaration queueBinding(String queue, String exchange, String routingKey,
			@Nullable Map<String, Object> arguments) {
		return new Declaration(binding(queue, exchange, routingKey, arguments), queue,
				Set.of(queue(queue), exchange(exchange)),
				new AMQP.Queue.Bind.Builder().queue(queue)
					.exchange(exchange)
					.routingKey(routingKey)
					.arguments(arguments)
					.build());
	}

	static Declaration exchangeBinding(String destination, String source, String routingKey,
			@Nullable Map<String, Object> arguments) {
		return new Declaration(binding(destination, source, routingKey, arguments), null,
				Set.of(exchange(destination), exchange(source)),
				new AMQP.Exchange.Bind.Builder().destination(destination)
					.source(source)
					.routingKey(routingKey)
					.arguments(arguments)
					.build());
	}

	static String describe(@Nullable Declarable declarable) {
		if (declarable instanceof Queue queue) {
			return queue(queue.getName());
		}
		if (declarable instanceof Exchange exchange) {
			return exchange(exchange.getName());
		}
		if (declarable instanceof Binding binding) {
			return binding(String.valueOf(binding.getDestination()), String.valueOf(binding.getExchange()),
					String.valueOf(binding.getRoutingKey()), binding.getArguments());
		}
		return "The topology";
	}

	static String queue(String name) {
		return "Queue '%s'".formatted(name);
	}

	static String exchange(String name) {
		return "Exchange '%s'".formatted(name);
	}

	private static String binding(String destination, String exchange, String routingKey,
			@Nullable Map<String, Object> arguments) {
		String binding = "Binding of '%s' to exchange '%s' with routing key '%s'".formatted(destination, exchange,
				routingKey);
		return (arguments == null || arguments.isEmpty()) ? binding : binding + " and " + arguments;
	}

	/**
	 * Return what asks whether a queue is there, and changes nothing.
	 */
	Declaration passive() {
		return new Declaration(this.description, this.queue, this.needs,
				new AMQP.Queue.Declare.Builder().queue(this.queue).passive(true).build());
	}

	boolean isBinding() {
		return !this.needs.isEmpty();
	}

	@Override
	public String toString() {
		return this.description;
	}

}
