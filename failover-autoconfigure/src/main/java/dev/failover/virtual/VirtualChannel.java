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
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.Collectors;

import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.AlreadyClosedException;
import com.rabbitmq.client.BuiltinExchangeType;
import com.rabbitmq.client.CancelCallback;
import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Command;
import com.rabbitmq.client.ConfirmCallback;
import com.rabbitmq.client.ConfirmListener;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.Consumer;
import com.rabbitmq.client.ConsumerShutdownSignalCallback;
import com.rabbitmq.client.DeliverCallback;
import com.rabbitmq.client.GetResponse;
import com.rabbitmq.client.Method;
import com.rabbitmq.client.Return;
import com.rabbitmq.client.ReturnCallback;
import com.rabbitmq.client.ReturnListener;
import com.rabbitmq.client.ShutdownListener;
import com.rabbitmq.client.ShutdownSignalException;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;

import dev.failover.broker.Broker;
import dev.failover.failure.ClientOperation;
import dev.failover.failure.CloseReason;

/**
 * A channel that stays open while the broker behind it changes.
 * <p>
 * Delivery tags and numbers of confirms are its own. What was delivered is settled where
 * it has come from, and so is what is published by the thread that handles it; what
 * cannot be settled any more, as its broker is lost, is not, and comes again. An
 * operation that a broker answers with the end of the channel ends this one, too.
 * <p>
 * Whoever holds the structural lock opens, subscribes and cancels; it is held during
 * round trips, as the client's own lock of a channel is. Consumers and listeners are
 * called without any lock.
 */
final class VirtualChannel implements Channel {

	private static final Log logger = LogFactory.getLog(VirtualChannel.class);

	/**
	 * A broker that does not answer any more does not confirm a cancel.
	 */
	private static final Duration CANCEL = Duration.ofSeconds(1);

	/**
	 * A consumer that takes longer handles messages itself.
	 */
	private static final Duration BUSY = Duration.ofMillis(100);

	private static final Duration LOOK = Duration.ofMillis(5);

	/**
	 * How soon a consumer that was refused is tried again, twice as long each time.
	 */
	private static final Duration FIRST_RETRY = Duration.ofMillis(100);

	private static final int MAX_DOUBLINGS = 4;

	private final VirtualConnection connection;

	private final int number;

	private final ReentrantLock structure = new ReentrantLock();

	private final ReentrantLock publishing = new ReentrantLock();

	private final Deliveries deliveries;

	private final Confirms confirms;

	private final Requesters requesters;

	private final Condition cancelled;

	/**
	 * Guarded by the lock of the deliveries.
	 */
	private final List<RealChannel> reals = new ArrayList<>();

	private final Map<String, Subscription> subscriptions = new ConcurrentHashMap<>();

	/**
	 * Consumers that the application has cancelled, as long as they may have something in
	 * hand.
	 */
	private final Set<Subscription> ending = ConcurrentHashMap.newKeySet();

	/**
	 * Queues that a broker has named, and that were declared on this channel.
	 */
	private final Set<String> named = ConcurrentHashMap.newKeySet();

	private final List<ReturnListener> returnListeners = new CopyOnWriteArrayList<>();

	private final List<ShutdownListener> shutdownListeners = new CopyOnWriteArrayList<>();

	private final AtomicReference<@Nullable ShutdownSignalException> closed = new AtomicReference<>();

	private volatile @Nullable RealChannel main;

	/**
	 * Consumers that the active broker does not accept at the moment.
	 */
	private volatile Set<Subscription> refused = Set.of();

	private int refusals;

	private volatile boolean transacted;

	/**
	 * Whether this channel was lost in a transaction that is neither committed nor rolled
	 * back since.
	 */
	private boolean unfinished;

	private volatile @Nullable Consumer defaultConsumer;

	private volatile int prefetch;

	private volatile int prefetchOfChannel;

	VirtualChannel(VirtualConnection connection, int number) {
		this.connection = connection;
		this.number = number;
		this.deliveries = new Deliveries(connection.consumers(), connection.source(), this::consumerFailed,
				this::closeIfIdle);
		this.confirms = new Confirms(this.deliveries.lock());
		this.requesters = new Requesters();
		this.cancelled = this.deliveries.lock().newCondition();
	}

	Deliveries deliveries() {
		return this.deliveries;
	}

	Collection<Subscription> subscriptions() {
		return this.subscriptions.values();
	}

	boolean isTransacted() {
		return this.transacted;
	}

	// Where the channel leads to

	/**
	 * Open the first channel.
	 */
	void bind() throws IOException {
		bound();
	}

	private RealChannel bound() throws IOException {
		RealChannel real = this.main;
		if (real != null && isRight(real)) {
			return real;
		}
		this.structure.lock();
		try {
			requireOpen();
			real = this.main;
			if (real != null && isRight(real)) {
				return real;
			}
			if (real != null && isLost(real)) {
				lose(real, real.channel().getCloseReason());
				requireOpen();
			}
			return rebind();
		}
		finally {
			this.structure.unlock();
		}
	}

	/**
	 * Go where the connection is. The active broker may change in this moment.
	 */
	private RealChannel rebind() throws IOException {
		Link link = this.connection.require();
		while (true) {
			try {
				return rebind(link);
			}
			catch (LeftLinkException ex) {
				Link next = this.connection.require();
				if (next == link) {
					throw ex;
				}
				link = next;
			}
		}
	}

	/**
	 * Whether a channel is to be used. Consumers decide themselves when to go elsewhere.
	 */
	private boolean isRight(RealChannel real) {
		return real.isUsable() && (real.link() == this.connection.current() || !this.subscriptions.isEmpty()
				|| !this.named.isEmpty() || real.isInTransaction());
	}

	private static boolean isLost(RealChannel real) {
		return !real.isGone() && !real.link().isOpen();
	}

	/**
	 * Go to another broker, and subscribe there before ending where the channel was. An
	 * exclusive consumer cannot be subscribed twice, on whichever node of a cluster.
	 */
	private RealChannel rebind(Link link) throws IOException {
		RealChannel before = this.main;
		if (before != null && !before.isGone()
				&& this.subscriptions.values().stream().anyMatch(Subscription::exclusive)) {
			reals().stream().filter((real) -> link.target().hasQueuesOf(real.link().broker())).forEach(this::cancelAll);
		}
		RealChannel ready = on(link);
		RealChannel fresh = (ready != null && isReady(ready)) ? ready : openSubscribed(link);
		this.main = fresh;
		if (ready != null && ready != fresh) {
			leave(ready);
		}
		if (before != null && !before.isGone()) {
			leave(before);
		}
		return fresh;
	}

	/**
	 * Whether a channel that was opened beside the active broker can do everything that
	 * is wanted from now on.
	 */
	private boolean isReady(RealChannel real) {
		return real.isUsable() && real.isFor(this.transacted, this.confirms.isSelected())
				&& this.subscriptions.values().stream().allMatch((each) -> isSubscribed(real, each));
	}

	/**
	 * Open a channel with all consumers that the broker accepts. A queue that is not
	 * there is declared, if that is known. What is refused all the same is tried again
	 * later: where else the consumer is subscribed, it goes on.
	 */
	private RealChannel openSubscribed(Link link) throws IOException {
		List<Subscription> all = List.copyOf(this.subscriptions.values());
		Set<Subscription> refused = new LinkedHashSet<>();
		Set<Subscription> declared = new HashSet<>();
		while (true) {
			int applied = prefetchOfFirst(all);
			RealChannel fresh = open(link, applied);
			Subscription last = null;
			try {
				for (Subscription subscription : all) {
					last = subscription;
					if (!refused.contains(subscription)) {
						require(all.size() == 1 || exists(link, subscription.queue()), subscription);
						applied = subscribe(fresh, subscription, applied);
					}
				}
				refused(link, refused);
				return fresh;
			}
			catch (IOException | RuntimeException ex) {
				abandon(fresh);
				if (!link.isOpen() || last == null || this.connection.queues().isNamedByBroker(last.queue())) {
					throw ex;
				}
				boolean missing = CloseReason.in(ex) == CloseReason.NOT_FOUND || ex instanceof MissingQueueException;
				if (!missing || !declared.add(last) || !this.connection.queues().declareOn(link, last.queue())) {
					tellRefused(link, last, ex);
					refused.add(last);
				}
			}
			catch (Error ex) {
				abandon(fresh);
				throw ex;
			}
		}
	}

	private static int prefetchOfFirst(List<Subscription> subscriptions) {
		return subscriptions.isEmpty() ? 0 : subscriptions.get(0).prefetch();
	}

	private static void require(boolean there, Subscription subscription) throws MissingQueueException {
		if (!there) {
			throw new MissingQueueException(subscription.queue());
		}
	}

	private void tellRefused(Link link, Subscription subscription, Exception failure) {
		if (!this.refused.contains(subscription)) {
			logger.warn("Queue '%s' cannot be consumed on broker %s at the moment, and is tried again: %s"
				.formatted(subscription.queue(), link, text(failure)));
		}
		logger.debug("Queue '%s' cannot be consumed".formatted(subscription.queue()), failure);
	}

	private void refused(Link link, Set<Subscription> refused) {
		this.refused.stream()
			.filter((before) -> !refused.contains(before) && this.subscriptions.containsValue(before))
			.forEach((before) -> logger
				.info("Queue '%s' is consumed again on broker %s".formatted(before.queue(), link)));
		this.refused = Set.copyOf(refused);
		if (refused.isEmpty()) {
			this.refusals = 0;
		}
		else {
			Duration pause = FIRST_RETRY.multipliedBy(1L << Math.min(this.refusals++, MAX_DOUBLINGS));
			this.connection.source().later(pause, this.connection::follow);
		}
	}

