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
import java.io.InterruptedIOException;
import java.net.InetAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CopyOnWriteArraySet;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.Stream;

import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.AlreadyClosedException;
import com.rabbitmq.client.BlockedCallback;
import com.rabbitmq.client.BlockedListener;
import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.ExceptionHandler;
import com.rabbitmq.client.ShutdownListener;
import com.rabbitmq.client.ShutdownSignalException;
import com.rabbitmq.client.UnblockedCallback;
import com.rabbitmq.client.impl.NetworkConnection;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;

import dev.failover.broker.Broker;

/**
 * A connection that stays open while the broker behind it changes.
 * <p>
 * It follows the active broker: when another one becomes active, its channels go there,
 * consumers first subscribing there and then ending where they were. If the broker is
 * lost instead, consumers are subscribed on the next one as soon as there is one; until
 * then their channels stay open, and wait. Channels without consumers are closed in that
 * case, and so is the connection if it has no consumers, so that whoever uses it opens
 * another one: what was published without confirms may be lost, and this tells so.
 * <p>
 * Consumers may be subscribed on further brokers. What they are given from there is
 * within their prefetch count, in no other order, and is settled there.
 * <p>
 * Safe for use by any number of threads.
 */
public final class VirtualConnection implements Connection, NetworkConnection {

	private static final Log logger = LogFactory.getLog(VirtualConnection.class);

	/**
	 * Channels that go to another broker at the same time.
	 */
	private static final int SIDE_BY_SIDE = 8;

	/**
	 * From a try to connect in vain to the next one.
	 */
	private static final Duration PACE = Duration.ofMillis(150);

	/**
	 * A connection that ends earlier counts: the next one but one is not opened at once.
	 */
	private static final Duration LASTING = Duration.ofSeconds(1);

	private static final int MAX_DOUBLINGS = 4;

	private final LinkSource source;

	private final Executor consumers;

	private final Runnable onChange;

	private final Set<VirtualChannel> channels = new ConcurrentSkipListSet<>(
			Comparator.comparingInt(VirtualChannel::getChannelNumber));

	private final AtomicInteger channelNumbers = new AtomicInteger();

	private final Set<Link> links = new CopyOnWriteArraySet<>();

	/**
	 * Links to brokers beside the active one, by their names.
	 */
	private final Map<String, Link> beside = new ConcurrentHashMap<>();

	private final AtomicInteger changes = new AtomicInteger();

	private final AtomicBoolean connecting = new AtomicBoolean();

	private final AtomicReference<@Nullable CompletableFuture<Link>> awaited = new AtomicReference<>();

	private final ConnectionQueues queues = new ConnectionQueues();

	private final List<ShutdownListener> shutdownListeners = new CopyOnWriteArrayList<>();

	private final List<BlockedListener> blockedListeners = new CopyOnWriteArrayList<>();

	private final AtomicReference<@Nullable ShutdownSignalException> closed = new AtomicReference<>();

	private volatile Link current;

	private volatile long linkedAt;

	private volatile int shortLived;

	private volatile Set<Broker> wantedBeside = Set.of();

	/**
	 * Where the active broker is going to be.
	 */
	private volatile @Nullable Broker next;

	private volatile @Nullable String id;

	/**
	 * Create a connection.
	 * @param source where connections to brokers come from
	 * @param first the connection to the active broker
	 * @param executor hands messages on to consumers; the source's if {@code null}
	 * @param onChange called when the connection or channels of it have gone to another
	 * broker, or it is closed; must not block
	 */
	public VirtualConnection(LinkSource source, BrokerLink first, @Nullable Executor executor, Runnable onChange) {
		this.source = source;
		this.consumers = (executor != null) ? executor : source.consumers();
		this.onChange = onChange;
		this.current = attach(first);
		inUse(this.current);
	}

	private Link attach(BrokerLink target) {
		Link link = new Link(target, this.source);
		target.connection().addBlockedListener((reason) -> blocked(link, reason), () -> unblocked(link));
		target.connection().addShutdownListener((signal) -> lost(link, signal));
		return link;
	}

