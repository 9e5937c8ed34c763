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

import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashSet;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.function.Predicate;

import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.Envelope;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;

/**
 * What comes on the real channels of a virtual one: hands it on to the consumers in one
 * order, by one thread at a time, and knows what is to be settled where.
 * <p>
 * Tags are given when a message is handed on. A consumer has no more unsettled messages
 * than its prefetch count, however many brokers deliver to it. The lock is never held
 * while a consumer or the client is called.
 */
final class Deliveries {

	private static final Log logger = LogFactory.getLog(VirtualChannel.class);

	/**
	 * After so many messages, another channel gets the thread.
	 */
	private static final int TURN = 64;

	/**
	 * So many messages that need no acknowledgement wait for their consumer: whoever
	 * delivers more has to wait, too.
	 */
	private static final int MAX_WAITING = 1000;

	/**
	 * Whoever settles nothing does not have the tags of what was lost remembered for
	 * ever.
	 */
	private static final int MAX_LOST = 100_000;

	private final ReentrantLock lock = new ReentrantLock();

	private final Condition room = this.lock.newCondition();

	private final Executor executor;

	private final LinkSource source;

	private final BiConsumer<Item, Throwable> failureHandler;

	private final Consumer<RealChannel> onLastHandedOn;

	private final Set<Subscription> subscriptions = new LinkedHashSet<>();

	private final NavigableMap<Long, VirtualEnvelope> unsettled = new TreeMap<>();

	/**
	 * What brokers are being told of.
	 */
	private final Set<Settlement> telling = new HashSet<>();

	/**
	 * Tags of messages whose broker is lost, or which their broker has taken back.
	 */
	private final Set<Long> lost = new LinkedHashSet<>();

	/**
	 * What was settled in a transaction that has not ended.
	 */
	private final NavigableMap<Long, VirtualEnvelope> inTransaction = new TreeMap<>();

	/**
	 * Tags of what was lost and settled, or settled and lost, in the transaction; in the
	 * latter case with the channel.
	 */
	private final Map<Long, @Nullable RealChannel> lostInTransaction = new TreeMap<>();

	/**
	 * Tags of what was lost, and of which the application was told so.
	 */
	private final Set<Long> toldLost = new HashSet<>();

	private long arrivals;

	private long lastTag;

	private boolean handingOn;

	private volatile @Nullable Thread thread;

	private volatile long busySince;

	/**
	 * Whether something was fetched, or is being fetched, that is to be settled.
	 */
	private boolean fetching;

	/**
	 * Whether there have been several consumers: what one has in hand may have come
	 * before what another one settles, also after its end.
	 */
	private boolean several;

	/**
	 * How many messages may be unsettled at a time, 0 if there is no limit.
	 */
	private int limit;

	/**
	 * Whether something in the transaction cannot be done, as its broker is lost.
	 */
	private boolean doomed;

	private boolean ended;

	/**
	 * Create an instance.
	 * @param executor hands on
	 * @param source has threads if the executor has none any more
	 * @param failureHandler told of what a consumer throws
	 * @param onLastHandedOn told when nothing of a channel that was left waits any more
	 */
	Deliveries(Executor executor, LinkSource source, BiConsumer<Item, Throwable> failureHandler,
			Consumer<RealChannel> onLastHandedOn) {
		this.executor = executor;
		this.source = source;
		this.failureHandler = failureHandler;
		this.onLastHandedOn = onLastHandedOn;
	}

	ReentrantLock lock() {
		return this.lock;
	}

	/**
	 * Whether the calling thread is handing something on.
	 */
	boolean isHandingOn() {
		return this.thread == Thread.currentThread();
	}

	/**
	 * Whether a consumer has been busy with one message for longer than that.
	 */
	boolean isBusyFor(long nanos) {
		return this.thread != null && this.source.nanoTime() - this.busySince > nanos;
	}

