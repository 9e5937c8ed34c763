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

package dev.failover.benchmarks.throughput;

import java.io.IOException;
import java.util.concurrent.ConcurrentNavigableMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicLong;

import dev.failover.benchmarks.support.NodePair;
import dev.failover.benchmarks.support.Waits;

/**
 * Publishes with amqp-client alone, and keeps what is not confirmed in a sorted map, as
 * RabbitMQ's tutorial of publisher confirms does, with a bound on how much that is.
 */
final class RawAsyncLoad extends RawLoad {

	private static final String CONFIRMS = "the confirms of amqp-client";

	private final ConcurrentNavigableMap<Long, byte[]> unconfirmed = new ConcurrentSkipListMap<>();

	private final AtomicLong rejected = new AtomicLong();

	private final Semaphore window;

	private final int size;

	RawAsyncLoad(NodePair nodes, int window, boolean mandatory) throws IOException {
		super(nodes, mandatory);
		this.size = window;
		this.window = new Semaphore(window);
		this.channel.addConfirmListener(this::confirmed, (sequence, multiple) -> {
			this.rejected.incrementAndGet();
			confirmed(sequence, multiple);
		});
	}

	private void confirmed(long sequence, boolean multiple) {
		if (!multiple) {
			this.unconfirmed.remove(sequence);
			this.window.release();
			return;
		}
		for (var entry = this.unconfirmed.firstEntry(); entry != null
				&& entry.getKey() <= sequence; entry = this.unconfirmed.firstEntry()) {
			this.unconfirmed.remove(entry.getKey());
			this.window.release();
		}
	}

	@Override
	public void publish(byte[] body, int messages) throws Exception {
		for (int i = 0; i < messages; i++) {
			Waits.acquire(this.window, 1, CONFIRMS);
			this.unconfirmed.put(this.channel.getNextPublishSeqNo(), body);
			publish(body);
		}
		Waits.acquire(this.window, this.size, CONFIRMS);
		this.window.release(this.size);
		if (this.rejected.get() > 0) {
			throw new IllegalStateException(this.rejected + " messages were rejected");
		}
	}

}