	/**
	 * What is not in use yet is not left by whoever does not know of it.
	 */
	private void inUse(Link link) {
		this.linkedAt = this.source.nanoTime();
		this.links.add(link);
		if (!link.connection().isOpen()) {
			this.links.remove(link);
		}
		if (!isOpen()) {
			link.close();
		}
	}

	private void blocked(Link link, String reason) throws IOException {
		if (link == this.current) {
			for (BlockedListener listener : this.blockedListeners) {
				listener.handleBlocked(reason);
			}
		}
		else if (link.isLeft()) {
			cut(link);
		}
	}

	private void unblocked(Link link) throws IOException {
		if (link == this.current) {
			for (BlockedListener listener : this.blockedListeners) {
				listener.handleUnblocked();
			}
		}
	}

	/**
	 * Go where the active broker is, and have consumers where they are wanted. Does not
	 * block.
	 */
	public void follow() {
		if (this.changes.getAndIncrement() == 0) {
			begin();
		}
	}

	private void begin() {
		try {
			this.source.execute(this::followAll);
		}
		catch (RejectedExecutionException ex) {
			this.changes.set(0);
			logger.debug("The connection factory is closed", ex);
		}
		catch (Throwable ex) {
			this.changes.set(0);
			logger.error("Channels go to another broker with delay", ex);
			this.source.later(PACE, this::follow);
		}
	}

	/**
	 * Subscribe the consumers on some brokers beside the active one, and on no others.
	 * Does not block.
	 * @param brokers the brokers
	 */
	public void consumeBeside(Set<Broker> brokers) {
		this.wantedBeside = Set.copyOf(brokers);
		follow();
	}

	/**
	 * Subscribe the consumers on the broker that is going to be active, so that they need
	 * not do so when it is. What cannot be subscribed on two brokers follows then. Does
	 * not block.
	 * @param broker the broker, or {@code null} if the active one stays
	 */
	public void prepare(@Nullable Broker broker) {
		this.next = broker;
		follow();
	}

	/**
	 * Return whether what was asked for last is done, as far as it can be done.
	 * @return whether nothing is under way
	 */
	public boolean isAtRest() {
		return !isOpen() || this.changes.get() == 0;
	}

	private void followAll() {
		int seen;
		do {
			seen = this.changes.get();
			try {
				followOnce();
			}
			catch (InterruptedException ex) {
				Thread.currentThread().interrupt();
				this.changes.set(0);
				return;
			}
			catch (Throwable ex) {
				logger.error("Channels cannot go to another broker at the moment", ex);
				this.source.later(PACE, this::follow);
			}
		}
		while (this.changes.addAndGet(-seen) != 0);
		this.onChange.run();
	}

	private void followOnce() throws InterruptedException {
		if (!isOpen()) {
			return;
		}
		Link link = this.current;
		if (!link.isOpen() && !hasConsumers() && this.awaited.get() == null) {
			return;
		}
		if (!isRight(link)) {
			connect();
			return;
		}
		moveAll(link);
		leaveOthers(link);
		followBeside(link);
	}

	private boolean isRight(Link link) {
		return link.isOpen() && !isElsewhere(link);
	}

	private boolean isElsewhere(Link link) {
		Broker active = this.source.active();
		return active != null && !link.isOn(active);
	}

	/**
	 * Return whether channels are not where they are wanted.
	 * @return whether some go to another broker at the moment
	 */
	public boolean isMoving() {
		Link link = this.current;
		return isOpen() && (this.changes.get() > 0 || !isRight(link));
	}

	/**
	 * Connect to the active broker, while channels may still be busy elsewhere: whoever
	 * holds one of them may wait for the new connection.
	 */
	private void connect() {
		if (!this.connecting.compareAndSet(false, true)) {
			return;
		}
		try {
			this.source.execute(this::connectNow);
		}
		catch (Throwable ex) {
			this.connecting.set(false);
			failed(ex);
		}
	}

