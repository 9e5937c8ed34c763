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

package dev.failover.virtual;

import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;

import com.rabbitmq.client.ConfirmListener;

/**
 * What was published on a virtual channel and is not confirmed: numbers of its own, which
 * go on when the broker changes.
 */
final class Confirms {

	private final ReentrantLock lock;

	private final Condition changed;

	private final TreeSet<Long> unconfirmed = new TreeSet<>();

	/**
	 * The numbers of the virtual channel by those of each real one.
	 */
	private final Map<RealChannel, NavigableMap<Long, Long>> published = new HashMap<>();

	private final List<ConfirmListener> listeners = new CopyOnWriteArrayList<>();

	private long next;

	private boolean nacked;

	/**
	 * Create an instance.
	 * @param lock guards what changes
	 */
	Confirms(ReentrantLock lock) {
		this.lock = lock;
		this.changed = lock.newCondition();
	}

	List<ConfirmListener> listeners() {
		return this.listeners;
	}

	/**
	 * Count from 1 on.
	 */
	void select() {
		this.lock.lock();
		try {
			if (this.next == 0) {
				this.next = 1;
			}
		}
		finally {
			this.lock.unlock();
		}
	}

	boolean isSelected() {
		return next() > 0;
	}

	long next() {
		this.lock.lock();
		try {
			return this.next;
		}
		finally {
			this.lock.unlock();
		}
	}

	/**
	 * Note what is about to be published.
	 * @param number the number on the real channel
	 */
	void publishing(RealChannel real, long number) {
		this.lock.lock();
		try {
			long own = this.next++;
			this.unconfirmed.add(own);
			this.published.computeIfAbsent(real, (channel) -> new TreeMap<>()).put(number, own);
			real.unconfirmed++;
		}
		finally {
			this.lock.unlock();
		}
	}

	/**
	 * Nothing was published after all, as the channel is closed.
	 */
	void withdrawn(RealChannel real, long number) {
		this.lock.lock();
		try {
			NavigableMap<Long, Long> numbers = this.published.get(real);
			Long own = (numbers != null) ? numbers.remove(number) : null;
			if (own != null) {
				this.unconfirmed.remove(own);
				real.unconfirmed--;
				if (own == this.next - 1) {
					this.next--;
				}
			}
			this.changed.signalAll();
		}
		finally {
			this.lock.unlock();
		}
	}

	/**
	 * Tell the listeners what a broker has confirmed or rejected: one by one as long as
	 * something else is unconfirmed that was published before.
	 */
	void confirmed(RealChannel real, long number, boolean multiple, boolean ack) throws IOException {
		List<Long> own;
		boolean together;
		this.lock.lock();
		try {
			NavigableMap<Long, Long> numbers = this.published.getOrDefault(real, new TreeMap<>());
			NavigableMap<Long, Long> meant = multiple ? numbers.headMap(number, true)
					: numbers.subMap(number, true, number, true);
			own = new ArrayList<>(meant.values());
			real.unconfirmed -= meant.size();
			meant.clear();
			this.unconfirmed.removeAll(own);
			this.nacked |= !ack && !own.isEmpty();
			together = own.size() > 1 && (this.unconfirmed.isEmpty() || this.unconfirmed.first() > last(own));
		}
		finally {
			this.lock.unlock();
		}
		if (together) {
			tell(last(own), true, ack);
		}
		else {
			for (long each : own) {
				tell(each, false, ack);
			}
		}
		signal();
	}

	private static long last(List<Long> numbers) {
		return numbers.get(numbers.size() - 1);
	}

	private void tell(long number, boolean multiple, boolean ack) throws IOException {
		for (ConfirmListener listener : this.listeners) {
			if (ack) {
				listener.handleAck(number, multiple);
			}
			else {
				listener.handleNack(number, multiple);
			}
		}
	}

	/**
	 * A channel is lost: nobody knows what has become of what was published on it, which
	 * counts as rejected.
	 */
	void lost(RealChannel real) throws IOException {
		confirmed(real, Long.MAX_VALUE, true, false);
		this.lock.lock();
		try {
			this.published.remove(real);
		}
		finally {
			this.lock.unlock();
		}
	}

	/**
	 * Have those that wait look again.
	 */
	void signal() {
		this.lock.lock();
		try {
			this.changed.signalAll();
		}
		finally {
			this.lock.unlock();
		}
	}

	/**
	 * Wait until everything is confirmed or rejected.
	 * @param millis how long, 0 for as long as the channel is open
	 * @return whether nothing was rejected
	 */
	boolean await(long millis, BooleanSupplier open) throws InterruptedException, TimeoutException {
		long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(millis);
		this.lock.lock();
		try {
			while (!this.unconfirmed.isEmpty() && open.getAsBoolean()) {
				long remaining = (millis > 0) ? deadline - System.nanoTime() : TimeUnit.SECONDS.toNanos(1);
				if (remaining <= 0) {
					throw new TimeoutException();
				}
				this.changed.awaitNanos(remaining);
			}
			boolean all = !this.nacked;
			this.nacked = false;
			return all;
		}
		finally {
			this.lock.unlock();
		}
	}

}
