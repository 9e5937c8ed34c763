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

package dev.failover.test;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.ReentrantLock;

import org.jspecify.annotations.Nullable;

/**
 * A broker inside the JVM: Apache Qpid Broker-J in memory, on a port of the loopback
 * interface, for AMQP 0-9-1 and so for every RabbitMQ client. It needs nothing installed
 * and starts in about a tenth of a second; any number of them may run side by side.
 * <p>
 * What it is not: RabbitMQ. It has no policies, quorum queues, streams or alarms, it does
 * not check which user may use which virtual host, and a kill is as abrupt as it can be
 * within one process. Use a {@link RabbitNode} where that matters.
 * <p>
 * A broker that was stopped or killed still has its durable queues and exchanges, their
 * bindings and their persistent messages when it is started again, as long as it is not
 * closed; {@link #restart(Messages) restart(Messages.LOSE)} starts with nothing.
 */
public final class EmbeddedBroker implements TestBroker {

	private static final Duration TIMEOUT = Duration.ofSeconds(10);

	private static final AtomicInteger COUNTER = new AtomicInteger();

	private final ReentrantLock lock = new ReentrantLock();

	private final String name;

	private final List<BrokerUser> users;

	private final List<String> virtualHosts;

	private final PortReservation port;

	private @Nullable QpidBroker broker;

	private volatile boolean running;

	private boolean closed;

	EmbeddedBroker(@Nullable String name, PortReservation port, List<BrokerUser> users, List<String> virtualHosts) {
		this.name = (name != null) ? name : "embedded-" + COUNTER.incrementAndGet();
		this.port = port;
		this.users = List.copyOf(users);
		this.virtualHosts = List.copyOf(virtualHosts);
	}

	/**
	 * Return a builder of a broker with user {@code guest}, password {@code guest} and
	 * virtual host {@code /} on a free port.
	 * @return the builder
	 */
	public static EmbeddedBrokerBuilder builder() {
		return new EmbeddedBrokerBuilder();
	}

	@Override
	public String name() {
		return this.name;
	}

	@Override
	public String host() {
		return PortReservation.loopback().getHostAddress();
	}

	@Override
	public int port() {
		return this.port.port();
	}

	@Override
	public String username() {
		return this.users.get(0).name();
	}

	@Override
	public String password() {
		return this.users.get(0).password();
	}

	@Override
	public String virtualHost() {
		return this.virtualHosts.get(0);
	}

	@Override
	public boolean isRunning() {
		return this.running;
	}

	@Override
	public void start() {
		locked(() -> {
			if (this.closed) {
				throw new IllegalStateException("Broker '%s' is closed".formatted(this.name));
			}
			if (!this.running) {
				if (this.broker == null) {
					this.broker = QpidBroker.launch(this.name, this.users, this.virtualHosts);
				}
				this.broker.listen(host(), port());
				this.running = true;
			}
		});
	}

	@Override
	public void stop() {
		locked(() -> down(false));
	}

	@Override
	public void kill() {
		locked(() -> down(true));
	}

	@Override
	public void restart() {
		restart(Messages.KEEP);
	}

	/**
	 * Stop the broker if it runs, and start it.
	 * @param messages whether durable queues and persistent messages are kept
	 */
	public void restart(Messages messages) {
		locked(() -> {
			down(false);
			if (messages == Messages.LOSE) {
				dispose();
			}
			start();
		});
	}

	/**
	 * Return how many messages a queue holds, those that are delivered but not
	 * acknowledged included. The broker may be down.
	 * @param queue the name of a queue of the first virtual host
	 * @return the number of messages, 0 if there is no such queue
	 */
	public int messageCount(String queue) {
		return messageCount(virtualHost(), queue);
	}

	/**
	 * Return how many messages a queue holds, those that are delivered but not
	 * acknowledged included. The broker may be down.
	 * @param virtualHost the virtual host
	 * @param queue the name of the queue
	 * @return the number of messages, 0 if there is no such queue
	 */
	public int messageCount(String virtualHost, String queue) {
		this.lock.lock();
		try {
			return (this.broker != null) ? this.broker.messageCount(virtualHost, queue) : 0;
		}
		finally {
			this.lock.unlock();
		}
	}

	/**
	 * Return how many connections are open.
	 * @return the number of connections that clients hold to this broker
	 */
	public int connectionCount() {
		this.lock.lock();
		try {
			return (this.broker != null) ? this.broker.connections().size() : 0;
		}
		finally {
			this.lock.unlock();
		}
	}

	@Override
	public void close() {
		locked(() -> {
			if (!this.closed) {
				this.closed = true;
				this.running = false;
				dispose();
				this.port.close();
			}
		});
	}

	@Override
	public String toString() {
		return "EmbeddedBroker '%s' at %s:%d".formatted(this.name, host(), port());
	}

	private void down(boolean abruptly) {
		if (this.running && this.broker != null) {
			this.running = false;
			this.broker.disconnect(abruptly, TIMEOUT);
			this.broker.dropTransient();
		}
	}

	private void dispose() {
		if (this.broker != null) {
			this.broker.shutdown();
			this.broker = null;
		}
	}

	private void locked(Runnable action) {
		this.lock.lock();
		try {
			action.run();
		}
		finally {
			this.lock.unlock();
		}
	}

	/**
	 * What a restart does to what the broker stores.
	 */
	public enum Messages {

		/**
		 * Durable queues, exchanges and bindings are kept, with the persistent messages
		 * in them.
		 */
		KEEP,

		/**
		 * Nothing is kept.
		 */
		LOSE

	}

}