	private void connectNow() {
		try {
			Link ready = ready();
			Link link = (ready != null) ? ready : attach(this.source.connect());
			if (!isOpen()) {
				link.close();
				return;
			}
			if (this.queues.hasExclusive()) {
				this.queues.declareOn(link);
			}
			else {
				this.source.awaitQueues(link.broker());
			}
			Link before = this.current;
			this.current = link;
			inUse(link);
			this.beside.remove(link.broker().name(), link);
			this.onChange.run();
			CompletableFuture<Link> waiting = this.awaited.getAndSet(null);
			if (waiting != null) {
				waiting.complete(link);
			}
			this.connecting.set(false);
			follow();
			if (before.isBlocked()) {
				unblocked(link);
			}
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
			this.connecting.set(false);
			failed(ex);
		}
		catch (Throwable ex) {
			this.connecting.set(false);
			failed(ex);
		}
	}

	/**
	 * Return the connection to the active broker on which consumers are subscribed
	 * already.
	 */
	private @Nullable Link ready() {
		Broker active = this.source.active();
		Link link = (active != null) ? this.beside.get(active.name()) : null;
		return (link != null && link.isOpen() && !link.isLeft()) ? link : null;
	}

	/**
	 * Nobody is to wait for longer than one try. Consumers wait until there is a broker.
	 */
	private void failed(Throwable failure) {
		CompletableFuture<Link> waiting = this.awaited.getAndSet(null);
		if (waiting != null) {
			waiting.completeExceptionally(failure);
		}
		logger.debug("No broker to go to", failure);
		this.source.later(PACE, this::follow);
	}

	/**
	 * Return the connection to the active broker, or wait for the try to open one.
	 */
	Link require() throws IOException {
		Link link = this.current;
		if (isRight(link)) {
			return link;
		}
		CompletableFuture<Link> fresh = new CompletableFuture<>();
		CompletableFuture<Link> waiting = this.awaited.compareAndExchange(null, fresh);
		CompletableFuture<Link> next = (waiting != null) ? waiting : fresh;
		link = this.current;
		if (isRight(link)) {
			this.awaited.compareAndSet(next, null);
			next.complete(link);
			return link;
		}
		requireOpen();
		connect();
		try {
			return next.get(this.source.connectTimeout().toNanos(), TimeUnit.NANOSECONDS);
		}
		catch (ExecutionException ex) {
			requireOpen();
			throw (ex.getCause() instanceof IOException io) ? new IOException(io.getMessage(), io)
					: new IOException("There is no broker to go to", ex.getCause());
		}
		catch (TimeoutException ex) {
			throw new IOException(
					"No broker could be connected to within %d ms".formatted(this.source.connectTimeout().toMillis()),
					ex);
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
			throw new InterruptedIOException("Interrupted while waiting for a broker");
		}
	}

	private void moveAll(Link link) throws InterruptedException {
		each((channel) -> channel.follow(link));
	}

	/**
	 * Do something with each channel, several at a time.
	 */
	private void each(java.util.function.Consumer<VirtualChannel> action) throws InterruptedException {
		Queue<VirtualChannel> rest = new ConcurrentLinkedQueue<>(this.channels);
		int threads = Math.min(SIDE_BY_SIDE, rest.size());
		List<CompletableFuture<?>> running = new ArrayList<>();
		for (int i = 1; i < threads; i++) {
			CompletableFuture<?> done = new CompletableFuture<>();
			try {
				this.source.execute(() -> {
					try {
						work(rest, action);
					}
					finally {
						done.complete(null);
					}
				});
				running.add(done);
			}
			catch (Throwable ex) {
				logger.debug("Fewer channels go to another broker at the same time", ex);
				break;
			}
		}
		work(rest, action);
		for (CompletableFuture<?> done : running) {
			try {
				done.get(this.source.leaveTimeout().toNanos(), TimeUnit.NANOSECONDS);
			}
			catch (ExecutionException | TimeoutException ex) {
				logger.debug("Channels take long to go to another broker", ex);
			}
		}
	}

