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

import dev.failover.listener.IdleContainer;
import dev.failover.listener.IdleContainers;

/**
 * Health of the listener containers.
 */
final class ListenersHealthIndicator implements HealthIndicator {

	private final IdleContainers containers;

	ListenersHealthIndicator(IdleContainers containers) {
		this.containers = containers;
	}

	@Override
	public Health health() {
		List<IdleContainer> idle = this.containers.getAll();
		Health.Builder builder = Health.status(idle.isEmpty() ? Status.UP : BrokersHealthContributor.NOT_CONSUMING)
			.withDetail("running", this.containers.getRunning());
		if (!idle.isEmpty()) {
			builder.withDetail("standingStill", idle.stream().map(ListenersHealthIndicator::describe).toList());
		}
		return builder.build();
	}

	private static Map<String, Object> describe(IdleContainer container) {
		Map<String, Object> details = new LinkedHashMap<>();
		details.put("name", container.name());
		details.put("queues", container.queues());
		details.put("since", container.since().toString());
		details.put("reason", container.reason());
		return details;
	}

}