	/**
	 * Subscribe what was refused before.
	 */
	private void subscribeRefused(RealChannel real) {
		Set<Subscription> still = new LinkedHashSet<>();
		for (Subscription subscription : this.refused) {
			if (!this.subscriptions.containsValue(subscription)) {
				continue;
			}
			try {
				boolean there = real.link()
					.target()
					.pass(ClientOperation.BASIC_CONSUME, subscription.queue(),
							() -> exists(real.link(), subscription.queue()));
				require(there || this.connection.queues().declareOn(real.link(), subscription.queue()), subscription);
				subscribe(real, subscription, -1);
			}
			catch (IOException | RuntimeException ex) {
				tellRefused(real.link(), subscription, ex);
				still.add(subscription);
			}
		}
		refused(real.link(), still);
	}

	private RealChannel open(Link link, int prefetch) throws IOException {
		RealChannel real = new RealChannel(link, link.openChannel(prefetch), this.transacted,
				this.confirms.isSelected());
		Channel channel = real.channel();
		try {
			if (this.prefetchOfChannel > 0) {
				channel.basicQos(0, this.prefetchOfChannel, true);
			}
			if (this.confirms.isSelected()) {
				confirm(real);
			}
			if (this.transacted) {
				channel.txSelect();
			}
			channel.addReturnListener((ReturnListener) this::returned);
			channel.setDefaultConsumer(new LateConsumer(this, real));
		}
		catch (IOException | RuntimeException | Error ex) {
			channel.abort();
			throw ex;
		}
		lock().lock();
		try {
			this.reals.add(real);
		}
		finally {
			lock().unlock();
		}
		if (!isAlive()) {
			abandon(real);
			requireOpen();
		}
		channel.addShutdownListener((signal) -> ended(real, signal));
		return real;
	}

	private void confirm(RealChannel real) throws IOException {
		real.channel()
			.addConfirmListener((number, multiple) -> confirmed(real, number, multiple, true),
					(number, multiple) -> confirmed(real, number, multiple, false));
		real.channel().confirmSelect();
	}

	private void confirmed(RealChannel real, long number, boolean multiple, boolean ack) throws IOException {
		this.confirms.confirmed(real, number, multiple, ack);
		closeIfIdle(real);
	}

	/**
	 * Subscribe a consumer.
	 * @param applied the prefetch count that consumers of the channel get
	 * @return the prefetch count that they get now
	 */
	private int subscribe(RealChannel real, Subscription subscription, int applied) throws IOException {
		if (subscription.prefetch() != applied) {
			real.channel().basicQos(subscription.prefetch());
		}
		subscribe(real, subscription, false);
		if (this.subscriptions.get(subscription.tag()) != subscription) {
			// cancelled by a broker meanwhile
			cancel(real, subscription);
		}
		return subscription.prefetch();
	}

	private String subscribe(RealChannel real, Subscription subscription, boolean first) throws IOException {
		lock().lock();
		try {
			real.subscribed().add(subscription);
		}
		finally {
			lock().unlock();
		}
		try {
			RealConsumer consumer = new RealConsumer(this, real, subscription, first);
			return real.link()
				.target()
				.pass(ClientOperation.BASIC_CONSUME, subscription.queue(), () -> real.channel()
					.basicConsume(subscription.queue(), subscription.autoAck(), subscription.tag(),
							subscription.noLocal(), subscription.exclusive(), subscription.arguments(), consumer));
		}
		catch (IOException | RuntimeException | Error ex) {
			lock().lock();
			try {
				real.subscribed().remove(subscription);
			}
			finally {
				lock().unlock();
			}
			throw ex;
		}
	}

	/**
	 * Go to another broker, if there are consumers; if not, with the next operation.
	 */
	void follow(Link link) {
		this.structure.lock();
		try {
			go(link);
			if (isAlive()) {
				// what was opened beside the active broker and is not taken into use
				leave(link);
			}
		}
		catch (LeftLinkException ex) {
			logger.debug("%s goes to another broker meanwhile".formatted(this), ex);
			this.connection.source().later(FIRST_RETRY, this.connection::follow);
		}
		catch (IOException | RuntimeException ex) {
			if (link.isOpen()) {
				logger.debug("%s cannot go to %s".formatted(this, link), ex);
				shutdown(signal("Consumers cannot go to broker '%s': %s".formatted(link.broker().name(), text(ex))));
			}
		}
		finally {
			this.structure.unlock();
		}
	}

	private void go(Link link) throws IOException {
		RealChannel before = this.main;
		if (!isAlive() || before == null) {
			return;
		}
		if (before.link() == link && before.isUsable()) {
			if (!this.refused.isEmpty()) {
				subscribeRefused(before);
			}
			return;
		}
		if (isLost(before)) {
			lose(before, before.channel().getCloseReason());
			if (!isAlive()) {
				return;
			}
		}
		if (this.subscriptions.isEmpty()) {
			leaveIdle(before);
		}
		else if (!isPinned()) {
			rebind(link);
		}
	}

	private static String text(Exception failure) {
		Throwable cause = failure;
		while (cause.getCause() != null && !(cause instanceof ShutdownSignalException)) {
			cause = cause.getCause();
		}
		return String.valueOf(cause.getMessage());
	}

	/**
	 * A queue that the broker has named is there and nowhere else. Whoever has declared
	 * it on the same channel waits for something, and has the time that there is to leave
	 * a broker; all others declare it anew.
	 */
	private boolean isPinned() throws IOException {
		if (!this.named.isEmpty()) {
			return true;
		}
		for (Subscription subscription : this.subscriptions.values()) {
			if (this.connection.queues().isNamedByBroker(subscription.queue())) {
				throw new IOException("Queue '%s' was named by the broker".formatted(subscription.queue()));
			}
		}
		return false;
	}

	/**
	 * A channel on which something is published or done at the moment is left later on.
	 */
	private void leaveIdle(RealChannel real) {
		if (real.isGone() || !this.named.isEmpty() || !this.publishing.tryLock()) {
			return;
		}
		try {
			if (!real.isInTransaction()) {
				this.main = null;
				leave(real);
			}
		}
		finally {
			this.publishing.unlock();
		}
	}

	/**
	 * Consume from another broker as well.
	 */
	void consumeBeside(Link link) {
		this.structure.lock();
		try {
			RealChannel current = this.main;
			if (!isAlive() || current == null || current.link() == link) {
				return;
			}
			RealChannel there = on(link);
			List<Subscription> missing = new ArrayList<>();
			for (Subscription subscription : this.subscriptions.values()) {
				if ((there == null || !isSubscribed(there, subscription)) && canBeShared(subscription)
						&& !isExclusive(subscription, current.link(), link) && exists(link, subscription.queue())) {
					missing.add(subscription);
				}
			}
			if (!missing.isEmpty()) {
				int applied = (there != null) ? -1 : prefetchOfFirst(missing);
				RealChannel real = (there != null) ? there : open(link, applied);
				for (Subscription subscription : missing) {
					applied = subscribe(real, subscription, applied);
				}
			}
		}
		catch (IOException | RuntimeException ex) {
			logger.debug("%s cannot consume from %s at the moment".formatted(this, link), ex);
		}
		finally {
			this.structure.unlock();
		}
	}

	private static boolean isExclusive(Subscription subscription, Link current, Link other) {
		return subscription.exclusive() && other.target().hasQueuesOf(current.broker());
	}

	private boolean canBeShared(Subscription subscription) {
		return !subscription.isForReplies() && !subscription.isStream()
				&& !this.connection.queues().isOfConnection(subscription.queue())
				&& this.connection.source().isSharable(subscription.queue());
	}

	private static boolean exists(Link link, String queue) throws IOException {
		return link.count(queue).isPresent();
	}

	private boolean isSubscribed(RealChannel real, Subscription subscription) {
		lock().lock();
		try {
			return real.subscribed().contains(subscription);
		}
		finally {
			lock().unlock();
		}
	}

	private @Nullable RealChannel on(Link link) {
		for (RealChannel real : reals()) {
			if (real.link() == link && !real.isLeft()) {
				return real;
			}
		}
		return null;
	}

	/**
	 * Return the prefetch count with which the channel begins on the next broker.
	 * @return nothing if it has no consumer
	 */
	OptionalInt prefetchCount() {
		return this.subscriptions.values().stream().mapToInt(Subscription::prefetch).findFirst();
	}

	/**
	 * Return the queues that are consumed from on a broker, if the channel is there.
	 */
	Set<String> queuesOn(Broker broker) {
		RealChannel real = this.main;
		if (real == null || !real.link().isOn(broker) || real.isGone()) {
			return Set.of();
		}
		lock().lock();
		try {
			return real.subscribed().stream().map(Subscription::queue).collect(Collectors.toSet());
		}
		finally {
			lock().unlock();
		}
	}

	int consumersOn(Link link) {
		RealChannel real = on(link);
		lock().lock();
		try {
			return (real != null) ? real.subscribed().size() : 0;
		}
		finally {
			lock().unlock();
		}
	}

	/**
	 * Return the queues that may be consumed from on several brokers.
	 */
	Set<String> sharedQueues() {
		return this.subscriptions.values()
			.stream()
			.filter(this::canBeShared)
			.map(Subscription::queue)
			.collect(Collectors.toSet());
	}

