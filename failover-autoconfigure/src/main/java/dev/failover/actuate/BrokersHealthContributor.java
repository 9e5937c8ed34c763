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
import java.util.Set;
import java.util.function.Supplier;
import java.util.stream.Stream;

import org.jspecify.annotations.Nullable;
import org.springframework.boot.health.contributor.CompositeHealthContributor;
import org.springframework.boot.health.contributor.HealthContributor;
import org.springframework.boot.health.contributor.HealthContributors;
import org.springframework.boot.health.contributor.Status;
import org.springframework.util.Assert;

import dev.failover.broker.Broker;
import dev.failover.broker.Brokers;
import dev.failover.listener.IdleContainers;

/**
 * Health of the brokers, one component for each, and of the listener containers, told
 * from what is known of them already: nothing is connected to and nothing is waited for.
 * <p>
 * A broker that is not usable, while another one is, has the status {@link #FAILED_OVER},
 * and so has the whole, if {@link #STATUS_ORDER} is the order of statuses. A broker that
 * is out of use is {@link #DISABLED}, which does not count for the whole. The component
 * {@code listeners} is {@link #NOT_CONSUMING} if a container stands still.
 */
public final class BrokersHealthContributor implements CompositeHealthContributor {

	/**
	 * Status of a broker that cannot serve while another one can, and of the whole then.
	 */
	public static final Status FAILED_OVER = new Status("FAILED_OVER", "Not every broker can serve");

	/**
	 * Status of a broker that an operator took out of use.
	 */
	public static final Status DISABLED = new Status("DISABLED", "Out of use by the choice of an operator");

	/**
	 * Status of the listener containers, and of the whole then, if one of them is to
	 * consume and does not.
	 */
	public static final Status NOT_CONSUMING = new Status("NOT_CONSUMING", "Not every listener container consumes");

	/**
	 * Spring Boot's order of statuses, the most severe one first, with
	 * {@link #NOT_CONSUMING} and {@link #FAILED_OVER} between those of what does not work
	 * and {@link Status#UP}.
	 */
	public static final List<String> STATUS_ORDER = List.of(Status.DOWN.getCode(), Status.OUT_OF_SERVICE.getCode(),
			NOT_CONSUMING.getCode(), FAILED_OVER.getCode(), Status.UP.getCode(), Status.UNKNOWN.getCode());

	private static final String LISTENERS = "listeners";

	private final Brokers brokers;

	private final Supplier<@Nullable IdleContainers> containers;

	/**
	 * Create a contributor.
	 * @param brokers the brokers
	 * @param containers gives the containers that stand still, {@code null} if there are
	 * no containers to be watched
	 */
	public BrokersHealthContributor(Brokers brokers, Supplier<@Nullable IdleContainers> containers) {
		Assert.notNull(brokers, "'brokers' must not be null");
		Assert.notNull(containers, "'containers' must not be null");
		this.brokers = brokers;
		this.containers = containers;
	}

	private Map<String, HealthContributor> components() {
		Map<String, HealthContributor> components = new LinkedHashMap<>();
		for (Broker broker : this.brokers.getAll()) {
			components.put(componentName(broker.name(), components.keySet()),
					new BrokerHealthIndicator(this.brokers, broker.name()));
		}
		IdleContainers idle = this.containers.get();
		if (idle != null) {
			components.put(componentName(LISTENERS, components.keySet()), new ListenersHealthIndicator(idle));
		}
		return components;
	}

	/**
	 * Components are part of the endpoint's path, where a slash would separate.
	 */
	private static String componentName(String plain, Set<String> taken) {
		String name = plain.replace('/', '_');
		while (taken.contains(name)) {
			name = name + "_";
		}
		return name;
	}

	@Override
	public @Nullable HealthContributor getContributor(String name) {
		return components().get(name);
	}

	@Override
	public Stream<HealthContributors.Entry> stream() {
		return components().entrySet()
			.stream()
			.map((entry) -> new HealthContributors.Entry(entry.getKey(), entry.getValue()));
	}

}
