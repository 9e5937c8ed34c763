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

package dev.failover.virtual;

import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Predicate;

import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.Method;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;

/**
 * What was declared on one connection. Queues that belong to it, as they are exclusive,
 * nobody else could have declared on the next broker. All others are declared again if
 * they are not there when they are consumed from: whoever has declared them may not know
 * that there is another broker. A queue that a broker has named cannot be had elsewhere.
 */
final class ConnectionQueues {

	private static final Log logger = LogFactory.getLog(VirtualConnection.class);

	/**
	 * Names of queues that come and go are not remembered for ever.
	 */
	private static final int MAX_SIZE = 10_000;

	/**
	 * No broker is kept out because so much is declared on it.
	 */
	private static final int MAX_FOREIGN = 100;

	private final ReentrantLock lock = new ReentrantLock();

	private final Map<String, Declared> queues = new Recent<>();

	private final Map<String, Operation> exchanges = new Recent<>();

	private final Set<String> named = ConcurrentHashMap.newKeySet();

	/**
	 * Note that a queue was declared.
	 */
	void declared(String queue, boolean byBroker, boolean exclusive, Operation declaration) {
		if (byBroker) {
			this.named.add(queue);
			return;
		}
		this.lock.lock();
		try {
			Declared before = this.queues.get(queue);
			this.queues.put(queue,
					new Declared(declaration, exclusive, (before != null) ? before.bindings() : new LinkedHashMap<>()));
		}
		finally {
			this.lock.unlock();
		}
	}

	/**
	 * Note that an exchange was declared.
	 */
	void exchangeDeclared(String exchange, Operation declaration) {
		this.lock.lock();
		try {
			this.exchanges.put(exchange, declaration);
		}
		finally {
			this.lock.unlock();
		}
	}

	/**
	 * Note that a queue was bound.
	 */
	void bound(String queue, String exchange, String routingKey, @Nullable Map<String, Object> arguments) {
		this.lock.lock();
		try {
			Declared declared = this.queues.get(queue);
			if (declared != null) {
				declared.bindings()
					.put(new Binding(exchange, routingKey, arguments),
							(channel) -> channel.queueBind(queue, exchange, routingKey, arguments));
			}
		}
		finally {
			this.lock.unlock();
		}
	}

	/**
	 * Note that a queue was unbound.
	 */
	void unbound(String queue, String exchange, String routingKey, @Nullable Map<String, Object> arguments) {
		this.lock.lock();
		try {
			Declared declared = this.queues.get(queue);
			if (declared != null) {
				declared.bindings().remove(new Binding(exchange, routingKey, arguments));
			}
		}
		finally {
			this.lock.unlock();
		}
	}

	/**
	 * Note that a queue was deleted.
	 */
	void deleted(String queue) {
		this.named.remove(queue);
		this.lock.lock();
		try {
			this.queues.remove(queue);
		}
		finally {
			this.lock.unlock();
		}
	}

	/**
	 * Note that an exchange was deleted.
	 */
	void exchangeDeleted(String exchange) {
		this.lock.lock();
		try {
			this.exchanges.remove(exchange);
		}
		finally {
			this.lock.unlock();
		}
	}

	/**
	 * Note what was done by a method of the protocol, if it is not about a queue alone.
	 */
	void done(Method method) {
		if (method instanceof AMQP.Queue.Bind bind) {
			bound(bind.getQueue(), bind.getExchange(), bind.getRoutingKey(), bind.getArguments());
		}
		else if (method instanceof AMQP.Queue.Unbind unbind) {
			unbound(unbind.getQueue(), unbind.getExchange(), unbind.getRoutingKey(), unbind.getArguments());
		}
		else if (method instanceof AMQP.Exchange.Declare declare && !declare.getPassive()) {
			exchangeDeclared(declare.getExchange(),
					(channel) -> channel.exchangeDeclare(declare.getExchange(), declare.getType(), declare.getDurable(),
							declare.getAutoDelete(), declare.getInternal(), declare.getArguments()));
		}
		else if (method instanceof AMQP.Exchange.Delete delete) {
			exchangeDeleted(delete.getExchange());
		}
	}

	/**
	 * Whether a queue was named by a broker.
	 */
	boolean isNamedByBroker(String queue) {
		return this.named.contains(queue);
	}

	/**
	 * Whether a queue can be used by one connection only.
	 */
	boolean isOfConnection(String queue) {
		this.lock.lock();
		try {
			Declared declared = this.queues.get(queue);
			return this.named.contains(queue) || (declared != null && declared.exclusive());
		}
		finally {
			this.lock.unlock();
		}
	}

