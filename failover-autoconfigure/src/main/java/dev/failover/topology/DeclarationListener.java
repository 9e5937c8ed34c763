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
import java.util.concurrent.atomic.AtomicBoolean;

import org.jspecify.annotations.Nullable;
import org.springframework.amqp.AmqpConnectException;
import org.springframework.amqp.AmqpException;
import org.springframework.amqp.rabbit.connection.Connection;
import org.springframework.amqp.rabbit.connection.ConnectionListener;
import org.springframework.amqp.rabbit.core.RabbitAdmin;
import org.springframework.util.ConcurrentReferenceHashMap;

import dev.failover.broker.Activation;
import dev.failover.broker.Brokers;
import dev.failover.broker.FailureReason;

/**
 * Lets a {@link RabbitAdmin} declare on each new connection, as its own listener would,
 * unless the {@link TopologyGate} has just done so and nothing depends on the connection.
 */
final class DeclarationListener implements ConnectionListener {

	private final RabbitAdmin admin;

	private final AdminTopology topology;

	private final TopologyGate gate;

	private final LockedQueues lockedQueues;

	private final Map<Connection, Activation> seen = new ConcurrentReferenceHashMap<>();

	private final AtomicBoolean declaring = new AtomicBoolean();

	DeclarationListener(RabbitAdmin admin, TopologyGate gate, LockedQueues lockedQueues) {
		this.admin = admin;
		this.topology = new AdminTopology(admin);
		this.gate = gate;
		this.lockedQueues = lockedQueues;
	}

	/**
	 * A declaration opens the connection that the admin uses, which may not be the given
	 * one, and so leads here again.
	 */
	@Override
	public void onCreate(@Nullable Connection connection) {
		Activation activation = this.gate.brokers().getActivation();
		if (isDeclared(connection, activation) || !this.declaring.compareAndSet(false, true)) {
			return;
		}
		try {
			this.admin.initialize();
		}
		catch (AmqpException ex) {
			failed(activation, ex);
		}
		finally {
			this.declaring.set(false);
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

	private void failed(@Nullable Activation activation, AmqpException failure) {
		if (TopologyException.isLocked(failure)) {
			this.lockedQueues.declareLater(this.admin);
			return;
		}
		TopologyException refusal = (activation != null) ? TopologyException.of(activation.broker().name(), failure,
				this.admin.getLastDeclarationExceptionEvent()) : null;
		if (activation == null || refusal == null) {
			throw failure;
		}
		Brokers brokers = this.gate.brokers();
		brokers.failed(activation, FailureReason.NOT_PREPARED, refusal);
		throw new AmqpConnectException(String.valueOf(refusal.getMessage()), refusal);
	}

}
