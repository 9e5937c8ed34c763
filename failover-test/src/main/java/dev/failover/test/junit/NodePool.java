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

package dev.failover.test.junit;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Iterator;
import java.util.concurrent.locks.ReentrantLock;

import org.jspecify.annotations.Nullable;

import dev.failover.test.RabbitNode;
import dev.failover.test.RabbitNodeBuilder;

/**
 * The nodes that no test uses at the moment. It ends with the test run.
 */
final class NodePool implements AutoCloseable {

	/**
	 * Two nodes of each of two versions, with each of two settings.
	 */
	private static final int MAX_IDLE = 8;

	private final ReentrantLock lock = new ReentrantLock();

	private final Deque<PooledNode> idle = new ArrayDeque<>();

	private boolean closed;

	BrokerLease lease(Rabbit settings, String version) {
		RabbitNode node = take(settings, version);
		if (node != null && !node.isRunning() && !renew(node)) {
			node.close();
			node = null;
		}
		RabbitNode leased = (node != null) ? node : start(settings, version);
		return new BrokerLease(leased, () -> giveBack(new PooledNode(settings, leased)));
	}

	@Override
	public void close() {
		this.lock.lock();
		try {
			this.closed = true;
			this.idle.forEach((pooled) -> pooled.node().close());
			this.idle.clear();
		}
		finally {
			this.lock.unlock();
		}
	}

	/**
	 * Take a node back, which is renewed now, unless it is down: starting it may be for
	 * nothing.
	 */
	private void giveBack(PooledNode returned) {
		RabbitNode surplus = returned.node();
		if (!surplus.isRunning() || renew(surplus)) {
			surplus = add(returned);
		}
		if (surplus != null) {
			surplus.close();
		}
	}

	/**
	 * Add a node, which is down or as good as new.
	 * @return the node that does not fit any more
	 */
	private @Nullable RabbitNode add(PooledNode returned) {
		this.lock.lock();
		try {
			if (this.closed) {
				return returned.node();
			}
			this.idle.addLast(returned);
			return (this.idle.size() > MAX_IDLE) ? this.idle.removeFirst().node() : null;
		}
		finally {
			this.lock.unlock();
		}
	}

	private @Nullable RabbitNode take(Rabbit settings, String version) {
		this.lock.lock();
		try {
			for (Iterator<PooledNode> nodes = this.idle.descendingIterator(); nodes.hasNext();) {
				PooledNode candidate = nodes.next();
				if (candidate.settings().equals(settings) && candidate.node().version().equals(version)) {
					nodes.remove();
					return candidate.node();
				}
			}
			return null;
		}
		finally {
			this.lock.unlock();
		}
	}

	/**
	 * Make a node as good as new.
	 * @return whether that was possible
	 */
	private static boolean renew(RabbitNode node) {
		try {
			node.start();
			node.thaw();
			node.administration().reset();
			return true;
		}
		catch (IllegalStateException ex) {
			return false;
		}
	}

	private static RabbitNode start(Rabbit settings, String version) {
		RabbitNodeBuilder builder = RabbitNode.builder()
			.version(version)
			.user(settings.user(), settings.password())
			.virtualHost(settings.virtualHost())
			.configuration(settings.configuration());
		if (!settings.name().isEmpty()) {
			builder.name(settings.name());
		}
		return (settings.tls() ? builder.tls() : builder).start();
	}

	/**
	 * An idle node.
	 *
	 * @param settings what it was started for
	 * @param node the node
	 */
	private record PooledNode(Rabbit settings, RabbitNode node) {

	}

}
