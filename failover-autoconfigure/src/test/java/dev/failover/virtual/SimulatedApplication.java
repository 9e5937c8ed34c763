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
import java.lang.reflect.Proxy;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.TimeoutException;

import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.Consumer;
import com.rabbitmq.client.Envelope;
import com.rabbitmq.client.GetResponse;
import com.rabbitmq.client.ShutdownSignalException;

import dev.failover.virtual.SimulatedBroker.Delivery;
import dev.failover.virtual.SimulatedBroker.Fate;

/**
 * Uses a virtual channel, and knows what it may expect of it.
 */
final class SimulatedApplication {

	private final Simulation simulation;

	private final Schedule schedule;

	private final VirtualChannel channel;

	final List<Listener> listeners = new ArrayList<>();

	/**
	 * What was handed on and is not settled, by its virtual tags.
	 */
	final NavigableMap<Long, Delivery> unsettled = new TreeMap<>();

	/**
	 * What cannot be settled any more.
	 */
	final NavigableMap<Long, Delivery> stale = new TreeMap<>();

	private final NavigableMap<Long, Delivery> inTransaction = new TreeMap<>();

	/**
	 * What was lost in a transaction that has failed for it.
	 */
	private final Set<Delivery> toldLost = new HashSet<>();

	private final List<Published> publishedInTransaction = new ArrayList<>();

	private final Map<Long, Published> unconfirmed = new HashMap<>();

	private final TreeSet<Long> confirmed = new TreeSet<>();

	private boolean transacted;

	private boolean confirming;

	/**
	 * What was lost, and settled in the transaction.
	 */
	private final Map<Long, Delivery> staleInTransaction = new TreeMap<>();

	/**
	 * What was lost when the last transaction ended.
	 */
	private int lossesBefore;

	private boolean ending;

	/**
	 * Whether it has made a mistake that ends its channel.
	 */
	private boolean mistaken;

	private int inCallback;

	private int running;

	private long lastTag;

	private int limit;

	ShutdownSignalException signal;

	/**
	 * What a consumer does with what it is given.
	 */
	Handler handler = (listener, tag, delivery) -> {
	};

	SimulatedApplication(Simulation simulation, VirtualChannel channel) {
		this.simulation = simulation;
		this.schedule = simulation.schedule;
		this.channel = channel;
		channel.addShutdownListener((reason) -> {
			if (this.signal != null) {
				fail("The end of the channel is told twice");
			}
			this.signal = reason;
		});
		channel.addConfirmListener((number, multiple) -> confirmed(number, multiple, true),
				(number, multiple) -> confirmed(number, multiple, false));
	}

	VirtualChannel channel() {
		return this.channel;
	}

	/**
	 * Whether the channel has ended. One that was lost in a transaction says that it is
	 * open until this has ended.
	 */
	boolean isClosed() {
		return !this.channel.isOpen() || this.channel.getCloseReason() != null;
	}

	/**
	 * Whether what is unsettled goes back because the application wants that.
	 */
	boolean isEnding() {
		return this.ending;
	}

	boolean isTransacted() {
		return this.transacted;
	}

	boolean isConfirming() {
		return this.confirming;
	}

	int unconfirmed() {
		return (int) this.unconfirmed.values().stream().filter((published) -> !published.optional).count();
	}

	boolean isInTransaction() {
		return !this.inTransaction.isEmpty() || !this.publishedInTransaction.isEmpty();
	}

	private void fail(String text) {
		this.simulation.fail(text);
	}

	private void trace(String text) {
		this.schedule.trace("%s: %s".formatted(this, text));
	}

	/**
	 * Do something that may fail if a broker is lost, or none is there, and must not
	 * otherwise.
	 * @return whether it has succeeded
	 */
	private boolean attempt(String what, Attempt attempt) {
		return attempt(what, attempt, false);
	}

	private boolean attempt(String what, Attempt attempt, boolean mayFail) {
		trace(what);
		int losses = this.simulation.losses;
		boolean wasUsable = isUsable();
		this.running++;
		try {
			attempt.run();
			return true;
		}
		catch (IOException | ShutdownSignalException ex) {
			trace("%s has failed: %s".formatted(what, ex));
			if (!mayFail && !this.mistaken && !isClosed() && wasUsable && isUsable()
					&& losses == this.simulation.losses) {
				fail("%s has failed: %s".formatted(what, ex));
			}
			return false;
		}
		finally {
			this.running--;
		}
	}

