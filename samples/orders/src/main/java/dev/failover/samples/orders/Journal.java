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

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;

import org.springframework.stereotype.Component;

/**
 * Remembers the last minutes of the shop, and tells its readers what is new. Readers are
 * called in order, while nothing else is told, and must not block.
 */
@Component
class Journal {

	/**
	 * How many seconds are remembered.
	 */
	static final int SECONDS = 120;

	private static final int ENTRIES = 100;

	private static final int OUTAGES = 20;

	/**
	 * How long after an outage orders are confirmed that have waited for its end.
	 */
	private static final Duration BACKLOG = Duration.ofSeconds(2);

	private final Clock clock = Clock.systemUTC();

	private final ReentrantLock lock = new ReentrantLock();

	private final Deque<Sample> samples = new ArrayDeque<>();

	private final Deque<Entry> entries = new ArrayDeque<>();

	private final Deque<Outage> outages = new ArrayDeque<>();

	private final List<Consumer<Update>> readers = new CopyOnWriteArrayList<>();

	private long number;

	/**
	 * Tell a reader of what is remembered, and then of all that is new.
	 */
	void open(Consumer<Update> reader) {
		locked(() -> {
			reader.accept(new Update("history", history()));
			this.readers.add(reader);
		});
	}

	void close(Consumer<Update> reader) {
		this.readers.remove(reader);
	}

	private History history() {
		return new History(List.copyOf(this.samples), List.copyOf(this.entries), List.copyOf(this.outages));
	}

	void add(Sample sample) {
		locked(() -> {
			remember(this.samples, sample, SECONDS);
			tell("sample", sample);
			addToOutages(sample);
		});
	}

	/**
	 * An order that waited for the end of an outage is confirmed after it.
	 */
	private void addToOutages(Sample sample) {
		List<Outage> changed = this.outages.stream().map((outage) -> outage.with(sample, BACKLOG)).toList();
		if (!changed.equals(List.copyOf(this.outages))) {
			this.outages.clear();
			this.outages.addAll(changed);
			tell("outages", changed);
		}
	}

	/**
	 * Write down that something has happened now.
	 * @param kind what kind of thing
	 * @param label one or two words for the chart
	 * @param text a sentence for the log
	 */
	void note(Kind kind, String label, String text) {
		locked(() -> {
			Entry entry = new Entry(++this.number, this.clock.instant(), kind, label, text);
			remember(this.entries, entry, ENTRIES);
			tell("entry", entry);
		});
	}

	/**
	 * Write down that there is an active broker again.
	 */
	void outage(String from, String to, String reason, Duration duration) {
		locked(() -> {
			remember(this.outages,
					new Outage(this.clock.instant(), from, to, reason, duration.toMillis(), duration.toMillis()),
					OUTAGES);
			tell("outages", List.copyOf(this.outages));
		});
	}

	/**
	 * Tell of something that is not remembered.
	 */
	void tell(ShopState state) {
		locked(() -> tell("state", state));
	}

	private void tell(String name, Object data) {
		Update update = new Update(name, data);
		this.readers.forEach((reader) -> reader.accept(update));
	}

	private static <T> void remember(Deque<T> memory, T item, int capacity) {
		if (memory.size() == capacity) {
			memory.removeFirst();
		}
		memory.addLast(item);
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
	 * What kind of thing has happened. The chart has a mark for each of them but the last
	 * one.
	 */
	enum Kind {

		/**
		 * A broker was broken, or has failed.
		 */
		FAULT,

		/**
		 * Another broker is active after a loss.
		 */
		SWITCH,

		/**
		 * Another broker is active by a planned move.
		 */
		MOVE,

		/**
		 * Anything else.
		 */
		NOTE

	}

	/**
	 * Something that is told to readers.
	 *
	 * @param name what it is
	 * @param data the thing
	 */
	record Update(String name, Object data) {
	}

	/**
	 * What is remembered, the earliest first.
	 *
	 * @param samples the samples
	 * @param entries the entries
	 * @param outages the outages
	 */
	record History(List<Sample> samples, List<Entry> entries, List<Outage> outages) {
	}

	/**
	 * What was done in about a second.
	 *
	 * @param at its end
	 * @param confirmed confirmed orders per second
	 * @param fulfilled fulfilled orders per second
	 * @param slowest how long the slowest of the orders took to be confirmed, in
	 * milliseconds
	 */
	record Sample(Instant at, double confirmed, double fulfilled, long slowest) {
	}

	/**
	 * Something that has happened.
	 *
	 * @param number its number
	 * @param at when
	 * @param kind what kind of thing
	 * @param label one or two words
	 * @param text a sentence
	 */
	record Entry(long number, Instant at, Kind kind, String label, String text) {
	}

	/**
	 * A time without an active broker.
	 *
	 * @param at its end
	 * @param from the broker that was lost
	 * @param to the broker that is active then
	 * @param reason why the first one was lost
	 * @param duration how long there was none, in milliseconds
	 * @param slowest how long the slowest order around it took to be confirmed, in
	 * milliseconds: the time until the loss was noticed is part of it
	 */
	record Outage(Instant at, String from, String to, String reason, long duration, long slowest) {

		Outage with(Sample sample, Duration backlog) {
			if (sample.at().isAfter(this.at.plus(backlog)) || sample.slowest() <= this.slowest) {
				return this;
			}
			return new Outage(this.at, this.from, this.to, this.reason, this.duration, sample.slowest());
		}

	}

}