	void add(Subscription subscription) {
		this.lock.lock();
		try {
			know(subscription);
		}
		finally {
			this.lock.unlock();
		}
	}

	private void know(Subscription subscription) {
		this.subscriptions.add(subscription);
		this.several |= this.subscriptions.size() > 1;
	}

	/**
	 * Whether a consumer is not told of anything any more.
	 */
	boolean isKnown(Subscription subscription) {
		this.lock.lock();
		try {
			return this.subscriptions.contains(subscription);
		}
		finally {
			this.lock.unlock();
		}
	}

	void remove(Subscription subscription) {
		this.lock.lock();
		try {
			this.subscriptions.remove(subscription);
		}
		finally {
			this.lock.unlock();
		}
	}

	/**
	 * Take a delivery over, on a thread of the client.
	 * @return whether it is handed on: not if it comes again, as its channel is lost, and
	 * not if its consumer is told that it is cancelled
	 */
	boolean deliver(RealChannel real, Subscription subscription, Envelope envelope, AMQP.BasicProperties properties,
			byte[] body) {
		boolean begins;
		this.lock.lock();
		try {
			while (subscription.autoAck() && subscription.items().size() >= MAX_WAITING && !this.ended) {
				this.room.await(1, TimeUnit.SECONDS);
			}
			boolean comesAgain = real.isGone() || real.recovering().containsKey(subscription);
			if (this.ended || (subscription.autoAck() ? subscription.hasEnded() : comesAgain)) {
				return false;
			}
			if (subscription.hasEnded()) {
				real.forsaken().add(envelope.getDeliveryTag());
				return false;
			}
			real.queued++;
			know(subscription);
			subscription.items().add(Item.delivery(this.arrivals++, subscription, real, envelope, properties, body));
			begins = begins();
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
			return false;
		}
		finally {
			this.lock.unlock();
		}
		if (begins) {
			execute();
		}
		return true;
	}

	/**
	 * Tell a consumer of something, behind what has been delivered to it.
	 */
	void tell(Subscription subscription, Item.Event event) {
		this.lock.lock();
		try {
			know(subscription);
			subscription.items().add(Item.event(this.arrivals++, subscription, event));
		}
		finally {
			this.lock.unlock();
		}
		wake();
	}

	/**
	 * Hand on what may be handed on.
	 */
	void wake() {
		boolean begins;
		this.lock.lock();
		try {
			begins = begins();
		}
		finally {
			this.lock.unlock();
		}
		if (begins) {
			execute();
		}
	}

	/**
	 * Whether there is something to be handed on, and nobody who does so: then the caller
	 * does.
	 */
	private boolean begins() {
		if (this.handingOn || next(false) == null) {
			return false;
		}
		this.handingOn = true;
		return true;
	}

	private void execute() {
		try {
			this.executor.execute(this::handOn);
		}
		catch (RejectedExecutionException ex) {
			executeElsewhere(ex);
		}
		catch (Throwable ex) {
			logger.error("Messages are handed on with delay", ex);
			again();
		}
	}

	/**
	 * The application may have ended its executor before its consumers.
	 */
	private void executeElsewhere(RejectedExecutionException rejection) {
		try {
			this.source.execute(this::handOn);
		}
		catch (Throwable ex) {
			logger.debug("Messages are not handed on at the moment", rejection);
			again();
		}
	}

	private void again() {
		this.lock.lock();
		try {
			this.handingOn = false;
		}
		finally {
			this.lock.unlock();
		}
		this.source.later(RealChannel.FLUSH, this::wake);
	}

