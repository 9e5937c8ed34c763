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
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Collectors;

import com.rabbitmq.client.Connection;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.springframework.amqp.core.Declarable;
import org.springframework.amqp.rabbit.core.RabbitAdmin;
import org.springframework.context.ApplicationContext;
import org.springframework.util.Assert;

import dev.failover.broker.Activation;
import dev.failover.broker.Broker;
import dev.failover.broker.Brokers;
import dev.failover.connection.ConnectionPreparer;
import dev.failover.connection.FailoverConnectionFactory;
import dev.failover.connection.OpenConnection;

/**
 * Lets a broker take traffic only when the topology of the application is declared on it:
 * what each {@link RabbitAdmin} of the application would declare, in the same way, except
 * for queues that belong to the connection that declares them. A broker that refuses a
 * declaration is passed over, unless the admin or the declarable ignores that. What a
 * broker cannot declare at the moment, because the node of a queue is down for example,
 * keeps nothing else from being used: it is tried again in the background.
 * <p>
 * The gate is closed until the beans of the application exist. Connections that are
 * opened before are not prepared; the admins declare on them.
 */
public final class TopologyGate implements ConnectionPreparer, AutoCloseable {

	private static final Log logger = LogFactory.getLog(TopologyGate.class);

	private final Brokers brokers;

	private final ApplicationContext context;

	private final boolean redeclareManualDeclarations;

	private final List<RabbitAdmin> admins = new CopyOnWriteArrayList<>();

	private final Map<String, Declared> declared = new ConcurrentHashMap<>();

	private final PendingDeclarations pending;

	private volatile boolean open;

	/**
	 * Create a gate.
	 * @param brokers the brokers
	 * @param context the application context of the admins
	 * @param redeclareManualDeclarations whether to declare, too, what was declared
	 * through an admin at run time
	 * @param declareTimeout how long a broker may take to answer a declaration
	 */
	public TopologyGate(Brokers brokers, ApplicationContext context, boolean redeclareManualDeclarations,
			Duration declareTimeout) {
		Assert.notNull(brokers, "'brokers' must not be null");
		Assert.notNull(context, "'context' must not be null");
		Assert.notNull(declareTimeout, "'declareTimeout' must not be null");
		this.brokers = brokers;
		this.context = context;
		this.redeclareManualDeclarations = redeclareManualDeclarations;
		this.pending = new PendingDeclarations(brokers, declareTimeout);
	}

	/**
	 * Add an admin whose topology is declared.
	 */
	void add(RabbitAdmin admin) {
		this.admins.add(admin);
	}

	/**
	 * Use a factory of connections to try again what is pending, and let nobody wait for
	 * it there.
	 */
	void use(FailoverConnectionFactory connectionFactory) {
		this.pending.retryWith(connectionFactory.getBrokerAccess());
		connectionFactory.setQueueGuard(this.pending);
	}

	/**
	 * Begin to declare: all beans exist.
	 */
	void open() {
		this.open = true;
	}

	@Override
	public void prepare(OpenConnection connection) throws IOException {
		if (!this.open || isDeclaredOnActive(connection)) {
			return;
		}
		Declared now = new Declared(connection.incarnation(), manual());
		BrokerDeclarations declarations = this.pending.of(connection.broker(), connection.incarnation());
		for (RabbitAdmin admin : this.admins) {
			BrokerAdmin.declare(admin, this.context, connection, declarations);
		}
		this.declared.put(connection.broker().name(), now);
		forgetRemoved();
		logger.debug("The topology is declared on " + connection.broker());
	}

	/**
	 * Declare what an admin declares on a connection to the broker of an activation that
	 * is about to be used.
	 */
	void declareForUse(RabbitAdmin admin, Connection connection, Activation activation) throws IOException {
		BrokerAdmin.declareForUse(admin, this.context, connection,
				this.pending.of(activation.broker(), activation.incarnation()));
	}

	private void forgetRemoved() {
		this.declared.keySet().retainAll(this.brokers.getAll().stream().map(Broker::name).toList());
	}

	private Set<Declarable> manual() {
		return this.admins.stream().flatMap((admin) -> topology(admin).manual().stream()).collect(Collectors.toSet());
	}

	/**
	 * Whether this is a further connection to the active broker, which has what it needs.
	 */
	private boolean isDeclaredOnActive(OpenConnection connection) {
		Activation active = this.brokers.getActivation();
		return active != null && active.isOf(connection.broker(), connection.incarnation()) && hasDeclared(active);
	}

	/**
	 * Return whether the topology was declared on the broker of an activation since it
	 * failed last, and nothing was declared at run time since.
	 */
	boolean hasDeclared(Activation activation) {
		Declared last = this.declared.get(activation.broker().name());
		return last != null && last.incarnation() == activation.incarnation() && last.manual().containsAll(manual());
	}

	/**
	 * Return the queues that are declared by the connections that consume from them, and
	 * not by this gate.
	 * @return the names, past ones included
	 */
	public Set<String> getQueuesOfConnections() {
		return this.admins.stream()
			.flatMap((admin) -> topology(admin).queuesOfConnections().stream())
			.collect(Collectors.toSet());
	}

	/**
	 * Return the streams of the application. They keep their messages, so that there is
	 * no end of consuming what is left on a broker.
	 * @return the names
	 */
	public Set<String> getStreams() {
		return this.admins.stream().flatMap((admin) -> topology(admin).streams().stream()).collect(Collectors.toSet());
	}

	/**
	 * Return the queues of the application that are there to be consumed from by anybody:
	 * those that this gate declares, but for those that keep their messages, or pass them
	 * on when their time is over.
	 * @return the names
	 */
	public Set<String> getSharedQueues() {
		return this.admins.stream()
			.flatMap((admin) -> topology(admin).sharedQueues().stream())
			.collect(Collectors.toSet());
	}

	boolean redeclaresManualDeclarations() {
		return this.redeclareManualDeclarations;
	}

	Brokers brokers() {
		return this.brokers;
	}

	AdminTopology topology(RabbitAdmin admin) {
		return new AdminTopology(admin, this.context);
	}

	/**
	 * Try nothing again any more.
	 */
	@Override
	public void close() {
		this.pending.close();
	}

	/**
	 * What was declared on a broker.
	 *
	 * @param incarnation the incarnation of the broker
	 * @param manual what had been declared at run time until then
	 */
	private record Declared(long incarnation, Set<Declarable> manual) {
	}

}
