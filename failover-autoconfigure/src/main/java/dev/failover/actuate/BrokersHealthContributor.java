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
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;

import org.jspecify.annotations.Nullable;
import org.springframework.boot.health.contributor.CompositeHealthContributor;
import org.springframework.boot.health.contributor.HealthContributor;
import org.springframework.boot.health.contributor.HealthContributors;
import org.springframework.boot.health.contributor.Status;
import org.springframework.util.Assert;

import dev.failover.broker.Broker;
import dev.failover.broker.Brokers;

/**
 * Health of the brokers, one component for each, told from what is known of them already:
 * nothing is connected to and nothing is waited for.
 * <p>
 * The whole is up as long as any broker is usable. A broker that is not, while another
 * one is, has the status {@link #FAILED_OVER}, and one that is out of use
 * {@link #DISABLED}; neither counts for the whole.
 */
public final class BrokersHealthContributor implements CompositeHealthContributor {

	/**
	 * Status of a broker that cannot serve while another one can.
	 */
	public static final Status FAILED_OVER = new Status("FAILED_OVER", "Cannot serve, another broker can");

	/**
	 * Status of a broker that an operator took out of use.
	 */
	public static final Status DISABLED = new Status("DISABLED", "Out of use by the choice of an operator");

	private final Brokers brokers;

	/**
	 * Create a contributor.
	 * @param brokers the brokers
	 */
	public BrokersHealthContributor(Brokers brokers) {
		Assert.notNull(brokers, "'brokers' must not be null");
		this.brokers = brokers;
	}

	private Map<String, HealthContributor> components() {
		Map<String, HealthContributor> components = new LinkedHashMap<>();
		for (Broker broker : this.brokers.getAll()) {
			components.put(componentName(broker, components.keySet()),
					new BrokerHealthIndicator(this.brokers, broker.name()));
		}
		return components;
	}

	/**
	 * Components are part of the endpoint's path, where a slash would separate.
	 */
	private static String componentName(Broker broker, Set<String> taken) {
		String name = broker.name().replace('/', '_');
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
