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

package dev.failover.template;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

import dev.failover.broker.FailingThreads;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests for {@link ConfirmExecutor}.
 */
class ConfirmExecutorTests {

	private static final int THREADS = 4;

	private static final Duration PATIENCE = Duration.ofSeconds(30);

	private final ConfirmExecutor executor = new ConfirmExecutor();

	private final ConfirmExecutor quick = new ConfirmExecutor(Duration.ofMillis(25));

	@AfterEach
	void close() {
		this.executor.close(Duration.ofSeconds(1));
		this.quick.close(Duration.ofSeconds(1));
	}

	@Test
	void completionThatEndsInAnErrorKeepsNoOther() {
		CompletableFuture<Integer> source = new CompletableFuture<>();
		this.executor.completeInOrder(() -> {
			throw new NoClassDefFoundError("thrown by the test");
		});
		CompletableFuture<Integer> relayed = this.executor.relay(source);
		source.complete(1);
		assertThat(relayed).succeedsWithin(PATIENCE);
	}

	@Test
	void whatDependsOnAConfirmMayWaitForFurtherOnes() {
		CompletableFuture<Integer> source = new CompletableFuture<>();
		CompletableFuture<Integer> end = this.executor.relay(source).thenApply(this::waitForNext);
		source.complete(1);
		assertThat(end).succeedsWithin(Duration.ofSeconds(5)).isEqualTo(4);
	}

	/**
	 * The pauses let the thread of the executor come to its end again and again.
	 */
	@Test
	void completesWhatManyThreadsConfirm() throws Exception {
		ExecutorService threads = Executors.newFixedThreadPool(THREADS);
		try {
			for (int round = 0; round < 2000; round++) {
				List<CompletableFuture<Integer>> sources = sources(THREADS);
				CompletableFuture<?>[] relayed = sources.stream()
					.map(this.executor::relay)
					.toArray(CompletableFuture[]::new);
				sources.forEach((source) -> threads.execute(() -> source.complete(1)));
				assertThat(CompletableFuture.allOf(relayed)).succeedsWithin(Duration.ofSeconds(10));
			}
		}
		finally {
			threads.shutdownNow();
		}
	}

	@Test
	void completesInTheOrderOfTheConfirms() {
		List<CompletableFuture<Integer>> sources = sources(1000);
		List<Integer> completed = Collections.synchronizedList(new ArrayList<>());
		CompletableFuture<Void> all = relay(sources, completed);
		completeInOrder(sources);
		assertThat(all).succeedsWithin(Duration.ofSeconds(10));
		assertThat(completed).hasSameSizeAs(sources).isSorted();
	}

	@Test
	void whatDependsOnAConfirmMayWaitForTheOnesAfterIt() {
		assertThat(chain(this.quick)).allSatisfy((end) -> assertThat(end).succeedsWithin(PATIENCE));
	}

	@Test
	void othersCompleteInOrderWhileSomethingStandsStill() {
		CountDownLatch release = new CountDownLatch(1);
		CompletableFuture<Integer> source = new CompletableFuture<>();
		CompletableFuture<Boolean> blocked = this.executor.relay(source).thenApply((value) -> await(release));
		List<CompletableFuture<Integer>> sources = sources(1000);
		List<Integer> completed = Collections.synchronizedList(new ArrayList<>());
		CompletableFuture<Void> others = relay(sources, completed);
		source.complete(1);
		completeInOrder(sources);
		assertThat(others).succeedsWithin(PATIENCE);
		assertThat(completed).hasSameSizeAs(sources).isSorted();
		// nothing has to be noticed any more
		CompletableFuture<Integer> later = new CompletableFuture<>();
		CompletableFuture<Integer> end = this.executor.relay(later);
		later.complete(1);
		assertThat(end).succeedsWithin(PATIENCE);
		assertThat(blocked).isNotDone();
		release.countDown();
		assertThat(blocked).succeedsWithin(PATIENCE).isEqualTo(true);
	}

	@Test
	void goesOnAfterAnErrorThatEscapes() {
		List<CompletableFuture<Integer>> sources = sources(3);
		List<CompletableFuture<Integer>> relayed = sources.stream().map(this.executor::relay).toList();
		CountDownLatch queued = new CountDownLatch(1);
		this.executor.completeInOrder(() -> await(queued));
		this.executor.completeInOrder(ConfirmExecutorTests::die);
		sources.get(0).complete(1);
		this.executor.completeInOrder(ConfirmExecutorTests::die);
		queued.countDown();
		assertThat(relayed.get(0)).succeedsWithin(PATIENCE);
		sources.get(1).complete(1);
		assertThat(relayed.get(1)).succeedsWithin(PATIENCE);
		sources.get(2).complete(1);
		assertThat(relayed.get(2)).succeedsWithin(PATIENCE);
	}