	/**
	 * Whether nothing is left on a broker that is consumed from beside the active one.
	 */
	boolean isDrained(Link link) throws IOException {
		for (Subscription subscription : this.subscriptions.values()) {
			if (canBeShared(subscription) && link.count(subscription.queue()).orElse(0) > 0) {
				return false;
			}
		}
		lock().lock();
		try {
			return this.reals.stream()
				.filter((real) -> real.link().isOn(link.broker()) && !real.isGone())
				.noneMatch(RealChannel::isInHand);
		}
		finally {
			lock().unlock();
		}
	}

	/**
	 * End on a broker that was consumed from beside the active one.
	 */
	void leave(Link link) {
		this.structure.lock();
		try {
			for (RealChannel real : reals()) {
				if (real.link() == link && real != this.main) {
					leave(real);
				}
			}
		}
		finally {
			this.structure.unlock();
		}
	}

	private void leave(RealChannel real) {
		boolean cancel;
		lock().lock();
		try {
			if (real.isLeft() || real.isGone()) {
				return;
			}
			real.leave();
			cancel = real.subscribed().stream().noneMatch(Subscription::isForReplies);
		}
		finally {
			lock().unlock();
		}
		if (cancel) {
			cancelAll(real);
			real.giveBackFromNowOn();
			this.deliveries.takeWaiting((item) -> item.isFrom(real) && isGivenBack(item.subscription()))
				.values()
				.forEach(this::giveBack);
		}
		closeIfIdle(real);
	}

	/**
	 * What was not handed on when a broker is left goes back to its queue, from which it
	 * is delivered again as long as the broker is drained: the time to leave may be too
	 * short for it.
	 */
	private boolean isGivenBack(Subscription subscription) {
		return !this.transacted && canBeShared(subscription);
	}

	/**
	 * Whether what is delivered goes back, as its consumer is not subscribed any more.
	 */
	boolean isGoingBack(RealChannel real, Subscription subscription) {
		if (subscription.autoAck() || this.transacted) {
			return false;
		}
		return subscription.isCancelled() || (real.isGivingBack() && isGivenBack(subscription));
	}

	/**
	 * A broker that reads nothing because of an alarm would not answer, and its
	 * connection is closed.
	 */
	private void cancelAll(RealChannel real) {
		if (real.link().isBlocked()) {
			return;
		}
		List<Subscription> subscribed;
		lock().lock();
		try {
			subscribed = List.copyOf(real.subscribed());
		}
		finally {
			lock().unlock();
		}
		for (Subscription subscription : subscribed) {
			try {
				real.channel().basicCancel(subscription.tag());
			}
			catch (IOException | RuntimeException ex) {
				logger.debug("%s cannot be cancelled on %s".formatted(subscription, real), ex);
			}
		}
	}

	private void closeIfIdle(RealChannel real) {
		lock().lock();
		try {
			if (!real.isLeft() || real.isClosing() || !real.isIdle()) {
				return;
			}
			long kept = real.keptFor();
			if (kept > 0) {
				this.connection.source().later(Duration.ofNanos(kept).plusMillis(1), () -> closeIfIdle(real));
				return;
			}
			real.closing();
		}
		finally {
			lock().unlock();
		}
		inBackground(() -> abandon(real));
	}

	private void inBackground(Runnable task) {
		try {
			this.connection.source().execute(task);
		}
		catch (Throwable ex) {
			logger.debug("A channel is closed with its connection", ex);
		}
	}

	/**
	 * Close a channel with what is open on it.
	 */
	private void abandon(RealChannel real) {
		forget(real);
		try {
			real.channel().abort();
		}
		catch (IOException | RuntimeException ex) {
			logger.debug("%s cannot be closed".formatted(real), ex);
		}
	}

	private void forget(RealChannel real) {
		lock().lock();
		try {
			if (real.isGone()) {
				return;
			}
			if (real.isInTransaction()) {
				this.deliveries.doom();
			}
			real.gone();
			this.reals.remove(real);
		}
		finally {
			lock().unlock();
		}
		this.deliveries.forget(real);
		withoutLock(() -> tellOfLoss(real));
		if (isAlive()) {
			this.ending.forEach(this::tellIfCancelled);
		}
		signal();
	}

	private void tellOfLoss(RealChannel real) {
		try {
			this.confirms.lost(real);
		}
		catch (IOException | RuntimeException ex) {
			logger.debug("Confirm listener failed", ex);
		}
	}

	/**
	 * Call listeners, which may wait for somebody who waits for this channel.
	 */
	private void withoutLock(Runnable task) {
		if (!this.structure.isHeldByCurrentThread()) {
			task.run();
			return;
		}
		try {
			this.connection.source().execute(task);
		}
		catch (Throwable ex) {
			logger.debug("Listeners are told without a thread of their own", ex);
			task.run();
		}
	}

	private List<RealChannel> reals() {
		lock().lock();
		try {
			return List.copyOf(this.reals);
		}
		finally {
			lock().unlock();
		}
	}

	private ReentrantLock lock() {
		return this.deliveries.lock();
	}

	private void signal() {
		lock().lock();
		try {
			this.cancelled.signalAll();
		}
		finally {
			lock().unlock();
		}
	}

	// Losses

	/**
	 * A connection to a broker is lost.
	 */
	void lost(Link link, ShutdownSignalException signal) {
		for (RealChannel real : reals()) {
			if (real.link() == link) {
				lose(real, signal);
			}
		}
	}

	/**
	 * What was done in a transaction that has not ended cannot be done again here: its
	 * commit fails. A queue that went with its broker is not here, and requests get no
	 * reply any more: the channel ends.
	 */
	private void lose(RealChannel real, @Nullable ShutdownSignalException signal) {
		boolean broken;
		lock().lock();
		try {
			if (real.isGone()) {
				return;
			}
			broken = endsWith(real);
		}
		finally {
			lock().unlock();
		}
		forget(real);
		if (broken) {
			shutdown((signal != null)
					? new ShutdownSignalException(signal.isHardError(), false, signal.getReason(), this, "", signal)
					: signal("The connection to broker '%s' is lost".formatted(real.link().broker().name())));
		}
	}

	private boolean endsWith(RealChannel lost) {
		return lost.requests > 0 || (lost == this.main && (this.subscriptions.isEmpty() || !this.named.isEmpty()));
	}

	private ShutdownSignalException signal(String text) {
		Method reason = new AMQP.Channel.Close.Builder().replyCode(AMQP.CONNECTION_FORCED).replyText(text).build();
		return new ShutdownSignalException(false, false, reason, this);
	}

	/**
	 * A channel to a broker has ended. If it is one that was left or is beside, the
	 * others go on.
	 */
	private void ended(RealChannel real, ShutdownSignalException signal) {
		boolean own;
		lock().lock();
		try {
			own = real.isClosing();
		}
		finally {
			lock().unlock();
		}
		if (own || signal.isHardError()) {
			return;
		}
		boolean wasMain = real == this.main;
		forget(real);
		if (wasMain) {
			shutdown(new ShutdownSignalException(false, signal.isInitiatedByApplication(), signal.getReason(), this, "",
					signal));
		}
	}

	/**
	 * The virtual connection is closed, or lost.
	 */
	void connectionClosed(ShutdownSignalException signal) {
		shutdown(signal);
	}

	private void shutdown(ShutdownSignalException signal) {
		lock().lock();
		try {
			boolean inTransaction = isInTransaction();
			if (!this.closed.compareAndSet(null, signal)) {
				return;
			}
			this.unfinished = inTransaction && !signal.isInitiatedByApplication();
		}
		finally {
			lock().unlock();
		}
		this.connection.remove(this);
		List<RealChannel> open = reals();
		this.deliveries.end();
		open.forEach((real) -> {
			lock().lock();
			try {
				real.closing();
			}
			finally {
				lock().unlock();
			}
		});
		if (!signal.isInitiatedByApplication()) {
			inBackground(() -> open.forEach(this::abandon));
		}
		withoutLock(this::notifyListeners);
		this.subscriptions.values().forEach((subscription) -> endOnce(subscription, signal));
		this.ending.stream().filter((subscription) -> subscription.unsettled > 0).forEach((subscription) -> {
			if (!signal.isInitiatedByApplication()) {
				tellOfEnd(subscription, signal);
			}
		});
		this.confirms.signal();
		signal();
	}

	/**
	 * A consumer may begin in the moment in which the channel ends.
	 */
	private void endOnce(Subscription subscription, ShutdownSignalException signal) {
		if (this.subscriptions.remove(subscription.tag(), subscription)) {
			tellOfEnd(subscription, signal);
		}
	}

	private void tellOfEnd(Subscription subscription, ShutdownSignalException signal) {
		this.deliveries.tell(subscription,
				() -> subscription.callback().handleShutdownSignal(subscription.tag(), signal));
	}

	private void requireOpen() {
		ShutdownSignalException signal = this.closed.get();
		if (signal != null) {
			throw new AlreadyClosedException(signal);
		}
	}

	// What consumers are told

	/**
	 * A broker has accepted a consumer, which is told so before anything comes from
	 * another broker.
	 */
	void consuming(Subscription subscription, String tag) {
		lock().lock();
		try {
			if (!subscription.begin()) {
				return;
			}
			subscription.tag(tag);
		}
		finally {
			lock().unlock();
		}
		this.deliveries.tell(subscription, () -> subscription.callback().handleConsumeOk(tag));
	}

	/**
	 * Take note of what a broker delivers.
	 */
	void delivered(RealChannel real, Subscription subscription, AMQP.BasicProperties properties) {
		String replyTo = properties.getReplyTo();
		if (replyTo != null) {
			real.link().target().delivered(replyTo);
			this.requesters.add(replyTo, real);
		}
		if (subscription.isForReplies()) {
			lock().lock();
			try {
				real.requests--;
			}
			finally {
				lock().unlock();
			}
			closeIfIdle(real);
		}
	}

