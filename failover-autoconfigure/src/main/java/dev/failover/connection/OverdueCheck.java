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
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

import com.rabbitmq.client.Channel;
import com.rabbitmq.client.ShutdownSignalException;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;

import dev.failover.broker.BrokerStatus;
import dev.failover.broker.Brokers;

/**
 * Looks, when the application should have ended by now, for what holds it up: connections
 * that do not answer, be it that their broker is frozen or that it blocks them. These are
 * cut. Work on connections that answer goes on.
 */
final class OverdueCheck {

	private static final Log logger = LogFactory.getLog(OverdueCheck.class);

	private static final String PROBE = "failover-probe";

	private final Brokers brokers;

	private final BrokerConnector connector;

	OverdueCheck(Brokers brokers, BrokerConnector connector) {
		this.brokers = brokers;
		this.connector = connector;
	}

	/**
	 * Ask all open connections, and brokers without one, and cut what has not answered. A
	 * connection that ends meanwhile tells nothing about its broker: the application may
	 * have closed it just now, and a broker that is lost is told elsewhere.
	 * @param patience how long to wait for the answers
	 * @return whether any broker can serve
	 */
	boolean run(Duration patience) throws InterruptedException {
		Map<OpenConnection, CompletableFuture<?>> asked = new HashMap<>();
		this.connector.open().forEach((opened) -> asked.put(opened, ask(opened)));
		Set<String> connected = new HashSet<>();
		asked.keySet().forEach((opened) -> connected.add(opened.broker().name()));
		Map<String, CompletableFuture<?>> tried = new HashMap<>();
		for (BrokerStatus status : this.brokers.getStatuses()) {
			if (status.state().isUsable() && !connected.contains(status.broker().name())) {
				ConnectAttempt attempt = this.connector.startUnreported(status.broker(), PROBE, patience);
				this.connector.discard(attempt);
				tried.put(status.broker().name(), attempt.result());
			}
		}
		long deadline = System.nanoTime() + patience.toNanos();
		Set<String> answering = new HashSet<>();
		for (Map.Entry<String, CompletableFuture<?>> each : tried.entrySet()) {
			if (isDone(each.getValue(), deadline) && !each.getValue().isCompletedExceptionally()) {
				answering.add(each.getKey());
			}
		}
		List<OpenConnection> silent = new ArrayList<>();
		for (Map.Entry<OpenConnection, CompletableFuture<?>> each : asked.entrySet()) {
			if (isDone(each.getValue(), deadline)) {
				answering.add(each.getKey().broker().name());
			}
			else {
				silent.add(each.getKey());
			}
		}
		// before the cut, after which a blocked broker would look like one that was lost
		boolean serving = this.brokers.getStatuses()
			.stream()
			.anyMatch((status) -> status.state().isUsable() && answering.contains(status.broker().name()));
		silent.forEach(OverdueCheck::cut);
		return serving;
	}

	/**
	 * Open a channel and close it again: not answered by a broker that blocks the
	 * connection, either. One that has no channel left cannot be asked, and is not cut.
	 */
	private CompletableFuture<@Nullable Void> ask(OpenConnection opened) {
		CompletableFuture<@Nullable Void> answer = new CompletableFuture<>();
		this.connector.inBackground(() -> {
			try {
				Channel channel = opened.connection().createChannel();
				answer.complete(null);
				if (channel != null) {
					channel.close();
				}
			}
			catch (IOException | TimeoutException | ShutdownSignalException ex) {
				answer.completeExceptionally(ex);
			}
		}).whenComplete((done, failure) -> {
			if (failure != null) {
				answer.completeExceptionally(failure);
			}
		});
		return answer;
	}

	private static boolean isDone(CompletableFuture<?> answer, long deadline) throws InterruptedException {
		try {
			answer.get(Math.max(0, deadline - System.nanoTime()), TimeUnit.NANOSECONDS);
			return true;
		}
		catch (ExecutionException ex) {
			logger.debug("A connection has failed or ended", ex);
			return true;
		}
		catch (TimeoutException ex) {
			return false;
		}
	}

	private static void cut(OpenConnection opened) {
		if (opened.connection().isOpen()) {
			logger.warn("The application context does not end, and broker %s does not answer: a connection is cut"
				.formatted(opened.broker()));
			OpenSockets.close(opened.socket());
		}
	}

}
