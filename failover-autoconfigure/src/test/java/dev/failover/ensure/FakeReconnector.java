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

package dev.failover.ensure;

import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;

import org.jspecify.annotations.Nullable;

import dev.failover.broker.Broker;
import dev.failover.broker.BrokerFailure;
import dev.failover.broker.Brokers;
import dev.failover.broker.BrokersUnavailableException;
import dev.failover.broker.FailureReason;
import dev.failover.broker.Reconnector;
import dev.failover.broker.TestBrokers;

/**
 * Reconnects to the broker after the one that was active, unless it is told that all of
 * them fail; time passes only when somebody waits.
 */
final class FakeReconnector implements Reconnector {

	final Broker a = TestBrokers.broker("a");

	final Broker b = TestBrokers.broker("b");

	final Brokers brokers = new Brokers(List.of(this.a, this.b), Clock.systemUTC());

	final List<Duration> reconnects = new ArrayList<>();

	final List<Duration> sleeps = new ArrayList<>();

	final List<Duration> awaited = new ArrayList<>();

	final Deque<Exception> reconnectFailures = new ArrayDeque<>();

	BooleanSupplier bound = () -> false;

	long now = System.nanoTime();

	boolean allDown;

	volatile Error error;

	FakeReconnector() {
		this.brokers.connected(this.a, 0);
	}

	Ensurer ensurer() {
		EnsureTime time = new EnsureTime(() -> this.now, (millis) -> sleep(Duration.ofMillis(millis)), () -> 0.5);
		return new Ensurer(this.brokers, this, FailureClassifier.standard(), () -> this.bound.getAsBoolean(), time);
	}

	private void sleep(Duration duration) throws InterruptedException {
		if (Thread.interrupted()) {
			throw new InterruptedException();
		}
		this.sleeps.add(duration);
		pass(duration);
	}

	void pass(Duration duration) {
		this.now += duration.toNanos();
	}

	BrokersUnavailableException unavailable() {
		Map<Broker, BrokerFailure> failures = new LinkedHashMap<>();
		failures.put(this.b, new BrokerFailure(FailureReason.UNREACHABLE, "b refused", Instant.EPOCH));
		failures.put(this.a, new BrokerFailure(FailureReason.TIMEOUT, "a was silent", Instant.EPOCH));
		return new BrokersUnavailableException("None of the brokers can be connected to", failures, null);
	}

	@Override
	public void reconnect(Duration timeout) throws IOException, InterruptedException {
		if (Thread.interrupted()) {
			throw new InterruptedException();
		}
		this.reconnects.add(timeout);
		Error thrown = this.error;
		this.error = null;
		if (thrown != null) {
			throw thrown;
		}
		Exception failure = this.reconnectFailures.poll();
		if (failure instanceof IOException io) {
			throw io;
		}
		if (this.allDown) {
			throw unavailable();
		}
		if (this.brokers.getActivation() == null) {
			Broker next = getNext();
			this.brokers.connected(next, this.brokers.getIncarnation(next));
		}
	}

	@Override
	public boolean awaitActive(Duration timeout) throws InterruptedException {
		if (Thread.interrupted()) {
			throw new InterruptedException();
		}
		this.awaited.add(timeout);
		if (!this.allDown) {
			return true;
		}
		pass(timeout);
		return false;
	}

	@Override
	public Broker getNext() {
		@Nullable Broker active = this.brokers.getActive();
		if (active != null) {
			return active;
		}
		return this.a.equals(this.brokers.getPrevious()) ? this.b : this.a;
	}

}