	/**
	 * A broker has confirmed that a consumer is cancelled, and everything that it has
	 * sent before was taken over.
	 */
	void cancelled(RealChannel real, Subscription subscription) {
		lock().lock();
		try {
			real.subscribed().remove(subscription);
		}
		finally {
			lock().unlock();
		}
		tellIfCancelled(subscription);
		closeIfIdle(real);
	}

	private void tellIfCancelled(Subscription subscription) {
		lock().lock();
		try {
			if (!subscription.isCancelled()
					|| this.reals.stream().anyMatch((real) -> real.subscribed().contains(subscription))
					|| !subscription.end()) {
				return;
			}
		}
		finally {
			lock().unlock();
		}
		this.deliveries.tell(subscription, () -> {
			try {
				subscription.callback().handleCancelOk(subscription.tag());
			}
			finally {
				this.deliveries.remove(subscription);
				signal();
			}
		});
	}

	/**
	 * A broker has cancelled a consumer itself. Where the channel was left, and beside
	 * the active broker, nobody needs to know.
	 */
	void cancelledByBroker(RealChannel real, Subscription subscription) {
		boolean inHand = this.deliveries.forsake(real, subscription);
		lock().lock();
		try {
			real.subscribed().remove(subscription);
			real.cancelledByBroker().add(subscription.tag());
		}
		finally {
			lock().unlock();
		}
		if (real == this.main && this.subscriptions.remove(subscription.tag(), subscription)) {
			endByBroker(subscription);
			cancelElsewhere(real, subscription);
			this.deliveries.tell(subscription, () -> {
				try {
					subscription.callback().handleCancel(subscription.tag());
				}
				finally {
					this.deliveries.remove(subscription);
				}
				if (inHand) {
					subscription.callback()
						.handleShutdownSignal(subscription.tag(), new ShutdownSignalException(false, false,
								new AMQP.Basic.Cancel.Builder().consumerTag(subscription.tag()).build(), this));
				}
			});
		}
		tellIfCancelled(subscription);
		closeIfIdle(real);
	}

	/**
	 * What other brokers deliver still goes back.
	 */
	private void endByBroker(Subscription subscription) {
		subscription.cancel();
		lock().lock();
		try {
			subscription.end();
		}
		finally {
			lock().unlock();
		}
	}

	private void cancelElsewhere(RealChannel except, Subscription subscription) {
		List<RealChannel> others = reals().stream().filter((real) -> real != except).toList();
		if (!others.isEmpty()) {
			inBackground(() -> others.forEach((real) -> cancel(real, subscription)));
		}
	}

	private void cancel(RealChannel real, Subscription subscription) {
		if (!isSubscribed(real, subscription)) {
			return;
		}
		try {
			real.channel().basicCancel(subscription.tag());
		}
		catch (IOException | RuntimeException ex) {
			logger.debug("%s cannot be cancelled on %s".formatted(subscription, real), ex);
		}
	}

	/**
	 * As the client does with what a consumer throws.
	 */
	private void consumerFailed(Item item, Throwable failure) {
		Subscription subscription = item.subscription();
		String method = (item.event() != null) ? "handle" : "handleDelivery";
		this.connection.getExceptionHandler()
			.handleConsumerException(this, failure, subscription.callback(), subscription.tag(), method);
	}

	private void returned(int replyCode, String replyText, String exchange, String routingKey,
			AMQP.BasicProperties properties, byte[] body) throws IOException {
		for (ReturnListener listener : this.returnListeners) {
			listener.handleReturn(replyCode, replyText, exchange, routingKey, properties, body);
		}
	}

	/**
	 * What comes for a consumer that the broker has cancelled itself is held until the
	 * channel is closed.
	 */
	void deliveredLate(RealChannel real, long tag) {
		lock().lock();
		try {
			real.forsaken().add(tag);
		}
		finally {
			lock().unlock();
		}
	}

	// Settling

	@Override
	public void basicAck(long deliveryTag, boolean multiple) throws IOException {
		settle(deliveryTag, multiple, (channel, tag, all) -> channel.basicAck(tag, all));
	}

	@Override
	public void basicNack(long deliveryTag, boolean multiple, boolean requeue) throws IOException {
		settle(deliveryTag, multiple, (channel, tag, all) -> channel.basicNack(tag, all, requeue));
	}

	/**
	 * What is given back because its consumer ends has not failed: RabbitMQ counts a
	 * reject as a failed delivery, and a nack not.
	 */
	@Override
	public void basicReject(long deliveryTag, boolean requeue) throws IOException {
		boolean ends = requeue && this.deliveries.isOfCancelled(deliveryTag);
		settle(deliveryTag, false, (channel, tag, all) -> {
			if (ends) {
				channel.basicNack(tag, false, true);
			}
			else {
				channel.basicReject(tag, requeue);
			}
		});
	}

	private void settle(long tag, boolean multiple, Settling settling) throws IOException {
		List<Settlement> settlements;
		try {
			settlements = this.deliveries.settle(tag, multiple, this.transacted);
		}
		catch (UnknownTagException ex) {
			refuse(tag, ex);
			return;
		}
		try {
			for (Settlement settlement : settlements) {
				settle(settlement, settling);
			}
		}
		finally {
			this.deliveries.told(settlements).forEach(this::closeIfIdle);
		}
	}

	private void settle(Settlement settlement, Settling settling) throws IOException {
		RealChannel real = settlement.real();
		if (real.isGone()) {
			return;
		}
		try {
			if (settlement.isAtOnce()) {
				settling.settle(real.channel(), settlement.last(), settlement.isMultiple());
				return;
			}
			for (int i = 0; i < settlement.size(); i++) {
				long tag = this.deliveries.next(settlement);
				if (tag == 0) {
					return;
				}
				settling.settle(real.channel(), tag, false);
			}
		}
		catch (AlreadyClosedException | IOException ex) {
			requireOpen();
			logger.debug("What is left of %s comes again, it is lost".formatted(settlement), ex);
		}
	}

	/**
	 * As the proxies of Spring's channel cache open another channel when theirs is
	 * closed, and pass acknowledgements on to it, nothing is told to a broker that has
	 * not delivered so much. What is settled twice is the broker's to refuse.
	 */
	private void refuse(long tag, UnknownTagException unknown) throws IOException {
		requireOpen();
		if (unknown.isFuture()) {
			throw new IllegalStateException(
					"Channel closed; cannot ack/nack: nothing with the delivery tag %d ".formatted(tag)
							+ "that is to be acknowledged was delivered on this channel. "
							+ "If the channel that it was delivered on is closed, it is delivered again",
					unknown);
		}
		RealChannel real = this.main;
		if (real != null && real.isUsable()) {
			real.channel().basicAck(Long.MAX_VALUE, false);
		}
	}

	@Override
	public AMQP.Basic.RecoverOk basicRecover() throws IOException {
		return basicRecover(true);
	}

	/**
	 * What is delivered to a consumer that begins meanwhile would be delivered again.
	 */
	@Override
	public AMQP.Basic.RecoverOk basicRecover(boolean requeue) throws IOException {
		this.structure.lock();
		try {
			requireOpen();
			List<RealChannel> all = reals();
			this.deliveries.recover(all);
			for (RealChannel real : all) {
				recover(real, requeue);
			}
			return new AMQP.Basic.RecoverOk.Builder().build();
		}
		finally {
			this.structure.unlock();
		}
	}

	private void recover(RealChannel real, boolean requeue) throws IOException {
		try {
			real.channel().basicRecover(requeue);
		}
		catch (AlreadyClosedException | IOException ex) {
			requireOpen();
			logger.debug("Everything unsettled comes again, %s is lost".formatted(real), ex);
		}
		finally {
			release(real);
		}
	}

	@Override
	public @Nullable GetResponse basicGet(String queue, boolean autoAck) throws IOException {
		RealChannel real = acquire();
		if (!autoAck) {
			this.deliveries.fetch();
		}
		try {
			GetResponse response = real.link()
				.target()
				.pass(ClientOperation.BASIC_GET, queue, () -> real.channel().basicGet(queue, autoAck));
			if (response == null) {
				return null;
			}
			String replyTo = response.getProps().getReplyTo();
			real.link().target().delivered(replyTo);
			if (replyTo != null) {
				this.requesters.add(replyTo, real);
			}
			VirtualEnvelope fetched = this.deliveries.fetched(real, response.getEnvelope(), autoAck);
			if (fetched == null) {
				requireOpen();
				throw new IOException("Broker '%s' is lost, what was fetched from queue '%s' comes again"
					.formatted(real.link().broker().name(), queue));
			}
			return new GetResponse(fetched, response.getProps(), response.getBody(), response.getMessageCount());
		}
		finally {
			release(real);
		}
	}

	// Consuming

	@Override
	public void basicQos(int prefetchCount) throws IOException {
		basicQos(0, prefetchCount, false);
	}

	@Override
	public void basicQos(int prefetchCount, boolean global) throws IOException {
		basicQos(0, prefetchCount, global);
	}

	@Override
	public void basicQos(int prefetchSize, int prefetchCount, boolean global) throws IOException {
		this.structure.lock();
		try {
			call((channel) -> {
				channel.basicQos(prefetchSize, prefetchCount, global);
				return null;
			});
			if (global) {
				this.prefetchOfChannel = prefetchCount;
				this.deliveries.limit(prefetchCount);
			}
			else {
				this.prefetch = prefetchCount;
			}
		}
		finally {
			this.structure.unlock();
		}
	}

