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

package dev.failover.autoconfigure.cloud;

import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.ReentrantLock;

import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;
import org.springframework.cloud.context.environment.EnvironmentChangeEvent;
import org.springframework.context.ApplicationListener;

import dev.failover.autoconfigure.FailoverConnectionDetails;
import dev.failover.broker.Broker;
import dev.failover.broker.BrokerCredentials;
import dev.failover.broker.BrokerStatus;
import dev.failover.broker.Brokers;
import dev.failover.connection.PlannedMoves;

/**
 * Makes the brokers of a running application those of its configuration when that
 * changes: new ones are added, others are weighted anew or removed, and one whose address
 * or credentials differ is replaced. The active broker is left by a planned move. A
 * configuration that is wrong changes nothing.
 */
final class BrokersRefresher implements ApplicationListener<EnvironmentChangeEvent> {

	private static final Log logger = LogFactory.getLog(BrokersRefresher.class);

	private final FailoverConnectionDetails details;

	private final Brokers brokers;

	private final PlannedMoves moves;

	private final ReentrantLock lock = new ReentrantLock();

	private CompletableFuture<@Nullable Void> last = CompletableFuture.completedFuture(null);

	BrokersRefresher(FailoverConnectionDetails details, Brokers brokers, PlannedMoves moves) {
		this.details = details;
		this.brokers = brokers;
		this.moves = moves;
	}

	@Override
	public void onApplicationEvent(EnvironmentChangeEvent event) {
		List<Wanted> wanted;
		try {
			if (!this.details.refresh()) {
				return;
			}
			wanted = wanted();
		}
		catch (RuntimeException | Error ex) {
			logger.error("The brokers stay as they are, as their new configuration is wrong: " + ex.getMessage());
			return;
		}
		this.lock.lock();
		try {
			this.last = this.last.thenCompose((done) -> apply(wanted)).<@Nullable Void>handle((done, failure) -> {
				if (failure != null) {
					logger.error("The brokers were not all changed to their new configuration", failure);
				}
				return null;
			});
		}
		finally {
			this.lock.unlock();
		}
	}

	private List<Wanted> wanted() {
		return this.details.getBrokers()
			.stream()
			.map((broker) -> new Wanted(broker, this.details.getCredentials(broker)))
			.toList();
	}

	/**
	 * Add first, so that there is somewhere to go, and leave the active broker last.
	 */
	private CompletableFuture<@Nullable Void> apply(List<Wanted> wanted) {
		Map<String, Wanted> missing = new LinkedHashMap<>();
		wanted.forEach((each) -> missing.put(each.broker().name(), each));
		List<BrokerStatus> present = this.brokers.getStatuses()
			.stream()
			.sorted(Comparator.comparing(BrokerStatus::active))
			.toList();
		Map<String, @Nullable Wanted> replaced = new LinkedHashMap<>();
		for (BrokerStatus status : present) {
			Broker known = status.broker();
			Wanted target = missing.remove(known.name());
			if (target == null || !isThere(target)) {
				replaced.put(known.name(), target);
			}
			else if (!target.broker().equals(known)) {
				this.brokers.operations().reweight(known.name(), target.broker().priority(), target.broker().weight());
			}
		}
		missing.values().forEach(this::add);
		CompletableFuture<@Nullable Void> done = CompletableFuture.completedFuture(null);
		for (Map.Entry<String, @Nullable Wanted> each : replaced.entrySet()) {
			done = done.thenCompose((before) -> replace(each.getKey(), each.getValue()));
		}
		return done;
	}

	/**
	 * Return whether a broker of that address, with those credentials, is in use already.
	 */
	private boolean isThere(Wanted wanted) {
		BrokerCredentials credentials = this.brokers.getCredentials(wanted.broker());
		return credentials != null && credentials.equals(wanted.credentials())
				&& this.brokers.getStatus(wanted.broker().name())
					.filter((status) -> wanted.broker().isSameAs(status.broker()))
					.isPresent();
	}

	private void add(Wanted wanted) {
		this.brokers.operations().add(wanted.broker(), wanted.credentials());
	}

	private CompletableFuture<@Nullable Void> replace(String name, @Nullable Wanted by) {
		return remove(name).handle((removed, failure) -> {
			if (failure != null) {
				logger.error("Broker '%s' stays as it is, against its new configuration".formatted(name), failure);
			}
			else if (by != null) {
				add(by);
			}
			return null;
		});
	}

	private CompletableFuture<@Nullable Void> remove(String name) {
		try {
			return this.moves.remove(name);
		}
		catch (Throwable ex) {
			return CompletableFuture.failedFuture(ex);
		}
	}

	/**
	 * A broker of the new configuration, and what to log in to it with.
	 */
	private record Wanted(Broker broker, BrokerCredentials credentials) {

	}

}
