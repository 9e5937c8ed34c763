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
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;

import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;
import org.springframework.amqp.AmqpConnectException;
import org.springframework.amqp.AmqpException;
import org.springframework.amqp.rabbit.connection.Connection;
import org.springframework.amqp.rabbit.connection.ConnectionListener;
import org.springframework.amqp.rabbit.core.RabbitAdmin;
import org.springframework.amqp.rabbit.support.RabbitExceptionTranslator;
import org.springframework.util.ConcurrentReferenceHashMap;

import dev.failover.broker.Activation;
import dev.failover.broker.Brokers;
import dev.failover.broker.FailureReason;

/**
 * Lets a {@link RabbitAdmin} declare on each new connection, as its own listener would,
 * unless the {@link TopologyGate} has just done so and nothing depends on the connection.
 */
final class DeclarationListener implements ConnectionListener {

	private static final Log logger = LogFactory.getLog(DeclarationListener.class);

	/**
	 * Declarations take milliseconds, unless something is wrong with a queue.
	 */
	private static final Duration PATIENCE = Duration.ofSeconds(1);

	private final RabbitAdmin admin;

	private final AdminTopology topology;

	private final TopologyGate gate;

	private final LockedQueues lockedQueues;

	private final Map<Connection, Activation> seen = new ConcurrentReferenceHashMap<>();

	private final AtomicReference<@Nullable Declaring> declaring = new AtomicReference<>();

	private volatile @Nullable Activation declaredFor;

	DeclarationListener(RabbitAdmin admin, TopologyGate gate, LockedQueues lockedQueues) {
		this.admin = admin;
		this.topology = gate.topology(admin);
		this.gate = gate;
		this.lockedQueues = lockedQueues;
	}

	/**
	 * A declaration opens the connection that the admin uses, which may not be the given
	 * one, and so leads here again.
	 */
	@Override
	public void onCreate(@Nullable Connection connection) {
		declare(connection);
	}

	/**
	 * Declare again when the queue is missing that a broker has named which was left
	 * since. The connection has stayed the same, and so nothing else does.
	 */
	void missing(String queue) {
		Activation activation = this.gate.brokers().getActivation();
		if (activation == null || activation.equals(this.declaredFor) || !this.topology.isGivenName(queue)) {
			return;
		}
		try {
			declare(null);
		}
		catch (RuntimeException ex) {
			logger.warn("Queue '%s' cannot be replaced yet by one on %s: %s".formatted(queue, activation.broker(), ex));
		}
	}

	/**
	 * Return what listens to connections for publishing. Nothing is published on one
	 * while another thread declares on the connection of the admin: it would be returned
	 * for a queue that is not there yet. Others do not wait, as the admin may need the
	 * connection that they are opening.
	 */
	ConnectionListener forPublishing() {
		return (connection) -> {
			Declaring other = declare(connection);
			if (other != null && other.thread() != Thread.currentThread()) {
				await(other);
			}
		};
	}

	/**
	 * Declare, unless that is being done.
	 * @return who does it already, if so
	 */
	private @Nullable Declaring declare(@Nullable Connection connection) {
		Activation activation = this.gate.brokers().getActivation();
		if (isDeclared(connection, activation)) {
			return null;
		}
		Declaring own = new Declaring(Thread.currentThread(), new CountDownLatch(1));
		Declaring other = this.declaring.compareAndExchange(null, own);
		if (other != null) {
			return other;
		}
		try {
			declare();
			this.declaredFor = activation;
		}
		catch (AmqpException ex) {
			failed(activation, ex, ex);
		}
		catch (IOException ex) {
			failed(activation, ex, RabbitExceptionTranslator.convertRabbitAccessException(ex));
		}
		finally {
			this.declaring.set(null);
			own.done().countDown();
		}
		return null;
	}

	/**
	 * Declare on the connection that the admin uses, for which nobody waits longer than
	 * for any other declaration. A subclass of {@link RabbitAdmin} declares itself.
	 */
	private void declare() throws IOException {
		if (this.admin.getClass() != RabbitAdmin.class) {
			this.admin.initialize();
			return;
		}
		Connection connection = this.admin.getRabbitTemplate().getConnectionFactory().createConnection();
		com.rabbitmq.client.Connection delegate = connection.getDelegate();
		Activation activation = this.gate.brokers().getActivation();
		if (delegate == null || activation == null) {
			throw new AmqpConnectException("The connection was lost before anything was declared", new IOException());
		}
		this.gate.declareForUse(this.admin, delegate, activation);
	}

	private static void await(Declaring other) {
		try {
			if (!other.done().await(PATIENCE.toMillis(), TimeUnit.MILLISECONDS)) {
				logger.debug("Publishing begins while declarations are not answered");
			}
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
		}
	}

	/**
	 * Only the first connection of each kind after an activation relies on the gate: one
	 * that is opened later is a request to declare anew.
	 */
	private boolean isDeclared(@Nullable Connection connection, @Nullable Activation activation) {
		if (connection == null || activation == null) {
			return false;
		}
		boolean first = !activation.equals(this.seen.put(connection, activation));
		return first && this.gate.hasDeclared(activation) && !this.topology.needsEachConnection();
	}

	private void failed(@Nullable Activation activation, Exception failure, RuntimeException translated) {
		if (TopologyException.isLocked(failure)) {
			this.lockedQueues.declareLater(this.admin, this::declare);
			return;
		}
		TopologyException refusal = refusal(activation, failure);
		if (activation == null || refusal == null) {
			throw translated;
		}
		Brokers brokers = this.gate.brokers();
		brokers.failed(activation, FailureReason.NOT_PREPARED, refusal);
		throw new AmqpConnectException(String.valueOf(refusal.getMessage()), refusal);
	}

	private @Nullable TopologyException refusal(@Nullable Activation activation, Exception failure) {
		if (failure instanceof TopologyException refusal) {
			return refusal;
		}
		return (activation != null) ? TopologyException.of(activation.broker().name(), failure,
				this.admin.getLastDeclarationExceptionEvent()) : null;
	}

	/**
	 * A declaration that is under way.
	 *
	 * @param thread who declares
	 * @param done counted down at the end
	 */
	private record Declaring(Thread thread, CountDownLatch done) {
	}

}