	/**
	 * Whether the application may do something now: a transaction is of one thread.
	 */
	boolean isFree() {
		return !this.transacted || this.running == 0;
	}

	private boolean isUsable() {
		return !isClosed() && this.simulation.connection.isOpen()
				&& this.simulation.opened.stream().noneMatch(SimulatedConnection::isDying)
				&& ((SimulatedConnection) Proxy.getInvocationHandler(this.simulation.connection.current().connection()))
					.isUsable();
	}

	boolean confirmSelect() {
		return attempt("confirm.select", () -> {
			this.channel.confirmSelect();
			this.confirming = true;
		});
	}

	boolean txSelect() {
		return attempt("tx.select", () -> {
			this.channel.txSelect();
			this.transacted = true;
		});
	}

	boolean qos(int count, boolean global) {
		return attempt("qos %d %s".formatted(count, global), () -> {
			this.channel.basicQos(count, global);
			if (global) {
				this.limit = count;
			}
		});
	}

	// Consuming

	Listener consume(String queue, int prefetch, boolean autoAck) {
		return consume(queue, prefetch, autoAck, "", false);
	}

	Listener consume(String queue, int prefetch, boolean autoAck, String tag, boolean exclusive) {
		Listener listener = new Listener(prefetch, autoAck);
		this.listeners.add(listener);
		boolean done = attempt("consume %s, prefetch %d%s".formatted(queue, prefetch, autoAck ? ", auto-ack" : ""),
				() -> {
					this.channel.basicQos(prefetch);
					listener.consuming = true;
					listener.tag = this.channel.basicConsume(queue, autoAck, tag, false, exclusive, null, listener);
				});
		if (!done) {
			this.listeners.remove(listener);
			listener.consuming = false;
		}
		return done ? listener : null;
	}

	void cancel(Listener listener) {
		listener.cancelled = true;
		attempt("cancel " + listener.tag, () -> this.channel.basicCancel(listener.tag));
	}

	boolean get(String queue, boolean autoAck) {
		boolean[] any = new boolean[1];
		attempt("get from " + queue, () -> {
			GetResponse response = this.channel.basicGet(queue, autoAck);
			if (response != null) {
				any[0] = true;
				VirtualEnvelope envelope = (VirtualEnvelope) response.getEnvelope();
				handed(null, envelope.tag(), response.getProps(), autoAck);
			}
		});
		return any[0];
	}

	void recover() {
		this.stale.putAll(this.unsettled);
		this.unsettled.clear();
		attempt("recover", () -> {
			this.channel.basicRecover();
			forgetLost();
		});
	}

	private Delivery handed(Listener listener, long tag, AMQP.BasicProperties properties, boolean autoAck) {
		Delivery delivery = this.simulation.deliveries.get(Long.parseLong(properties.getMessageId()));
		trace("%s gets %d, %s".formatted((listener != null) ? listener.tag : "get", tag, delivery));
		if (tag <= this.lastTag) {
			fail("Tag %d after tag %d".formatted(tag, this.lastTag));
		}
		this.lastTag = tag;
		if (delivery.handed++ > 0) {
			fail("Handed on twice: " + delivery);
		}
		if (!autoAck && (delivery.fate == Fate.REQUEUED || delivery.fate == Fate.DISCARDED
				|| delivery.fate == Fate.ACKED || delivery.knownTakenBack || isKnownLost(delivery))) {
			fail("Handed on, but gone back: " + delivery);
		}
		if (!autoAck) {
			this.unsettled.put(tag, delivery);
		}
		return delivery;
	}

	// Settling

	boolean ack(long tag, boolean multiple) {
		return settle(tag, multiple, Fate.ACKED, () -> this.channel.basicAck(tag, multiple));
	}

	boolean nack(long tag, boolean multiple, boolean requeue) {
		return settle(tag, multiple, requeue ? Fate.REQUEUED : Fate.DISCARDED,
				() -> this.channel.basicNack(tag, multiple, requeue));
	}

	boolean reject(long tag, boolean requeue) {
		return settle(tag, false, requeue ? Fate.REQUEUED : Fate.DISCARDED,
				() -> this.channel.basicReject(tag, requeue));
	}