	private static void work(Queue<VirtualChannel> rest, java.util.function.Consumer<VirtualChannel> action) {
		VirtualChannel channel = rest.poll();
		while (channel != null) {
			try {
				action.accept(channel);
			}
			catch (Throwable ex) {
				logger.error("%s cannot go to another broker".formatted(channel), ex);
			}
			channel = rest.poll();
		}
	}

	private void leaveOthers(Link link) throws InterruptedException {
		for (Link other : this.links) {
			boolean needed = other == link || other == this.current || this.beside.containsValue(other);
			if (!needed && !other.isLeft()) {
				each((channel) -> channel.leave(other));
				leave(other);
			}
		}
	}

	private void leave(Link link) {
		if (link.isLeft()) {
			return;
		}
		if (link.isBlocked()) {
			link.leave();
			cut(link);
			return;
		}
		link.leave();
		Duration timeout = this.source.leaveTimeout();
		this.source.later(timeout, () -> {
			if (this.links.contains(link)) {
				logger.info("Connection to %s is closed with work on it: it did not end within %d ms"
					.formatted(link.broker(), timeout.toMillis()));
				link.close();
			}
		});
	}

	/**
	 * Nothing comes to an end on a connection that the broker does not read.
	 */
	private void cut(Link link) {
		logger.info("Connection to %s is closed with what runs on it: the broker is blocked by an alarm"
			.formatted(link.broker()));
		link.close();
	}

	private void followBeside(Link link) throws InterruptedException {
		Map<String, Broker> names = Stream.concat(this.wantedBeside.stream(), Optional.ofNullable(this.next).stream())
			.distinct()
			.filter((broker) -> !link.isOn(broker))
			.collect(Collectors.toMap(Broker::name, (broker) -> broker));
		for (Map.Entry<String, Link> each : this.beside.entrySet()) {
			if (!names.containsKey(each.getKey()) || !each.getValue().isOpen()) {
				this.beside.remove(each.getKey(), each.getValue());
				each((channel) -> channel.leave(each.getValue()));
				leave(each.getValue());
			}
		}
		if (!hasConsumers()) {
			return;
		}
		for (Broker broker : names.values()) {
			Link other = this.beside.get(broker.name());
			if (other == null) {
				other = connectBeside(broker);
			}
			if (other != null) {
				Link there = other;
				each((channel) -> channel.consumeBeside(there));
			}
		}
	}

	private @Nullable Link connectBeside(Broker broker) throws InterruptedException {
		try {
			Link link = attach(this.source.connectTo(broker));
			this.beside.put(broker.name(), link);
			inUse(link);
			return isOpen() ? link : null;
		}
		catch (IOException | RuntimeException ex) {
			logger.debug("%s cannot be consumed from at the moment".formatted(broker), ex);
			return null;
		}
	}

	/**
	 * Return whether the consumers have nothing in hand from a broker beside the active
	 * one, and its queues are empty. Blocks for a round trip for each queue.
	 * @param broker the broker
	 * @return whether there is nothing left to be done
	 * @throws IOException if the broker does not answer
	 */
	public boolean isDrained(Broker broker) throws IOException {
		Link link = this.beside.get(broker.name());
		if (link == null) {
			return !hasConsumers();
		}
		for (VirtualChannel channel : this.channels) {
			if (!channel.isDrained(link)) {
				return false;
			}
		}
		return true;
	}

	/**
	 * Return how many messages wait in queues on a broker beside the active one. Blocks
	 * for a round trip for each queue.
	 * @param broker the broker
	 * @param queues the names of the queues
	 * @return the counts, without queues that are not known; empty if the broker is not
	 * consumed from beside the active one
	 * @throws IOException if the broker does not answer
	 */
	public Map<String, Integer> countMessages(Broker broker, Collection<String> queues) throws IOException {
		Link link = this.beside.get(broker.name());
		return (link != null) ? link.count(queues) : Map.of();
	}

