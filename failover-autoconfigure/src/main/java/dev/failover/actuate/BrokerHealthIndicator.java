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

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

import org.springframework.boot.health.contributor.Health;
import org.springframework.boot.health.contributor.HealthIndicator;
import org.springframework.boot.health.contributor.Status;

import dev.failover.broker.BrokerFailure;
import dev.failover.broker.BrokerHealth;
import dev.failover.broker.BrokerState;
import dev.failover.broker.BrokerStatus;
import dev.failover.broker.Brokers;

/**
 * Health of one broker, as far as it is known.
 */
final class BrokerHealthIndicator implements HealthIndicator {

	private final Brokers brokers;

	private final String name;

	BrokerHealthIndicator(Brokers brokers, String name) {
		this.brokers = brokers;
		this.name = name;
	}

	@Override
	public Health health() {
		List<BrokerStatus> statuses = this.brokers.getStatuses();
		boolean anyUsable = statuses.stream().anyMatch((status) -> status.state().isUsable());
		return statuses.stream()
			.filter((status) -> status.broker().name().equals(this.name))
			.findFirst()
			.map((status) -> describe(status, status(status.state(), anyUsable),
					BrokerDescriptor.sameNode(status, statuses)))
			.orElseGet(() -> Health.status(BrokersHealthContributor.DISABLED).withDetail("removed", true).build());
	}

	private static Status status(BrokerState state, boolean anyUsable) {
		return switch (state) {
			case UP -> Status.UP;
			case UNKNOWN -> Status.UNKNOWN;
			case DISABLED -> BrokersHealthContributor.DISABLED;
			case BLOCKED -> anyUsable ? BrokersHealthContributor.FAILED_OVER : Status.OUT_OF_SERVICE;
			case DOWN -> anyUsable ? BrokersHealthContributor.FAILED_OVER : Status.DOWN;
		};
	}

	private static Health describe(BrokerStatus status, Status health, List<String> sameNode) {
		Health.Builder builder = Health.status(health)
			.withDetail("state", status.state().name())
			.withDetail("active", status.active())
			.withDetail("since", status.since().toString())
			.withDetail("uri", status.broker().uri());
		if (status.cluster() != null) {
			builder.withDetail("cluster", status.cluster());
		}
		if (!sameNode.isEmpty()) {
			builder.withDetail("sameNodeAs", sameNode);
		}
		if (!status.unconsumedQueues().isEmpty()) {
			builder.withDetail("unconsumedQueues", status.unconsumedQueues().stream().sorted().toList());
		}
		if (!status.pendingDeclarations().isEmpty()) {
			builder.withDetail("pendingDeclarations", status.pendingDeclarations().stream().sorted().toList());
		}
		if (!status.suspectQueues().isEmpty()) {
			builder.withDetail("suspectQueues", status.suspectQueues().stream().sorted().toList());
		}
		BrokerHealth checked = status.health();
		if (checked != null) {
			builder.withDetail("healthChecks", checked.toString());
		}
		BrokerFailure failure = status.lastFailure();
		if (failure != null) {
			Map<String, Object> details = new LinkedHashMap<>();
			details.put("reason", failure.reason().name());
			details.put("description", failure.description());
			details.put("at", failure.at().toString());
			builder.withDetail("lastFailure", details);
		}
		return builder.build();
	}

}
