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

package dev.failover.autoconfigure;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.function.Supplier;

import org.jspecify.annotations.Nullable;
import org.slf4j.event.Level;
import org.springframework.scheduling.concurrent.CustomizableThreadFactory;

import dev.failover.broker.Broker;
import dev.failover.broker.BrokerEvent;
import dev.failover.broker.BrokerFailure;
import dev.failover.broker.FailureReason;

/**
 * Tells each switch in one line: from where, to where, why, how long there was no active
 * broker, how many messages were in flight, and how many of them were published again.
 * <p>
 * The line therefore waits until the messages that were in flight have ended, and the
 * failure of the active broker for the switch that follows; each for {@link #PATIENCE} at
 * most. What comes later has a line of its own. Nothing is logged under the lock.
 */
final class SwitchLog implements AutoCloseable {

	/**
	 * How long a line waits for what belongs to it.
	 */
	static final Duration PATIENCE = Duration.ofSeconds(2);

	private final Supplier<List<Integer>> inFlight;

	private final BiConsumer<Runnable, Duration> timer;

	private final Runnable onClose;

	private final ReentrantLock lock = new ReentrantLock();

	private @Nullable Broker active;

	private @Nullable Loss loss;

	private boolean closed;

	/**
	 * Create an instance.
	 * @param inFlight tells how many messages each publisher has in flight, without
	 * blocking
	 * @param timer runs something after a while
	 * @param onClose ends the timer
	 */
	SwitchLog(Supplier<List<Integer>> inFlight, BiConsumer<Runnable, Duration> timer, Runnable onClose) {
		this.inFlight = inFlight;
		this.timer = timer;
		this.onClose = onClose;
	}