	@Override
	public String basicConsume(String queue, boolean autoAck, String consumerTag, boolean noLocal, boolean exclusive,
			@Nullable Map<String, Object> arguments, Consumer callback) throws IOException {
		this.structure.lock();
		try {
			RealChannel real = bound();
			Subscription subscription = new Subscription(queue, autoAck, consumerTag, noLocal, exclusive, arguments,
					callback, this.prefetch);
			this.deliveries.add(subscription);
			String tag;
			try {
				tag = subscribe(real, subscription, true);
			}
			catch (IOException | RuntimeException | Error ex) {
				this.deliveries.remove(subscription);
				throw ex;
			}
			consuming(subscription, tag);
			this.subscriptions.put(tag, subscription);
			if (isAlive() && !real.isGone() && !isSubscribed(real, subscription)) {
				// the broker has cancelled it before this was known
				cancelledByBroker(real, subscription);
			}
			if (real.isGone() && isAlive()) {
				// the broker was lost before this was known to have a consumer
				shutdown(signal("The connection to broker '%s' is lost".formatted(real.link().broker().name())));
			}
			ShutdownSignalException signal = this.closed.get();
			if (signal != null) {
				endOnce(subscription, signal);
				return tag;
			}
			this.connection.consuming();
			catchUp();
			return tag;
		}
		finally {
			this.structure.unlock();
		}
	}

	/**
	 * A move has left the channel where it was as long as it had no consumer.
	 */
	private void catchUp() {
		RealChannel real = this.main;
		if (real != null && real.link() != this.connection.current()) {
			this.connection.follow();
		}
	}

	@Override
	public void basicCancel(String consumerTag) throws IOException {
		requireOpen();
		this.structure.lock();
		try {
			Subscription subscription = this.subscriptions.remove(consumerTag);
			if (subscription == null) {
				return;
			}
			this.ending.removeIf((each) -> each.unsettled == 0 && each.hasEnded());
			this.ending.add(subscription);
			subscription.cancel();
			Map<RealChannel, Settlement> waiting = takeWaiting(subscription);
			for (RealChannel real : reals()) {
				cancel(real, subscription);
				Settlement settlement = waiting.get(real);
				if (settlement != null) {
					giveBack(settlement);
				}
				closeIfIdle(real);
			}
			if (this.named.remove(subscription.queue())) {
				this.connection.queues().deleted(subscription.queue());
				catchUp();
			}
			tellIfCancelled(subscription);
		}
		finally {
			this.structure.unlock();
		}
	}

	/**
	 * What was not handed on goes back, behind the cancel, or it would come again. A
	 * transaction could roll that back.
	 */
	private Map<RealChannel, Settlement> takeWaiting(Subscription subscription) {
		return this.transacted ? Map.of() : this.deliveries.takeWaiting((item) -> item.subscription() == subscription);
	}

	private void giveBack(Settlement settlement) {
		try {
			long tag = this.deliveries.next(settlement);
			while (tag > 0) {
				settlement.real().giveBack(tag);
				tag = this.deliveries.next(settlement);
			}
		}
		catch (IOException | ShutdownSignalException ex) {
			logger.debug("What is left of %s goes back with it".formatted(settlement), ex);
		}
		finally {
			this.deliveries.told(settlement);
		}
	}

	// Publishing

	@Override
	public void basicPublish(String exchange, String routingKey, AMQP.BasicProperties props, byte[] body)
			throws IOException {
		basicPublish(exchange, routingKey, false, false, props, body);
	}

	@Override
	public void basicPublish(String exchange, String routingKey, boolean mandatory, AMQP.BasicProperties props,
			byte[] body) throws IOException {
		basicPublish(exchange, routingKey, mandatory, false, props, body);
	}

	/**
	 * The lock keeps the numbers of confirms in the order of the messages.
	 */
	@Override
	public void basicPublish(String exchange, String routingKey, boolean mandatory, boolean immediate,
			AMQP.@Nullable BasicProperties props, byte[] body) throws IOException {
		this.publishing.lock();
		try {
			requireOpen();
			RealChannel real = target(exchange, routingKey);
			try {
				publish(real, exchange, routingKey, mandatory, immediate, props, body);
			}
			finally {
				release(real);
			}
		}
		finally {
			this.publishing.unlock();
		}
	}

	private void publish(RealChannel real, String exchange, String routingKey, boolean mandatory, boolean immediate,
			AMQP.@Nullable BasicProperties props, byte[] body) throws IOException {
		Channel channel = real.channel();
		String key = real.link().target().routingKey(exchange, routingKey);
		boolean confirmed = this.confirms.isSelected();
		long number = confirmed ? channel.getNextPublishSeqNo() : 0;
		if (confirmed) {
			this.confirms.publishing(real, number);
		}
		if (props != null && Subscription.DIRECT_REPLIES.equals(props.getReplyTo())) {
			lock().lock();
			try {
				real.requests++;
			}
			finally {
				lock().unlock();
			}
		}
		try {
			channel.basicPublish(exchange, key, mandatory, immediate, props, body);
		}
		catch (AlreadyClosedException ex) {
			if (confirmed) {
				this.confirms.withdrawn(real, number);
			}
			throw ex;
		}
	}

	/**
	 * A reply goes where its request has come from, and what a listener publishes where
	 * its message has come from, as long as that is there.
	 */
	private RealChannel target(String exchange, String routingKey) throws IOException {
		RealChannel requester = exchange.isEmpty() ? this.requesters.get(routingKey) : null;
		if (requester != null && use(requester)) {
			return requester;
		}
		RealChannel taken = VirtualEnvelope.lastTaken();
		if (taken != null && isOwn(taken) && use(taken)) {
			return taken;
		}
		if (this.transacted) {
			RealChannel dirty = reals().stream().filter((real) -> real.published).findFirst().orElse(null);
			RealChannel first = (dirty != null) ? dirty : this.deliveries.firstUnsettled();
			if (first != null && use(first)) {
				return first;
			}
		}
		RealChannel real = acquire();
		if (this.transacted) {
			lock().lock();
			try {
				real.published = true;
			}
			finally {
				lock().unlock();
			}
		}
		return real;
	}

	private boolean isOwn(RealChannel real) {
		lock().lock();
		try {
			return this.reals.contains(real);
		}
		finally {
			lock().unlock();
		}
	}

	/**
	 * Use a channel if that is still possible.
	 */
	private boolean use(RealChannel real) {
		lock().lock();
		try {
			if (!real.isUsable()) {
				return false;
			}
			real.inUse++;
			real.published |= this.transacted;
			return true;
		}
		finally {
			lock().unlock();
		}
	}

	/**
	 * A channel that is in use is not closed by a move.
	 */
	private RealChannel acquire() throws IOException {
		while (true) {
			requireOpen();
			RealChannel real = bound();
			lock().lock();
			try {
				if (!real.isClosing()) {
					real.inUse++;
					return real;
				}
			}
			finally {
				lock().unlock();
			}
		}
	}

	private void release(RealChannel real) {
		lock().lock();
		try {
			real.inUse--;
		}
		finally {
			lock().unlock();
		}
		closeIfIdle(real);
	}

	private <T extends @Nullable Object> T call(Call<T> call) throws IOException {
		RealChannel real = acquire();
		try {
			return call.on(real.channel());
		}
		finally {
			release(real);
		}
	}

	@Override
	public AMQP.Confirm.SelectOk confirmSelect() throws IOException {
		this.structure.lock();
		try {
			if (!this.confirms.isSelected()) {
				confirm(bound());
				this.confirms.select();
			}
			return new AMQP.Confirm.SelectOk.Builder().build();
		}
		finally {
			this.structure.unlock();
		}
	}

	@Override
	public long getNextPublishSeqNo() {
		return this.confirms.next();
	}

	@Override
	public boolean waitForConfirms() throws InterruptedException {
		try {
			return waitForConfirms(0L);
		}
		catch (TimeoutException ex) {
			return false;
		}
	}

	@Override
	public boolean waitForConfirms(long timeout) throws InterruptedException, TimeoutException {
		if (!this.confirms.isSelected()) {
			throw new IllegalStateException("Confirms not selected");
		}
		boolean all = this.confirms.await(timeout, this::isOpen);
		requireOpen();
		return all;
	}

	@Override
	public void waitForConfirmsOrDie() throws IOException, InterruptedException {
		try {
			waitForConfirmsOrDie(0L);
		}
		catch (TimeoutException ex) {
			throw new IOException("nacks received", ex);
		}
	}

	@Override
	public void waitForConfirmsOrDie(long timeout) throws IOException, InterruptedException, TimeoutException {
		try {
			if (!waitForConfirms(timeout)) {
				close(AMQP.REPLY_SUCCESS, "NACKS RECEIVED");
				throw new IOException("nacks received");
			}
		}
		catch (TimeoutException ex) {
			close(AMQP.PRECONDITION_FAILED, "TIMEOUT WAITING FOR ACK");
			throw ex;
		}
	}

	// Transactions

	@Override
	public AMQP.Tx.SelectOk txSelect() throws IOException {
		this.structure.lock();
		try {
			AMQP.Tx.SelectOk ok = call(Channel::txSelect);
			this.transacted = true;
			return ok;
		}
		finally {
			this.structure.unlock();
		}
	}

	@Override
	public AMQP.Tx.CommitOk txCommit() throws IOException {
		try {
			if (!end(true)) {
				call(Channel::txCommit);
			}
			return new AMQP.Tx.CommitOk.Builder().build();
		}
		finally {
			finishTransaction();
		}
	}