	private boolean settle(long tag, boolean multiple, Fate fate, Attempt attempt) {
		NavigableMap<Long, Delivery> meant = multiple
				? ((tag == 0) ? this.unsettled : this.unsettled.headMap(tag, true))
				: this.unsettled.subMap(tag, true, tag, true);
		Map<Long, Delivery> taken = new TreeMap<>(meant);
		meant.clear();
		Map<Long, Delivery> late = multiple ? ((tag == 0) ? this.stale : this.stale.headMap(tag, true))
				: this.stale.subMap(tag, true, tag, true);
		if (this.transacted) {
			this.staleInTransaction.putAll(late);
		}
		late.clear();
		taken.values().forEach((delivery) -> delivery.meant = fate);
		if (this.transacted) {
			this.inTransaction.putAll(taken);
		}
		int losses = this.simulation.losses;
		boolean done = attempt("%s %d%s".formatted(fate, tag, multiple ? " and before" : ""), attempt);
		if (!done && !isClosed() && losses == this.simulation.losses) {
			fail("Whoever settles must not notice that a broker is lost");
		}
		return done;
	}

	/**
	 * Settle what was never there.
	 */
	void ackUnknown() {
		trace("ack of what is settled already");
		this.simulation.losses++;
		this.mistaken = true;
		try {
			this.channel.basicAck(this.lastTag, false);
		}
		catch (IOException | ShutdownSignalException | IllegalStateException ex) {
			trace("refused: " + ex);
		}
	}

	boolean knowsLast() {
		return this.unsettled.containsKey(this.lastTag) || this.stale.containsKey(this.lastTag)
				|| this.inTransaction.containsKey(this.lastTag) || this.lastTag == 0;
	}

	/**
	 * What was lost with its channel may be settled late, which nobody notices.
	 */
	void forgetLost() {
		new TreeMap<>(this.unsettled).forEach((tag, delivery) -> {
			if (delivery.fate != Fate.OPEN) {
				this.unsettled.remove(tag);
				this.stale.put(tag, delivery);
			}
		});
	}

	// Publishing

	void publish(String queue) {
		Published published = new Published(this.simulation.published.size() + 1);
		String text = "published-" + published.id();
		this.simulation.published.put(text, published);
		published.handling = Schedule.Taken.current();
		if (this.confirming) {
			published.number = this.channel.getNextPublishSeqNo();
			Published same = this.unconfirmed.get(published.number);
			if (this.confirmed.contains(published.number) || (same != null && !same.optional)) {
				fail("Number %d is used twice".formatted(published.number));
			}
			this.unconfirmed.put(published.number, published);
		}
		if (this.transacted) {
			this.publishedInTransaction.add(published);
		}
		boolean done = attempt("publish %s%s".formatted(text, this.confirming ? " as " + published.number : ""),
				() -> this.channel.basicPublish("", queue, null, text.getBytes(StandardCharsets.UTF_8)));
		if (!done) {
			published.optional = true;
			this.publishedInTransaction.remove(published);
		}
	}

	private void confirmed(long number, boolean multiple, boolean ack) {
		trace("%s %d%s".formatted(ack ? "confirmed" : "rejected", number, multiple ? " and before" : ""));
		List<Long> numbers = multiple ? this.unconfirmed.keySet().stream().filter((each) -> each <= number).toList()
				: List.of(number);
		for (long each : numbers) {
			Published published = this.unconfirmed.remove(each);
			if (!this.confirmed.add(each)) {
				fail("Number %d is confirmed twice".formatted(each));
			}
			if (published == null) {
				if (ack) {
					fail("Number %d is confirmed without a message".formatted(each));
				}
				continue;
			}
			boolean right = ack ? Boolean.TRUE.equals(published.said)
					: (Boolean.FALSE.equals(published.said) || published.isLost() || !this.channel.isOpen());
			if (!right) {
				fail("Number %d is %s, the broker has said %s".formatted(each, ack ? "confirmed" : "rejected",
						published.said));
			}
		}
		if (multiple && !numbers.contains(number) && !this.confirmed.contains(number)) {
			fail("Number %d is confirmed without a message".formatted(number));
		}
	}

	// Transactions