	@Test
	void completesAlsoIfNoThreadCanBeStartedAtOnce() {
		FailingThreads.in(this.executor, 1, "executor");
		FailingThreads.in(this.executor, 2, "guard");
		assertThat(this.executor.relay(CompletableFuture.completedFuture(1))).succeedsWithin(PATIENCE);
	}

	@Test
	void threadsEndWithIt() {
		assertThat(this.executor.relay(CompletableFuture.completedFuture(1))).succeedsWithin(PATIENCE);
		this.executor.close(PATIENCE);
		Awaitility.await().atMost(PATIENCE).until(() -> threads().isEmpty());
	}

	@Test
	void allCompleteAndThreadsEndIfClosedWhileSomethingStandsStill() {
		List<CompletableFuture<Boolean>> ends = chain(this.quick);
		this.quick.close(Duration.ofMillis(1));
		CompletableFuture<Integer> late = this.quick.relay(CompletableFuture.completedFuture(1));
		assertThat(late).succeedsWithin(PATIENCE);
		assertThat(ends).allSatisfy((end) -> assertThat(end).succeedsWithin(PATIENCE));
		Awaitility.await().atMost(PATIENCE).until(() -> threads().isEmpty());
	}

	@Test
	void onlyWhatStandsStillOutlivesIt() {
		CountDownLatch end = new CountDownLatch(1);
		CompletableFuture<Boolean> standing = this.quick.relay(CompletableFuture.completedFuture(1))
			.thenApplyAsync((value) -> await(end), this.quick::completeInOrder);
		Awaitility.await().atMost(PATIENCE).until(() -> threads().size() == 2);
		this.quick.close(Duration.ofMillis(1));
		Awaitility.await().atMost(PATIENCE).until(() -> threads().size() == 1);
		assertThat(standing).isNotDone();
		end.countDown();
		assertThat(standing).succeedsWithin(PATIENCE).isEqualTo(true);
		Awaitility.await().atMost(PATIENCE).until(() -> threads().isEmpty());
	}

	/**
	 * Confirm messages of which each but the last has something that waits for the next.
	 */
	private static List<CompletableFuture<Boolean>> chain(ConfirmExecutor executor) {
		List<CompletableFuture<Integer>> sources = sources(5);
		List<CompletableFuture<Boolean>> ends = new ArrayList<>();
		CountDownLatch previous = new CountDownLatch(1);
		for (CompletableFuture<Integer> source : sources) {
			CountDownLatch before = previous;
			CountDownLatch next = new CountDownLatch((ends.size() < 4) ? 1 : 0);
			CompletableFuture<Integer> relayed = executor.relay(source);
			ends.add(relayed.thenApply((value) -> await(next)));
			// runs before what is registered earlier
			relayed.thenRun(before::countDown);
			previous = next;
		}
		sources.forEach((source) -> source.complete(1));
		return ends;
	}

	private CompletableFuture<Void> relay(List<CompletableFuture<Integer>> sources, List<Integer> completed) {
		return CompletableFuture.allOf(sources.stream()
			.map((source) -> this.executor.relay(source).thenAccept(completed::add))
			.toArray(CompletableFuture[]::new));
	}

	private static List<CompletableFuture<Integer>> sources(int count) {
		return Stream.generate(CompletableFuture<Integer>::new).limit(count).toList();
	}

	private static void completeInOrder(List<CompletableFuture<Integer>> sources) {
		for (int i = 0; i < sources.size(); i++) {
			sources.get(i).complete(i);
		}
	}

	private static boolean await(CountDownLatch latch) {
		try {
			return latch.await(1, TimeUnit.MINUTES);
		}
		catch (InterruptedException ex) {
			throw new IllegalStateException(ex);
		}
	}

	private static void die() {
		throw new StackOverflowError("expected by the test");
	}

	private static List<String> threads() {
		return Thread.getAllStackTraces()
			.keySet()
			.stream()
			.map(Thread::getName)
			.filter((name) -> name.startsWith("failover-confirms"))
			.toList();
	}

	private int waitForNext(int value) {
		if (value == 4) {
			return value;
		}
		CompletableFuture<Integer> source = new CompletableFuture<>();
		CompletableFuture<Integer> next = this.executor.relay(source).thenApply(this::waitForNext);
		source.complete(value + 1);
		return next.join();
	}

}