	/**
	 * Return the queues of which a broker is consumed from beside the active one.
	 * @param broker the broker
	 * @return the names of the queues, whether a consumer is subscribed there yet or not
	 */
	public Set<String> getQueuesBeside(Broker broker) {
		return this.beside.containsKey(broker.name()) ? this.channels.stream()
			.flatMap((channel) -> channel.sharedQueues().stream())
			.collect(Collectors.toSet()) : Set.of();
	}

	/**
	 * Return whether queues that belong to this connection are not declared on a broker,
	 * as it has not gone there.
	 * @param broker the broker
	 * @return whether something published there could be lost for want of a queue
	 */
	public boolean isMissingQueues(Broker broker) {
		Link link = this.current;
		return isOpen() && this.queues.hasExclusive() && !(link.isOpen() && link.isOn(broker));
	}

	/**
	 * Declare what was declared on this connection on another one, which is going to be
	 * used: nobody else may know of it. What the broker refuses is left out.
	 * @param connection a connection to a broker, not in use yet
	 * @param known tells by its name whether a queue is declared by somebody else
	 */
	public void declareOn(Connection connection, Predicate<String> known) {
		this.queues.declareOn(connection, known);
	}

	/**
	 * Return how many consumers are subscribed on a broker beside the active one.
	 * @param broker the broker
	 * @return the number of consumers
	 */
	public int getConsumerCount(Broker broker) {
		Link link = this.beside.get(broker.name());
		return (link != null) ? this.channels.stream().mapToInt((channel) -> channel.consumersOn(link)).sum() : 0;
	}

	/**
	 * Return the prefetch counts of the channels that have consumers.
	 * @return one for each channel
	 */
	public List<Integer> getPrefetchCounts() {
		return this.channels.stream().flatMapToInt((channel) -> channel.prefetchCount().stream()).boxed().toList();
	}

	/**
	 * Return the queues that are consumed from.
	 * @return the names of the queues
	 */
	public Set<String> getQueues() {
		return this.channels.stream()
			.flatMap((channel) -> channel.subscriptions().stream())
			.map(Subscription::queue)
			.collect(Collectors.toSet());
	}

	/**
	 * Return the queues that are consumed from on the broker that channels are at.
	 * @param broker the broker
	 * @return the names of the queues, none if channels are elsewhere
	 */
	public Set<String> getQueuesOn(Broker broker) {
		return this.channels.stream()
			.flatMap((channel) -> channel.queuesOn(broker).stream())
			.collect(Collectors.toSet());
	}

	/**
	 * Return whether there are consumers.
	 * @return whether a channel has one
	 */
	public boolean hasConsumers() {
		return this.channels.stream().anyMatch((channel) -> !channel.subscriptions().isEmpty());
	}

	/**
	 * Return whether there is a connection to a broker, one that was left with work on it
	 * included.
	 * @param broker the name of the broker
	 * @return whether something may still run there
	 */
	public boolean isConnectedTo(String broker) {
		return this.links.stream().anyMatch((link) -> link.broker().name().equals(broker));
	}

	ConnectionQueues queues() {
		return this.queues;
	}

	LinkSource source() {
		return this.source;
	}

	Executor consumers() {
		return this.consumers;
	}

	Link current() {
		return this.current;
	}

	/**
	 * Return the connection to the active broker that is in use.
	 * @return the connection, which may be lost
	 */
	public BrokerLink getLink() {
		return this.current.target();
	}

	/**
	 * Open a channel to the active broker that does not follow when the broker changes,
	 * for whoever looks after that himself. While it is open, its connection is not
	 * closed before the time to leave a broker is over.
	 * @param ready takes a channel that was opened before, if there is one
	 * @return the channel, and what it was opened on
	 * @throws IOException if there is no broker
	 */
	public Opened openChannelApart(ReadyChannel ready) throws IOException {
		Link link = require();
		Channel channel = ready.take(link.target());
		return new Opened((channel != null) ? link.track(channel) : link.openChannel(), channel != null, link.target());
	}