	/**
	 * Whether there are queues that can be used by this connection only, and that other
	 * brokers do not have before it goes there.
	 */
	boolean hasExclusive() {
		this.lock.lock();
		try {
			return this.queues.values().stream().anyMatch(Declared::exclusive);
		}
		finally {
			this.lock.unlock();
		}
	}

	/**
	 * Declare the exclusive queues on another connection. Whoever consumes one that
	 * cannot be declared is refused there.
	 */
	void declareOn(Link link) {
		List<String> exclusive;
		this.lock.lock();
		try {
			exclusive = this.queues.entrySet()
				.stream()
				.filter((entry) -> entry.getValue().exclusive())
				.map(Map.Entry::getKey)
				.toList();
		}
		finally {
			this.lock.unlock();
		}
		exclusive.forEach((queue) -> declareOn(link, queue));
	}

	/**
	 * Declare what nobody else declares on a connection that is not in use yet. What is
	 * too much is declared when it is consumed from.
	 * @param known whether a queue is declared by somebody else
	 */
	void declareOn(Connection connection, Predicate<String> known) {
		Map<String, List<Operation>> foreign = new LinkedHashMap<>();
		List<Operation> exchanges;
		this.lock.lock();
		try {
			exchanges = List.copyOf(this.exchanges.values());
			for (Map.Entry<String, Declared> each : this.queues.entrySet()) {
				if (!each.getValue().exclusive() && !known.test(each.getKey())) {
					foreign.put(each.getKey(), operations(each.getValue()));
				}
			}
		}
		finally {
			this.lock.unlock();
		}
		if (!foreign.isEmpty() && foreign.size() <= MAX_FOREIGN) {
			declare(connection::createChannel, "exchanges", exchanges);
			foreign.forEach((queue, operations) -> declare(connection::createChannel, queue, operations));
		}
	}

	/**
	 * Declare a queue on another connection, and what it is bound to.
	 * @return whether that is known, and was done
	 */
	boolean declareOn(Link link, String queue) {
		List<Operation> operations;
		this.lock.lock();
		try {
			Declared declared = this.queues.get(queue);
			if (declared == null) {
				return false;
			}
			operations = operations(declared);
		}
		finally {
			this.lock.unlock();
		}
		return declare(link::openChannel, queue, operations);
	}

	private List<Operation> operations(Declared declared) {
		List<Operation> operations = new ArrayList<>();
		operations.add(declared.declaration());
		declared.bindings().keySet().stream().map(Binding::exchange).distinct().forEach((exchange) -> {
			Operation declaration = this.exchanges.get(exchange);
			if (declaration != null) {
				operations.add(declaration);
			}
		});
		operations.addAll(declared.bindings().values());
		return operations;
	}

	/**
	 * A declaration that is refused ends its channel.
	 */
	private static boolean declare(ChannelOpener opener, String what, List<Operation> operations) {
		try {
			Channel channel = opener.open();
			if (channel == null) {
				return false;
			}
			try {
				for (Operation operation : operations) {
					operation.on(channel);
				}
				return true;
			}
			finally {
				channel.abort();
			}
		}
		catch (IOException | RuntimeException ex) {
			logger.debug("Not declared on the next broker: " + what, ex);
			return false;
		}
	}

	/**
	 * Something that was done on a channel, and can be done again on another one.
	 */
	@FunctionalInterface
	interface Operation {

		void on(Channel channel) throws IOException;

	}

	/**
	 * Opens a channel, or none if the connection has as many as it may have.
	 */
	@FunctionalInterface
	private interface ChannelOpener {

		@Nullable Channel open() throws IOException;

	}

	/**
	 * A queue that was declared.
	 *
	 * @param declaration declares it
	 * @param exclusive whether it belongs to its connection
	 * @param bindings bind it
	 */
	private record Declared(Operation declaration, boolean exclusive, Map<Binding, Operation> bindings) {

	}

	/**
	 * A binding of a queue.
	 *
	 * @param exchange the exchange
	 * @param routingKey the routing key
	 * @param arguments the arguments
	 */
	private record Binding(String exchange, String routingKey, @Nullable Map<String, Object> arguments) {

	}

	/**
	 * What was put last.
	 *
	 * @param <V> the type of the values
	 */
	private static final class Recent<V> extends LinkedHashMap<String, V> {

		@Override
		protected boolean removeEldestEntry(Map.Entry<String, V> eldest) {
			return size() > MAX_SIZE;
		}

	}

}
