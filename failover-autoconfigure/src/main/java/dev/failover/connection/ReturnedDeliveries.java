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

package dev.failover.connection;

import java.io.IOException;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.NavigableSet;
import java.util.TreeSet;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

import com.rabbitmq.client.Channel;
import com.rabbitmq.client.ShutdownSignalException;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;

/**
 * What goes back to its queue by name when a consumer is cancelled, which RabbitMQ does
 * not count as failed deliveries.
 */
final class ReturnedDeliveries {

	private static final Log logger = LogFactory.getLog(CountedChannel.class);

	/**
	 * RabbitMQ forgets some of what it was told of a quorum queue if a channel is closed
	 * within a few milliseconds: beyond 32 commands, it waits for the queue.
	 */
	private static final Duration FLUSH = Duration.ofMillis(100);

	private final Channel channel;

	private final NavigableSet<Long> unsettled;

	private final Settled settled;

	private volatile Supplier<Collection<Long>> rest = List::of;

	private volatile boolean alone = true;

	private final CountDownLatch closed = new CountDownLatch(1);

	private volatile long oneByOne = System.nanoTime() - FLUSH.toNanos();

	/**
	 * Create an instance.
	 * @param channel the channel
	 * @param unsettled what is to be settled on it
	 * @param settled is told what was settled
	 */
	ReturnedDeliveries(Channel channel, NavigableSet<Long> unsettled, Settled settled) {
		this.channel = channel;
		this.unsettled = unsettled;
		this.settled = settled;
	}

	/**
	 * Set what takes from a consumer what it has not begun.
	 */
	void setRest(Supplier<Collection<Long>> rest) {
		this.rest = rest;
	}

	/**
	 * Set whether nothing is to be settled on the channel that is not known.
	 */
	void setAlone(boolean alone) {
		this.alone = alone;
	}

	boolean isAlone() {
		return this.alone;
	}

	void giveBack(long tag) throws IOException {
		this.channel.basicNack(tag, false, true);
		this.settled.settled(tag, false);
	}

	/**
	 * Give back what a consumer has not begun, in one command if nothing else is to be
	 * settled.
	 * @param late what came after the cancel
	 */
	void giveBack(Collection<Long> late) {
		TreeSet<Long> tags = new TreeSet<>(this.rest.get());
		tags.addAll(late);
		if (tags.isEmpty()) {
			return;
		}
		try {
			if (this.alone && tags.equals(this.unsettled.headSet(tags.last(), true))) {
				this.channel.basicNack(tags.last(), true, true);
				this.settled.settled(tags.last(), true);
				return;
			}
			for (long tag : tags) {
				giveBack(tag);
			}
			this.oneByOne = System.nanoTime();
		}
		catch (IOException | ShutdownSignalException ex) {
			logger.debug("Deliveries %s go back with the channel".formatted(tags), ex);
		}
	}

	/**
	 * The channel is closed.
	 */
	void closed() {
		this.closed.countDown();
	}

	/**
	 * Wait until the broker has worked on what went back one by one, or the channel is
	 * closed.
	 */
	void awaitFlush() {
		long remaining = this.oneByOne + FLUSH.toNanos() - System.nanoTime();
		try {
			if (this.closed.await(remaining, TimeUnit.NANOSECONDS)) {
				logger.debug("Messages have gone back with their channel");
			}
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
		}
	}

	/**
	 * Is told of a delivery that is settled.
	 */
	@FunctionalInterface
	interface Settled {

		/**
		 * Take note of a delivery.
		 * @param tag the delivery tag
		 * @param multiple whether it holds for all deliveries before
		 */
		void settled(long tag, boolean multiple);

	}

}
