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

import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

import org.awaitility.Awaitility;

import dev.failover.template.FailoverTemplate;

/**
 * A stream of 500 numbered messages a second, what became of them, and the longest time
 * between two confirms.
 */
final class SteadyStream implements AutoCloseable {

	private static final long PACE_MILLIS = 2;

	private final Set<String> confirmed = ConcurrentHashMap.newKeySet();

	private final ConcurrentLinkedQueue<Throwable> errors = new ConcurrentLinkedQueue<>();

	private final AtomicInteger sent = new AtomicInteger();

	private final ScheduledExecutorService executor = Executors.newSingleThreadScheduledExecutor();

	private final FailoverTemplate template;

	private final String queue;

	private final Gaps gaps = new Gaps();

	private SteadyStream(FailoverTemplate template, String queue) {
		this.template = template;
		this.queue = queue;
	}

	static SteadyStream start(FailoverTemplate template, String queue) {
		SteadyStream stream = new SteadyStream(template, queue);
		stream.executor.scheduleAtFixedRate(stream::send, 0, PACE_MILLIS, TimeUnit.MILLISECONDS);
		stream.awaitMore(200);
		stream.gaps.reset();
		return stream;
	}

	private void send() {
		String message = "message-" + this.sent.getAndIncrement();
		this.template.convertAndSendAsync("", this.queue, message).whenComplete((confirmation, failure) -> {
			if (failure != null) {
				this.errors.add(failure);
				return;
			}
			this.gaps.confirmed();
			this.confirmed.add(message);
		});
	}

	/**
	 * Wait until so many more messages are confirmed.
	 */
	void awaitMore(int messages) {
		int enough = this.confirmed.size() + messages;
		Awaitility.await()
			.atMost(Duration.ofMinutes(1))
			.pollInterval(Duration.ofMillis(5))
			.until(() -> this.confirmed.size() >= enough);
	}

	/**
	 * Send no more, and wait until every message is confirmed or has failed.
	 */
	void end() throws InterruptedException {
		this.executor.shutdown();
		this.executor.awaitTermination(1, TimeUnit.MINUTES);
		Awaitility.await()
			.atMost(Duration.ofMinutes(1))
			.until(() -> this.confirmed.size() + this.errors.size() == this.sent.get());
	}

	Duration longestGap() {
		return this.gaps.longest();
	}

	Set<String> confirmed() {
		return this.confirmed;
	}

	List<Throwable> errors() {
		return List.copyOf(this.errors);
	}

	@Override
	public void close() {
		this.executor.shutdownNow();
	}

}