	/**
	 * A broker discards what is uncommitted with the channel: what was done on one that
	 * is lost is rolled back.
	 */
	@Override
	public AMQP.Tx.RollbackOk txRollback() throws IOException {
		boolean inTransaction = isInTransaction();
		try {
			if (!end(false)) {
				call(Channel::txRollback);
			}
		}
		catch (AlreadyClosedException ex) {
			if (!inTransaction) {
				throw ex;
			}
			logger.debug("Rolled back by the end of %s".formatted(this), ex);
		}
		finally {
			finishTransaction();
		}
		return new AMQP.Tx.RollbackOk.Builder().build();
	}

	private boolean isInTransaction() {
		lock().lock();
		try {
			return this.unfinished || (this.closed.get() == null
					&& (this.deliveries.isDoomed() || this.reals().stream().anyMatch(RealChannel::isInTransaction)));
		}
		finally {
			lock().unlock();
		}
	}

	private void finishTransaction() {
		lock().lock();
		try {
			this.unfinished = false;
		}
		finally {
			lock().unlock();
		}
	}

	/**
	 * Where something was published comes first: if that fails, nothing is acknowledged.
	 * @return whether there was anything to be ended
	 */
	private boolean end(boolean commit) throws IOException {
		requireOpen();
		if (commit && this.deliveries.isDoomed()) {
			this.deliveries.transactionFailed();
			end(false);
			throw new AlreadyClosedException(signal("A broker was lost in the middle of the transaction"));
		}
		List<RealChannel> touched = new ArrayList<>();
		for (RealChannel real : reals()) {
			if (real.isInTransaction()) {
				touched.add(real.published ? 0 : touched.size(), real);
			}
		}
		for (RealChannel real : touched) {
			try {
				end(real, commit);
			}
			catch (AlreadyClosedException | IOException ex) {
				requireOpen();
				if (commit) {
					this.deliveries.transactionFailed();
					end(false);
					throw ex;
				}
				logger.debug("Rolled back by the end of %s".formatted(real), ex);
			}
			this.deliveries.transactionEnded(real, commit);
			closeIfIdle(real);
		}
		this.deliveries.transactionEnded();
		return !touched.isEmpty();
	}

	private static void end(RealChannel real, boolean commit) throws IOException {
		if (commit) {
			real.channel().txCommit();
		}
		else {
			real.channel().txRollback();
		}
	}

	// Queues

	@Override
	public AMQP.Queue.DeclareOk queueDeclare() throws IOException {
		return queueDeclare("", false, true, true, null);
	}

	@Override
	public AMQP.Queue.DeclareOk queueDeclare(String queue, boolean durable, boolean exclusive, boolean autoDelete,
			@Nullable Map<String, Object> arguments) throws IOException {
		AMQP.Queue.DeclareOk ok = pass(queue,
				(channel) -> channel.queueDeclare(queue, durable, exclusive, autoDelete, arguments));
		queueDeclared(ok.getQueue(), queue, durable, exclusive, autoDelete, arguments);
		return ok;
	}

	@Override
	public void queueDeclareNoWait(String queue, boolean durable, boolean exclusive, boolean autoDelete,
			@Nullable Map<String, Object> arguments) throws IOException {
		run((channel) -> channel.queueDeclareNoWait(queue, durable, exclusive, autoDelete, arguments));
		queueDeclared(queue, queue, durable, exclusive, autoDelete, arguments);
	}

	/**
	 * Note that a queue was declared.
	 * @param name its name, which the broker has chosen if {@code queue} is empty
	 */
	private void queueDeclared(String name, String queue, boolean durable, boolean exclusive, boolean autoDelete,
			@Nullable Map<String, Object> arguments) {
		if (queue.isEmpty() && exclusive) {
			this.named.add(name);
		}
		this.connection.queues()
			.declared(name, queue.isEmpty(), exclusive,
					(channel) -> channel.queueDeclare(queue, durable, exclusive, autoDelete, arguments));
	}

	@Override
	public AMQP.Queue.DeclareOk queueDeclarePassive(String queue) throws IOException {
		return pass(queue, (channel) -> channel.queueDeclarePassive(queue));
	}

	private <T> T pass(String queue, Call<T> call) throws IOException {
		RealChannel real = acquire();
		try {
			return real.link().target().pass(ClientOperation.QUEUE_DECLARE, queue, () -> call.on(real.channel()));
		}
		finally {
			release(real);
		}
	}

	@Override
	public AMQP.Queue.DeleteOk queueDelete(String queue) throws IOException {
		return deleted(queue, call((channel) -> channel.queueDelete(queue)));
	}

	@Override
	public AMQP.Queue.DeleteOk queueDelete(String queue, boolean ifUnused, boolean ifEmpty) throws IOException {
		return deleted(queue, call((channel) -> channel.queueDelete(queue, ifUnused, ifEmpty)));
	}

	@Override
	public void queueDeleteNoWait(String queue, boolean ifUnused, boolean ifEmpty) throws IOException {
		run((channel) -> channel.queueDeleteNoWait(queue, ifUnused, ifEmpty));
		deleted(queue, null);
	}

	private <T extends @Nullable Object> T deleted(String queue, T result) {
		this.named.remove(queue);
		this.connection.queues().deleted(queue);
		return result;
	}

	@Override
	public AMQP.Queue.BindOk queueBind(String queue, String exchange, String routingKey) throws IOException {
		return queueBind(queue, exchange, routingKey, null);
	}

	@Override
	public AMQP.Queue.BindOk queueBind(String queue, String exchange, String routingKey,
			@Nullable Map<String, Object> arguments) throws IOException {
		AMQP.Queue.BindOk ok = call((channel) -> channel.queueBind(queue, exchange, routingKey, arguments));
		this.connection.queues().bound(queue, exchange, routingKey, arguments);
		return ok;
	}

	@Override
	public void queueBindNoWait(String queue, String exchange, String routingKey,
			@Nullable Map<String, Object> arguments) throws IOException {
		run((channel) -> channel.queueBindNoWait(queue, exchange, routingKey, arguments));
		this.connection.queues().bound(queue, exchange, routingKey, arguments);
	}

	@Override
	public AMQP.Queue.UnbindOk queueUnbind(String queue, String exchange, String routingKey) throws IOException {
		return queueUnbind(queue, exchange, routingKey, null);
	}

	@Override
	public AMQP.Queue.UnbindOk queueUnbind(String queue, String exchange, String routingKey,
			@Nullable Map<String, Object> arguments) throws IOException {
		AMQP.Queue.UnbindOk ok = call((channel) -> channel.queueUnbind(queue, exchange, routingKey, arguments));
		this.connection.queues().unbound(queue, exchange, routingKey, arguments);
		return ok;
	}

	@Override
	public AMQP.Queue.PurgeOk queuePurge(String queue) throws IOException {
		return call((channel) -> channel.queuePurge(queue));
	}

	private void run(Action action) throws IOException {
		call((channel) -> {
			action.on(channel);
			return null;
		});
	}

	// Exchanges

	@Override
	public AMQP.Exchange.DeclareOk exchangeDeclare(String exchange, String type) throws IOException {
		return declareExchange(exchange, (channel) -> channel.exchangeDeclare(exchange, type));
	}

	@Override
	public AMQP.Exchange.DeclareOk exchangeDeclare(String exchange, String type, boolean durable) throws IOException {
		return declareExchange(exchange, (channel) -> channel.exchangeDeclare(exchange, type, durable));
	}

	@Override
	public AMQP.Exchange.DeclareOk exchangeDeclare(String exchange, String type, boolean durable, boolean autoDelete,
			@Nullable Map<String, Object> arguments) throws IOException {
		return declareExchange(exchange,
				(channel) -> channel.exchangeDeclare(exchange, type, durable, autoDelete, arguments));
	}

	@Override
	public AMQP.Exchange.DeclareOk exchangeDeclare(String exchange, String type, boolean durable, boolean autoDelete,
			boolean internal, @Nullable Map<String, Object> arguments) throws IOException {
		return declareExchange(exchange,
				(channel) -> channel.exchangeDeclare(exchange, type, durable, autoDelete, internal, arguments));
	}

	@Override
	public void exchangeDeclareNoWait(String exchange, String type, boolean durable, boolean autoDelete,
			boolean internal, @Nullable Map<String, Object> arguments) throws IOException {
		run((channel) -> channel.exchangeDeclareNoWait(exchange, type, durable, autoDelete, internal, arguments));
		this.connection.queues()
			.exchangeDeclared(exchange,
					(channel) -> channel.exchangeDeclare(exchange, type, durable, autoDelete, internal, arguments));
	}

	@Override
	public AMQP.Exchange.DeclareOk exchangeDeclare(String exchange, BuiltinExchangeType type) throws IOException {
		return declareExchange(exchange, (channel) -> channel.exchangeDeclare(exchange, type));
	}

	@Override
	public AMQP.Exchange.DeclareOk exchangeDeclare(String exchange, BuiltinExchangeType type, boolean durable)
			throws IOException {
		return declareExchange(exchange, (channel) -> channel.exchangeDeclare(exchange, type, durable));
	}

	@Override
	public AMQP.Exchange.DeclareOk exchangeDeclare(String exchange, BuiltinExchangeType type, boolean durable,
			boolean autoDelete, @Nullable Map<String, Object> arguments) throws IOException {
		return declareExchange(exchange,
				(channel) -> channel.exchangeDeclare(exchange, type, durable, autoDelete, arguments));
	}

	@Override
	public AMQP.Exchange.DeclareOk exchangeDeclare(String exchange, BuiltinExchangeType type, boolean durable,
			boolean autoDelete, boolean internal, @Nullable Map<String, Object> arguments) throws IOException {
		return declareExchange(exchange,
				(channel) -> channel.exchangeDeclare(exchange, type, durable, autoDelete, internal, arguments));
	}