	/**
	 * A transaction of which a part was lost fails, and is rolled back.
	 */
	void commit() {
		Map<Long, Delivery> settled = new TreeMap<>(this.inTransaction);
		List<Published> published = List.copyOf(this.publishedInTransaction);
		List<Delivery> lost = settled.values()
			.stream()
			.filter((delivery) -> isKnownLost(delivery) && !this.toldLost.contains(delivery))
			.toList();
		boolean gone = settled.values()
			.stream()
			.anyMatch((delivery) -> delivery.fate != Fate.OPEN || delivery.knownTakenBack);
		boolean mayFail = gone || !this.staleInTransaction.isEmpty() || this.simulation.losses > this.lossesBefore;
		boolean done = attempt("commit", this.channel::txCommit, mayFail);
		if (done && !isClosed()) {
			if (!lost.isEmpty()) {
				fail("Committed, but lost before: " + lost);
			}
			settled.values().forEach((delivery) -> {
				boolean back = delivery.fate == Fate.LOST || delivery.fate == Fate.TAKEN_BACK
						|| delivery.knownTakenBack;
				if (delivery.fate != delivery.meant && !back) {
					fail("Committed, but not settled: " + delivery);
				}
			});
			published.forEach((each) -> {
				if (each.stored == null) {
					fail("Committed, but not published: " + each);
				}
			});
		}
		if (!done && !isClosed()) {
			settled.values()
				.stream()
				.filter((delivery) -> delivery.fate != Fate.OPEN || delivery.knownTakenBack)
				.forEach(this.toldLost::add);
			this.stale.putAll(this.staleInTransaction);
			attempt("rollback", this.channel::txRollback);
			settled.forEach((tag, delivery) -> {
				if (delivery.fate != delivery.meant) {
					takeBack(tag, delivery);
				}
			});
		}
		ended(settled, published);
	}

	private void takeBack(long tag, Delivery delivery) {
		delivery.meant = null;
		((delivery.fate == Fate.OPEN) ? this.unsettled : this.stale).put(tag, delivery);
	}

	private void ended(Map<Long, Delivery> settled, List<Published> published) {
		this.inTransaction.keySet().removeAll(settled.keySet());
		this.publishedInTransaction.removeAll(published);
		this.staleInTransaction.clear();
		this.lossesBefore = this.simulation.losses;
	}

	private static boolean isKnownLost(Delivery delivery) {
		return delivery.fate == Fate.LOST && delivery.channel().told && delivery.channel().connection().told;
	}

	void rollback() {
		Map<Long, Delivery> settled = new TreeMap<>(this.inTransaction);
		List<Published> published = List.copyOf(this.publishedInTransaction);
		attempt("rollback", this.channel::txRollback);
		published.forEach((each) -> {
			if (each.stored != null) {
				fail("Rolled back, but published: " + each);
			}
		});
		settled.forEach((tag, delivery) -> {
			if (delivery.fate == delivery.meant) {
				fail("Rolled back, but settled: " + delivery);
			}
			takeBack(tag, delivery);
		});
		this.stale.putAll(this.staleInTransaction);
		ended(settled, published);
	}

	void close() {
		this.ending = true;
		attempt("close", () -> {
			try {
				this.channel.close();
			}
			catch (TimeoutException ex) {
				fail("Closed too late: " + ex);
			}
		});
	}

	@Override
	public String toString() {
		return "application" + (this.simulation.applications.indexOf(this) + 1);
	}

	/**
	 * What may fail.
	 */
	@FunctionalInterface
	interface Attempt {

		void run() throws IOException;

	}

	/**
	 * Handles what a consumer is given.
	 */
	@FunctionalInterface
	interface Handler {

		void handle(Listener listener, long tag, Delivery delivery);

	}

	/**
	 * A message that was published.
	 */
	static final class Published {

		private final int id;

		long number;

		Boolean said;

		/**
		 * Whether it could not be published, so that it need not be confirmed.
		 */
		boolean optional;

		VirtualEnvelope handling;

		SimulatedChannel stored;

		Published(int id) {
			this.id = id;
		}

		int id() {
			return this.id;
		}

		void said(boolean ack) {
			this.said = ack;
		}

		void stored(SimulatedChannel channel) {
			this.stored = channel;
		}

		/**
		 * Whether nobody can know what has become of it.
		 */
		boolean isLost() {
			return this.stored == null || !this.stored.isOpen() || !this.stored.isOpenAtBroker();
		}

		@Override
		public String toString() {
			return "published-%d (number %d, said %s, stored on %s)".formatted(this.id, this.number, this.said,
					this.stored);
		}

	}

	/**
	 * A consumer.
	 */
	final class Listener implements Consumer {

		private final int prefetch;

		private final boolean autoAck;

