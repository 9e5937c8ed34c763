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

package dev.failover.benchmarks.consuming;

import java.nio.ByteBuffer;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;

import dev.failover.benchmarks.support.Waits;

/**
 * Counts messages, and knows when the first and the last one came and how long the last
 * one was under way.
 */
final class Counter {

	private final AtomicInteger missing = new AtomicInteger();

	private volatile int expected;

	private volatile CountDownLatch done = new CountDownLatch(0);

	private volatile long first;

	private volatile long last;

	private volatile long underWay;

	/**
	 * Expect messages from now on.
	 * @param messages how many
	 */
	void expect(int messages) {
		this.done = new CountDownLatch(1);
		this.expected = messages;
		this.missing.set(messages);
	}

	/**
	 * Create the body of a message that is published now.
	 */
	static byte[] body() {
		return ByteBuffer.allocate(Long.BYTES).putLong(System.nanoTime()).array();
	}

	void add(byte[] body) {
		int left = this.missing.decrementAndGet();
		if (left == this.expected - 1) {
			this.first = System.nanoTime();
		}
		if (left == 0) {
			this.last = System.nanoTime();
			this.underWay = this.last - ByteBuffer.wrap(body).getLong();
			this.done.countDown();
		}
	}

	void await() throws InterruptedException {
		Waits.await(this.done, "the last message");
	}

	/**
	 * Return the time from the first message to the last one.
	 */
	long nanos() {
		return this.last - this.first;
	}

	/**
	 * Return the time from the publishing of the last message to its listener.
	 */
	long underWay() {
		return this.underWay;
	}

}
