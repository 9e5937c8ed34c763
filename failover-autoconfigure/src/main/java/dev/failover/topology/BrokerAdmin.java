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
import java.util.List;
import java.util.concurrent.TimeoutException;

import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.ShutdownSignalException;
import org.jspecify.annotations.Nullable;
import org.springframework.amqp.AmqpException;
import org.springframework.amqp.core.Binding;
import org.springframework.amqp.core.Declarable;
import org.springframework.amqp.core.Exchange;
import org.springframework.amqp.core.Queue;
import org.springframework.amqp.rabbit.core.RabbitAdmin;
import org.springframework.context.ApplicationContext;

import dev.failover.connection.OpenConnection;
import dev.failover.connection.SpentConnectionException;

/**
 * Declares what another {@link RabbitAdmin} would declare, in the same way, on one
 * connection. What the broker cannot do at the moment is left pending.
 */
final class BrokerAdmin extends RabbitAdmin {

	private final RabbitAdmin original;

	private final AdminTopology topology;

	private final String broker;

	private BrokerAdmin(RabbitAdmin original, ApplicationContext context, BrokerConnectionFactory connectionFactory,
			String broker) {
		super(connectionFactory);
		this.original = original;
		this.topology = new AdminTopology(original, context);
		this.broker = broker;
		setBeanName(original.getBeanName());
		setExplicitDeclarationsOnly(this.topology.declaresExplicitlyOnly());
		setIgnoreDeclarationExceptions(this.topology.ignoresDeclarationExceptions());
		setApplicationContext(context);
		setApplicationEventPublisher(context);
	}

	/**
	 * Declare the topology of an admin on a connection that is not in use yet. Queues
	 * that belong to a connection are left out: they would belong to the wrong one.
	 * @throws SpentConnectionException if something is pending for which the connection
	 * may be closed, or was
	 * @throws TopologyException if the broker refuses a declaration
	 * @throws IOException if the broker fails
	 */
	static void declare(RabbitAdmin original, ApplicationContext context, OpenConnection connection,
			BrokerDeclarations declarations) throws IOException {
		DeclarationRun run = new DeclarationRun(connection.connection(), declarations);
		Channel channel = new DeclaringChannel(run, new AdminTopology(original, context).queuesOfConnections()).proxy();
		List<AskedDeclaration> unanswered = admin(original, context, declarations, connection.connection(), channel)
			.declare(run);
		if (!unanswered.isEmpty()) {
			declarations.add(unanswered, connection);
		}
		if (run.isClosedInAnswer() || !unanswered.isEmpty()) {
			throw new SpentConnectionException("Something cannot be declared on broker '%s' at the moment"
				.formatted(declarations.broker().name()));
		}
	}

	/**
	 * Declare the topology of an admin, with the queues that belong to the connection, on
	 * one that is about to be used.
	 * @throws TopologyException if the broker refuses a declaration
	 * @throws IOException if the broker fails
	 */
	static void declareForUse(RabbitAdmin original, ApplicationContext context, Connection connection,
			BrokerDeclarations declarations) throws IOException {
		DeclarationRun run = new DeclarationRun(connection, declarations);
		Channel channel = new DeclaringChannel(run, null).proxy();
		List<AskedDeclaration> unanswered = admin(original, context, declarations, connection, channel).declare(run);
		declarations.add(unanswered, null);
		if (run.isClosedInAnswer()) {
			throw new IOException("Broker '%s' has closed the connection in answer to a declaration"
				.formatted(declarations.broker().name()));
		}
	}

	private static BrokerAdmin admin(RabbitAdmin original, ApplicationContext context, BrokerDeclarations declarations,
			Connection connection, Channel channel) {
		return new BrokerAdmin(original, context,
				new BrokerConnectionFactory(declarations.broker(), connection, channel), declarations.broker().name());
	}

	private List<AskedDeclaration> declare(DeclarationRun run) throws IOException {
		try {
			initialize();
			this.topology.manual().forEach(this::declareAgain);
			return run.finish(this.topology::isIgnored);
		}
		catch (AmqpException | ShutdownSignalException | TimeoutException ex) {
			if (run.isClosedInAnswer()) {
				return List.of();
			}
			TopologyException refusal = TopologyException.isLocked(ex) ? null
					: TopologyException.of(this.broker, ex, getLastDeclarationExceptionEvent());
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