	@Override
	public void exchangeDeclareNoWait(String exchange, BuiltinExchangeType type, boolean durable, boolean autoDelete,
			boolean internal, @Nullable Map<String, Object> arguments) throws IOException {
		run((channel) -> channel.exchangeDeclareNoWait(exchange, type, durable, autoDelete, internal, arguments));
		this.connection.queues()
			.exchangeDeclared(exchange,
					(channel) -> channel.exchangeDeclare(exchange, type, durable, autoDelete, internal, arguments));
	}

	private AMQP.Exchange.DeclareOk declareExchange(String exchange, Call<AMQP.Exchange.DeclareOk> declaration)
			throws IOException {
		AMQP.Exchange.DeclareOk ok = call(declaration);
		this.connection.queues().exchangeDeclared(exchange, declaration::on);
		return ok;
	}

	@Override
	public AMQP.Exchange.DeclareOk exchangeDeclarePassive(String name) throws IOException {
		return call((channel) -> channel.exchangeDeclarePassive(name));
	}

	@Override
	public AMQP.Exchange.DeleteOk exchangeDelete(String exchange) throws IOException {
		AMQP.Exchange.DeleteOk ok = call((channel) -> channel.exchangeDelete(exchange));
		this.connection.queues().exchangeDeleted(exchange);
		return ok;
	}

	@Override
	public AMQP.Exchange.DeleteOk exchangeDelete(String exchange, boolean ifUnused) throws IOException {
		AMQP.Exchange.DeleteOk ok = call((channel) -> channel.exchangeDelete(exchange, ifUnused));
		this.connection.queues().exchangeDeleted(exchange);
		return ok;
	}

	@Override
	public void exchangeDeleteNoWait(String exchange, boolean ifUnused) throws IOException {
		run((channel) -> channel.exchangeDeleteNoWait(exchange, ifUnused));
		this.connection.queues().exchangeDeleted(exchange);
	}

	@Override
	public AMQP.Exchange.BindOk exchangeBind(String destination, String source, String routingKey) throws IOException {
		return call((channel) -> channel.exchangeBind(destination, source, routingKey));
	}

	@Override
	public AMQP.Exchange.BindOk exchangeBind(String destination, String source, String routingKey,
			@Nullable Map<String, Object> arguments) throws IOException {
		return call((channel) -> channel.exchangeBind(destination, source, routingKey, arguments));
	}

	@Override
	public void exchangeBindNoWait(String destination, String source, String routingKey,
			@Nullable Map<String, Object> arguments) throws IOException {
		run((channel) -> channel.exchangeBindNoWait(destination, source, routingKey, arguments));
	}

	@Override
	public AMQP.Exchange.UnbindOk exchangeUnbind(String destination, String source, String routingKey)
			throws IOException {
		return call((channel) -> channel.exchangeUnbind(destination, source, routingKey));
	}

	@Override
	public AMQP.Exchange.UnbindOk exchangeUnbind(String destination, String source, String routingKey,
			@Nullable Map<String, Object> arguments) throws IOException {
		return call((channel) -> channel.exchangeUnbind(destination, source, routingKey, arguments));
	}

	@Override
	public void exchangeUnbindNoWait(String destination, String source, String routingKey,
			@Nullable Map<String, Object> arguments) throws IOException {
		run((channel) -> channel.exchangeUnbindNoWait(destination, source, routingKey, arguments));
	}

	// Other forms of consuming

	@Override
	public String basicConsume(String queue, Consumer callback) throws IOException {
		return basicConsume(queue, false, "", false, false, null, callback);
	}

	@Override
	public String basicConsume(String queue, DeliverCallback deliverCallback, CancelCallback cancelCallback)
			throws IOException {
		return basicConsume(queue, false, "", false, false, null,
				new CallbackConsumer(deliverCallback, cancelCallback, null));
	}

	@Override
	public String basicConsume(String queue, DeliverCallback deliverCallback,
			ConsumerShutdownSignalCallback shutdownSignalCallback) throws IOException {
		return basicConsume(queue, false, "", false, false, null,
				new CallbackConsumer(deliverCallback, null, shutdownSignalCallback));
	}

	@Override
	public String basicConsume(String queue, DeliverCallback deliverCallback, CancelCallback cancelCallback,
			ConsumerShutdownSignalCallback shutdownSignalCallback) throws IOException {
		return basicConsume(queue, false, "", false, false, null,
				new CallbackConsumer(deliverCallback, cancelCallback, shutdownSignalCallback));
	}

	@Override
	public String basicConsume(String queue, boolean autoAck, Consumer callback) throws IOException {
		return basicConsume(queue, autoAck, "", false, false, null, callback);
	}

	@Override
	public String basicConsume(String queue, boolean autoAck, DeliverCallback deliverCallback,
			CancelCallback cancelCallback) throws IOException {
		return basicConsume(queue, autoAck, "", false, false, null,
				new CallbackConsumer(deliverCallback, cancelCallback, null));
	}

	@Override
	public String basicConsume(String queue, boolean autoAck, DeliverCallback deliverCallback,
			ConsumerShutdownSignalCallback shutdownSignalCallback) throws IOException {
		return basicConsume(queue, autoAck, "", false, false, null,
				new CallbackConsumer(deliverCallback, null, shutdownSignalCallback));
	}

	@Override
	public String basicConsume(String queue, boolean autoAck, DeliverCallback deliverCallback,
			CancelCallback cancelCallback, ConsumerShutdownSignalCallback shutdownSignalCallback) throws IOException {
		return basicConsume(queue, autoAck, "", false, false, null,
				new CallbackConsumer(deliverCallback, cancelCallback, shutdownSignalCallback));
	}

	@Override
	public String basicConsume(String queue, boolean autoAck, @Nullable Map<String, Object> arguments,
			Consumer callback) throws IOException {
		return basicConsume(queue, autoAck, "", false, false, arguments, callback);
	}

	@Override
	public String basicConsume(String queue, boolean autoAck, @Nullable Map<String, Object> arguments,
			DeliverCallback deliverCallback, CancelCallback cancelCallback) throws IOException {
		return basicConsume(queue, autoAck, "", false, false, arguments,
				new CallbackConsumer(deliverCallback, cancelCallback, null));
	}

	@Override
	public String basicConsume(String queue, boolean autoAck, @Nullable Map<String, Object> arguments,
			DeliverCallback deliverCallback, ConsumerShutdownSignalCallback shutdownSignalCallback) throws IOException {
		return basicConsume(queue, autoAck, "", false, false, arguments,
				new CallbackConsumer(deliverCallback, null, shutdownSignalCallback));
	}

	@Override
	public String basicConsume(String queue, boolean autoAck, @Nullable Map<String, Object> arguments,
			DeliverCallback deliverCallback, CancelCallback cancelCallback,
			ConsumerShutdownSignalCallback shutdownSignalCallback) throws IOException {
		return basicConsume(queue, autoAck, "", false, false, arguments,
				new CallbackConsumer(deliverCallback, cancelCallback, shutdownSignalCallback));
	}

	@Override
	public String basicConsume(String queue, boolean autoAck, String consumerTag, Consumer callback)
			throws IOException {
		return basicConsume(queue, autoAck, consumerTag, false, false, null, callback);
	}

	@Override
	public String basicConsume(String queue, boolean autoAck, String consumerTag, DeliverCallback deliverCallback,
			CancelCallback cancelCallback) throws IOException {
		return basicConsume(queue, autoAck, consumerTag, false, false, null,
				new CallbackConsumer(deliverCallback, cancelCallback, null));
	}

	@Override
	public String basicConsume(String queue, boolean autoAck, String consumerTag, DeliverCallback deliverCallback,
			ConsumerShutdownSignalCallback shutdownSignalCallback) throws IOException {
		return basicConsume(queue, autoAck, consumerTag, false, false, null,
				new CallbackConsumer(deliverCallback, null, shutdownSignalCallback));
	}

	@Override
	public String basicConsume(String queue, boolean autoAck, String consumerTag, DeliverCallback deliverCallback,
			CancelCallback cancelCallback, ConsumerShutdownSignalCallback shutdownSignalCallback) throws IOException {
		return basicConsume(queue, autoAck, consumerTag, false, false, null,
				new CallbackConsumer(deliverCallback, cancelCallback, shutdownSignalCallback));
	}

	@Override
	public String basicConsume(String queue, boolean autoAck, String consumerTag, boolean noLocal, boolean exclusive,
			@Nullable Map<String, Object> arguments, DeliverCallback deliverCallback, CancelCallback cancelCallback)
			throws IOException {
		return basicConsume(queue, autoAck, consumerTag, noLocal, exclusive, arguments,
				new CallbackConsumer(deliverCallback, cancelCallback, null));
	}

	@Override
	public String basicConsume(String queue, boolean autoAck, String consumerTag, boolean noLocal, boolean exclusive,
			@Nullable Map<String, Object> arguments, DeliverCallback deliverCallback,
			ConsumerShutdownSignalCallback shutdownSignalCallback) throws IOException {
		return basicConsume(queue, autoAck, consumerTag, noLocal, exclusive, arguments,
				new CallbackConsumer(deliverCallback, null, shutdownSignalCallback));
	}