	/**
	 * A channel has a consumer more, which may be wanted beside the active broker, too.
	 */
	void consuming() {
		if (!this.wantedBeside.isEmpty()) {
			follow();
		}
		else {
			this.onChange.run();
		}
	}

	void remove(VirtualChannel channel) {
		this.channels.remove(channel);
	}

	/**
	 * A connection to a broker has ended.
	 */
	private void lost(Link link, ShutdownSignalException signal) {
		this.links.remove(link);
		this.beside.remove(link.broker().name(), link);
		if (!isOpen()) {
			return;
		}
		boolean wasCurrent = link == this.current;
		if (wasCurrent && !hasConsumers()) {
			shutdown(signal);
			this.links.forEach(Link::leave);
			return;
		}
		this.channels.forEach((channel) -> channel.lost(link, signal));
		if (wasCurrent && !hasConsumers()) {
			shutdown(signal);
			this.links.forEach(Link::leave);
			return;
		}
		if (wasCurrent) {
			this.shortLived = (this.source.nanoTime() - this.linkedAt < LASTING.toNanos()) ? this.shortLived + 1 : 0;
			if (this.shortLived < 2) {
				follow();
			}
			else {
				int doublings = Math.min(this.shortLived - 2, MAX_DOUBLINGS);
				this.source.later(PACE.multipliedBy(1L << doublings), this::follow);
			}
		}
		this.onChange.run();
	}

	private void shutdown(ShutdownSignalException cause) {
		ShutdownSignalException signal = new ShutdownSignalException(true, cause.isInitiatedByApplication(),
				cause.getReason(), this, "", cause);
		if (!this.closed.compareAndSet(null, signal)) {
			return;
		}
		CompletableFuture<Link> waiting = this.awaited.getAndSet(null);
		if (waiting != null) {
			waiting.completeExceptionally(new AlreadyClosedException(signal));
		}
		for (VirtualChannel channel : this.channels) {
			channel.connectionClosed(signal);
		}
		notifyListeners();
		this.onChange.run();
	}

	private void requireOpen() {
		ShutdownSignalException signal = this.closed.get();
		if (signal != null) {
			throw new AlreadyClosedException(signal);
		}
	}

	// Connection

	@Override
	public @Nullable Channel createChannel() throws IOException {
		requireOpen();
		VirtualChannel channel = new VirtualChannel(this, this.channelNumbers.incrementAndGet());
		this.channels.add(channel);
		try {
			channel.bind();
			requireOpen();
			return channel;
		}
		catch (ChannelLimitException ex) {
			this.channels.remove(channel);
			return null;
		}
		catch (IOException | RuntimeException | Error ex) {
			this.channels.remove(channel);
			throw ex;
		}
	}

	/**
	 * Create a channel. Its number is not the given one, which may be in use on the next
	 * broker.
	 */
	@Override
	public @Nullable Channel createChannel(int channelNumber) throws IOException {
		return createChannel();
	}

	@Override
	public boolean isOpen() {
		return this.closed.get() == null;
	}

	@Override
	public @Nullable ShutdownSignalException getCloseReason() {
		return this.closed.get();
	}

	@Override
	public void close() throws IOException {
		close(AMQP.REPLY_SUCCESS, "OK");
	}

	@Override
	public void close(int closeCode, String closeMessage) throws IOException {
		close(closeCode, closeMessage, -1);
	}

	@Override
	public void close(int timeout) throws IOException {
		close(AMQP.REPLY_SUCCESS, "OK", timeout);
	}

	@Override
	public void close(int closeCode, String closeMessage, int timeout) throws IOException {
		requireOpen();
		close(new AMQP.Connection.Close.Builder().replyCode(closeCode).replyText(closeMessage).build());
		AtomicReference<@Nullable IOException> failure = new AtomicReference<>();
		closeLinks((connection) -> {
			try {
				connection.close(closeCode, closeMessage, timeout);
			}
			catch (IOException ex) {
				failure.set(ex);
			}
		});
		IOException thrown = failure.get();
		if (thrown != null) {
			throw thrown;
		}
	}

