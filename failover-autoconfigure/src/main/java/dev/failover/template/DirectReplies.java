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

package dev.failover.template;

import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.Supplier;

import com.rabbitmq.client.Connection;
import org.jspecify.annotations.Nullable;
import org.springframework.amqp.rabbit.connection.AbstractConnectionFactory;
import org.springframework.amqp.rabbit.connection.ConnectionFactory;

import dev.failover.connection.FailoverConnectionFactory;

/**
 * Has requests with direct replies follow a planned move. Spring keeps the channels that
 * such replies come on, and uses them again as long as they are open. So while there are
 * connections that are left, each request has a consumer of its own instead, on a channel
 * of the new connection, and the channels that were kept are closed when the requests on
 * them have ended.
 */
final class DirectReplies {

	private final Consumer<Boolean> keepChannels;

	private final Runnable closeChannels;

	private final ReentrantLock lock = new ReentrantLock();

	private final Set<Connection> left = new HashSet<>();

	private final AtomicReference<AtomicInteger> requests = new AtomicReference<>(new AtomicInteger());

	private @Nullable AtomicInteger ending;

	private boolean suspended;

	private boolean closing;

	private volatile boolean wanted = true;

	private volatile boolean direct;

	private @Nullable Runnable unfollow;

	/**
	 * Create it for a template.
	 * @param keepChannels sets whether channels are kept
	 * @param closeChannels closes those that are, which may block
	 */
	DirectReplies(Consumer<Boolean> keepChannels, Runnable closeChannels) {
		this.keepChannels = keepChannels;
		this.closeChannels = closeChannels;
	}

	/**
	 * Note whether the template has direct replies, and follow the moves of its
	 * connection factory if so.
	 */
	void use(boolean use, ConnectionFactory connectionFactory) {
		this.lock.lock();
		try {
			this.direct = use;
			if (use && this.unfollow == null && connectionFactory instanceof AbstractConnectionFactory spring
					&& spring.getRabbitConnectionFactory() instanceof FailoverConnectionFactory failover) {
				this.unfollow = failover.addIdleChannelCleaner(this::leave);
			}
		}
		finally {
			this.lock.unlock();
		}
	}

	/**
	 * Set whether the application wants channels to be kept.
	 */
	void setWanted(boolean wanted) {
		this.lock.lock();
		try {
			this.wanted = wanted;
			if (!this.suspended) {
				this.keepChannels.accept(wanted);
			}
		}
		finally {
			this.lock.unlock();
		}
	}

	/**
	 * Return whether a request has a consumer of its own only because of a move.
	 */
	boolean isStandIn() {
		return this.direct && this.wanted;
	}

	/**
	 * Send a request, and wait for the reply.
	 */
	<T extends @Nullable Object> T request(Supplier<T> action) {
		AtomicInteger among = enter();
		try {
			return action.get();
		}
		finally {
			among.decrementAndGet();
		}
	}

	private AtomicInteger enter() {
		while (true) {
			AtomicInteger current = this.requests.get();
			current.incrementAndGet();
			if (current == this.requests.get()) {
				return current;
			}
			current.decrementAndGet();
		}
	}

	/**
	 * Called again and again for a connection that is left, until it is closed.
	 */
	void leave(Connection connection) {
		if (isNew(connection)) {
			connection.addShutdownListener((signal) -> closed(connection));
		}
		else if (mayClose()) {
			try {
				this.closeChannels.run();
			}
			finally {
				resume(() -> this.closing = false);
			}
		}
	}

	private boolean isNew(Connection connection) {
		this.lock.lock();
		try {
			if (!this.left.add(connection)) {
				return false;
			}
			if (!this.suspended) {
				this.suspended = true;
				this.keepChannels.accept(false);
				this.ending = this.requests.getAndSet(new AtomicInteger());
			}
			return true;
		}
		finally {
			this.lock.unlock();
		}
	}

	private boolean mayClose() {
		this.lock.lock();
		try {
			if (this.ending == null || this.ending.get() != 0) {
				return false;
			}
			this.ending = null;
			this.closing = true;
			return true;
		}
		finally {
			this.lock.unlock();
		}
	}

	private void closed(Connection connection) {
		resume(() -> this.left.remove(connection));
	}

	/**
	 * Keep channels again if no connection is left, and none of them is being closed.
	 */
	private void resume(Runnable change) {
		this.lock.lock();
		try {
			change.run();
			if (this.suspended && this.left.isEmpty() && !this.closing) {
				this.suspended = false;
				this.ending = null;
				this.keepChannels.accept(this.wanted);
				// the template's own field is not volatile: shows it to those who enter
				this.requests.set(this.requests.get());
			}
		}
		finally {
			this.lock.unlock();
		}
	}

	/**
	 * Follow no more moves.
	 */
	void close() {
		this.lock.lock();
		try {
			if (this.unfollow != null) {
				this.unfollow.run();
				this.unfollow = null;
			}
		}
		finally {
			this.lock.unlock();
		}
	}

}