		private final Map<SimulatedChannel, Long> tags = new HashMap<>();

		private boolean consuming;

		private boolean cancelled;

		private int consumeOk;

		private int cancelOk;

		private int cancelledByBroker;

		private int shutdown;

		int handled;

		String tag;

		Listener(int prefetch, boolean autoAck) {
			this.prefetch = prefetch;
			this.autoAck = autoAck;
		}

		SimulatedApplication application() {
			return SimulatedApplication.this;
		}

		boolean isCancelled() {
			return this.cancelled || this.cancelledByBroker > 0;
		}

		boolean isConsuming() {
			return this.consuming && !isCancelled() && !isClosed();
		}

		int cancelOk() {
			return this.cancelOk;
		}

		int cancelledByBroker() {
			return this.cancelledByBroker;
		}

		int shutdown() {
			return this.shutdown;
		}

		int consumeOk() {
			return this.consumeOk;
		}

		@Override
		public void handleConsumeOk(String consumerTag) {
			trace("consume-ok " + consumerTag);
			if (this.consumeOk++ > 0 || this.handled > 0) {
				fail("Consume-ok comes first, and once");
			}
		}

		@Override
		public void handleCancelOk(String consumerTag) {
			trace("cancel-ok " + consumerTag);
			if (this.cancelOk++ > 0 || !this.cancelled) {
				fail("Cancel-ok for a consumer that was not cancelled, or was told before");
			}
			enterAndLeave();
		}

		@Override
		public void handleCancel(String consumerTag) {
			trace("cancelled by broker " + consumerTag);
			if (this.cancelledByBroker++ > 0) {
				fail("A cancel is told twice");
			}
			enterAndLeave();
		}

		@Override
		public void handleShutdownSignal(String consumerTag, ShutdownSignalException reason) {
			trace("shutdown of " + consumerTag);
			if (this.shutdown++ > 0) {
				fail("The end is told to a consumer twice");
			}
			enterAndLeave();
		}

		private void enterAndLeave() {
			if (SimulatedApplication.this.inCallback > 0) {
				fail("Two threads call consumers of one channel");
			}
		}

		@Override
		public void handleRecoverOk(String consumerTag) {
			// nobody waits for it
		}

		@Override
		public void handleDelivery(String consumerTag, Envelope given, AMQP.BasicProperties properties, byte[] body) {
			VirtualEnvelope envelope = (VirtualEnvelope) given;
			SimulatedApplication self = SimulatedApplication.this;
			enterAndLeave();
			// what other brokers have sent before they know needs no acknowledgement, or
			// a transaction
			boolean late = this.cancelledByBroker > 0 && !this.autoAck && !self.transacted;
			if (this.cancelOk > 0 || late || !this.consuming) {
				fail("A delivery for a consumer that has ended");
			}
			if (this.tag != null && !this.tag.equals(consumerTag)) {
				fail("Tag '%s' instead of '%s'".formatted(consumerTag, this.tag));
			}
			self.inCallback++;
			VirtualEnvelope before = Schedule.Taken.current();
			try {
				this.handled++;
				Delivery delivery = handed(this, envelope.tag(), properties, this.autoAck);
				Long last = this.tags.put(delivery.channel(), delivery.tag());
				if (last != null && last > delivery.tag()) {
					fail("Out of order: %s after tag %d".formatted(delivery, last));
				}
				checkPrefetch();
				Schedule.Taken.restore(envelope);
				self.handler.handle(this, envelope.tag(), delivery);
			}
			finally {
				Schedule.Taken.restore(before);
				self.inCallback--;
			}
		}

		private void checkPrefetch() {
			SimulatedApplication self = SimulatedApplication.this;
			List<Delivery> mine = self.unsettled.values()
				.stream()
				.filter((delivery) -> delivery.fate == Fate.OPEN && !delivery.knownTakenBack
						&& delivery.consumer() != null)
				.toList();
			long own = mine.stream().filter((delivery) -> Simulation.consumer(delivery.consumer()) == this).count();
			if (!this.autoAck && this.prefetch > 0 && own > this.prefetch) {
				fail("%d unsettled with a prefetch of %d".formatted(own, this.prefetch));
			}
			if (!this.autoAck && self.limit > 0 && mine.size() > self.limit) {
				fail("%d unsettled with a limit of %d".formatted(mine.size(), self.limit));
			}
		}

	}

}