	@Override
	public String basicConsume(String queue, boolean autoAck, String consumerTag, boolean noLocal, boolean exclusive,
			@Nullable Map<String, Object> arguments, DeliverCallback deliverCallback, CancelCallback cancelCallback,
			ConsumerShutdownSignalCallback shutdownSignalCallback) throws IOException {
		return basicConsume(queue, autoAck, consumerTag, noLocal, exclusive, arguments,
				new CallbackConsumer(deliverCallback, cancelCallback, shutdownSignalCallback));
	}

	// Everything else

	@Override
	public long messageCount(String queue) throws IOException {
		return call((channel) -> channel.messageCount(queue));
	}

	@Override
	public long consumerCount(String queue) throws IOException {
		return call((channel) -> channel.consumerCount(queue));
	}

	@Override
	public void asyncRpc(Method method) throws IOException {
		run((channel) -> channel.asyncRpc(method));
		done(method, null);
	}

	@Override
	public Command rpc(Method method) throws IOException {
		return done(method, call((channel) -> channel.rpc(method)));
	}

	@Override
	public CompletableFuture<Command> asyncCompletableRpc(Method method) throws IOException {
		CompletableFuture<Command> answer = call((channel) -> channel.asyncCompletableRpc(method));
		return answer.thenApply((command) -> done(method, command));
	}

	private <T extends @Nullable Command> T done(Method method, T answer) {
		if (method instanceof AMQP.Queue.Declare declare && !declare.getPassive()) {
			String queue = (answer != null && answer.getMethod() instanceof AMQP.Queue.DeclareOk ok) ? ok.getQueue()
					: declare.getQueue();
			if (!queue.isEmpty()) {
				queueDeclared(queue, declare.getQueue(), declare.getDurable(), declare.getExclusive(),
						declare.getAutoDelete(), declare.getArguments());
			}
		}
		else if (method instanceof AMQP.Queue.Delete delete) {
			deleted(delete.getQueue(), null);
		}
		else {
			this.connection.queues().done(method);
		}
		return answer;
	}

	@Override
	public int getChannelNumber() {
		return this.number;
	}

	@Override
	public Connection getConnection() {
		return this.connection;
	}

	@Override
	public @Nullable Consumer getDefaultConsumer() {
		return this.defaultConsumer;
	}

	/**
	 * Set a consumer that is never called: brokers deliver to no consumer that is not
	 * known.
	 */
	@Override
	public void setDefaultConsumer(Consumer consumer) {
		this.defaultConsumer = consumer;
	}

	@Override
	public void addReturnListener(ReturnListener listener) {
		this.returnListeners.add(listener);
	}

	@Override
	public ReturnListener addReturnListener(ReturnCallback returnCallback) {
		ReturnListener listener = (replyCode, replyText, exchange, routingKey, properties, body) -> returnCallback
			.handle(new Return(replyCode, replyText, exchange, routingKey, properties, body));
		addReturnListener(listener);
		return listener;
	}

	@Override
	public boolean removeReturnListener(ReturnListener listener) {
		return this.returnListeners.remove(listener);
	}

	@Override
	public void clearReturnListeners() {
		this.returnListeners.clear();
	}

	@Override
	public void addConfirmListener(ConfirmListener listener) {
		this.confirms.listeners().add(listener);
	}

	@Override
	public ConfirmListener addConfirmListener(ConfirmCallback ackCallback, ConfirmCallback nackCallback) {
		ConfirmListener listener = new ConfirmListener() {

			@Override
			public void handleAck(long deliveryTag, boolean multiple) throws IOException {
				ackCallback.handle(deliveryTag, multiple);
			}

			@Override
			public void handleNack(long deliveryTag, boolean multiple) throws IOException {
				nackCallback.handle(deliveryTag, multiple);
			}

		};
		addConfirmListener(listener);
		return listener;
	}

	@Override
	public boolean removeConfirmListener(ConfirmListener listener) {
		return this.confirms.listeners().remove(listener);
	}

	@Override
	public void clearConfirmListeners() {
		this.confirms.listeners().clear();
	}

	@Override
	public void addShutdownListener(ShutdownListener listener) {
		this.shutdownListeners.add(listener);
		ShutdownSignalException signal = this.closed.get();
		if (signal != null) {
			listener.shutdownCompleted(signal);
		}
	}

	@Override
	public void removeShutdownListener(ShutdownListener listener) {
		this.shutdownListeners.remove(listener);
	}

	@Override
	public @Nullable ShutdownSignalException getCloseReason() {
		return this.closed.get();
	}

	@Override
	public void notifyListeners() {
		ShutdownSignalException signal = this.closed.get();
		if (signal != null) {
			this.shutdownListeners.forEach((listener) -> notify(listener, signal));
		}
	}

	private static void notify(ShutdownListener listener, ShutdownSignalException signal) {
		try {
			listener.shutdownCompleted(signal);
		}
		catch (Throwable ex) {
			logger.error("Shutdown listener failed", ex);
		}
	}

	/**
	 * A channel is not open any more as soon as its connection is not, or that to the
	 * broker whose loss it does not survive: whoever opens another connection at this
	 * moment must not take it for one that can be used. One that is lost in the middle of
	 * a transaction is open until this has ended: Spring replaces the failure of what was
	 * done by that of the rollback if it is not.
	 */
	@Override
	public boolean isOpen() {
		RealChannel real = this.main;
		return (isAlive() && !(real != null && isLost(real) && endsWith(real))) || isInTransaction();
	}

	private boolean isAlive() {
		return this.closed.get() == null && this.connection.isOpen();
	}

	@Override
	public void close() throws IOException, TimeoutException {
		close(AMQP.REPLY_SUCCESS, "OK");
	}

	@Override
	public void close(int closeCode, String closeMessage) throws IOException, TimeoutException {
		requireOpen();
		prepareClose();
		List<RealChannel> open = end(closeCode, closeMessage);
		RealChannel last = this.main;
		for (RealChannel real : open) {
			if (real != last) {
				inBackground(() -> abandon(real));
			}
		}
		if (last != null && open.contains(last)) {
			try {
				if (last.channel().isOpen()) {
					last.channel().close(closeCode, closeMessage);
				}
			}
			catch (AlreadyClosedException ex) {
				logger.debug("%s was closed already".formatted(last), ex);
			}
			finally {
				forget(last);
			}
		}
	}

	@Override
	public void abort() throws IOException {
		abort(AMQP.REPLY_SUCCESS, "OK");
	}

	@Override
	public void abort(int closeCode, String closeMessage) throws IOException {
		if (this.closed.get() == null) {
			prepareClose();
			end(closeCode, closeMessage).forEach(this::abandon);
		}
	}

	private List<RealChannel> end(int closeCode, String closeMessage) {
		shutdown(new ShutdownSignalException(false, true,
				new AMQP.Channel.Close.Builder().replyCode(closeCode).replyText(closeMessage).build(), this));
		return reals();
	}

	/**
	 * Give back what no consumer is to handle, as RabbitMQ counts what goes back with a
	 * channel as a failed delivery.
	 */
	private void prepareClose() {
		if (this.deliveries.isHandingOn()) {
			return;
		}
		awaitCancelled();
		if (!this.transacted) {
			this.deliveries.takeWaiting((item) -> true).values().forEach(this::giveBack);
			reals().forEach(this::giveBackForsaken);
		}
		awaitFlush();
	}

	/**
	 * Wait until consumers that were cancelled know it, unless one is busy with a
	 * message.
	 */
	private void awaitCancelled() {
		long deadline = this.connection.source().nanoTime() + CANCEL.toNanos();
		lock().lock();
		try {
			while (this.ending.stream().anyMatch(this.deliveries::isKnown)
					&& this.connection.source().nanoTime() - deadline < 0
					&& !this.deliveries.isBusyFor(BUSY.toNanos())) {
				this.cancelled.awaitNanos(LOOK.toNanos());
			}
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
		}
		finally {
			lock().unlock();
		}
	}

	private void awaitFlush() {
		long remaining = reals().stream().mapToLong(RealChannel::flushesFor).max().orElse(0);
		lock().lock();
		try {
			while (remaining > 0) {
				remaining = this.cancelled.awaitNanos(Math.min(remaining, RealChannel.FLUSH.toNanos()));
			}
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
		}
		finally {
			lock().unlock();
		}
	}

	/**
	 * The broker is told of the cancel, too, or it would deliver again what is given
	 * back.
	 */
	private void giveBackForsaken(RealChannel real) {
		List<Long> tags;
		lock().lock();
		try {
			tags = List.copyOf(real.forsaken());
			real.forsaken().clear();
		}
		finally {
			lock().unlock();
		}
		if (tags.isEmpty() || !real.isUsable()) {
			return;
		}
		try {
			for (String tag : real.cancelledByBroker()) {
				real.channel().asyncRpc(new AMQP.Basic.Cancel.Builder().consumerTag(tag).nowait(true).build());
			}
			for (long tag : tags) {
				real.giveBack(tag);
			}
		}
		catch (IOException | ShutdownSignalException ex) {
			logger.debug("Deliveries go back with %s".formatted(real), ex);
		}
	}

	@Override
	public String toString() {
		RealChannel real = this.main;
		return "channel %d%s".formatted(this.number, (real != null) ? " to " + real.link() : "");
	}

	/**
	 * An operation with a result.
	 *
	 * @param <T> the type of the result
	 */
	@FunctionalInterface
	private interface Call<T extends @Nullable Object> {

		T on(Channel channel) throws IOException;

	}

	/**
	 * An operation without a result.
	 */
	@FunctionalInterface
	private interface Action {

		void on(Channel channel) throws IOException;

	}

	/**
	 * Settles messages.
	 */
	@FunctionalInterface
	private interface Settling {

		void settle(Channel channel, long tag, boolean multiple) throws IOException;

	}

}
