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

package dev.failover.samples.orders;

import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;

import org.springframework.web.util.UriComponentsBuilder;

import dev.failover.test.FaultProxy;
import dev.failover.test.RabbitNode;
import dev.failover.test.TestBroker;

/**
 * A broker that the shop has brought along, and may break, or the network before it.
 * Changes exclude each other; what is asked for waits for none of them.
 */
final class LocalBroker implements AutoCloseable {

	/**
	 * How long after a fault a broker that fails has failed by it.
	 */
	private static final Duration AFTERMATH = Duration.ofSeconds(10);

	private final ReentrantLock lock = new ReentrantLock();

	private final TestBroker broker;

	private final FaultProxy proxy;

	private volatile Set<BrokerAction> faults = Set.of();

	private volatile long disturbed = System.nanoTime() - AFTERMATH.toNanos();

	LocalBroker(TestBroker broker) {
		this.broker = broker;
		this.proxy = FaultProxy.to(broker);
	}

	String name() {
		return this.broker.name();
	}

	/**
	 * Where the shop finds the broker: by way of the proxy.
	 */
	URI uri() {
		return UriComponentsBuilder.fromUri(this.broker.uri()).port(this.proxy.port()).build(true).toUri();
	}

	boolean isRunning() {
		return this.broker.isRunning();
	}

	/**
	 * The broker itself.
	 */
	TestBroker broker() {
		return this.broker;
	}

	/**
	 * The faults that have been injected and not been ended.
	 */
	Set<BrokerAction> faults() {
		return this.faults;
	}

	/**
	 * Whether a failure of the broker is no news, as somebody has pressed a button.
	 */
	boolean isDisturbed() {
		return !this.faults.isEmpty() || System.nanoTime() - this.disturbed < AFTERMATH.toNanos();
	}

	/**
	 * The actions that this kind of broker can do, in the order of their buttons. What
	 * begins a fault gives way to what ends it.
	 */
	List<BrokerAction> actions() {
		List<BrokerAction> actions = new ArrayList<>(List.of(BrokerAction.KILL, BrokerAction.RESTART));
		if (this.broker instanceof RabbitNode) {
			actions.add(has(BrokerAction.FREEZE) ? BrokerAction.THAW : BrokerAction.FREEZE);
			actions.add(has(BrokerAction.BLOCK) ? BrokerAction.UNBLOCK : BrokerAction.BLOCK);
		}
		actions.add(has(BrokerAction.CUT) ? BrokerAction.MEND : BrokerAction.CUT);
		return actions;
	}

	/**
	 * Whether an action makes sense now.
	 */
	boolean can(BrokerAction action) {
		return switch (action) {
			case KILL, FREEZE, THAW -> isRunning();
			case BLOCK, UNBLOCK -> isRunning() && !has(BrokerAction.FREEZE);
			default -> true;
		};
	}

	private boolean has(BrokerAction fault) {
		return this.faults.contains(fault);
	}

	/**
	 * Do what a button says, and return when it is done.
	 * @throws IllegalStateException if it is not possible
	 */
	void perform(BrokerAction action) {
		this.lock.lock();
		try {
			this.disturbed = System.nanoTime();
			switch (action) {
				case KILL -> kill();
				case RESTART -> restart();
				case FREEZE -> begin(action, node()::freeze);
				case THAW -> end(BrokerAction.FREEZE, node()::thaw);
				case BLOCK -> begin(action, node()::raiseMemoryAlarm);
				case UNBLOCK -> end(BrokerAction.BLOCK, node()::clearMemoryAlarm);
				case CUT -> begin(action, this.proxy::blackHole);
				case MEND -> end(BrokerAction.CUT, this::mend);
				default -> throw new IllegalArgumentException("No fault: " + action);
			}
			this.disturbed = System.nanoTime();
		}
		finally {
			this.lock.unlock();
		}
	}

	private void kill() {
		this.broker.kill();
		if (!has(BrokerAction.CUT)) {
			this.proxy.refuse();
		}
		remember(has(BrokerAction.CUT) ? EnumSet.of(BrokerAction.KILL, BrokerAction.CUT)
				: EnumSet.of(BrokerAction.KILL));
	}

	private void restart() {
		this.broker.restart();
		this.proxy.cut();
		this.proxy.pass();
		this.faults = Set.of();
	}

	private void mend() {
		if (isRunning()) {
			this.proxy.pass();
		}
		else {
			this.proxy.cut();
			this.proxy.refuse();
		}
	}

	private void begin(BrokerAction fault, Runnable change) {
		change.run();
		EnumSet<BrokerAction> changed = EnumSet.of(fault);
		changed.addAll(this.faults);
		remember(changed);
	}

	private void end(BrokerAction fault, Runnable change) {
		change.run();
		EnumSet<BrokerAction> changed = EnumSet.noneOf(BrokerAction.class);
		changed.addAll(this.faults);
		changed.remove(fault);
		remember(changed);
	}

	private void remember(EnumSet<BrokerAction> faults) {
		this.faults = Set.copyOf(faults);
	}

	private RabbitNode node() {
		if (this.broker instanceof RabbitNode node) {
			return node;
		}
		throw new IllegalStateException("Broker '%s' is not a RabbitMQ node".formatted(name()));
	}

	@Override
	public void close() {
		this.proxy.close();
		this.broker.close();
	}

}