	private void handOn() {
		this.thread = Thread.currentThread();
		try {
			for (int i = 0; i < TURN; i++) {
				Item item;
				VirtualEnvelope envelope;
				boolean last;
				this.lock.lock();
				try {
					item = next(true);
					if (item == null) {
						this.thread = null;
						this.handingOn = false;
						return;
					}
					envelope = (item.real() != null) ? give(item, item.real()) : null;
					last = envelope != null && envelope.real().isLeft() && envelope.real().queued == 0;
				}
				finally {
					this.lock.unlock();
				}
				this.busySince = this.source.nanoTime();
				handOn(item, envelope);
				if (last && envelope != null) {
					this.onLastHandedOn.accept(envelope.real());
				}
			}
			this.thread = null;
		}
		catch (Throwable ex) {
			this.thread = null;
			logger.error("Messages are handed on with delay", ex);
			again();
			return;
		}
		finally {
			VirtualEnvelope.forget();
		}
		execute();
	}

	/**
	 * Return the first item whose consumer has room for it, or {@code null} if there is
	 * none.
	 */
	private @Nullable Item next(boolean take) {
		Subscription first = null;
		long arrival = Long.MAX_VALUE;
		for (Subscription subscription : this.subscriptions) {
			Item head = subscription.items().peek();
			if (head != null && head.arrival() < arrival && mayBeHandedOn(head)) {
				first = subscription;
				arrival = head.arrival();
			}
		}
		if (first == null) {
			return null;
		}
		return take ? first.items().poll() : first.items().peek();
	}

	private boolean mayBeHandedOn(Item item) {
		boolean within = this.limit == 0 || !item.isToBeSettled() || this.unsettled.size() < this.limit;
		return item.real() == null || (within && item.subscription().hasRoom());
	}

	/**
	 * Limit how many messages may be unsettled, whichever consumer has them.
	 */
	void limit(int count) {
		this.lock.lock();
		try {
			this.limit = count;
		}
		finally {
			this.lock.unlock();
		}
		wake();
	}

	private VirtualEnvelope give(Item item, RealChannel real) {
		Subscription subscription = item.subscription();
		Envelope envelope = item.requireEnvelope();
		VirtualEnvelope given = new VirtualEnvelope(++this.lastTag, envelope, this, real, subscription);
		real.queued--;
		if (subscription.autoAck()) {
			real.passedOn();
			if (subscription.items().size() == MAX_WAITING - 1) {
				this.room.signalAll();
			}
		}
		else {
			this.unsettled.put(this.lastTag, given);
			real.unsettled++;
			subscription.unsettled++;
		}
		if (subscription.handsOn()) {
			subscription.handingOn().given();
		}
		return given;
	}

	private void handOn(Item item, @Nullable VirtualEnvelope envelope) {
		Subscription subscription = item.subscription();
		try {
			if (item.event() != null) {
				item.event().tell();
			}
			else {
				subscription.callback().handleDelivery(subscription.tag(), envelope, item.properties(), item.body());
			}
		}
		catch (Throwable ex) {
			failed(item, ex);
		}
	}

	private void failed(Item item, Throwable failure) {
		try {
			this.failureHandler.accept(item, failure);
		}
		catch (Throwable ex) {
			logger.error("Failure of %s cannot be handled".formatted(item.subscription()), ex);
		}
	}

	/**
	 * A message that was handed on is being handled.
	 */
	void taken(VirtualEnvelope envelope) {
		boolean wake;
		this.lock.lock();
		try {
			wake = take(envelope);
		}
		finally {
			this.lock.unlock();
		}
		if (wake) {
			wake();
		}
	}

	private boolean take(VirtualEnvelope envelope) {
		Subscription subscription = envelope.subscription();
		if (subscription == null || !subscription.handsOn() || !envelope.take()) {
			return false;
		}
		boolean waiting = !subscription.items().isEmpty();
		return subscription.handingOn().taken(this.source.nanoTime(), waiting) && waiting;
	}

	/**
	 * A message is going to be fetched, which may come before something that is settled
	 * meanwhile.
	 */
	void fetch() {
		this.lock.lock();
		try {
			this.fetching = true;
		}
		finally {
			this.lock.unlock();
		}
	}