	/**
	 * Create an instance with a thread of its own, which there is only while a line
	 * waits, and some seconds longer.
	 * @param inFlight tells how many messages each publisher has in flight, without
	 * blocking
	 * @return the instance
	 */
	static SwitchLog withThread(Supplier<List<Integer>> inFlight) {
		CustomizableThreadFactory threads = new CustomizableThreadFactory("failover-log-");
		threads.setDaemon(true);
		ScheduledThreadPoolExecutor executor = new ScheduledThreadPoolExecutor(1, threads);
		executor.setKeepAliveTime(PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
		executor.allowCoreThreadTimeOut(true);
		return new SwitchLog(inFlight,
				(task, delay) -> executor.schedule(task, delay.toMillis(), TimeUnit.MILLISECONDS),
				executor::shutdownNow);
	}

	/**
	 * A broker failed: that is told at once, or with the switch if it is the active one.
	 */
	void failed(Broker broker, BrokerFailure failure) {
		update((lines) -> {
			Broker current = this.active;
			if (this.closed || current == null || !current.name().equals(broker.name())) {
				lines.add(failureLine(broker, failure));
				return;
			}
			flush(lines);
			Loss begun = new Loss(broker, failure, false);
			this.loss = begun;
			later(lines, begun, (late, some) -> {
				if (late.activated == null) {
					late.tell(some);
					late.tellOfOutage(some);
				}
			});
		});
	}

	/**
	 * A broker is usable again: if its failure has caused no switch, it is told before.
	 */
	void recovered(Broker broker) {
		update((lines) -> {
			Loss current = this.loss;
			if (current != null && current.isOf(broker) && !current.lost) {
				flush(lines);
			}
		});
	}

	void lost(BrokerEvent.Lost event) {
		List<Integer> counts = this.inFlight.get();
		update((lines) -> {
			Loss current = this.loss;
			if (current == null || !current.isOf(event.broker()) || current.lost) {
				flush(lines);
				current = new Loss(event.broker(), event.failure(), true);
				this.loss = current;
			}
			current.lost(counts);
			this.active = null;
		});
	}

	void activated(BrokerEvent.Activated event) {
		Broker from = event.from();
		BrokerFailure failure = event.failure();
		int moved = event.isPlanned() ? sum(this.inFlight.get()) : 0;
		update((lines) -> {
			this.active = event.to();
			if (from == null || failure == null) {
				flush(lines);
				lines.add((from != null) ? moveLine(event, from, moved) : connectedLine(event));
				return;
			}
			Loss current = this.loss;
			if (current == null || !current.isOf(from)) {
				flush(lines);
				current = new Loss(from, failure, true);
				this.loss = current;
			}
			current.activated = event;
			if (this.closed || current.isComplete()) {
				flush(lines);
			}
			else {
				later(lines, current, (late, some) -> flush(some));
			}
		});
	}

	void replayed(BrokerEvent.Replayed event) {
		update((lines) -> {
			Loss current = this.loss;
			if (current == null || !current.isOf(event.broker())) {
				lines.add(replayLine(event));
				return;
			}
			current.add(event);
			if (current.activated != null && current.isComplete()) {
				flush(lines);
			}
		});
	}

	/**
	 * Tell what waits, and let nothing wait any more.
	 */
	@Override
	public void close() {
		update((lines) -> {
			this.closed = true;
			flush(lines);
		});
		this.onClose.run();
	}

	/**
	 * Do something with a loss unless it has been told until then. For a lack of threads,
	 * that is now.
	 */
	private void later(List<EventLine> lines, Loss late, BiConsumer<Loss, List<EventLine>> action) {
		try {
			this.timer.accept(() -> update((some) -> {
				if (this.loss == late) {
					action.accept(late, some);
				}
			}), PATIENCE);
		}
		catch (Throwable ex) {
			action.accept(late, lines);
		}
	}

	private void update(Consumer<List<EventLine>> change) {
		List<EventLine> lines = new ArrayList<>();
		this.lock.lock();
		try {
			change.accept(lines);
		}
		finally {
			this.lock.unlock();
		}
		lines.forEach(EventLine::log);
	}

	private void flush(List<EventLine> lines) {
		Loss current = this.loss;
		this.loss = null;
		if (current != null) {
			current.end(lines);
		}
	}

	private static EventLine failureLine(Broker broker, BrokerFailure failure) {
		if (failure.reason() == FailureReason.MAINTENANCE) {
			return EventLine
				.info("Broker %s is in maintenance, and is not used until it accepts connections again"
					.formatted(broker.name()))
				.with("broker", broker)
				.with(failure);
		}
		return EventLine.warn("Broker %s failed: %s".formatted(broker, failure)).with("broker", broker).with(failure);
	}

	private static EventLine connectedLine(BrokerEvent.Activated event) {
		return EventLine.info("Connected to broker %s".formatted(event.to())).with("to", event.to());
	}

	private static EventLine replayLine(BrokerEvent.Replayed event) {
		return EventLine
			.info("%d of %d messages that were in flight to broker %s were published again".formatted(event.replayed(),
					event.inFlight(), event.broker().name()))
			.with("broker", event.broker())
			.with("inFlight", event.inFlight())
			.with("replayed", event.replayed());
	}

	private static EventLine moveLine(BrokerEvent.Activated event, Broker from, int inFlight) {
		return EventLine
			.info("Moved from broker %s to %s as planned; %s in flight".formatted(from.name(), event.to(),
					messages(inFlight)))
			.with("from", from)
			.with("to", event.to())
			.with("planned", true)
			.with("inFlight", inFlight);
	}

	private static String messages(int count) {
		return switch (count) {
			case 0 -> "no message was";
			case 1 -> "1 message was";
			default -> count + " messages were";
		};
	}

	private static int sum(List<Integer> counts) {
		return counts.stream().mapToInt(Integer::intValue).sum();
	}

	/**
	 * The failure of the active broker, and what has followed so far.
	 */
	private static final class Loss {

		private final Broker broker;

		private final BrokerFailure failure;

		private boolean told;

		private boolean lost;

		private int publishers;

		private int atLoss;

		private int reports;

		private int inFlight;

		private int replayed;

		private BrokerEvent.@Nullable Activated activated;

		Loss(Broker broker, BrokerFailure failure, boolean told) {
			this.broker = broker;
			this.failure = failure;
			this.told = told;
		}

		boolean isOf(Broker other) {
			return this.broker.name().equals(other.name());
		}

		void lost(List<Integer> counts) {
			this.lost = true;
			this.publishers = (int) counts.stream().filter((count) -> count > 0).count();
			this.atLoss = sum(counts);
		}

		void add(BrokerEvent.Replayed event) {
			this.reports++;
			this.inFlight += event.inFlight();
			this.replayed += event.replayed();
		}

		boolean isComplete() {
			return this.reports >= this.publishers;
		}

		void end(List<EventLine> lines) {
			BrokerEvent.Activated event = this.activated;
			if (event != null) {
				lines.add(switchLine(event));
			}
			else {
				tell(lines);
			}
		}

		void tell(List<EventLine> lines) {
			if (!this.told) {
				this.told = true;
				lines.add(failureLine(this.broker, this.failure));
			}
		}

		/**
		 * Senders and consumers wait.
		 */
		void tellOfOutage(List<EventLine> lines) {
			if (this.lost) {
				lines.add(EventLine
					.of(Level.ERROR,
							"No broker can be used since broker %s was lost; %s in flight to it"
								.formatted(this.broker.name(), messages(this.atLoss)))
					.with("from", this.broker)
					.with(this.failure)
					.with("inFlight", this.atLoss));
			}
		}

		private EventLine switchLine(BrokerEvent.Activated event) {
			boolean again = event.to().name().equals(this.broker.name());
			BrokerFailure reason = event.failure();
			boolean quiet = (reason != null && reason.reason() == FailureReason.MAINTENANCE) || (again && this.told);
			String line = "%s %s after %d ms, as %s had failed: %s; %s".formatted(
					again ? "Connected again to broker" : "Switched from broker %s to".formatted(this.broker.name()),
					event.to(), event.outage().toMillis(), again ? "it" : this.broker.name(), reason, inFlight());
			return EventLine.of(quiet ? Level.INFO : Level.WARN, line)
				.with("from", this.broker)
				.with("to", event.to())
				.with("planned", false)
				.with(reason)
				.with("outageMillis", event.outage().toMillis())
				.with("inFlight", (this.reports > 0) ? this.inFlight : this.atLoss)
				.with("replayed", (this.reports > 0 || this.atLoss == 0) ? this.replayed : null);
		}

		private String inFlight() {
			return (this.reports > 0)
					? "%d of %d messages in flight were published again".formatted(this.replayed, this.inFlight)
					: messages(this.atLoss) + " in flight";
		}

	}

}
