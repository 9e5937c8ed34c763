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

import java.time.Duration;
import java.time.Instant;
import java.util.HashSet;
import java.util.Set;

import org.jspecify.annotations.Nullable;

/**
 * What {@link Brokers} knows of one broker, guarded by its lock.
 */
final class BrokerEntry {

	Broker broker;

	final @Nullable BrokerCredentials credentials;

	private final RecoveryPolicy policy;

	BrokerState state = BrokerState.UNKNOWN;

	Instant since;

	long incarnation;

	/**
	 * The last time that it was added, or that somebody asked for it to be enabled.
	 */
	long enabling;

	@Nullable BrokerFailure lastFailure;

	@Nullable String cluster;

	@Nullable String node;

	/**
	 * The names of the brokers that were found to be of the same cluster.
	 */
	final Set<String> sameCluster = new HashSet<>();

	Set<String> unconsumedQueues = Set.of();

	Set<String> pendingDeclarations = Set.of();

	Set<String> suspectQueues = Set.of();

	@Nullable BrokerHealth health;

	@Nullable BrokerServer server;

	private int successes;

	private Duration holdBack = Duration.ZERO;

	private Instant heldBackUntil;

	BrokerEntry(Broker broker, @Nullable BrokerCredentials credentials, long incarnation, RecoveryPolicy policy,
			Instant since) {
		this.broker = broker;
		this.credentials = credentials;
		this.incarnation = incarnation;
		this.policy = policy;
		this.since = since;
		this.heldBackUntil = since;
	}

	/**
	 * Take a failure into account.
	 */
	void failed(BrokerFailure failure) {
		this.incarnation++;
		this.node = null;
		this.lastFailure = failure;
		this.successes = 0;
		boolean wasThere = this.state == BrokerState.UP || this.state == BrokerState.BLOCKED;
		if (wasThere && isHeldBack(failure.reason())) {
			this.holdBack = this.policy.next(this.holdBack, Duration.between(this.since, failure.at()));
			this.heldBackUntil = failure.at().plus(this.holdBack);
		}
	}

	/**
	 * An alarm has an end of its own, and an operator who puts a node into maintenance
	 * ends that.
	 */
	private static boolean isHeldBack(FailureReason reason) {
		return reason != FailureReason.BLOCKED && reason != FailureReason.MAINTENANCE;
	}

	/**
	 * Take an answer into account.
	 * @return whether the broker has answered often enough, and for long enough
	 */
	boolean answered(Instant now) {
		this.successes++;
		return this.successes >= this.policy.successThreshold() && !now.isBefore(this.heldBackUntil);
	}

	/**
	 * Return whether the broker has just answered often enough, for the first time since
	 * it failed, and only not for long enough.
	 */
	boolean isNewlyHeldBack(Instant now) {
		return this.successes == this.policy.successThreshold() && now.isBefore(this.heldBackUntil);
	}

	boolean isEnabled() {
		return this.state != BrokerState.DISABLED;
	}

	/**
	 * Let the broker be used as soon as it answers, however often it has failed.
	 */
	void endHoldBack(Instant now) {
		this.holdBack = Duration.ZERO;
		this.heldBackUntil = now;
	}

	/**
	 * Return until when the broker is not used although it answers, or {@code null}.
	 */
	private @Nullable Instant heldBackUntil() {
		boolean isHeldBack = this.state == BrokerState.DOWN && this.heldBackUntil.isAfter(this.since);
		return isHeldBack ? this.heldBackUntil : null;
	}

	/**
	 * Forget what was known of the broker.
	 */
	void reset(Instant now) {
		this.successes = 0;
		endHoldBack(now);
		this.health = null;
	}

	BrokerStatus status(boolean active, @Nullable String cluster) {
		return new BrokerStatus(this.broker, this.state, active, this.since, this.lastFailure, cluster, this.node,
				this.unconsumedQueues, this.pendingDeclarations, this.suspectQueues, this.health, this.server,
				heldBackUntil());
	}

}