	/**
	 * Note a message that was fetched.
	 * @return the message, or {@code null} if it comes again, as its channel is lost
	 */
	@Nullable VirtualEnvelope fetched(RealChannel real, Envelope envelope, boolean autoAck) {
		this.lock.lock();
		try {
			if (!autoAck && (this.ended || real.isGone())) {
				return null;
			}
			VirtualEnvelope fetched = new VirtualEnvelope(++this.lastTag, envelope, this, real, null);
			if (!autoAck) {
				this.unsettled.put(this.lastTag, fetched);
				real.unsettled++;
			}
			return fetched;
		}
		finally {
			this.lock.unlock();
		}
	}

	/**
	 * Take what is to be settled.
	 * @param tag the tag of a message that was handed on
	 * @param multiple whether all before are meant as well; with a tag of 0, all that
	 * were handed on
	 * @param transacted whether this can be rolled back
	 * @return what is to be told to the brokers; nothing if they cannot be told any more
	 * @throws UnknownTagException if there is no such message, or it is settled already
	 */
	List<Settlement> settle(long tag, boolean multiple, boolean transacted) throws UnknownTagException {
		this.lock.lock();
		try {
			List<VirtualEnvelope> meant = transacted ? meantInTransaction(tag, multiple) : meant(tag, multiple);
			this.doomed |= !this.lostInTransaction.isEmpty();
			meant.forEach((envelope) -> settle(envelope, transacted));
			if (meant.size() == 1) {
				return List.of(tell(Settlement.atOnce(meant.get(0).real(), meant)));
			}
			Map<RealChannel, List<VirtualEnvelope>> byChannel = new LinkedHashMap<>();
			for (VirtualEnvelope envelope : meant) {
				byChannel.computeIfAbsent(envelope.real(), (real) -> new ArrayList<>()).add(envelope);
			}
			List<Settlement> settlements = new ArrayList<>(byChannel.size());
			byChannel.forEach((real, ofReal) -> {
				ofReal.sort(Comparator.comparingLong(VirtualEnvelope::realTag));
				long last = ofReal.get(ofReal.size() - 1).realTag();
				settlements.add(tell((ofReal.size() == 1 || isComplete(real, last)) ? Settlement.atOnce(real, ofReal)
						: Settlement.oneByOne(real, ofReal)));
			});
			return settlements;
		}
		finally {
			this.lock.unlock();
		}
	}

	private void settle(VirtualEnvelope envelope, boolean transacted) {
		this.unsettled.remove(envelope.tag());
		release(envelope);
		if (transacted) {
			this.inTransaction.put(envelope.tag(), envelope);
			envelope.real().settled = true;
		}
		envelope.real().unsettled--;
	}

	private List<VirtualEnvelope> meantInTransaction(long tag, boolean multiple) throws UnknownTagException {
		List<Long> before = List.copyOf(this.lost);
		List<VirtualEnvelope> meant = meant(tag, multiple);
		before.stream()
			.filter((each) -> !this.lost.contains(each))
			.forEach((each) -> this.lostInTransaction.put(each, null));
		return meant;
	}

	private List<VirtualEnvelope> meant(long tag, boolean multiple) throws UnknownTagException {
		if (tag > this.lastTag) {
			throw new UnknownTagException(tag, true);
		}
		if (multiple) {
			NavigableMap<Long, VirtualEnvelope> upTo = (tag == 0) ? this.unsettled : this.unsettled.headMap(tag, true);
			boolean anyLost = (!this.lost.isEmpty() && this.lost.removeIf((each) -> tag == 0 || each <= tag))
					|| this.toldLost.contains(tag);
			if (!upTo.isEmpty() || anyLost || tag == 0) {
				return List.copyOf(upTo.values());
			}
		}
		VirtualEnvelope one = this.unsettled.get(tag);
		if (one != null) {
			return List.of(one);
		}
		if (this.lost.remove(tag) || this.toldLost.contains(tag)) {
			logger.debug(
					"Delivery %d cannot be settled any more, its broker was lost or has taken it back".formatted(tag));
			return List.of();
		}
		throw new UnknownTagException(tag, false);
	}

