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
import java.util.concurrent.Phaser;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

import org.awaitility.Awaitility;

import dev.failover.template.FailoverTemplate;

/**
 * A steady stream of numbered messages to some queues, in turn, what became of them, and
 * the longest time in which none was confirmed.
 */
final class SteadyLoad implements AutoCloseable {

	private static final Duration PATIENCE = Duration.ofSeconds(90);

	private final FailoverTemplate template;

	private final List<String> queues;

	private final Set<String> confirmed = ConcurrentHashMap.newKeySet();

	private final ConcurrentLinkedQueue<Throwable> errors = new ConcurrentLinkedQueue<>();

	private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor();

	private final Phaser pending = new Phaser(1);

	private final ConfirmGaps gaps = new ConfirmGaps();

	private long number;

	private SteadyLoad(FailoverTemplate template, List<String> queues) {
		this.template = template;
		this.queues = queues;
	}

	/**
	 * Begin to send.
	 * @param perSecond how many messages to send each second, in total
	 */
	static SteadyLoad start(FailoverTemplate template, List<String> queues, int perSecond) {
		SteadyLoad load = new SteadyLoad(template, queues);
		load.timer.scheduleAtFixedRate(load::send, 0, 1_000_000 / perSecond, TimeUnit.MICROSECONDS);
		return load;
	}

	private void send() {
		String queue = this.queues.get((int) (this.number % this.queues.size()));
		String message = queue + "#" + this.number++;
		this.pending.register();
		try {
			this.template.convertAndSendAsync("", queue, message).whenComplete((confirmation, failure) -> {
				if (failure == null) {
					this.gaps.tick();
					this.confirmed.add(message);
				}
				else {
					this.errors.add(failure);
				}
				this.pending.arriveAndDeregister();
			});
		}
		catch (RuntimeException ex) {
			this.errors.add(ex);
			this.pending.arriveAndDeregister();
		}
	}

	/**
	 * Forget the confirms so far, as far as {@link #awaitConfirmed} and
	 * {@link #longestGap} count.
	 */
	void startOver() {
		this.gaps.startOver();
	}

	void awaitConfirmed(int count) {
		this.gaps.await(count);
	}

	/**
	 * Return the longest time without a confirm, in milliseconds.
	 */
	long longestGap() {
		return this.gaps.longest();
	}

	/**
	 * Wait until some more messages are confirmed, and some more handled.
	 */
	void awaitProgress(Handled handled) {
		int sent = this.confirmed.size();
		int count = handled.count();
		Awaitility.await()
			.atMost(PATIENCE)
			.until(() -> this.confirmed.size() > sent + 200 && handled.count() > count + 200);
	}

	/**
	 * Send no more, and wait for all confirms.
	 */
	void end() throws InterruptedException, TimeoutException {
		this.timer.shutdown();
		if (!this.timer.awaitTermination(60, TimeUnit.SECONDS)) {
			throw new TimeoutException("The last message is not sent yet");
		}
		int phase = this.pending.arriveAndDeregister();
		this.pending.awaitAdvanceInterruptibly(phase, 60, TimeUnit.SECONDS);
	}

	Set<String> sent() {
		return this.confirmed;
	}

	List<Throwable> errors() {
		return List.copyOf(this.errors);
	}

	@Override
	public void close() {
		this.timer.shutdownNow();
	}

}
