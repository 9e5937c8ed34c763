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

import java.io.IOException;
import java.util.concurrent.TimeoutException;

import org.jspecify.annotations.Nullable;
import org.springframework.amqp.AmqpException;
import org.springframework.amqp.core.Binding;
import org.springframework.amqp.core.Declarable;
import org.springframework.amqp.core.Exchange;
import org.springframework.amqp.core.Queue;
import org.springframework.amqp.rabbit.core.RabbitAdmin;
import org.springframework.context.ApplicationContext;
import org.springframework.context.ApplicationEventPublisher;

import dev.failover.connection.OpenConnection;

/**
 * Declares what another {@link RabbitAdmin} would declare, in the same way, on one
 * connection. Queues that belong to a connection are left out: they would belong to the
 * wrong one.
 */
final class BrokerAdmin extends RabbitAdmin {

	private final RabbitAdmin original;

	private final AdminTopology topology;

	private final BrokerConnectionFactory connectionFactory;

	private final String broker;

	private BrokerAdmin(RabbitAdmin original, BrokerConnectionFactory connectionFactory, String broker) {
		super(connectionFactory);
		this.original = original;
		this.topology = new AdminTopology(original);
		this.connectionFactory = connectionFactory;
		this.broker = broker;
		setBeanName(original.getBeanName());
		setExplicitDeclarationsOnly(this.topology.declaresExplicitlyOnly());
		setIgnoreDeclarationExceptions(this.topology.ignoresDeclarationExceptions());
		ApplicationContext context = this.topology.context();
		if (context != null) {
			setApplicationContext(context);
		}
		ApplicationEventPublisher publisher = this.topology.eventPublisher();
		if (publisher != null) {
			setApplicationEventPublisher(publisher);
		}
	}

	/**
	 * Declare the topology of an admin.
	 * @throws TopologyException if the broker refuses a declaration
	 * @throws IOException if the broker fails
	 */
	static void declare(RabbitAdmin original, OpenConnection connection) throws IOException {
		BrokerConnectionFactory connectionFactory = new BrokerConnectionFactory(connection,
				new AdminTopology(original).queuesOfConnections());
		new BrokerAdmin(original, connectionFactory, connection.broker().name()).declare();
	}

	private void declare() throws IOException {
		try {
			initialize();
			this.topology.manual().forEach(this::declareAgain);
			this.connectionFactory.closeChannel();
		}
		catch (AmqpException | TimeoutException ex) {
			TopologyException refusal = TopologyException.of(this.broker, ex, getLastDeclarationExceptionEvent());
			throw (refusal != null) ? refusal
					: new IOException("The topology could not be declared on broker '%s'".formatted(this.broker), ex);
		}
	}

	private void declareAgain(Declarable declarable) {
		if (declarable instanceof Queue queue) {
			declareQueue(queue);
		}
		else if (declarable instanceof Exchange exchange) {
			declareExchange(exchange);
		}
		else if (declarable instanceof Binding binding) {
			declareBinding(binding);
		}
	}

	/**
	 * Declarables may name their admin by its object.
	 */
	@Override
	public boolean equals(@Nullable Object other) {
		return other == this || other == this.original;
	}

	@Override
	public int hashCode() {
		return this.original.hashCode();
	}

}
