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
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

import com.rabbitmq.client.AuthenticationFailureException;
import org.jspecify.annotations.Nullable;

import dev.failover.broker.Broker;
import dev.failover.broker.BrokerFailure;
import dev.failover.broker.BrokerStatus;
import dev.failover.broker.Brokers;
import dev.failover.broker.BrokersUnavailableException;
import dev.failover.broker.FailureReason;

/**
 * One pass over brokers in a given order that ends with the first connection. The next
 * broker is tried when the one before has failed, or has not answered within the race
 * delay. Attempts that were overtaken go on, report what they find, and close what they
 * open.
 */
final class ConnectRace {

	private final Brokers brokers;

	private final BrokerConnector connector;

	private final Duration raceDelay;

	private final List<ConnectAttempt> running = new ArrayList<>();

	private final BlockingQueue<ConnectAttempt> ended = new LinkedBlockingQueue<>();

	private final Map<Broker, BrokerFailure> failures = new LinkedHashMap<>();

	private @Nullable Throwable lastFailure;

	ConnectRace(Brokers brokers, BrokerConnector connector, Duration raceDelay) {
		this.brokers = brokers;
		this.connector = connector;
		this.raceDelay = raceDelay;
	}

	/**
	 * Run the race.
	 * @return the attempt that won
	 * @throws BrokersUnavailableException if every attempt failed
	 * @throws AuthenticationFailureException if every broker refused the login
	 */
	ConnectAttempt run(List<Broker> order, ConnectRequest request) throws IOException, InterruptedException {
		try {
			for (Iterator<Broker> candidates = order.iterator(); candidates.hasNext();) {
				ConnectAttempt latest = start(candidates.next(), request);
				ConnectAttempt winner = awaitWinner(latest, candidates.hasNext());
				if (winner != null) {
					return winner;
				}
			}
			ConnectAttempt winner = awaitOvertaken();
			if (winner != null) {
				return winner;
			}
			throw unavailable(order.size());
		}
		finally {
			this.running.forEach(this.connector::discard);
		}
	}

	/**
	 * Return what is to be said, when the race is over, of each broker that was tried
	 * before the winner.
	 */
	Map<Broker, String> losers() {
		Map<Broker, String> losers = new LinkedHashMap<>();
		this.failures.forEach((broker, failure) -> losers.put(broker, failure.toString()));
		this.running.forEach((attempt) -> losers.put(attempt.broker(),
				"it did not answer within %d ms".formatted(attempt.age().toMillis())));
		return losers;
	}

	private ConnectAttempt start(Broker broker, ConnectRequest request) {
		ConnectAttempt attempt = this.connector.startPrepared(broker, request);
		this.running.add(attempt);
		attempt.result().whenComplete((connection, failure) -> this.ended.add(attempt));
		return attempt;
	}

	/**
	 * Wait until an attempt wins, the one started last fails, or the next broker's turn
	 * has come. The failure of an attempt that was overtaken does not hurry the next one.
	 */
	private @Nullable ConnectAttempt awaitWinner(ConnectAttempt latest, boolean more) throws InterruptedException {
		Duration patience = (more && !this.raceDelay.isZero()) ? this.raceDelay : this.connector.timeout();
		long deadline = System.nanoTime() + patience.toNanos();
		ConnectAttempt attempt;
		do {
			attempt = this.ended.poll(deadline - System.nanoTime(), TimeUnit.NANOSECONDS);
			if (attempt != null && won(attempt)) {
				return attempt;
			}
		}
		while (attempt != null && attempt != latest);
		return null;
	}

	private @Nullable ConnectAttempt awaitOvertaken() throws InterruptedException {
		while (!this.running.isEmpty()) {
			ConnectAttempt attempt = this.ended.poll(this.connector.timeout().toNanos(), TimeUnit.NANOSECONDS);
			if (attempt != null && won(attempt)) {
				return attempt;
			}
		}
		return null;
	}

	private boolean won(ConnectAttempt attempt) throws InterruptedException {
		this.running.remove(attempt);
		try {
			attempt.result().get();
			return true;
		}
		catch (ExecutionException ex) {
			this.lastFailure = ex.getCause();
			this.brokers.getStatus(attempt.broker().name())
				.map(BrokerStatus::lastFailure)
				.ifPresent((failure) -> this.failures.put(attempt.broker(), failure));
			return false;
		}
	}

	private IOException unavailable(int tried) {
		String message = (tried == 1) ? "The broker cannot be connected to"
				: "None of the %d brokers can be connected to".formatted(tried);
		IOException unavailable = new BrokersUnavailableException(message, this.failures, this.lastFailure);
		boolean refused = !this.failures.isEmpty() && this.failures.values()
			.stream()
			.allMatch((failure) -> failure.reason() == FailureReason.ACCESS_REFUSED);
		if (!refused) {
			return unavailable;
		}
		IOException authentication = new AuthenticationFailureException(unavailable.getMessage());
		authentication.initCause(unavailable);
		return authentication;
	}

}
