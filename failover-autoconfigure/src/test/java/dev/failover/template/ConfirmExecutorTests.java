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
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.stream.Stream;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests for {@link ConfirmExecutor}.
 */
class ConfirmExecutorTests {

	private static final int THREADS = 4;

	private final ConfirmExecutor executor = new ConfirmExecutor();

	@AfterEach
	void close() {
		this.executor.close(Duration.ofSeconds(1));
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
				List<CompletableFuture<Integer>> sources = Stream.generate(CompletableFuture<Integer>::new)
					.limit(THREADS)
					.toList();
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
		List<CompletableFuture<Integer>> sources = Stream.generate(CompletableFuture<Integer>::new)
			.limit(1000)
			.toList();
		List<Integer> completed = Collections.synchronizedList(new ArrayList<>());
		CompletableFuture<?>[] relayed = sources.stream()
			.map((source) -> this.executor.relay(source).thenAccept(completed::add))
			.toArray(CompletableFuture[]::new);
		for (int i = 0; i < sources.size(); i++) {
			sources.get(i).complete(i);
		}
		assertThat(CompletableFuture.allOf(relayed)).succeedsWithin(Duration.ofSeconds(10));
		assertThat(completed).hasSameSizeAs(sources).isSorted();
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
