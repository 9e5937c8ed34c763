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
import java.lang.ref.WeakReference;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

import com.rabbitmq.client.Channel;

/**
 * A channel to one broker behind a virtual channel. All that changes is guarded by the
 * lock of the deliveries of that channel.
 */
final class RealChannel {

	/**
	 * How long what was passed on without acknowledgement may take to be answered on the
	 * channel that it came from.
	 */
	private static final Duration ANSWERING = Duration.ofSeconds(1);

	/**
	 * RabbitMQ forgets some of what it was told of a quorum queue if a channel is closed
	 * within a few milliseconds: beyond 32 commands, it waits for the queue.
	 */
	static final Duration FLUSH = Duration.ofMillis(100);

	private final Link link;

	private final Channel channel;

	private final boolean transacted;

	private final boolean confirming;

	private final WeakReference<RealChannel> self = new WeakReference<>(this);

	/**
	 * Consumers that the broker may deliver to, until the last delivery was taken over.
	 */
	private final Set<Subscription> subscribed = new LinkedHashSet<>();

	/**
	 * What was delivered to consumers that the broker has cancelled itself: it must not
	 * be settled any more.
	 */
	private final Set<Long> forsaken = new TreeSet<>();

	private final Set<String> cancelledByBroker = new HashSet<>();

	/**
	 * Consumers to which nothing is handed on until the broker has delivered everything
	 * unsettled again.
	 */
	private final Map<Subscription, Integer> recovering = new HashMap<>();

	private boolean left;

	private volatile boolean givingBack;

	private boolean closing;

	private volatile boolean gone;

	/**
	 * Deliveries that wait to be passed on.
	 */
	int queued;

	/**
	 * Deliveries that were passed on, and are to be settled.
	 */
	int unsettled;

	/**
	 * Deliveries of which the broker is being told.
	 */
	int telling;

	/**
	 * Operations that run.
	 */
	int inUse;

	/**
	 * Requests with a direct reply that has not come yet.
	 */
	int requests;

	/**
	 * Messages without a confirm.
	 */
	int unconfirmed;

	/**
	 * Whether something was published in a transaction that has not ended.
	 */
	boolean published;

	/**
	 * Whether something was settled in a transaction that has not ended.
	 */
	boolean settled;

	private long answeredUntil;

	private volatile long flushedAt;

	RealChannel(Link link, Channel channel, boolean transacted, boolean confirming) {
		this.link = link;
		this.channel = channel;
		this.transacted = transacted;
		this.confirming = confirming;
		this.answeredUntil = now();
		this.flushedAt = now();
	}

	private long now() {
		return this.link.source().nanoTime();
	}

	Link link() {
		return this.link;
	}

	Channel channel() {
		return this.channel;
	}

	/**
	 * Whether the channel was opened for transactions, or for confirms.
	 */
	boolean isFor(boolean transactions, boolean confirms) {
		return this.transacted == transactions && this.confirming == confirms;
	}

	WeakReference<RealChannel> self() {
		return this.self;
	}

	Set<Subscription> subscribed() {
		return this.subscribed;
	}

	Map<Subscription, Integer> recovering() {
		return this.recovering;
	}

	Set<Long> forsaken() {
		return this.forsaken;
	}

	/**
	 * Return the tags of consumers that the broker has cancelled itself.
	 */
	Set<String> cancelledByBroker() {
		return this.cancelledByBroker;
	}

	/**
	 * Whether the channel was left: it ends when nothing is to be done on it any more.
	 */
	boolean isLeft() {
		return this.left;
	}

	void leave() {
		this.left = true;
	}

	/**
	 * Whether consumers are cancelled here, so that what still comes may go back.
	 */
	boolean isGivingBack() {
		return this.givingBack;
	}

	void giveBackFromNowOn() {
		this.givingBack = true;
	}

	/**
	 * Whether the channel is lost, or was closed.
	 */
	boolean isGone() {
		return this.gone;
	}

	/**
	 * Whether the channel can be used.
	 */
	boolean isUsable() {
		return !this.closing && !this.gone && this.link.isOpen() && this.channel.isOpen();
	}

	boolean isClosing() {
		return this.closing;
	}

	void closing() {
		this.closing = true;
	}

	void gone() {
		this.closing = true;
		this.gone = true;
		this.subscribed.clear();
	}

	boolean isInTransaction() {
		return this.published || this.settled;
	}

	/**
	 * Whether nothing is to be done on the channel any more.
	 */
	boolean isIdle() {
		return this.inUse == 0 && !isInHand() && this.unconfirmed == 0 && !isInTransaction()
				&& (this.subscribed.isEmpty() || onlyAwaitsReplies());
	}

	/**
	 * Whether there is something that was delivered and is not settled.
	 */
	boolean isInHand() {
		return this.queued > 0 || this.unsettled > 0 || this.telling > 0;
	}

	private boolean onlyAwaitsReplies() {
		return this.requests <= 0 && this.subscribed.stream().allMatch(Subscription::isForReplies);
	}

	void passedOn() {
		this.answeredUntil = now() + ANSWERING.toNanos();
	}

	/**
	 * Return how long the channel is kept at least, in nanoseconds.
	 */
	long keptFor() {
		return Math.max(this.answeredUntil - now(), flushesFor());
	}

	/**
	 * Give a delivery back to its queue, by name: RabbitMQ counts what goes back because
	 * a channel is closed as a failed delivery.
	 */
	void giveBack(long tag) throws IOException {
		this.channel.basicNack(tag, false, true);
		this.flushedAt = now() + FLUSH.toNanos();
	}

	/**
	 * Return how long the broker may take to work on what was given back, in nanoseconds.
	 */
	long flushesFor() {
		return this.flushedAt - now();
	}

	@Override
	public String toString() {
		return "channel %d to %s".formatted(this.channel.getChannelNumber(), this.link);
	}

}
