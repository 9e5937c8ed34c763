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

package dev.failover.actuate;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Set;

import org.jspecify.annotations.Nullable;

import dev.failover.broker.BrokerFailure;
import dev.failover.broker.BrokerServer;
import dev.failover.broker.BrokerState;
import dev.failover.broker.BrokerStatus;

/**
 * Description of one broker, as operators see it. Lists are {@code null} if there is
 * nothing in them.
 *
 * @param uri the address, without user and password
 * @param state the state
 * @param active whether connections go to the broker
 * @param since when the state was entered
 * @param reason why the broker is down, blocked or disabled, {@code null} if it is not
 * @param heldBackUntil until when the broker is not used although it may answer, as it
 * has failed again and again, or {@code null}
 * @param lastFailure the last failure, or {@code null} if there was none
 * @param healthChecks what the health checks said last, or {@code null} if they have said
 * nothing
 * @param server what the broker has told of itself, or {@code null} if it has not been
 * connected to yet
 * @param sameNodeAs the names of other brokers that lead to the same node
 * @param standbyConnections how many standby connections are open
 * @param drainRemaining how many messages wait there, as far as that was seen last, if
 * the broker is consumed from beside the active one
 * @param priority the priority
 * @param weight the weight
 * @param unconsumedQueues queues in which messages wait that nobody consumes
 * @param pendingDeclarations what cannot be declared at the moment
 * @param suspectQueues queues that cannot be consumed at the moment
 */
public record BrokerDescriptor(String uri, BrokerState state, boolean active, Instant since, @Nullable String reason,
		@Nullable Instant heldBackUntil, @Nullable BrokerFailure lastFailure, @Nullable String healthChecks,
		@Nullable ServerDescriptor server, @Nullable List<String> sameNodeAs, int standbyConnections,
		long drainRemaining, int priority, int weight, @Nullable List<String> unconsumedQueues,
		@Nullable List<String> pendingDeclarations, @Nullable List<String> suspectQueues) {

	/**
	 * The reason of a state that an operator has chosen.
	 */
	private static final String OPERATOR = "OPERATOR";

	static BrokerDescriptor of(BrokerStatus status, List<BrokerStatus> all, FailoverReadings readings) {
		List<String> sameNode = sameNode(status, all);
		return new BrokerDescriptor(status.broker().uri(), status.state(), status.active(), status.since(),
				reason(status), status.heldBackUntil(), status.lastFailure(),
				(status.health() != null) ? status.health().toString() : null, ServerDescriptor.of(status),
				sameNode.isEmpty() ? null : sameNode, readings.getStandbyConnections(status.broker().name()),
				readings.getDrainRemaining(status.broker()), status.broker().priority(), status.broker().weight(),
				sorted(status.unconsumedQueues()), sorted(status.pendingDeclarations()),
				sorted(status.suspectQueues()));
	}

	/**
	 * Return the names of the other brokers that lead to the same node.
	 */
	static List<String> sameNode(BrokerStatus status, List<BrokerStatus> all) {
		return all.stream()
			.filter((other) -> status.isOnNodeOf(other) && !other.broker().name().equals(status.broker().name()))
			.map((other) -> other.broker().name())
			.toList();
	}

	private static @Nullable String reason(BrokerStatus status) {
		BrokerFailure failure = status.lastFailure();
		return switch (status.state()) {
			case DOWN, BLOCKED -> (failure != null) ? failure.reason().name() : null;
			case DISABLED -> OPERATOR;
			case UNKNOWN, UP -> null;
		};
	}

	private static @Nullable List<String> sorted(Set<String> names) {
		return names.isEmpty() ? null : names.stream().sorted().toList();
	}

	/**
	 * Description of what a broker has told of itself when it was connected to last, and
	 * of the limits that were agreed then.
	 *
	 * @param product the name of the product
	 * @param version its version
	 * @param cluster the name of the cluster
	 * @param channelMax how many channels a connection may have, 0 for no limit
	 * @param frameMax how large a frame may be, in bytes, 0 for no limit
	 * @param heartbeat the heartbeat, zero if there is none
	 */
	public record ServerDescriptor(@Nullable String product, @Nullable String version, @Nullable String cluster,
			int channelMax, int frameMax, Duration heartbeat) {

		static @Nullable ServerDescriptor of(BrokerStatus status) {
			BrokerServer server = status.server();
			return (server != null) ? new ServerDescriptor(server.product(), server.version(), status.cluster(),
					server.channelMax(), server.frameMax(), server.heartbeat()) : null;
		}

	}

}
