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

package dev.failover.actuate;

import java.time.Clock;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;

import org.jspecify.annotations.Nullable;
import org.springframework.util.Assert;

import dev.failover.broker.BrokerEvent;
import dev.failover.broker.BrokerListener;
import dev.failover.broker.Brokers;
import dev.failover.broker.EventStage;

/**
 * Remembers the last events of the brokers until it is closed. Safe for use by any number
 * of threads; no method blocks.
 */
public final class BrokerEventHistory implements BrokerListener, AutoCloseable {

	/**
	 * How many events are remembered.
	 */
	public static final int CAPACITY = 100;

	private final Brokers brokers;

	private final Clock clock;

	private final ReentrantLock lock = new ReentrantLock();

	private final Deque<PastEvent> events = new ArrayDeque<>(CAPACITY);

	private volatile @Nullable PastEvent lastSwitch;

	/**
	 * Create a history of what happens from now on.
	 * @param brokers the brokers
	 * @param clock the clock that dates the events
	 */
	public BrokerEventHistory(Brokers brokers, Clock clock) {
		Assert.notNull(brokers, "'brokers' must not be null");
		Assert.notNull(clock, "'clock' must not be null");
		this.brokers = brokers;
		this.clock = clock;
		brokers.addListener(this, EventStage.REPORTS);
	}

	@Override
	public void onEvent(BrokerEvent event) {
		PastEvent past = new PastEvent(this.clock.instant(), event);
		if (event instanceof BrokerEvent.Activated) {
			this.lastSwitch = past;
		}
		this.lock.lock();
		try {
			if (this.events.size() == CAPACITY) {
				this.events.removeLast();
			}
			this.events.addFirst(past);
		}
		finally {
			this.lock.unlock();
		}
	}

	/**
	 * Return the last events.
	 * @return the events, the latest one first
	 */
	List<PastEvent> getEvents() {
		this.lock.lock();
		try {
			return Collections.unmodifiableList(new ArrayList<>(this.events));
		}
		finally {
			this.lock.unlock();
		}
	}

	/**
	 * Return the last change of the active broker, also if it is not among the last
	 * events any more.
	 * @return the event, or {@code null} if there was none yet
	 */
	@Nullable PastEvent getLastSwitch() {
		return this.lastSwitch;
	}

	/**
	 * Remember nothing any more.
	 */
	@Override
	public void close() {
		this.brokers.removeListener(this);
	}

	/**
	 * An event, and when it was told.
	 *
	 * @param at when it was told
	 * @param event the event
	 */
	record PastEvent(Instant at, BrokerEvent event) {
	}

}
