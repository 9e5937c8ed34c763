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

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

import dev.failover.benchmarks.application.Publisher;
import dev.failover.benchmarks.application.PublisherKind;
import dev.failover.benchmarks.stream.StreamSettings;
import dev.failover.benchmarks.stream.Tally;
import dev.failover.benchmarks.support.Waits;

/**
 * The first broker is frozen before the application starts. What counts is how much later
 * than without that the first message is confirmed.
 */
record StartScenario() implements Scenario {

	private static final String START = "the start of the application beside a frozen broker";

	@Override
	public Measurement run(BrokerRoutes routes, PublisherKind kind, StreamSettings settings) {
		Tally tally = new Tally();
		ExecutorService starter = Executors.newSingleThreadExecutor();
		try {
			long without = Waits.get(starter.submit(() -> untilConfirmed(routes, kind, tally, 1)),
					"the start of the application");
			routes.nodes().first().freeze();
			long began = System.nanoTime();
			Future<Long> with = starter.submit(() -> untilConfirmed(routes, kind, tally, 2));
			boolean capped = !ends(with, settings);
			long cost = (capped ? System.nanoTime() - began : Waits.get(with, START)) - without;
			routes.mend();
			Waits.get(with, START);
			tally.found(routes.drain());
			return Measurement.of(cost, capped, tally);
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
			throw new IllegalStateException("Interrupted", ex);
		}
		catch (ExecutionException ex) {
			throw new IllegalStateException("The application did not start", ex.getCause());
		}
		finally {
			starter.shutdownNow();
		}
	}

	private static long untilConfirmed(BrokerRoutes routes, PublisherKind kind, Tally tally, int number)
			throws Exception {
		long began = System.nanoTime();
		try (Publisher publisher = kind.start(routes.uris(), routes.authorities())) {
			CompletableFuture<?> confirmed = publisher.publish(Integer.toString(number), tally::error);
			confirmed.get(2, TimeUnit.MINUTES);
			tally.confirmed(number);
			return System.nanoTime() - began;
		}
	}

	private static boolean ends(Future<Long> task, StreamSettings settings)
			throws InterruptedException, ExecutionException {
		try {
			task.get(settings.cap().toNanos(), TimeUnit.NANOSECONDS);
			return true;
		}
		catch (TimeoutException ex) {
			return false;
		}
	}

}
