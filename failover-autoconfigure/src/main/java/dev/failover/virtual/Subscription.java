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

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Map;

import com.rabbitmq.client.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A consumer of a virtual channel, which is subscribed on each broker that is consumed
 * from. All that changes is guarded by the lock of the deliveries.
 */
final class Subscription {

	static final String DIRECT_REPLIES = "amq.rabbitmq.reply-to";

	/**
	 * Puts messages into a queue, from which another thread takes them.
	 */
	private static final String HANDS_ON = "org.springframework.amqp.rabbit.listener.BlockingQueueConsumer";

	private final String queue;

	private final boolean autoAck;

	private final boolean noLocal;

	private final boolean exclusive;

	private final @Nullable Map<String, Object> arguments;

	private final Consumer callback;

	private final int prefetch;

	private final boolean handsOn;

	private final Deque<Item> items = new ArrayDeque<>();

	private final HandingOn handingOn = new HandingOn();

	private volatile String tag;

	/**
	 * Deliveries that were passed on and are to be settled.
	 */
	int unsettled;

	private volatile boolean cancelled;

	private boolean begun;

	private boolean ended;

	Subscription(String queue, boolean autoAck, String tag, boolean noLocal, boolean exclusive,
			@Nullable Map<String, Object> arguments, Consumer callback, int prefetch) {
		this.queue = queue;
		this.autoAck = autoAck;
		this.tag = tag;
		this.noLocal = noLocal;
		this.exclusive = exclusive;
		this.arguments = arguments;
		this.callback = callback;
		this.prefetch = prefetch;
		this.handsOn = callback.getClass().getName().startsWith(HANDS_ON);
	}

	String queue() {
		return this.queue;
	}

	boolean autoAck() {
		return this.autoAck;
	}

	boolean noLocal() {
		return this.noLocal;
	}

	boolean exclusive() {
		return this.exclusive;
	}

	@Nullable Map<String, Object> arguments() {
		return this.arguments;
	}

	Consumer callback() {
		return this.callback;
	}

	String tag() {
		return this.tag;
	}

	/**
	 * The broker has chosen a tag.
	 */
	void tag(String tag) {
		this.tag = tag;
	}

	/**
	 * Whether it is told of messages before they are handled.
	 */
	boolean handsOn() {
		return this.handsOn;
	}

	HandingOn handingOn() {
		return this.handingOn;
	}

	Deque<Item> items() {
		return this.items;
	}

	boolean isForReplies() {
		return DIRECT_REPLIES.equals(this.queue);
	}

	/**
	 * Whether the queue is a stream, or read like one: it is never empty.
	 */
	boolean isStream() {
		return this.arguments != null && this.arguments.containsKey("x-stream-offset");
	}

	boolean isCancelled() {
		return this.cancelled;
	}

	void cancel() {
		this.cancelled = true;
	}

	/**
	 * Note that the begin is told.
	 * @return whether that is news
	 */
	boolean begin() {
		boolean news = !this.begun;
		this.begun = true;
		return news;
	}

	/**
	 * Note that the end is told.
	 * @return whether that is news
	 */
	boolean end() {
		boolean news = !this.ended;
		this.ended = true;
		return news;
	}

	/**
	 * Whether it was told the end.
	 */
	boolean hasEnded() {
		return this.ended;
	}

	int prefetch() {
		return this.prefetch;
	}

	/**
	 * Whether one more message may be passed on.
	 */
	boolean hasRoom() {
		boolean within = this.autoAck || this.prefetch == 0 || this.unsettled < this.prefetch;
		return within && (!this.handsOn || this.handingOn.hasRoom());
	}

	@Override
	public String toString() {
		return "consumer '%s' of queue '%s'".formatted(this.tag, this.queue);
	}

}
