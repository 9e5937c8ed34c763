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

package dev.failover.topology;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.concurrent.TimeoutException;

import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Command;
import com.rabbitmq.client.Connection;
import org.jspecify.annotations.Nullable;

/**
 * Sends declarations to a broker without waiting for the answers. A channel takes one
 * declaration at a time: while that is not answered, the next one goes out on another
 * channel. Used by one thread.
 */
final class Declarer {

	/**
	 * Channels of a connection that unanswered declarations do not take.
	 */
	private static final int LEFT = 3;

	private final Connection connection;

	private final Deque<Channel> idle = new ConcurrentLinkedDeque<>();

	private long roundTrip = Long.MAX_VALUE;

	private final List<Channel> opened = new ArrayList<>();

	Declarer(Connection connection) {
		this.connection = connection;
	}

	/**
	 * Send a declaration.
	 * @return what was sent, or {@code null} if too many are unanswered for one more
	 * @throws IOException if that is not possible any more
	 */
	@Nullable AskedDeclaration ask(Declaration declaration) throws IOException {
		Channel idle = poll();
		if (idle == null && !hasRoom()) {
			return null;
		}
		Channel channel = (idle != null) ? idle : open();
		CompletableFuture<Command> answer = channel.asyncCompletableRpc(declaration.method());
		return new AskedDeclaration(declaration, answer.thenApply((command) -> {
			give(channel);
			return command;
		}), System.nanoTime());
	}

	/**
	 * Return a channel on which nothing is unanswered.
	 */
	Channel take() throws IOException {
		Channel channel = poll();
		return (channel != null) ? channel : open();
	}

	private @Nullable Channel poll() {
		Channel channel = this.idle.poll();
		while (channel != null && !channel.isOpen()) {
			channel = this.idle.poll();
		}
		return channel;
	}

	/**
	 * Whether one more channel can be kept busy, so that some are left for others.
	 */
	private boolean hasRoom() {
		int max = this.connection.getChannelMax();
		this.opened.removeIf((channel) -> !channel.isOpen());
		return max == 0 || this.opened.size() < Math.max(1, max - LEFT);
	}

	private Channel open() throws IOException {
		long begin = System.nanoTime();
		Channel channel = this.connection.createChannel();
		if (channel == null) {
			throw new IOException("The connection has no channel left");
		}
		this.opened.add(channel);
		answered(System.nanoTime() - begin);
		return channel;
	}

	/**
	 * Take a channel back on which nothing is unanswered.
	 */
	void give(Channel channel) {
		this.idle.push(channel);
	}

	/**
	 * Take note of how long an answer took.
	 */
	void answered(long nanos) {
		this.roundTrip = Math.min(this.roundTrip, nanos);
	}

	/**
	 * Return the shortest time in which the broker has answered anything.
	 */
	Duration roundTrip() {
		return Duration.ofNanos(this.roundTrip);
	}

	/**
	 * Make sure that the broker answers on this connection.
	 */
	void probe() throws IOException {
		give(open());
	}

	/**
	 * Close the channels on which nothing is unanswered.
	 */
	void close() throws IOException, TimeoutException {
		for (Channel channel = poll(); channel != null; channel = poll()) {
			channel.close();
		}
	}

}
