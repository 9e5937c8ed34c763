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

package dev.failover.autoconfigure.actuate;

import java.time.Duration;
import java.util.Map;
import java.util.stream.Collectors;

import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.config.BeanPostProcessor;
import org.springframework.boot.health.contributor.CompositeHealthContributor;
import org.springframework.boot.health.contributor.HealthContributor;
import org.springframework.boot.health.contributor.HealthContributors;
import org.springframework.boot.health.contributor.HealthIndicator;

import dev.failover.ensure.EnsurePolicy;
import dev.failover.ensure.Ensurer;

/**
 * Lets Spring Boot's health of RabbitMQ wait for a broker for {@link #TIMEOUT} at most.
 * It opens a channel by the template, which otherwise waits as long as for any work.
 */
final class RabbitHealthPostProcessor implements BeanPostProcessor {

	static final Duration TIMEOUT = Duration.ofSeconds(2);

	/**
	 * Its package is another one in Spring Boot 4.2.
	 */
	private static final String INDICATOR = "RabbitHealthIndicator";

	private static final EnsurePolicy POLICY = EnsurePolicy.DEFAULT.withTimeout(TIMEOUT);

	private final ObjectProvider<Ensurer> ensurer;

	RabbitHealthPostProcessor(ObjectProvider<Ensurer> ensurer) {
		this.ensurer = ensurer;
	}

	@Override
	public @Nullable Object postProcessAfterInitialization(Object bean, String beanName) {
		if (bean instanceof CompositeHealthContributor composite
				&& composite.stream().anyMatch((entry) -> isRabbit(entry.contributor()))) {
			Map<String, HealthContributor> bounded = composite.stream()
				.collect(Collectors.toMap(HealthContributors.Entry::name, (entry) -> bounded(entry.contributor())));
			return CompositeHealthContributor.fromMap(bounded);
		}
		return (bean instanceof HealthIndicator indicator) ? bounded(indicator) : bean;
	}

	private HealthContributor bounded(HealthContributor contributor) {
		if (!isRabbit(contributor)) {
			return contributor;
		}
		HealthIndicator indicator = (HealthIndicator) contributor;
		return (HealthIndicator) () -> {
			Ensurer known = this.ensurer.getIfUnique();
			return (known != null) ? known.execute(POLICY, indicator::health) : indicator.health();
		};
	}

	private static boolean isRabbit(HealthContributor contributor) {
		return contributor instanceof HealthIndicator && contributor.getClass().getSimpleName().equals(INDICATOR);
	}

}
