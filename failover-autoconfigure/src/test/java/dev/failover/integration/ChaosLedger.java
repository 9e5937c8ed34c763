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
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.function.IntPredicate;
import java.util.stream.IntStream;

import org.awaitility.Awaitility;

/**
 * What becomes of numbered messages to some queues, in turn, while brokers fail: which
 * are missing, and which were handled again although no broker was lost that had them. It
 * takes as much memory at the end as at the beginning.
 */
final class ChaosLedger {

	private static final Duration PATIENCE = Duration.ofSeconds(90);

	/**
	 * From a message's handling until its broker has read the acknowledgement.
	 */
	private static final long SETTLED_NANOS = TimeUnit.SECONDS.toNanos(1);

	private final int queues;

	private final AtomicLongArray sent;

	private final AtomicLongArray handled;

	private final AtomicIntegerArray confirmed;

	private final AtomicIntegerArray newest;

	private final ConcurrentLinkedQueue<Integer> repeated = new ConcurrentLinkedQueue<>();

	private final ConcurrentLinkedQueue<Problem> problems = new ConcurrentLinkedQueue<>();

	private final ConcurrentLinkedQueue<Throwable> failures = new ConcurrentLinkedQueue<>();

	private final List<Loss> losses = new CopyOnWriteArrayList<>();

	private volatile int count;

	/**
	 * Create an instance.
	 * @param queues how many queues there are
	 * @param capacity how many messages there may be
	 */
	ChaosLedger(int queues, int capacity) {
		this.queues = queues;
		this.sent = new AtomicLongArray(capacity);
		this.handled = new AtomicLongArray(capacity);
		this.confirmed = new AtomicIntegerArray(capacity);
		this.newest = new AtomicIntegerArray(queues);
	}

	/**
	 * Return the number of the next message, which one thread sends.
	 */
	int next() {
		int number = this.count;
		this.sent.set(number, System.nanoTime());
		this.count = number + 1;
		return number;
	}

	int queueOf(int number) {
		return number % this.queues;
	}

	int count() {
		return this.count;
	}

	void confirmed(int number) {
		this.confirmed.set(number, 1);
	}

	void handled(int number) {
		if (!this.handled.compareAndSet(number, 0, System.nanoTime())) {
			this.repeated.add(number);
		}
		this.newest.accumulateAndGet(queueOf(number), number, Math::max);
	}

	void failed(Throwable failure) {
		this.failures.add(failure);
	}

	List<Throwable> failures() {
		return List.copyOf(this.failures);
	}

	void problem(Object what) {
		this.problems.add(new Problem(System.nanoTime(), String.valueOf(what)));
	}

	/**
	 * A broker may be lost from now on.
	 */
	Loss lossBegins() {
		Loss loss = new Loss(System.nanoTime());
		this.losses.add(loss);
		return loss;
	}

	int losses() {
		return this.losses.size();
	}

	int repeated() {
		return this.repeated.size();
	}

	/**
	 * Wait until each queue is consumed from, of what is sent from now on.
	 */
	void awaitProgress() {
		int now = this.count;
		Awaitility.await("every queue is consumed from")
			.atMost(PATIENCE)
			.pollInterval(Duration.ofMillis(5))
			.until(() -> IntStream.range(0, this.queues).allMatch((queue) -> this.newest.get(queue) > now));
	}

	/**
	 * Wait until so many messages more are sent.
	 */
	void awaitSent(int more) {
		int enough = this.count + more;
		Awaitility.await().atMost(PATIENCE).pollInterval(Duration.ofMillis(1)).until(() -> this.count >= enough);
	}

	/**
	 * Return the messages that were confirmed and not handled.
	 */
	List<Integer> missing(IntPredicate queue) {
		return IntStream.range(0, this.count)
			.filter((number) -> this.confirmed.get(number) > 0 && this.handled.get(number) == 0
					&& queue.test(queueOf(number)))
			.boxed()
			.toList();
	}

	/**
	 * Return the messages that were handled more than once, and were not on the way or in
	 * hand when a broker was lost.
	 */
	List<Integer> repeatedWithoutLoss() {
		return this.repeated.stream()
			.filter((number) -> this.losses.stream()
				.noneMatch((loss) -> this.sent.get(number) <= loss.end
						&& this.handled.get(number) + SETTLED_NANOS >= loss.begin))
			.toList();
	}

	/**
	 * Return what went wrong while no broker was lost.
	 */
	List<String> problemsWithoutLoss() {
		List<String> texts = new ArrayList<>();
		this.problems.stream()
			.filter((problem) -> this.losses.stream()
				.noneMatch((loss) -> problem.nanos >= loss.begin && problem.nanos <= loss.end + SETTLED_NANOS))
			.forEach((problem) -> texts.add(problem.text));
		return texts;
	}

	int problems() {
		return this.problems.size();
	}

	/**
	 * What went wrong.
	 */
	private record Problem(long nanos, String text) {

	}

	/**
	 * The time in which a broker may be lost.
	 */
	static final class Loss {

		private final long begin;

		private volatile long end = Long.MAX_VALUE;

		private Loss(long begin) {
			this.begin = begin;
		}

		void ends() {
			this.end = System.nanoTime();
		}

	}

}