	/**
	 * Whether a message was delivered to a consumer that the application has cancelled.
	 */
	boolean isOfCancelled(long tag) {
		this.lock.lock();
		try {
			VirtualEnvelope envelope = this.unsettled.get(tag);
			Subscription subscription = (envelope != null) ? envelope.subscription() : null;
			return subscription != null && subscription.isCancelled();
		}
		finally {
			this.lock.unlock();
		}
	}

	private void release(VirtualEnvelope envelope) {
		take(envelope);
		Subscription subscription = envelope.subscription();
		if (subscription != null) {
			subscription.unsettled--;
		}
	}

	/**
	 * Take what the broker is told of next, one by one. What it has taken back meanwhile
	 * is left out.
	 * @return the delivery tag that it has given, or 0 if it was told of everything
	 */
	long next(Settlement settlement) {
		this.lock.lock();
		try {
			return settlement.next();
		}
		finally {
			this.lock.unlock();
		}
	}

	/**
	 * Whether what came on a channel up to the last of some messages are just these, as
	 * far as it is to be settled. What is fetched may come before something that was
	 * delivered earlier, and other threads may settle something.
	 */
	private boolean isComplete(RealChannel real, long last) {
		if (this.fetching || real.telling > 0 || real.forsaken().stream().anyMatch((forsaken) -> forsaken < last)) {
			return false;
		}
		boolean waiting = real.queued > 0 && this.subscriptions.stream()
			.flatMap((subscription) -> subscription.items()
				.stream()
				.filter((item) -> item.isFrom(real) && item.isToBeSettled())
				.limit(1))
			.anyMatch((item) -> item.realTag() < last);
		return !waiting && !(this.several && this.unsettled.values()
			.stream()
			.anyMatch((envelope) -> envelope.real() == real && envelope.realTag() < last));
	}

	/**
	 * The broker was told what becomes of some messages.
	 */
	void told(Settlement settlement) {
		this.lock.lock();
		try {
			if (this.telling.remove(settlement)) {
				settlement.real().telling -= settlement.size();
			}
		}
		finally {
			this.lock.unlock();
		}
	}

	/**
	 * The brokers were told what becomes of some messages: hand on what there is room for
	 * now.
	 * @return channels that were left, and may be at their end
	 */
	List<RealChannel> told(List<Settlement> settlements) {
		List<RealChannel> left = List.of();
		boolean begins;
		this.lock.lock();
		try {
			for (Settlement settlement : settlements) {
				RealChannel real = settlement.real();
				told(settlement);
				if (real.isLeft()) {
					left = (left.isEmpty()) ? new ArrayList<>() : left;
					left.add(real);
				}
			}
			begins = begins();
		}
		finally {
			this.lock.unlock();
		}
		if (begins) {
			execute();
		}
		return left;
	}

	/**
	 * A part of the transaction is lost with its broker.
	 */
	void doom() {
		this.lock.lock();
		try {
			this.doomed = true;
		}
		finally {
			this.lock.unlock();
		}
	}

	/**
	 * Whether a part of the transaction cannot be done.
	 */
	boolean isDoomed() {
		this.lock.lock();
		try {
			return this.doomed;
		}
		finally {
			this.lock.unlock();
		}
	}

	/**
	 * The transaction has failed, which tells the application of what was lost in it: it
	 * may settle that again, to no effect.
	 */
	void transactionFailed() {
		this.lock.lock();
		try {
			if (this.toldLost.size() < MAX_LOST) {
				this.toldLost.addAll(this.lostInTransaction.keySet());
			}
			this.lostInTransaction.clear();
		}
		finally {
			this.lock.unlock();
		}
	}

