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

package dev.failover.connection;

import java.io.IOException;
import java.time.Duration;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

import com.rabbitmq.client.Address;
import org.jspecify.annotations.Nullable;

import dev.failover.broker.FailureReason;

/**
 * One attempt to connect to a broker whose host has several addresses. The next address
 * is tried when the one before has failed, or has not answered for a while. The first
 * connection wins, and the others are closed. A refused login ends the race, as the
 * broker is the same behind every address.
 */
final class AddressRace {

	private final ConnectAttempt attempt;

	private final Duration patience;

	private final Executor executor;

	private final Dialer dialer;

	private final Map<CompletableFuture<OpenConnection>, Dial> running = new HashMap<>();

	private final BlockingQueue<CompletableFuture<OpenConnection>> ended = new LinkedBlockingQueue<>();

	private @Nullable CompletableFuture<OpenConnection> latest;

	private @Nullable Throwable failure;

	AddressRace(ConnectAttempt attempt, Duration patience, Executor executor, Dialer dialer) {
		this.attempt = attempt;
		this.patience = patience;
		this.executor = executor;
		this.dialer = dialer;
	}

	OpenConnection run(List<Address> addresses) throws IOException, InterruptedException {
		try {
			Iterator<Address> candidates = addresses.iterator();
			while ((candidates.hasNext() || !this.running.isEmpty()) && !this.attempt.result().isDone()) {
				if (candidates.hasNext()) {
					this.latest = start(candidates.next());
				}
				OpenConnection opened = awaitWinner();
				if (opened != null) {
					return opened;
				}
			}
			throw new IOException("None of the addresses %s can be connected to".formatted(addresses), this.failure);
		}
		finally {
			this.running.values().forEach(Dial::cancel);
		}
	}

	/**
	 * Wait until there is a winner, or it is time for the next address.
	 */
	private @Nullable OpenConnection awaitWinner() throws IOException, InterruptedException {
		long until = System.nanoTime() + this.patience.toNanos();
		OpenConnection opened = null;
		do {
			CompletableFuture<OpenConnection> first = this.ended.poll(until - System.nanoTime(), TimeUnit.NANOSECONDS);
			if (first == null) {
				return null;
			}
			opened = result(first);
		}
		while (opened == null && this.running.containsKey(this.latest));
		return opened;
	}

	private CompletableFuture<OpenConnection> start(Address address) {
		Dial dial = new Dial(this.attempt);
		CompletableFuture<OpenConnection> result = new CompletableFuture<>();
		this.running.put(result, dial);
		result.whenComplete((opened, failed) -> this.ended.add(result));
		this.executor.execute(() -> {
			try {
				result.complete(this.dialer.dial(dial, address));
			}
			catch (Throwable ex) {
				result.completeExceptionally(ex);
			}
		});
		return result;
	}

	private @Nullable OpenConnection result(CompletableFuture<OpenConnection> first)
			throws IOException, InterruptedException {
		this.running.remove(first);
		try {
			return first.get();
		}
		catch (ExecutionException ex) {
			Throwable cause = ex.getCause();
			this.failure = (cause != null) ? cause : ex;
			if (cause instanceof IOException refused && FailureReasons.of(refused) == FailureReason.ACCESS_REFUSED) {
				throw refused;
			}
			return null;
		}
	}

	/**
	 * Connects to one address.
	 */
	@FunctionalInterface
	interface Dialer {

		OpenConnection dial(Dial dial, Address address) throws IOException, TimeoutException;

	}

}
