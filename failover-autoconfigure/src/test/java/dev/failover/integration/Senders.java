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
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Threads that send numbered messages, one after the other, and what became of them.
 */
final class Senders implements AutoCloseable {

	private final Set<String> confirmed = ConcurrentHashMap.newKeySet();

	private final ConcurrentLinkedQueue<Throwable> errors = new ConcurrentLinkedQueue<>();

	private final List<Future<?>> running = new ArrayList<>();

	private final Gaps gaps = new Gaps();

	private final ExecutorService executor;

	private final CountDownLatch third;

	private final int threads;

	private Senders(int threads, int each) {
		this.threads = threads;
		this.executor = Executors.newFixedThreadPool(threads);
		this.third = new CountDownLatch(threads * each / 3);
	}

	static Senders start(int threads, int each, Consumer<String> send) {
		Senders senders = new Senders(threads, each);
		for (int thread = 0; thread < threads; thread++) {
			int number = thread;
			senders.running.add(senders.executor.submit(() -> {
				for (int i = 0; i < each; i++) {
					senders.send(number + "-" + i, send);
				}
			}));
		}
		return senders;
	}

	private void send(String message, Consumer<String> send) {
		try {
			send.accept(message);
			this.confirmed.add(message);
			this.gaps.confirmed();
		}
		catch (RuntimeException ex) {
			this.errors.add(ex);
		}
		this.third.countDown();
	}

	/**
	 * Wait until a third of the messages is sent; gaps count from here.
	 */
	void awaitThird() throws InterruptedException {
		if (!this.third.await(120, TimeUnit.SECONDS)) {
			throw new IllegalStateException("A third was not sent in time; errors: " + this.errors);
		}
		this.gaps.reset();
	}

	void awaitEnd() throws Exception {
		for (Future<?> sender : this.running) {
			sender.get(120, TimeUnit.SECONDS);
		}
	}

	/**
	 * Longest time in which no thread had a message confirmed.
	 */
	Duration longestGap() {
		return this.gaps.longest();
	}

	/**
	 * Check that no message failed, and that all arrived, as often as brokers may see
	 * them again.
	 */
	void check(List<String> arrived, int expected) {
		assertThat(errors()).isEmpty();
		assertThat(sent()).hasSize(expected);
		assertThat(arrived).containsAll(sent());
		assertThat(arrived.size() - expected).isLessThanOrEqualTo(threads());
	}

	int threads() {
		return this.threads;
	}

	Set<String> sent() {
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