	/**
	 * The transaction has ended on all channels. What was lost in it may be settled in
	 * the next one, which fails then.
	 */
	void transactionEnded() {
		this.lock.lock();
		try {
			this.doomed = false;
			this.lostInTransaction.keySet().forEach(this::lost);
			this.lostInTransaction.clear();
		}
		finally {
			this.lock.unlock();
		}
	}

	/**
	 * A transaction has ended on a channel.
	 */
	void transactionEnded(RealChannel real, boolean committed) {
		this.lock.lock();
		try {
			real.published = false;
			real.settled = false;
			if (committed) {
				// lost right behind its commit
				this.lostInTransaction.values().removeIf((lost) -> lost == real);
			}
			for (Iterator<VirtualEnvelope> each = this.inTransaction.values().iterator(); each.hasNext();) {
				VirtualEnvelope envelope = each.next();
				if (envelope.real() == real) {
					each.remove();
					if (!committed) {
						takeBack(envelope);
					}
				}
			}
		}
		finally {
			this.lock.unlock();
		}
	}

	private void takeBack(VirtualEnvelope envelope) {
		if (envelope.real().forsaken().contains(envelope.realTag())) {
			lost(envelope.tag());
			return;
		}
		Subscription subscription = envelope.subscription();
		this.unsettled.put(envelope.tag(), envelope);
		envelope.real().unsettled++;
		if (subscription != null) {
			subscription.unsettled++;
		}
	}

	/**
	 * Nothing that came on a channel can be settled any more: what was not handed on is
	 * dropped, and comes again.
	 */
	void forget(RealChannel real) {
		this.lock.lock();
		try {
			this.subscriptions.forEach((subscription) -> dropWaiting(real, subscription));
			lose(real, (envelope) -> true);
			for (Iterator<VirtualEnvelope> each = this.inTransaction.values().iterator(); each.hasNext();) {
				VirtualEnvelope envelope = each.next();
				if (envelope.real() == real) {
					each.remove();
					this.lostInTransaction.put(envelope.tag(), real);
				}
			}
			this.telling.removeIf((settlement) -> settlement.real() == real);
			real.queued = 0;
			real.unsettled = 0;
			real.telling = 0;
			this.room.signalAll();
		}
		finally {
			this.lock.unlock();
		}
		wake();
	}

	private boolean lose(RealChannel real, Predicate<VirtualEnvelope> which) {
		boolean any = false;
		for (Iterator<VirtualEnvelope> each = this.unsettled.values().iterator(); each.hasNext();) {
			VirtualEnvelope envelope = each.next();
			if (envelope.real() == real && which.test(envelope)) {
				each.remove();
				release(envelope);
				real.unsettled--;
				any = true;
				lost(envelope.tag());
			}
		}
		return any;
	}

	private void lost(long tag) {
		if (this.lost.size() < MAX_LOST) {
			this.lost.add(tag);
		}
	}

	/**
	 * Take what was not handed on to a consumer from it.
	 * @return what is to be told to the brokers, by channel
	 */
	Map<RealChannel, Settlement> takeWaiting(Predicate<Item> which) {
		this.lock.lock();
		try {
			Map<RealChannel, List<Item>> taken = new LinkedHashMap<>();
			for (Subscription subscription : this.subscriptions) {
				for (Iterator<Item> each = subscription.items().iterator(); each.hasNext();) {
					Item item = each.next();
					if (item.isToBeSettled() && which.test(item)) {
						each.remove();
						item.requireReal().queued--;
						taken.computeIfAbsent(item.requireReal(), (real) -> new ArrayList<>()).add(item);
					}
				}
			}
			Map<RealChannel, Settlement> settlements = new LinkedHashMap<>();
			taken.forEach((real, items) -> settlements.put(real, tell(Settlement.oneByOne(real, items))));
			return settlements;
		}
		finally {
			this.lock.unlock();
		}
	}

	private Settlement tell(Settlement settlement) {
		settlement.real().telling += settlement.size();
		this.telling.add(settlement);
		return settlement;
	}

