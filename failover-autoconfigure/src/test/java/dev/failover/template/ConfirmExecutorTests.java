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
import java.util.concurrent.CompletableFuture;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests for {@link ConfirmExecutor}.
 */
class ConfirmExecutorTests {

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
