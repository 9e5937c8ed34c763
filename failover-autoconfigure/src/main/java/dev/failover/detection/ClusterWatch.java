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

package dev.failover.detection;

import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeoutException;
import java.util.stream.Collectors;

import com.rabbitmq.client.Connection;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;
import org.springframework.util.Assert;

import dev.failover.broker.Broker;
import dev.failover.broker.BrokerEvent;
import dev.failover.broker.BrokerListener;
import dev.failover.broker.BrokerState;
import dev.failover.broker.BrokerStatus;
import dev.failover.broker.Brokers;
import dev.failover.broker.EventStage;
import dev.failover.connection.BrokerAccess;
import dev.failover.connection.OpenConnection;

/**
 * Finds out which brokers are nodes of one cluster that has no name of its own: each of
 * its nodes reports another name then, which is that of the node, such as
 * {@code rabbit@host}. {@link Brokers} is told.
 * <p>
 * Only brokers with the same virtual host that report such names, all of them different,
 * are compared: once each two of them, and again when one of them has failed or reports
 * another name. No method blocks.
 */
public final class ClusterWatch implements BrokerListener, AutoCloseable {

	private static final Log logger = LogFactory.getLog(ClusterWatch.class);

	private static final String CONNECTION = "failover-cluster";

	private final Brokers brokers;

	private final BrokerAccess access;

	private final ReviewSchedule reviews;

	private final Runnable onClose;

	/**
	 * What was compared last, by the names of the brokers. Used by one review at a time.
	 */
	private final Map<List<String>, Pair> compared = new HashMap<>();

	/**
	 * The names of brokers that report another cluster than when they were compared.
	 */
	private final Set<String> renamed = ConcurrentHashMap.newKeySet();

	/**
	 * Create a watch, which ends with the access.
	 * @param brokers the brokers
	 * @param access access to them
	 */
	public ClusterWatch(Brokers brokers, BrokerAccess access) {
		this(brokers, access, new DetectionThreads());
	}

	private ClusterWatch(Brokers brokers, BrokerAccess access, DetectionThreads threads) {
		this(brokers, access, threads, threads::close);
	}

	ClusterWatch(Brokers brokers, BrokerAccess access, DetectionScheduler scheduler, Runnable onClose) {
		Assert.notNull(brokers, "'brokers' must not be null");
		Assert.notNull(access, "'access' must not be null");
		this.brokers = brokers;
		this.access = access;
		this.reviews = new ReviewSchedule(scheduler, this::compareAll);
		this.onClose = onClose;
		brokers.addListener(this, EventStage.CONNECTIONS);
		access.onClose(this::close);
	}

	@Override
	public void onEvent(BrokerEvent event) {
		if (event instanceof BrokerEvent.ClusterChanged changed) {
			this.renamed.add(changed.broker().name());
			this.reviews.request();
		}
		else if (event instanceof BrokerEvent.Removed
				|| (event instanceof BrokerEvent.StateChanged changed && changed.to() == BrokerState.UP)) {
			this.reviews.request();
		}
	}

	private void compareAll() throws InterruptedException {
		List<BrokerStatus> statuses = this.brokers.getStatuses();
		Set<String> names = statuses.stream().map((status) -> status.broker().name()).collect(Collectors.toSet());
		for (String name : Set.copyOf(this.renamed)) {
			this.renamed.remove(name);
			names.remove(name);
		}
		this.compared.keySet().removeIf((pair) -> !names.containsAll(pair));
		Map<String, OpenConnection> connections = new HashMap<>();
		try {
			for (Pair pair : pairs(statuses)) {
				compareOnce(pair, connections);
			}
		}
		finally {
			connections.values().forEach(this.access::close);
		}
	}

	private List<Pair> pairs(List<BrokerStatus> statuses) {
		List<BrokerStatus> unnamed = statuses.stream().filter(ClusterWatch::isUnnamed).toList();
		List<Pair> pairs = new ArrayList<>();
		for (int i = 0; i < unnamed.size(); i++) {
			BrokerStatus one = unnamed.get(i);
			for (BrokerStatus other : unnamed.subList(i + 1, unnamed.size())) {
				Pair pair = new Pair(one.broker(), this.brokers.getIncarnation(one.broker()), other.broker(),
						this.brokers.getIncarnation(other.broker()));
				Pair last = this.compared.get(pair.names());
				boolean told = last == null && Objects.equals(one.cluster(), other.cluster());
				if (!told && !pair.isSameAs(last) && one.broker().virtualHost().equals(other.broker().virtualHost())) {
					pairs.add(pair);
				}
			}
		}
		return pairs;
	}

	private static boolean isUnnamed(BrokerStatus status) {
		return status.state() == BrokerState.UP && status.cluster() != null && status.cluster().indexOf('@') > 0;
	}

	/**
	 * Not again if that is not possible, unless for a lack of something in this process.
	 */
	private void compareOnce(Pair pair, Map<String, OpenConnection> connections) throws InterruptedException {
		this.compared.put(pair.names(), pair);
		try {
			compare(pair, connections);
		}
		catch (Error ex) {
			this.compared.remove(pair.names());
			throw ex;
		}
	}

	private void compare(Pair pair, Map<String, OpenConnection> connections) throws InterruptedException {
		try {
			Boolean same = isSame(connection(pair.one(), connections), connection(pair.other(), connections));
			if (same != null) {
				this.brokers.compared(pair.one(), pair.oneIncarnation(), pair.other(), pair.otherIncarnation(), same);
			}
		}
		catch (ExecutionException | IOException | TimeoutException | RuntimeException ex) {
			logger.debug("Whether %s and %s are of one cluster cannot be found out".formatted(pair.one(), pair.other()),
					ex);
		}
	}

	private Connection connection(Broker broker, Map<String, OpenConnection> connections)
			throws ExecutionException, InterruptedException {
		OpenConnection connection = connections.get(broker.name());
		if (connection == null) {
			connection = ReviewSchedule.await(this.access.open(broker, CONNECTION));
			connections.put(broker.name(), connection);
		}
		return connection.connection();
	}

	/**
	 * One of the users may not be allowed to declare the queue.
	 */
	private static @Nullable Boolean isSame(Connection one, Connection other) throws IOException, TimeoutException {
		ClusterProbe probe;
		try {
			probe = ClusterProbe.declare(one);
		}
		catch (IOException ex) {
			return ClusterProbe.declare(other).isKnownTo(one);
		}
		return probe.isKnownTo(other);
	}

	/**
	 * End all threads. Nothing is compared any more.
	 */
	@Override
	public void close() {
		this.brokers.removeListener(this);
		this.onClose.run();
	}

	/**
	 * Two brokers as they were when they were compared.
	 */
	private record Pair(Broker one, long oneIncarnation, Broker other, long otherIncarnation) {

		List<String> names() {
			return List.of(this.one.name(), this.other.name());
		}

		boolean isSameAs(@Nullable Pair last) {
			return last != null && last.oneIncarnation == this.oneIncarnation
					&& last.otherIncarnation == this.otherIncarnation;
		}

	}

}
