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

package dev.failover.broker;

import java.time.Instant;
import java.util.Set;

import org.jspecify.annotations.Nullable;

/**
 * Snapshot of what is known of one broker.
 *
 * @param broker the broker
 * @param state the state
 * @param active whether connections go to this broker
 * @param since when the state was entered
 * @param lastFailure the last failure, kept when the broker comes back, or {@code null}
 * if there was none
 * @param cluster the name of the cluster that the broker said it belongs to when it was
 * connected to last, or {@code null} if it has not been connected to yet, or does not
 * say. Nodes of a cluster without a name report their own: where they were found to be of
 * one, it is one of these names for all of them
 * @param node what identifies the running node that the broker led to last, or
 * {@code null} if that is not known. It is equal for two brokers that lead to the same
 * node, and another one after the node was restarted; it is not the name of the node,
 * which RabbitMQ does not tell. Asked for only where two brokers report the same cluster
 * @param unconsumedQueues the names of the application's queues on this broker in which
 * messages wait that nobody consumes, as far as is known
 * @param pendingDeclarations what of the application's topology cannot be declared on
 * this broker at the moment, such as {@code Queue 'orders'}, although the broker takes
 * traffic: it is tried again and again
 * @param suspectQueues the names of the queues that cannot be consumed on this broker at
 * the moment, although it serves others: they are tried again as long as somebody wants
 * to consume them
 * @param health what the health checks said last, kept when the broker fails, or
 * {@code null} if none has said anything yet
 * @param server what the broker has told of itself when it was connected to last, kept
 * when it fails, or {@code null} if it has not been connected to yet
 * @param heldBackUntil until when the broker is not used although it may answer, as it
 * has failed again and again, or {@code null} if it is not held back
 */
public record BrokerStatus(Broker broker, BrokerState state, boolean active, Instant since,
		@Nullable BrokerFailure lastFailure, @Nullable String cluster, @Nullable String node,
		Set<String> unconsumedQueues, Set<String> pendingDeclarations, Set<String> suspectQueues,
		@Nullable BrokerHealth health, @Nullable BrokerServer server, @Nullable Instant heldBackUntil) {

	public BrokerStatus {
		unconsumedQueues = Set.copyOf(unconsumedQueues);
		pendingDeclarations = Set.copyOf(pendingDeclarations);
		suspectQueues = Set.copyOf(suspectQueues);
	}

	/**
	 * Create a snapshot of a broker of which nothing else is known.
	 * @param broker the broker
	 * @param state the state
	 * @param active whether connections go to this broker
	 * @param since when the state was entered
	 * @param lastFailure the last failure, or {@code null} if there was none
	 */
	public BrokerStatus(Broker broker, BrokerState state, boolean active, Instant since,
			@Nullable BrokerFailure lastFailure) {
		this(broker, state, active, since, lastFailure, null, null, Set.of(), Set.of(), Set.of(), null, null, null);
	}

	/**
	 * Return whether nothing is known against the broker's health: no
	 * {@linkplain #health() health check} says that it is unhealthy.
	 * @return whether the application may move to it
	 */
	public boolean isHealthy() {
		return this.health == null || this.health.isHealthy();
	}

	/**
	 * Return whether this broker and another one have the same queues, as far as is
	 * known: both are of one cluster, by the name that they report, and the same virtual
	 * host of it is used. A broker that reports no name counts as one of its own.
	 * @param other the other broker
	 * @return whether what is published to one can be consumed from the other
	 */
	public boolean hasQueuesOf(BrokerStatus other) {
		return this.broker.name().equals(other.broker.name()) || (this.cluster != null
				&& this.cluster.equals(other.cluster) && this.broker.virtualHost().equals(other.broker.virtualHost()));
	}

	/**
	 * Return whether this broker and another one lead to the same node, as far as is
	 * known: losing it loses both.
	 * @param other the other broker
	 * @return whether both have led to the same run of one node
	 */
	public boolean isOnNodeOf(BrokerStatus other) {
		return this.broker.name().equals(other.broker.name()) || (this.node != null && this.node.equals(other.node));
	}

}