	/**
	 * The broker has cancelled a consumer itself. RabbitMQ 4.3 does so when one of its
	 * messages has timed out, and takes that back: if it was settled late, the broker
	 * would go on delivering, and close the connection. So nothing of what was delivered
	 * is settled any more.
	 * @return whether the consumer has something in hand
	 */
	boolean forsake(RealChannel real, Subscription subscription) {
		this.lock.lock();
		try {
			boolean inHand = lose(real, (envelope) -> {
				boolean meant = envelope.subscription() == subscription;
				if (meant) {
					real.forsaken().add(envelope.realTag());
				}
				return meant;
			});
			this.inTransaction.values()
				.stream()
				.filter((envelope) -> envelope.real() == real && envelope.subscription() == subscription)
				.forEach((envelope) -> real.forsaken().add(envelope.realTag()));
			real.forsaken().addAll(dropWaiting(real, subscription));
			this.telling.stream()
				.filter((settlement) -> settlement.real() == real)
				.forEach((settlement) -> settlement.leaveOut(subscription, real.forsaken()::add));
			// the client tells it of no recover any more
			real.recovering().remove(subscription);
			return inHand;
		}
		finally {
			this.lock.unlock();
		}
	}

	/**
	 * Everything unsettled on some channels is going to be delivered again, and so is
	 * what comes until their brokers have answered.
	 */
	void recover(Collection<RealChannel> reals) {
		this.lock.lock();
		try {
			for (RealChannel real : reals) {
				this.subscriptions.forEach((subscription) -> dropWaiting(real, subscription));
				lose(real, (envelope) -> true);
				real.forsaken().clear();
				real.inUse++;
				real.subscribed()
					.stream()
					.filter((subscription) -> !subscription.autoAck())
					.forEach((subscription) -> real.recovering().merge(subscription, 1, Integer::sum));
			}
		}
		finally {
			this.lock.unlock();
		}
		wake();
	}

	/**
	 * Drop what waits for a consumer, and is to be settled.
	 * @return the delivery tags
	 */
	private static List<Long> dropWaiting(RealChannel real, Subscription subscription) {
		List<Long> dropped = new ArrayList<>();
		for (Iterator<Item> each = subscription.items().iterator(); each.hasNext();) {
			Item item = each.next();
			if (item.isFrom(real) && item.isToBeSettled()) {
				each.remove();
				real.queued--;
				dropped.add(item.realTag());
			}
		}
		return dropped;
	}

	/**
	 * Whether what comes for a consumer comes again.
	 */
	boolean isRecovering(RealChannel real, Subscription subscription) {
		this.lock.lock();
		try {
			return real.recovering().containsKey(subscription);
		}
		finally {
			this.lock.unlock();
		}
	}

	/**
	 * What comes for a consumer from now on was delivered after a recover.
	 */
	void recovered(RealChannel real, Subscription subscription) {
		this.lock.lock();
		try {
			real.recovering().computeIfPresent(subscription, (key, times) -> (times > 1) ? times - 1 : null);
		}
		finally {
			this.lock.unlock();
		}
	}

	/**
	 * The channel is closed: what needs no acknowledgement is handed on still.
	 */
	void end() {
		this.lock.lock();
		try {
			this.ended = true;
			this.subscriptions.forEach((subscription) -> subscription.items().removeIf(Item::isToBeSettled));
			this.unsettled.clear();
			this.inTransaction.clear();
			this.room.signalAll();
		}
		finally {
			this.lock.unlock();
		}
	}

	/**
	 * Return the channel of the first message that is to be settled.
	 */
	@Nullable RealChannel firstUnsettled() {
		this.lock.lock();
		try {
			var first = this.unsettled.firstEntry();
			return (first != null) ? first.getValue().real() : null;
		}
		finally {
			this.lock.unlock();
		}
	}

}