	private void close(AMQP.Connection.Close reason) {
		shutdown(new ShutdownSignalException(true, true, reason, this));
	}

	private void closeLinks(java.util.function.Consumer<Connection> action) {
		for (Link link : this.links) {
			if (link == this.current) {
				try {
					action.accept(link.connection());
				}
				catch (AlreadyClosedException ex) {
					logger.debug("The connection was closed already", ex);
				}
			}
			else {
				link.close();
			}
		}
	}

	@Override
	public void abort() {
		abort(-1);
	}

	@Override
	public void abort(int closeCode, String closeMessage) {
		abort(closeCode, closeMessage, -1);
	}

	@Override
	public void abort(int timeout) {
		abort(AMQP.REPLY_SUCCESS, "OK", timeout);
	}

	@Override
	public void abort(int closeCode, String closeMessage, int timeout) {
		close(new AMQP.Connection.Close.Builder().replyCode(closeCode).replyText(closeMessage).build());
		closeLinks((connection) -> connection.abort(closeCode, closeMessage, timeout));
	}

	@Override
	public InetAddress getAddress() {
		return this.current.connection().getAddress();
	}

	@Override
	public int getPort() {
		return this.current.connection().getPort();
	}

	@Override
	public InetAddress getLocalAddress() {
		return (this.current.connection() instanceof NetworkConnection network) ? network.getLocalAddress()
				: InetAddress.getLoopbackAddress();
	}

	@Override
	public int getLocalPort() {
		return (this.current.connection() instanceof NetworkConnection network) ? network.getLocalPort() : 0;
	}

	@Override
	public int getChannelMax() {
		return this.current.connection().getChannelMax();
	}

	@Override
	public int getFrameMax() {
		return this.current.connection().getFrameMax();
	}

	@Override
	public int getHeartbeat() {
		return this.current.connection().getHeartbeat();
	}

	@Override
	public Map<String, Object> getClientProperties() {
		return this.current.connection().getClientProperties();
	}

	@Override
	public @Nullable String getClientProvidedName() {
		return this.current.connection().getClientProvidedName();
	}

	@Override
	public Map<String, Object> getServerProperties() {
		return this.current.connection().getServerProperties();
	}

	@Override
	public void addBlockedListener(BlockedListener listener) {
		this.blockedListeners.add(listener);
	}

	@Override
	public BlockedListener addBlockedListener(BlockedCallback blocked, UnblockedCallback unblocked) {
		BlockedListener listener = new BlockedListener() {

			@Override
			public void handleBlocked(String reason) throws IOException {
				blocked.handle(reason);
			}

			@Override
			public void handleUnblocked() throws IOException {
				unblocked.handle();
			}

		};
		addBlockedListener(listener);
		return listener;
	}

	@Override
	public boolean removeBlockedListener(BlockedListener listener) {
		return this.blockedListeners.remove(listener);
	}

	@Override
	public void clearBlockedListeners() {
		this.blockedListeners.clear();
	}

	@Override
	public ExceptionHandler getExceptionHandler() {
		return this.current.connection().getExceptionHandler();
	}

	@Override
	public @Nullable String getId() {
		return (this.id != null) ? this.id : this.current.connection().getId();
	}

	@Override
	public void setId(String id) {
		this.id = id;
		this.current.connection().setId(id);
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

	@Override
	public String toString() {
		return "connection to " + this.current;
	}

	/**
	 * Takes a channel that was opened before the connection was taken into use.
	 */
	@FunctionalInterface
	public interface ReadyChannel {

		/**
		 * Take a channel.
		 * @param link the connection
		 * @return the channel, which is the caller's then, or {@code null} if there is
		 * none
		 */
		@Nullable Channel take(BrokerLink link);

	}

	/**
	 * A channel that does not follow the active broker.
	 *
	 * @param channel the channel
	 * @param ready whether it was opened before
	 * @param link the connection that it was opened on
	 */
	public record Opened(Channel channel, boolean ready, BrokerLink link) {

	}

}
