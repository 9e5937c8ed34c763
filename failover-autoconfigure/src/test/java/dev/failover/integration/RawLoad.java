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

package dev.failover.integration;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.MessageProperties;

/**
 * A steady stream of messages from amqp-client itself, on one channel, which waits for
 * its confirms whatever happens.
 */
final class RawLoad implements AutoCloseable {

	private static final int MAX_UNCONFIRMED = 20;

	private final Connection connection;

	private final Channel channel;

	private final String queue;

	private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor();

	private final ConfirmGaps gaps = new ConfirmGaps();

	private volatile long confirmed;

	private RawLoad(Connection connection, String queue) throws IOException {
		this.connection = connection;
		this.queue = queue;
		this.channel = connection.createChannel();
		this.channel.confirmSelect();
		this.channel.addConfirmListener(this::confirmed, (tag, multiple) -> {
		});
	}

	static RawLoad start(Connection connection, String queue, int perSecond) throws IOException {
		RawLoad load = new RawLoad(connection, queue);
		load.timer.scheduleAtFixedRate(load::send, 0, 1_000_000 / perSecond, TimeUnit.MICROSECONDS);
		return load;
	}

	private void confirmed(long tag, boolean multiple) {
		this.confirmed = tag;
		this.gaps.tick();
	}

	private void send() {
		try {
			if (this.channel.getNextPublishSeqNo() - this.confirmed < MAX_UNCONFIRMED) {
				this.channel.basicPublish("", this.queue, MessageProperties.PERSISTENT_BASIC,
						"raw".getBytes(StandardCharsets.UTF_8));
			}
		}
		catch (IOException ex) {
			throw new IllegalStateException(ex);
		}
	}

	void startOver() {
		this.gaps.startOver();
	}

	void awaitConfirmed(int count) {
		this.gaps.await(count);
	}

	long longestGap() {
		return this.gaps.longest();
	}

	@Override
	public void close() throws IOException {
		this.timer.shutdownNow();
		this.connection.abort();
	}

}
