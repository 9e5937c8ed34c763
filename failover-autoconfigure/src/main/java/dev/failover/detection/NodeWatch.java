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
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeoutException;

import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
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
 * Finds out which brokers lead to the same node, such as two names of one host, or a load
 * balancer and a node behind it: losing that node loses both. {@link Brokers} is told,
 * and there is one warning for each such pair.
 * <p>
 * Only brokers that report the same cluster are asked, once each until they have failed,
 * or report another cluster. Where nothing of that happens, nothing is asked. No method
 * blocks.
 */
public final class NodeWatch implements BrokerListener, AutoCloseable {

	private static final Log logger = LogFactory.getLog(NodeWatch.class);

	private static final String CONNECTION = "failover-node";

	private static final Duration ANSWER = Duration.ofSeconds(5);

	private final Brokers brokers;

	private final BrokerAccess access;

	private final NodeIdentity identity = new NodeIdentity(ANSWER);

	private final ReviewSchedule reviews;

	private final Runnable onClose;

	/**
	 * The incarnations of the brokers that were asked, by name. Used by one review at a
	 * time.
	 */
	private final Map<String, Long> asked = new ConcurrentHashMap<>();

	private final Set<Set<String>> warned = new HashSet<>();

	/**
	 * Create a watch, which ends with the access.
	 * @param brokers the brokers
	 * @param access access to them
	 */
	public NodeWatch(Brokers brokers, BrokerAccess access) {
		this(brokers, access, new DetectionThreads());
	}

	private NodeWatch(Brokers brokers, BrokerAccess access, DetectionThreads threads) {
		this(brokers, access, threads, threads::close);
	}

	NodeWatch(Brokers brokers, BrokerAccess access, DetectionScheduler scheduler, Runnable onClose) {
		Assert.notNull(brokers, "'brokers' must not be null");
		Assert.notNull(access, "'access' must not be null");
		this.brokers = brokers;
		this.access = access;
		this.reviews = new ReviewSchedule(scheduler, this::askAll);
		this.onClose = onClose;
		brokers.addListener(this, EventStage.CONNECTIONS);
		access.onClose(this::close);
	}

	@Override
	public void onEvent(BrokerEvent event) {
		if (event instanceof BrokerEvent.ClusterChanged changed) {
			this.asked.remove(changed.broker().name());
			this.reviews.request();
		}
		else if (event instanceof BrokerEvent.StateChanged changed && changed.to() == BrokerState.UP) {
			this.reviews.request();
		}
		else if (event instanceof BrokerEvent.Removed removed) {
			this.asked.remove(removed.broker().name());
		}
	}

	private void askAll() throws InterruptedException {
		List<BrokerStatus> statuses = this.brokers.getStatuses();
		for (BrokerStatus status : statuses) {
			if (status.state() == BrokerState.UP && isOfOneClusterWithAnother(status, statuses)) {
				askOnce(status.broker());
			}
		}
		warn(this.brokers.getStatuses());
	}

	private static boolean isOfOneClusterWithAnother(BrokerStatus status, List<BrokerStatus> all) {
		return status.cluster() != null && all.stream()
			.anyMatch((other) -> !other.broker().name().equals(status.broker().name())
					&& Objects.equals(status.cluster(), other.cluster()));
	}

	private void askOnce(Broker broker) throws InterruptedException {
		Long incarnation = this.brokers.getIncarnation(broker);
		if (incarnation.equals(this.asked.put(broker.name(), incarnation))) {
			return;
		}
		try {
			OpenConnection opened = ReviewSchedule.await(this.access.open(broker, CONNECTION));
			try {
				String node = this.identity.ask(opened.connection());
				if (node != null) {
					this.brokers.located(broker, incarnation, node);
				}
			}
			finally {
				this.access.close(opened);
			}
		}
		catch (ExecutionException | IOException | TimeoutException | RuntimeException ex) {
			logger.debug("Which node %s leads to cannot be found out".formatted(broker), ex);
		}
		catch (Error ex) {
			// for a lack of something in this process
			this.asked.remove(broker.name());
			throw ex;
		}
	}

	private void warn(List<BrokerStatus> statuses) {
		for (int i = 0; i < statuses.size(); i++) {
			BrokerStatus one = statuses.get(i);
			for (BrokerStatus other : statuses.subList(i + 1, statuses.size())) {
				if (one.isOnNodeOf(other) && this.warned.add(Set.of(one.broker().name(), other.broker().name()))) {
					logger.warn("Brokers %s and %s lead to the same node: losing it loses both".formatted(one.broker(),
							other.broker()));
				}
			}
		}
	}

	/**
	 * End all threads. Nothing is asked any more.
	 */
	@Override
	public void close() {
		this.brokers.removeListener(this);
		this.onClose.run();
	}

}
