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

package dev.failover.benchmarks.outage;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

import dev.failover.benchmarks.support.BenchmarkQueue;
import dev.failover.test.RabbitNode;

/**
 * All brokers are killed, and the one that was active is started again. It is over with
 * the first answer of that one.
 *
 * @param down how long nobody shall answer
 */
record AllDown(Duration down) implements StreamScenario.Fault {

	/**
	 * Until a node that is started answers.
	 */
	private static final Duration START = Duration.ofSeconds(3);

	private static final Duration POLL = Duration.ofMillis(2);

	private static final Duration PATIENCE = Duration.ofMinutes(1);

	@Override
	public long strike(BrokerRoutes routes, BrokerRoutes.Route active) {
		long struck = System.nanoTime();
		routes.nodes().all().forEach(RabbitNode::kill);
		LockSupport.parkNanos(struck + this.down.minus(START).toNanos() - System.nanoTime());
		CompletableFuture<Void> started = CompletableFuture.runAsync(active.node()::start);
		long answered = awaitAnswer(active.node());
		started.orTimeout(PATIENCE.toSeconds(), TimeUnit.SECONDS).join();
		return answered;
	}

	private static long awaitAnswer(RabbitNode node) {
		BenchmarkQueue queue = new BenchmarkQueue(node);
		long deadline = System.nanoTime() + PATIENCE.toNanos();
		while (System.nanoTime() < deadline) {
			if (queue.answers()) {
				return System.nanoTime();
			}
			LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(POLL.toMillis()));
		}
		throw new IllegalStateException("%s did not answer in %s".formatted(node, PATIENCE));
	}

}
